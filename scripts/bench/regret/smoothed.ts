// A model that predicts the reward of a trial of any policy from a table of real trials: a Gaussian process with a kernel for
// policies of one chain of two operations.
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

import { GaussianProcess, type Kernel, matern } from "./gaussian-process.ts";

/** A trial of the table: [first technique, its magnitude, second technique, its magnitude, portion], and its reward. */
export interface Row {
  readonly point: readonly number[];
  readonly reward: number;
}

const GUESSES = {
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

type Parameters = Readonly<Record<keyof typeof GUESSES, number>>;

const KERNEL: Kernel<readonly number[], keyof typeof GUESSES> = { guesses: GUESSES, covariance };

export type SmoothedTable = GaussianProcess<readonly number[], keyof typeof GUESSES>;

/** The process that fits the trials. @param rows at least two, of different rewards. */
export function smoothTable(rows: readonly Row[]): SmoothedTable {
  return new GaussianProcess(
    KERNEL,
    rows.map(({ point }) => point),
    rows.map(({ reward }) => reward),
  );
}

function covariance(
  a: readonly number[],
  b: readonly number[],
  { constant, portion, anywhere, first, second, pair, magnitudeLength, portionLength, gamma }: Parameters,
): number {
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
