// How well surrogates predict the rewards of trials that they were not fitted to.

import { meanOf } from "../../../src/common/mean.ts";
import { Random, seedOf } from "../../../src/common/random.ts";
import type { Dimension, Judged, Point } from "../../../src/controller/controller.ts";
import { Surrogate } from "../../../src/controller/surrogate.ts";
import { Forest } from "../regret/forest.ts";

/** Fits to judged points, and returns the expected rewards of others. */
export type Predictor = (
  dimensions: readonly Dimension[],
  judged: readonly Judged[],
  points: readonly Point[],
  seed: number,
) => Float64Array;

/** By their titles in the table. */
export const PREDICTORS: Readonly<Record<string, Predictor>> = {
  ours: (dimensions, judged, points, seed) => new Surrogate(dimensions, judged, seed).predict(points).mean,
  "forest alone": (dimensions, judged, points, seed) =>
    new Forest(dimensions, judged, seed).predict(points).mean,
};

/**
 * The share of the rewards' variance that the predictions explain: 1 if they are the rewards, 0 if they are no better
 * than the rewards' mean, less than 0 if they are worse.
 * @param rewards of which at least two differ.
 */
export function r2(rewards: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const values = Array.from(rewards);
  const mean = meanOf(values);
  const errors = values.reduce((sum, value, row) => sum + (value - predicted[row]) ** 2, 0);
  return 1 - errors / values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

/**
 * Draws the trials to fit to, and rates the predictions for all others. All predictors get the same draw.
 * @param fitted how many trials to fit to, fewer than there are.
 * @returns R² per predictor, in their order.
 */
export function heldOutR2(
  predictors: readonly Predictor[],
  dimensions: readonly Dimension[],
  trials: readonly Judged[],
  fitted: number,
  seed: number,
): number[] {
  if (fitted > trials.length - 2) {
    throw new RangeError(`of ${trials.length} trials, ${fitted} leave too few to predict`);
  }
  const shuffled = new Random(seed, "held out").shuffle([...trials]);
  const judged = shuffled.slice(0, fitted);
  const others = shuffled.slice(fitted);
  const points = others.map(({ point }) => point);
  const rewards = others.map(({ reward }) => reward);
  return predictors.map((predict) =>
    r2(rewards, predict(dimensions, judged, points, seedOf(seed, "surrogate"))),
  );
}
