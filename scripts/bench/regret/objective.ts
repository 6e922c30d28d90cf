// What a benchmark of controllers searches: a space of the search's shape, and the true reward of every point of it.

import { standardErrorOf } from "../../../src/common/mean.ts";
import { Random } from "../../../src/common/random.ts";
import type { Dimension, Point } from "../../../src/controller/controller.ts";

/** One kind of objective; each seed makes another of it, or the same with other noise. */
export interface Objective {
  readonly name: string;
  /** A description for readers. */
  readonly description: string;
  readonly dimensions: readonly Dimension[];
  /** The point of trial 0, which adds no image. */
  readonly baseline: Point;
  /** Trainings per trial. A method is given their mean and its standard error. */
  readonly samples: number;
  /** The standard deviation of one training's reward. */
  readonly noise: number;
  /** Of the data that the objective comes from, if any: results of other data are not comparable. */
  readonly digest: string;
  create(seed: number): Landscape;
}

/** The dimensions with a strength for every choice: in the objectives compared here, all magnitudes have an effect. */
export function withAllStrengths(dimensions: readonly Dimension[]): Dimension[] {
  return dimensions.map((dimension) =>
    dimension.kind === "category" ? { ...dimension, withoutStrength: [] } : dimension,
  );
}

/** What one search is about. */
export interface Landscape {
  /** The true reward at a point: what the mean of endlessly many trainings would be. */
  rewardAt(point: Point): number;
  /** The greatest true reward anywhere. */
  readonly greatest: number;
}

/** What a trial finds: the mean of its samples, and its standard error (null with one sample). */
export interface Found {
  readonly reward: number;
  readonly standardError: number | null;
}

/** Judges a point as a trial does. The noise is the same for all methods: it depends on seed and trial alone. */
export function judge(objective: Objective, truth: number, seed: number, trial: number): Found {
  const { samples, noise } = objective;
  const random = new Random(seed, "noise", trial);
  const rewards = Array.from({ length: samples }, () => truth + random.normal(0, noise));
  const reward = rewards.reduce((sum, value) => sum + value, 0) / samples;
  return { reward, standardError: samples > 1 ? standardErrorOf(rewards, reward) : null };
}
