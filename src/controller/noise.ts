// How noisy the told rewards are. A trial's own standard error, of three samples, is a poor estimate: its square is off
// by its own size. The spread of samples hardly depends on the policy, so it is pooled over all trials.

import type { Judged } from "./controller.ts";

/** How many trials' standard errors the pooled one counts for beside a trial's own: some trials may have more samples. */
const POOLED = 4;

/** How much of a reward's unexplained variance is noise, which more samples make smaller; the rest they do not. */
const NOISE_SHARE = 0.5;

export interface Noise {
  /** The variance of a reward's noise, on average; undefined where no trial has a standard error. */
  readonly variance: number | undefined;
  /** Per trial, the variance of what is unexplained of its reward, relative to an average trial's. */
  readonly relative: Float64Array;
}

/** A trial without a standard error is taken to be as noisy as the others are on average. */
export function noiseOf(judged: readonly Judged[]): Noise {
  const squares = judged.flatMap(({ standardError }) => (standardError === null ? [] : [standardError ** 2]));
  if (squares.length === 0) return { variance: undefined, relative: new Float64Array(judged.length).fill(1) };
  const variance = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  const relative = Float64Array.from(judged, ({ standardError }) => {
    if (standardError === null || variance === 0) return 1;
    const own = (POOLED + standardError ** 2 / variance) / (POOLED + 1);
    return 1 - NOISE_SHARE + NOISE_SHARE * own;
  });
  return { variance, relative };
}
