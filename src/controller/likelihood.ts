// Chooses the length scales of a Gaussian process and its shares of signal and noise: those with the greatest posterior density
// (Rasmussen and Williams 2006, "Gaussian processes for machine learning", chapter 5).

import { isDeepStrictEqual } from "node:util";
import {
  emptyTriangle,
  factorize,
  LANES,
  solveLower,
  solveUpper,
  type Triangle,
  whitenLanes,
} from "./cholesky.ts";
import { covariancesOf, OFFSET, type Parameters, type Rows, scaledBy, signalOf } from "./covariance.ts";
import { maximize } from "./maximize.ts";

/**
 * The priors of the logarithms: normal, with these medians and deviations. Coordinates are in [0, 1], and variances in units of
 * the rewards'.
 */
const PRIORS = {
  length: { median: 0.7, deviation: 0.7 },
  signal: { median: 1, deviation: 1 },
  noise: { median: 0.05, deviation: 1 },
};

/** Trials that decide the parameters, at most: each step of the search for them takes trials³. */
const CHOSEN_BY = 100;

/** Parameters are chosen anew when the number of trials has grown by this share, or half of it. */
const CHOSEN_AGAIN = 1 / 8;

/** Rewards in units of their deviation from their mean. */
export interface Data extends Rows {
  readonly values: Float64Array;
  readonly offset: number;
  readonly unit: number;
  /** The variance of the noise; undefined if it is not known. */
  readonly noise: number | undefined;
}

/** Parameters, and what they were chosen by. */
export interface Chosen {
  readonly data: Data;
  readonly parameters: Parameters;
}

/** How many of the first trials decide the parameters: a number that changes seldom. */
export function decisive(count: number): number {
  const step = 2 ** Math.floor(Math.log2(Math.max(1, count * CHOSEN_AGAIN)));
  return Math.floor(count / step) * step;
}

/** At most `CHOSEN_BY` rows, evenly over the trials. */
function evenly(data: Data): Data {
  const { coordinates, values, relative } = data;
  const count = Math.min(CHOSEN_BY, values.length);
  const rows = Array.from({ length: count }, (_, index) => Math.floor((index * values.length) / count));
  return {
    ...data,
    coordinates: rows.map((row) => coordinates[row]),
    values: Float64Array.from(rows, (row) => values[row]),
    relative: Float64Array.from(rows, (row) => relative[row]),
  };
}

/** @param earlier taken if it was chosen by the same. */
export function choose(data: Data, earlier?: Chosen): Chosen {
  const some = evenly(data);
  if (earlier && isDeepStrictEqual(some, earlier.data)) return earlier;
  return { data: some, parameters: parametersFor(some) };
}

function parametersFor(data: Data): Parameters {
  const { noise } = data;
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
  const { values, relative } = data;
  const scaled = scaledBy(parameters, data.coordinates);
  const covariances = scaled.map((_, row) => covariancesOf(parameters, scaled, relative, row));
  const factor = covariances.map((row) => row.slice());
  const logDeterminant = factorize(factor);
  const whitened = solveLower(factor, values);
  const weights = solveUpper(factor, whitened);
  const inverse = inverseOf(factor);
  const signal = Math.exp(signalOf(parameters));
  const noise = Math.exp(parameters.at(-1)!);
  gradient.fill(0);
  const dimensions = parameters.length - 2;
  for (let i = 0; i < values.length; i++) {
    const diagonal = weights[i] * weights[i] - inverse[i][i];
    gradient[dimensions] += 0.5 * diagonal * signal;
    gradient[dimensions + 1] += 0.5 * diagonal * noise * relative[i];
    for (let j = 0; j < i; j++) {
      const share = covariances[i][j] - OFFSET;
      const weight = (weights[i] * weights[j] - inverse[i][j]) * share;
      gradient[dimensions] += weight;
      for (let k = 0; k < dimensions; k++) {
        const step = scaled[i][k] - scaled[j][k];
        gradient[k] += weight * step * step;
      }
    }
  }
  return -0.5 * (whitened.reduce((sum, value) => sum + value * value, 0) + logDeterminant);
}

/** The inverse of a matrix from its factor L: the columns of L's inverse, times each other. */
function inverseOf(factor: Triangle): Triangle {
  const count = factor.length;
  const columns: Float64Array[] = [];
  for (let first = 0; first < count; first += LANES) {
    const lanes = new Float64Array(count * LANES);
    for (let lane = 0; lane < LANES && first + lane < count; lane++) lanes[(first + lane) * LANES + lane] = 1;
    whitenLanes(factor, lanes, first, count);
    for (let lane = 0; lane < LANES; lane++)
      columns.push(Float64Array.from(factor, (_, row) => lanes[row * LANES + lane]));
  }
  const inverse = emptyTriangle(count);
  for (const [i, row] of inverse.entries()) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < count; k++) sum += columns[i][k] * columns[j][k];
      row[j] = sum;
    }
  }
  return inverse;
}
