// A model that predicts the reward of a trial of any policy from a table of real trials: a Gaussian process (Rasmussen and
// Williams 2006, "Gaussian processes for machine learning", chapters 2 and 5) with a kernel for policies of one chain of
// two operations.
//
// Why this model: the table judges the methods, so it must not resemble one of them. It is neither a forest (ours,
// scikit-optimize's) nor a density of good points (Optuna's), nor the linear model with a few waves at the root of our
// trees: magnitudes and portions act through Matérn functions of any shape, techniques interact in pairs, and the strength
// of each effect is not assumed but estimated from the likelihood of the trials. What the model leaves unexplained is
// considered the noise of a trial.
//
// The reward is a constant, plus the effect of the policy times portion^gamma: a portion of 0 adds no image, regardless of
// the operations. The effect is a sum of independent functions, each with its own variance: of the portion alone, of an
// operation (technique and magnitude) at either position, of the first and of the second operation, and of both together.
// Two operations are only alike if they are the same technique, and more so the closer their magnitudes are.

import { factorize, solveLower, solveUpper } from "../../../src/controller/cholesky.ts";

/** A trial of the table: [first technique, its magnitude, second technique, its magnitude, portion], and its reward. */
export interface Row {
  readonly point: readonly number[];
  readonly reward: number;
}

/** What is fitted, as logarithms. Variances are in units of the rewards' variance. */
const PARAMETERS = {
  /** Of the rewards' constant. */
  constant: 1,
  /** Of the portion alone. */
  portion: 0.1,
  /** Of an operation at either position. */
  anywhere: 0.2,
  first: 0.2,
  second: 0.2,
  pair: 0.1,
  /** Over which magnitudes change their effect, as a share of their range. */
  magnitudeLength: 0.5,
  portionLength: 1,
  /** The power of the portion. */
  gamma: 0.5,
  noise: 0.3,
};

type Parameters = Record<keyof typeof PARAMETERS, number>;

/** How far a parameter may be from its first guess: the standard deviation of its prior, in logarithms. */
const PRIOR_DEVIATION = 1.5;

/** A fitted process. */
export class SmoothedTable {
  readonly parameters: Parameters;
  /** The standard deviation of a trial's noise, in reward. */
  readonly noise: number;
  /** The share of the rewards' variance that is predicted when leaving out one trial at a time. */
  readonly crossValidatedR2: number;
  readonly #rows: readonly Row[];
  readonly #mean: number;
  readonly #deviation: number;
  readonly #weights: Float64Array;

  /** @param rows at least two, of different rewards. */
  constructor(rows: readonly Row[]) {
    this.#rows = rows;
    const count = rows.length;
    this.#mean = rows.reduce((sum, { reward }) => sum + reward, 0) / count;
    this.#deviation = Math.sqrt(
      rows.reduce((sum, { reward }) => sum + (reward - this.#mean) ** 2, 0) / (count - 1),
    );
    const targets = Float64Array.from(rows, ({ reward }) => (reward - this.#mean) / this.#deviation);
    this.parameters = fitParameters(rows, targets);
    this.noise = this.#deviation * Math.sqrt(this.parameters.noise);
    const factor = factorOf(rows, this.parameters)!;
    this.#weights = solve(factor, targets);
    // Predicts each trial from all others (Rasmussen and Williams 2006, equation 5.12).
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const unit = new Float64Array(count);
      unit[row] = 1;
      squares += (this.#weights[row] / solve(factor, unit)[row]) ** 2;
    }
    this.crossValidatedR2 = 1 - squares / targets.reduce((sum, target) => sum + target * target, 0);
  }

  /** The process's mean at a point. */
  rewardAt(point: readonly number[]): number {
    let sum = 0;
    for (const [index, row] of this.#rows.entries()) {
      sum += this.#weights[index] * covariance(point, row.point, this.parameters);
    }
    return this.#mean + this.#deviation * sum;
  }
}

function covariance(a: readonly number[], b: readonly number[], parameters: Parameters): number {
  const { constant, portion, anywhere, first, second, pair, magnitudeLength, portionLength, gamma } =
    parameters;
  const alike = (i: number, j: number) =>
    a[i] === b[j] ? matern(Math.abs(a[i + 1] - b[j + 1]) / magnitudeLength) : 0;
  const [firsts, seconds] = [alike(0, 0), alike(2, 2)];
  const crossed = alike(0, 2) + alike(2, 0);
  const effect =
    portion +
    anywhere * (firsts + seconds + crossed) +
    first * firsts +
    second * seconds +
    pair * firsts * seconds;
  return constant + (a[4] * b[4]) ** gamma * matern(Math.abs(a[4] - b[4]) / portionLength) * effect;
}

/** The Matérn function of smoothness 5/2. */
function matern(distance: number): number {
  const x = Math.sqrt(5) * distance;
  return (1 + x + (x * x) / 3) * Math.exp(-x);
}

/** The greatest posterior density, by a search along each parameter in turn with steps that halve. */
function fitParameters(rows: readonly Row[], targets: Float64Array): Parameters {
  const names = Object.keys(PARAMETERS) as (keyof Parameters)[];
  let parameters: Parameters = { ...PARAMETERS };
  let greatest = logPosterior(rows, targets, parameters);
  for (let step = 1; step > 0.1; ) {
    let improved = false;
    for (const name of names) {
      for (const sign of [1, -1]) {
        const tried = { ...parameters, [name]: parameters[name] * Math.exp(sign * step) };
        const density = logPosterior(rows, targets, tried);
        if (density <= greatest + 1e-3) continue;
        [parameters, greatest, improved] = [tried, density, true];
        break;
      }
    }
    if (!improved) step /= 2;
  }
  return parameters;
}

function logPosterior(rows: readonly Row[], targets: Float64Array, parameters: Parameters): number {
  const factor = factorOf(rows, parameters);
  if (!factor) return Number.NEGATIVE_INFINITY;
  const count = rows.length;
  const halves = solveLower(factor, targets);
  let sum = 0;
  for (let i = 0; i < count; i++) sum -= 0.5 * halves[i] ** 2 + Math.log(factor[i * count + i]);
  for (const [name, value] of Object.entries(parameters)) {
    sum -= 0.5 * (Math.log(value / PARAMETERS[name as keyof Parameters]) / PRIOR_DEVIATION) ** 2;
  }
  return sum;
}

/** The Cholesky factor of the rewards' covariance; undefined if rounding leaves it without one. */
function factorOf(rows: readonly Row[], parameters: Parameters): Float64Array | undefined {
  const count = rows.length;
  const matrix = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) matrix[i * count + j] = covariance(rows[i].point, rows[j].point, parameters);
    matrix[i * count + i] += parameters.noise;
  }
  return Number.isNaN(factorize(matrix, count)) ? undefined : matrix;
}

function solve(factor: Float64Array, right: Float64Array): Float64Array {
  return solveUpper(factor, solveLower(factor, right));
}
