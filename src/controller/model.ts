// What the controller needs of a model of the rewards.

import type { Point } from "./controller.ts";

export interface Estimates {
  /** Expected rewards. */
  readonly mean: Float64Array;
  /** Variance of the true rewards around them, without noise. */
  readonly variance: Float64Array;
}

/** A model fitted to judged points. */
export interface RewardModel {
  /** The rewards that are expected of points. */
  expected(points: readonly Point[]): Float64Array;
  /** The same with their uncertainty, as it will be when `pending` have been judged (unless given: now). */
  predict(points: readonly Point[], pending?: readonly Point[]): Estimates;
  /** `predict` for these pending points, for many calls. */
  besides(pending: readonly Point[]): (points: readonly Point[]) => Estimates;
  /** The expected true rewards of the judged points, in their order, given their own rewards too. */
  judgedMeans(): Float64Array;
}
