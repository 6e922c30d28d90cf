// What a controller is: it proposes points of an abstract space and learns from their rewards, by ask and tell (as
// skopt's and optuna's optimizers do). It knows nothing of policies, and never calls back.

import { Random } from "../common/random.ts";

/** One coordinate of the space. A point holds a category's index, or a real number in [low, high]. */
export type Dimension =
  | {
      readonly kind: "category";
      readonly name: string;
      readonly choices: number;
      /**
       * Dimensions of one group choose among the same things (the technique of the first operation and that of
       * the second): what is learnt of a choice in one of them is a hint for the others.
       */
      readonly group?: string;
      /**
       * Within a group, where its choices stand (first or second in a chain), if what they do depends on that. Dimensions
       * of one group and one place are interchangeable.
       */
      readonly place?: string;
      /** Choices of one chain act together, in the order of the dimensions: they may help or harm one another. */
      readonly chain?: string;
      /** Choices that act alike at whatever strength (techniques whose magnitude is not used). None where it is missing. */
      readonly withoutStrength?: readonly number[];
    }
  | {
      readonly kind: "real";
      readonly name: string;
      readonly low: number;
      readonly high: number;
      /** The name of the category whose choice it makes stronger (the magnitude of a technique). */
      readonly strengthOf?: string;
      /** At the low end nothing else matters, and towards the high end ever more (the portion). One dimension at most. */
      readonly scales?: boolean;
    };

/** One value per dimension. */
export type Point = readonly number[];

/** A point and what its trial found. */
export interface Judged {
  readonly point: Point;
  readonly reward: number;
  /** Of the reward, by the spread of the trial's samples; null where there was one sample. */
  readonly standardError: number | null;
}

/** Proposes what to try next. Trials are numbered from 1; trial 0 is the baseline, which is only told. */
export interface Controller {
  /**
   * The point that trial `trial` shall judge; it is pending until told. It depends on the seed, the trial's number,
   * what was told and what is pending, alone: neither on their order nor on other calls. A trial that is pending
   * gets the point that it has.
   */
  ask(trial: number): Point;

  /**
   * Marks a point as being judged, without asking: when a run is resumed.
   * @throws RangeError if the point lies outside the space.
   */
  expect(trial: number, point: Point): void;

  /**
   * The reward of a trial, greater being better.
   * @param standardError of the reward; null or left out where it is unknown.
   * @throws RangeError if the reward is not finite or the point lies outside the space.
   */
  tell(trial: number, point: Point, reward: number, standardError?: number | null): void;

  /** The trial could not be judged: it is no longer pending, and nothing is learnt of it. */
  drop(trial: number): void;

  /**
   * Teaches what an earlier search of the same space found, before anything is asked. Rewards are gains over that
   * search's own baseline: its data or its child may have been others.
   * @throws RangeError if a gain is not finite or a point lies outside the space.
   */
  warmStart(gains: readonly Judged[]): void;
}

/**
 * The points that stand for all that act alike, in the same order: where a choice has no strength, the number that would
 * be it is at its low end.
 */
export function canonicalPoints(
  dimensions: readonly Dimension[],
  points: readonly Point[],
): readonly Point[] {
  const strengths = dimensions.flatMap((dimension, index) => {
    if (dimension.kind === "category") return [];
    const category = dimensions.findIndex(({ name }) => name === dimension.strengthOf);
    const strong = dimensions[category];
    if (strong?.kind !== "category" || !strong.withoutStrength?.length) return [];
    return [{ index, low: dimension.low, category, without: strong.withoutStrength }];
  });
  if (strengths.length === 0) return points;
  return points.map((point) => {
    const canonical = [...point];
    for (const { index, low, category, without } of strengths) {
      if (without.includes(point[category])) canonical[index] = low;
    }
    return canonical;
  });
}

/** A point drawn uniformly. */
export function randomPoint(dimensions: readonly Dimension[], random: Random): number[] {
  return dimensions.map((dimension) => randomCoordinate(dimension, random));
}

/** A category's index, or a real number, drawn uniformly. */
export function randomCoordinate(dimension: Dimension, random: Random): number {
  return dimension.kind === "category"
    ? random.integer(0, dimension.choices - 1)
    : random.uniform(dimension.low, dimension.high);
}

/** The point of a trial of random search: from the seed and the trial's number alone. */
export function randomSearchPoint(dimensions: readonly Dimension[], seed: number, trial: number): number[] {
  return randomPoint(dimensions, new Random(seed, "ask", trial));
}

/** @throws RangeError naming the coordinate that lies outside the space. */
export function checkPoint(dimensions: readonly Dimension[], point: Point): void {
  if (point.length !== dimensions.length) {
    throw new RangeError(`a point of this space has ${dimensions.length} coordinates, not ${point.length}`);
  }
  for (const [index, dimension] of dimensions.entries()) {
    const value = point[index];
    const inside =
      dimension.kind === "category"
        ? Number.isInteger(value) && value >= 0 && value < dimension.choices
        : value >= dimension.low && value <= dimension.high;
    if (!inside) throw new RangeError(`${dimension.name} is ${value}, outside of its range`);
  }
}

/** @throws RangeError if the reward is not finite. */
export function checkReward(trial: number, reward: number): void {
  if (!Number.isFinite(reward)) throw new RangeError(`the reward of trial ${trial} is ${reward}`);
}

/** @throws RangeError if a reward is not finite or a point lies outside the space. */
export function checkJudged(dimensions: readonly Dimension[], judged: readonly Judged[]): void {
  for (const [index, { point, reward }] of judged.entries()) {
    checkPoint(dimensions, point);
    checkReward(index, reward);
  }
}
