// A Gaussian process over spaces of real numbers and described categories, such as policies of families: few dimensions, in
// which near points have similar rewards (Rasmussen and Williams 2006, "Gaussian processes for machine learning", chapters 2 and
// 5). The kernel is a squared exponential with a length scale for each coordinate, so that what hardly matters is found
// out and ignored. Length scales and the shares of signal and noise are those of the greatest posterior density.

import { meanOf } from "../common/mean.ts";
import { factorize, solveLower, solveUpper, whiten } from "./cholesky.ts";
import type { Dimension, Judged, Point } from "./controller.ts";
import { coordinatesOf } from "./coordinates.ts";
import { maximize } from "./maximize.ts";
import type { Estimates, RewardModel } from "./model.ts";
import { noiseOf } from "./noise-variance.ts";

/**
 * The priors of the logarithms: normal, with these medians and deviations. Coordinates are in [0, 1], and variances in units of
 * the rewards'.
 */
const PRIORS = {
  length: { median: 0.7, deviation: 0.7 },
  signal: { median: 1, deviation: 1 },
  noise: { median: 0.05, deviation: 1 },
};

/** The prior variance of the mean of all rewards, in their units. */
const OFFSET = 4;

/** Added to the diagonal, so that equal points do not make the matrix singular. */
const JITTER = 1e-6;

/** Trials that decide the parameters, at most: each step of the search for them takes trials³. */
const CHOSEN_BY = 100;

/** As logarithms: a length scale for each coordinate, the variance of the signal, and that of the noise. */
type Parameters = Float64Array;

/** Rewards at coordinates, in units of their deviation from their mean. */
interface Data {
  /** Row by row. */
  readonly coordinates: readonly Float64Array[];
  readonly values: Float64Array;
  /** The variance of each value's noise relative to the others'. */
  readonly relative: Float64Array;
}

/** A model fitted to judged points. */
export class GaussianProcess implements RewardModel {
  readonly #dimensions: readonly Dimension[];
  readonly #offset: number;
  /** Rewards are in these units. */
  readonly #unit: number;
  readonly #parameters: Parameters;
  readonly #data: Data;
  readonly #factor: Float64Array;
  /** The inverse of the kernel matrix times the values. */
  readonly #weights: Float64Array;

  /** @param judged at least one. */
  constructor(dimensions: readonly Dimension[], judged: readonly Judged[]) {
    const rewards = judged.map(({ reward }) => reward);
    const { relative, variance } = noiseOf(judged);
    this.#dimensions = dimensions;
    this.#offset = meanOf(rewards);
    this.#unit = Math.sqrt(meanOf(rewards.map((reward) => (reward - this.#offset) ** 2))) || 1e-6;
    const values = Float64Array.from(rewards, (reward) => (reward - this.#offset) / this.#unit);
    const points = judged.map(({ point }) => point);
    this.#data = { coordinates: coordinatesOf(dimensions, points), values, relative };
    const known = variance === undefined ? undefined : variance / this.#unit ** 2;
    this.#parameters = parametersFor(evenly(this.#data), known);
    this.#factor = kernelOf(this.#parameters, this.#data);
    factorize(this.#factor, values.length);
    this.#weights = solveUpper(this.#factor, solveLower(this.#factor, values));
  }

  expected(points: readonly Point[]): Float64Array {
    return this.#meansAt(coordinatesOf(this.#dimensions, points));
  }

  predict(points: readonly Point[], pending: readonly Point[] = []): Estimates {
    return this.besides(pending)(points);
  }

  /** Pending points are taken as judged, with the rewards that are expected: means stay, and uncertainty shrinks. */
  besides(pending: readonly Point[]): (points: readonly Point[]) => Estimates {
    if (pending.length === 0) return (points) => this.#estimates(points, this.#data, this.#factor);
    const { coordinates, relative, values } = this.#data;
    const data = {
      coordinates: [...coordinates, ...coordinatesOf(this.#dimensions, pending)],
      relative: Float64Array.from([...relative, ...pending.map(() => 1)]),
      values,
    };
    const factor = kernelOf(this.#parameters, data);
    factorize(factor, data.coordinates.length);
    return (points) => this.#estimates(points, data, factor);
  }

  /** What to expect of the weighted sum of the rewards of points, with weights that sum to 0, and the variance of that. */
  contrast(points: readonly Point[], weights: readonly number[]): { mean: number; variance: number } {
    const coordinates = coordinatesOf(this.#dimensions, points);
    const kernel = new Float64Array(this.#weights.length);
    let prior = 0;
    for (const [index, at] of coordinates.entries()) {
      for (const [row, value] of this.#kernelAt(at, this.#data).entries())
        kernel[row] += weights[index] * value;
      for (const [row, value] of this.#kernelAt(at, { coordinates }).entries())
        prior += weights[index] * weights[row] * value;
    }
    const mean = this.#meanOf(kernel) - this.#offset;
    return { mean, variance: Math.max(0, prior - whiten(this.#factor, kernel)) * this.#unit ** 2 };
  }

  judgedMeans(): Float64Array {
    return this.#meansAt(this.#data.coordinates);
  }

  #meansAt(coordinates: readonly Float64Array[]): Float64Array {
    return Float64Array.from(coordinates, (at) => this.#meanOf(this.#kernelAt(at, this.#data)));
  }

  #estimates(points: readonly Point[], data: Data, factor: Float64Array): Estimates {
    const mean = new Float64Array(points.length);
    const variance = new Float64Array(points.length);
    const own = Math.exp(signalOf(this.#parameters)) + OFFSET;
    for (const [row, at] of coordinatesOf(this.#dimensions, points).entries()) {
      const kernel = this.#kernelAt(at, data);
      mean[row] = this.#meanOf(kernel);
      variance[row] = Math.max(0, own - whiten(factor, kernel)) * this.#unit ** 2;
    }
    return { mean, variance };
  }

  #kernelAt(at: Float64Array, { coordinates }: Pick<Data, "coordinates">): Float64Array {
    const scales = scalesOf(this.#parameters);
    const signal = Math.exp(signalOf(this.#parameters));
    const kernel = new Float64Array(coordinates.length);
    for (let row = 0; row < kernel.length; row++)
      kernel[row] = OFFSET + signal * similarity(at, coordinates[row], scales);
    return kernel;
  }

  /** @param kernel the covariances of a point's reward with those of the judged ones, and perhaps of others after them. */
  #meanOf(kernel: Float64Array): number {
    let value = 0;
    for (let row = 0; row < this.#weights.length; row++) value += this.#weights[row] * kernel[row];
    return this.#offset + this.#unit * value;
  }
}

/** At most `CHOSEN_BY` rows, evenly over the trials. */
function evenly({ coordinates, values, relative }: Data): Data {
  const count = Math.min(CHOSEN_BY, values.length);
  const rows = Array.from({ length: count }, (_, index) => Math.floor((index * values.length) / count));
  return {
    coordinates: rows.map((row) => coordinates[row]),
    values: Float64Array.from(rows, (row) => values[row]),
    relative: Float64Array.from(rows, (row) => relative[row]),
  };
}

/** @param noise its variance, if it is known. */
function parametersFor(data: Data, noise: number | undefined): Parameters {
  const count = data.coordinates[0].length;
  const priors = [
    ...Array.from({ length: count }, () => PRIORS.length),
    ...[
      PRIORS.signal,
      noise === undefined ? PRIORS.noise : { median: Math.max(noise, 1e-4), deviation: 0.1 },
    ],
  ];
  const start = Float64Array.from(priors, ({ median }) => Math.log(median));
  return maximize(start, (parameters, gradient) => {
    let density = densityOf(parameters, data, gradient);
    for (const [index, { median, deviation }] of priors.entries()) {
      const surprise = (parameters[index] - Math.log(median)) / deviation;
      density -= 0.5 * surprise * surprise;
      gradient[index] -= surprise / deviation;
    }
    return density;
  });
}

/** The logarithm of the data's density but for a constant, with its derivatives in `gradient`. */
function densityOf(parameters: Parameters, data: Data, gradient: Float64Array): number {
  const { coordinates, values, relative } = data;
  const count = values.length;
  const factor = kernelOf(parameters, data);
  const logDeterminant = factorize(factor, count);
  const whitened = solveLower(factor, values);
  const weights = solveUpper(factor, whitened);
  const inverse = inverseOf(factor, count);
  const scales = scalesOf(parameters);
  const signal = Math.exp(signalOf(parameters));
  const noise = Math.exp(parameters.at(-1)!);
  gradient.fill(0);
  const dimensions = scales.length;
  for (let i = 0; i < count; i++) {
    const diagonal = weights[i] * weights[i] - inverse[i * count + i];
    gradient[dimensions] += 0.5 * diagonal * signal;
    gradient[dimensions + 1] += 0.5 * diagonal * noise * relative[i];
    for (let j = 0; j < i; j++) {
      const share = signal * similarity(coordinates[i], coordinates[j], scales);
      const weight = (weights[i] * weights[j] - inverse[i * count + j]) * share;
      gradient[dimensions] += weight;
      for (let k = 0; k < dimensions; k++) {
        const step = (coordinates[i][k] - coordinates[j][k]) * scales[k];
        gradient[k] += weight * step * step;
      }
    }
  }
  return -0.5 * (whitened.reduce((sum, value) => sum + value * value, 0) + logDeterminant);
}

/** The lower triangle of the inverse of a matrix from its factor L: the columns of L's inverse, times each other. */
function inverseOf(factor: Float64Array, count: number): Float64Array {
  const columns = Array.from({ length: count }, (_, column) => {
    const solved = new Float64Array(count);
    solved[column] = 1;
    whiten(factor, solved);
    return solved;
  });
  const inverse = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < count; k++) sum += columns[i][k] * columns[j][k];
      inverse[i * count + j] = sum;
    }
  }
  return inverse;
}

/** The covariances of the values, lower triangle. */
function kernelOf(parameters: Parameters, { coordinates, relative }: Data): Float64Array {
  const count = coordinates.length;
  const scales = scalesOf(parameters);
  const signal = Math.exp(signalOf(parameters));
  const noise = Math.exp(parameters.at(-1)!);
  const kernel = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++)
      kernel[i * count + j] = OFFSET + signal * similarity(coordinates[i], coordinates[j], scales);
    kernel[i * count + i] = OFFSET + signal + noise * relative[i] + JITTER;
  }
  return kernel;
}

function signalOf(parameters: Parameters): number {
  return parameters.at(-2)!;
}

/** The inverse of each length scale. */
function scalesOf(parameters: Parameters): Float64Array {
  return parameters.subarray(0, -2).map((length) => Math.exp(-length));
}

/** In (0, 1]. */
function similarity(a: Float64Array, b: Float64Array, scales: Float64Array): number {
  let squares = 0;
  for (let k = 0; k < scales.length; k++) {
    const step = (a[k] - b[k]) * scales[k];
    squares += step * step;
  }
  return Math.exp(-0.5 * squares);
}
