// The covariances of the rewards at points of a space: a squared exponential with a length scale for each coordinate, so that what
// hardly matters is found out and ignored (Rasmussen and Williams 2006, "Gaussian processes for machine learning", chapter 4).

import { factorize, type Triangle } from "./cholesky.ts";

/** The prior variance of the mean of all rewards, in their units. */
export const OFFSET = 4;

/** Added to the diagonal, so that equal points do not make the matrix singular. */
const JITTER = 1e-6;

/** As logarithms: a length scale for each coordinate, the variance of the signal, and that of the noise. */
export type Parameters = Float64Array;

/** The points of rewards that are known or will be. */
export interface Rows {
  readonly coordinates: readonly Float64Array[];
  /** The variance of each reward's noise relative to the others'. */
  readonly relative: Float64Array;
}

/** The factor of the rewards' covariances. */
export interface Factored extends Rows {
  readonly parameters: Parameters;
  /** The coordinates in units of the length scales. */
  readonly scaled: readonly Float64Array[];
  readonly factor: Triangle;
}

/** @param earlier its first rows are taken as far as they are the same. */
export function factored(
  parameters: Parameters,
  { coordinates, relative }: Rows,
  earlier?: Factored,
): Factored {
  const known = earlier?.parameters === parameters ? earlier : undefined;
  const isKnown = (row: number) =>
    known !== undefined &&
    row < known.factor.length &&
    relative[row] === known.relative[row] &&
    coordinates[row].every((value, index) => value === known.coordinates[row][index]);
  let same = 0;
  while (same < coordinates.length && isKnown(same)) same++;
  const scaled = scaledBy(parameters, coordinates);
  const factor = coordinates.map((_, row) =>
    row < same ? known!.factor[row] : covariancesOf(parameters, scaled, relative, row),
  );
  factorize(factor, same);
  return { parameters, coordinates, scaled, relative, factor };
}

/** Coordinates in units of the length scales. */
export function scaledBy(parameters: Parameters, coordinates: readonly Float64Array[]): Float64Array[] {
  const scales = parameters.subarray(0, -2).map((length) => Math.exp(-length));
  return coordinates.map((at) => at.map((value, index) => value * scales[index]));
}

/** A row of the triangle of the rewards' covariances. */
export function covariancesOf(
  parameters: Parameters,
  scaled: readonly Float64Array[],
  relative: Float64Array,
  row: number,
): Float64Array {
  const covariances = kernelAt(parameters, scaled[row], scaled, row + 1);
  covariances[row] += Math.exp(parameters.at(-1)!) * relative[row] + JITTER;
  return covariances;
}

/** The covariances of the reward at a point with those at the first `count` others, without noise; coordinates are scaled. */
export function kernelAt(
  parameters: Parameters,
  at: Float64Array,
  others: readonly Float64Array[],
  count = others.length,
): Float64Array {
  const kernel = new Float64Array(count);
  fillKernels(parameters, [at], others, [0, count], 1, kernel);
  return kernel;
}

/** `kernelAt` for several points at once, for `others` from `from` up to `to`: that of row r and point i is at r × lanes + i. */
export function fillKernels(
  parameters: Parameters,
  points: readonly Float64Array[],
  others: readonly Float64Array[],
  [from, to]: readonly [number, number],
  lanes: number,
  kernels: Float64Array,
): void {
  const signal = Math.exp(signalOf(parameters));
  for (const [lane, at] of points.entries()) {
    for (let row = from; row < to; row++)
      kernels[row * lanes + lane] = OFFSET + signal * similarity(at, others[row]);
  }
}

/** The prior variance of a reward, without noise. */
export function priorVariance(parameters: Parameters): number {
  return Math.exp(signalOf(parameters)) + OFFSET;
}

export function signalOf(parameters: Parameters): number {
  return parameters.at(-2)!;
}

/** In (0, 1]; of scaled coordinates. */
function similarity(a: Float64Array, b: Float64Array): number {
  let squares = 0;
  for (let k = 0; k < a.length; k++) {
    const step = a[k] - b[k];
    squares += step * step;
  }
  return Math.exp(-0.5 * squares);
}
