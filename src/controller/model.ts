// What the controller needs of a model of the rewards.

import type { Point } from "./controller.ts";

export interface Estimates {
  /** Expected rewards. */
  readonly mean: Float64Array;
  /** Variance of the true rewards around them, without noise. */
  readonly variance: Float64Array;
}

export interface Candidate {
  readonly point: Point;
  readonly value: number;
}

/**
 * The `count` points with the greatest worth, greatest first; of equal ones, those that come first. Only those of at least `least`.
 * @param worthOf what a point is worth by its mean and variance; must not fall if the variance grows.
 */
export type Outlook = (
  points: readonly Point[],
  worthOf: (mean: number, variance: number) => number,
  count: number,
  least: number,
) => Candidate[];

/** A model fitted to judged points. */
export interface RewardModel {
  /** The rewards that are expected of points. */
  expected(points: readonly Point[]): Float64Array;
  /** The same with their uncertainty, as it will be when `pending` have been judged (unless given: now). */
  predict(points: readonly Point[], pending?: readonly Point[]): Estimates;
  /** Finds points by what `predict` says with these pending ones. */
  besides(pending: readonly Point[]): Outlook;
  /** The expected true rewards of the judged points, in their order, given their own rewards too. */
  judgedMeans(): Float64Array;
}

/** For sorting; uses comparisons only, since values may be infinite. */
export function greatestFirst(a: number, b: number): number {
  if (a === b) return 0;
  return a > b ? -1 : 1;
}
