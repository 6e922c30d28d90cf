// The covariances of the rewards at points of a space: a squared exponential with a length scale for each coordinate, so that what
// hardly matters is found out and ignored (Rasmussen and Williams 2006, "Gaussian processes for machine learning", chapter 4).

import { factorize, type Triangle } from "./cholesky.ts";

/** The prior variance of the mean of all rewards, in their units. */
const OFFSET = 4;

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
  const factor = coordinates.map((_, row) =>
    row < same ? known!.factor[row] : covariancesOf(parameters, { coordinates, relative }, row),
  );
  factorize(factor, same);
  return { parameters, coordinates, relative, factor };
}

/** A row of the triangle of the rewards' covariances. */
export function covariancesOf(
  parameters: Parameters,
  { coordinates, relative }: Rows,
  row: number,
): Float64Array {
  const covariances = kernelAt(parameters, coordinates[row], coordinates, 0, row + 1);
  covariances[row] += Math.exp(parameters.at(-1)!) * relative[row] + JITTER;
  return covariances;
}

/** The covariances of the reward at a point with those at others, from the row `from` up to `to`, without noise. */
export function kernelAt(
  parameters: Parameters,
  at: Float64Array,
  coordinates: readonly Float64Array[],
  from = 0,
  to = coordinates.length,
): Float64Array {
  const scales = scalesOf(parameters);
  const signal = Math.exp(signalOf(parameters));
  const kernel = new Float64Array(to - from);
  for (let row = from; row < to; row++)
    kernel[row - from] = OFFSET + signal * similarity(at, coordinates[row], scales);
  return kernel;
}

/** The prior variance of a reward, without noise. */
export function priorVariance(parameters: Parameters): number {
  return Math.exp(signalOf(parameters)) + OFFSET;
}

export function signalOf(parameters: Parameters): number {
  return parameters.at(-2)!;
}

/** The inverse of each length scale. */
export function scalesOf(parameters: Parameters): Float64Array {
  return parameters.subarray(0, -2).map((length) => Math.exp(-length));
}

/** In (0, 1]. */
export function similarity(a: Float64Array, b: Float64Array, scales: Float64Array): number {
  let squares = 0;
  for (let k = 0; k < scales.length; k++) {
    const step = (a[k] - b[k]) * scales[k];
    squares += step * step;
  }
  return Math.exp(-0.5 * squares);
}
