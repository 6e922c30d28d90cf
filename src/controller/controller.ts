// The interface of controllers: a controller proposes points of an abstract space and learns from their rewards, by ask
// and tell (like skopt's and optuna's optimizers). It knows nothing about policies and never calls back.

import { Random } from "../common/random.ts";

/** One coordinate of the space. A point holds a category's index or a real number in [low, high]. */
export type Dimension =
  | {
      readonly kind: "category";
      readonly name: string;
      readonly choices: number;
      /**
       * Dimensions of one group choose among the same things (such as the techniques of the first and of the second
       * operation): results for a choice in one of them are hints for the others.
       */
      readonly group?: string;
      /**
       * The position of this dimension's choices within a group (first or second in a chain), if their effect depends
       * on it. Dimensions of the same group and place are interchangeable.
       */
      readonly place?: string;
      /** Choices of one chain act together, in the order of the dimensions, and may help or harm one another. */
      readonly chain?: string;
      /** Whether the dimension that scales the others' effects does not scale this one's. Defaults to no. */
      readonly unscaled?: boolean;
      /** Choices with the same effect at any strength (techniques whose magnitude is not used). Defaults to none. */
      readonly withoutStrength?: readonly number[];
      /** The choices that are proposed; the others are only told. Defaults to all. */
      readonly proposed?: readonly number[];
      /** What describes each choice: choices with similar traits have similar effects. Defaults to nothing. */
      readonly traits?: readonly Traits[];
    }
  | {
      readonly kind: "real";
      readonly name: string;
      readonly low: number;
      readonly high: number;
      /**
       * The name of what this makes stronger: the choice of a category (the magnitude of a technique), or a real number (the
       * magnitudes of a family of techniques, of which that is the amount). At the number's low end this does not matter.
       */
      readonly strengthOf?: string;
      /** The least that is proposed; numbers below it are only told. Defaults to the low end. */
      readonly proposedFrom?: number;
      /** The chance that a random point has the low end. Defaults to 0. */
      readonly off?: number;
      /** Values are multiples of 1 / grid. Defaults to any numbers. */
      readonly grid?: number;
      /**
       * At the low end no other dimension matters, and towards the high end they matter more and more (the portion). At
       * most one dimension.
       */
      readonly scales?: boolean;
    };

/** What a choice of a category does, in place of its name. */
export interface Traits {
  /** Numbers in [0, 1], as many for each choice. */
  readonly own: readonly number[];
  /** What it has of real numbers that have strengths, by their names: an amount and its strength, as if added to the point's. */
  readonly adds?: Readonly<Record<string, readonly [amount: number, strength: number]>>;
}

/** One value per dimension. */
export type Point = readonly number[];

/** A point and the result of its trial. */
export interface Judged {
  readonly point: Point;
  readonly reward: number;
  /** Standard error of the reward, from the spread of the trial's samples; null if there was one sample. */
  readonly standardError: number | null;
  /**
   * The variance of the reward's noise relative to that of a trial that was judged in full: above 1 if the reward is only
   * expected, because the trial was stopped early. Defaults to 1.
   */
  readonly noise?: number;
}

/** Proposes what to try next. Trials are numbered from 1; trial 0 is the baseline, which is only told. */
export interface Controller {
  /**
   * The point that trial `trial` should judge; it is pending until told. It depends only on the seed, the trial's
   * number, and the told and pending points, not on their order or on other calls. For a pending trial it returns the
   * same point again.
   */
  ask(trial: number): Point;

  /**
   * Marks a point as being judged without asking for it, when a run is resumed.
   * @throws RangeError if the point is outside the space.
   */
  expect(trial: number, point: Point): void;

  /**
   * Reports the reward of a trial; greater is better.
   * @param standardError of the reward; null or undefined if unknown.
   * @param rungs the rewards at the rungs that the trial reached, if trials may be stopped early: the last of them is the
   *   reward, and a trial with fewer rungs than others was stopped.
   * @throws RangeError if the reward is not finite or not that of the last rung, or the point is outside the space.
   */
  tell(
    trial: number,
    point: Point,
    reward: number,
    standardError?: number | null,
    rungs?: readonly number[],
  ): void;

  /** Reports that the trial could not be judged: it is no longer pending and is ignored. */
  drop(trial: number): void;

  /**
   * Teaches the results of an earlier search of the same space; must be called before the first `ask`. Rewards are
   * gains over that search's own baseline, since its data or child may have been different.
   * @throws RangeError if a gain is not finite or a point is outside the space.
   */
  warmStart(gains: readonly Judged[]): void;
}

/**
 * Replaces each point by a representative of all points with the same effect, in the same order: if a choice has no
 * strength, or a real number is at its low end, the number for its strength is set to its low end. At the low end of what
 * scales the others, only unscaled dimensions matter, if there are any, and all others are set to their first value.
 */
export function canonicalPoints(
  dimensions: readonly Dimension[],
  points: readonly Point[],
): readonly Point[] {
  const strengths = dimensions.flatMap((dimension, index) => {
    if (dimension.kind === "category") return [];
    const owner = dimensions.findIndex(({ name }) => name === dimension.strengthOf);
    if (owner < 0) return [];
    const strong = dimensions[owner];
    const without = strong.kind === "real" ? [strong.low] : (strong.withoutStrength ?? []);
    return without.length > 0 ? [{ index, low: dimension.low, owner, without }] : [];
  });
  const scale = dimensions.some(isUnscaled) ? dimensions.find(isScale) : undefined;
  if (strengths.length === 0 && !scale) return points;
  const scaleAt = scale ? dimensions.indexOf(scale) : -1;
  return points.map((point) => {
    if (scale && point[scaleAt] === scale.low) {
      return dimensions.map((dimension, index) =>
        isUnscaled(dimension) ? point[index] : firstOf(dimension),
      );
    }
    const canonical = [...point];
    for (const { index, low, owner, without } of strengths) {
      if (without.includes(point[owner])) canonical[index] = low;
    }
    return canonical;
  });
}

function isScale(dimension: Dimension): dimension is Dimension & { readonly kind: "real" } {
  return dimension.kind === "real" && dimension.scales === true;
}

/** Whether it is a category whose effect is not scaled. */
function isUnscaled(dimension: Dimension): boolean {
  return dimension.kind === "category" && dimension.unscaled === true;
}

function firstOf(dimension: Dimension): number {
  return dimension.kind === "category" ? 0 : dimension.low;
}

/** A point drawn uniformly. */
export function randomPoint(dimensions: readonly Dimension[], random: Random): number[] {
  return dimensions.map((dimension) => randomCoordinate(dimension, random));
}

/** A category's index or a real number, drawn uniformly among those that are proposed. */
export function randomCoordinate(dimension: Dimension, random: Random): number {
  if (dimension.kind === "category") {
    const { choices, proposed } = dimension;
    return proposed ? proposed[random.integer(0, proposed.length - 1)] : random.integer(0, choices - 1);
  }
  const { low, proposedFrom = low, high, off = 0 } = dimension;
  if (off > 0 && random.chance(off)) return low;
  return onGrid(dimension, random.uniform(proposedFrom, high));
}

/** The nearest value that a real number may have. */
export function onGrid({ grid }: { readonly grid?: number }, value: number): number {
  return grid === undefined ? value : Math.round(value * grid) / grid;
}

/** The point of a trial of random search; depends only on the seed and the trial's number. */
export function randomSearchPoint(dimensions: readonly Dimension[], seed: number, trial: number): number[] {
  return randomPoint(dimensions, new Random(seed, "ask", trial));
}

/** @throws RangeError naming the coordinate that is outside the space. */
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
    if (!inside) throw new RangeError(`${dimension.name} is ${value}, outside its range`);
  }
}

/** @throws RangeError if the reward, or one at a rung, is not finite, or the reward is not that of the last rung. */
export function checkReward(trial: number, reward: number, rungs: readonly number[] = [reward]): void {
  const wrong = [reward, ...rungs].find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RangeError(`the reward of trial ${trial} is ${wrong}`);
  if (rungs.at(-1) === reward) return;
  throw new RangeError(`the reward of trial ${trial} is ${reward}, but ${rungs.at(-1)} at its last rung`);
}

/** @throws RangeError if a reward is not finite or a point is outside the space. */
export function checkJudged(dimensions: readonly Dimension[], judged: readonly Judged[]): void {
  for (const [index, { point, reward }] of judged.entries()) {
    checkPoint(dimensions, point);
    checkReward(index, reward);
  }
}
