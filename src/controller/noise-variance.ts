// Estimates the noise of the told rewards. A trial's own standard error, from three samples, is a poor estimate: the
// error of its square is as large as the square itself. The spread of samples hardly depends on the policy, so it is
// pooled over all trials.

import type { Judged } from "./controller.ts";

/** Weight of the pooled standard error relative to a trial's own, in trials: some trials may have more samples. */
const POOLED = 4;

/** The share of a reward's unexplained variance that is noise and gets smaller with more samples. */
const NOISE_SHARE = 0.5;

export interface Noise {
  /** The mean variance of a reward's noise; undefined if no trial has a standard error. */
  readonly variance: number | undefined;
  /** Per trial, the unexplained variance of its reward relative to an average trial's. */
  readonly relative: Float64Array;
}

/**
 * A trial without a standard error is assumed to be as noisy as the others on average; one that was stopped early, more so by
 * its own factor.
 */
export function noiseOf(judged: readonly Judged[]): Noise {
  const squares = judged.flatMap(({ standardError }) => (standardError === null ? [] : [standardError ** 2]));
  const variance =
    squares.length === 0 ? undefined : squares.reduce((sum, square) => sum + square, 0) / squares.length;
  const relative = Float64Array.from(judged, ({ standardError, noise = 1 }) => {
    if (standardError === null || !variance) return noise;
    const own = (POOLED + standardError ** 2 / variance) / (POOLED + 1);
    return noise * (1 - NOISE_SHARE + NOISE_SHARE * own);
  });
  return { variance, relative };
}
