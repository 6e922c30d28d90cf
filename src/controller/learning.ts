// What controllers that learn from trials have in common: the results so far, the pending trials, and when a proposal is drawn
// at random instead.

import {
  type Controller,
  checkJudged,
  checkPoint,
  checkReward,
  type Dimension,
  type Judged,
  type Point,
  randomSearchPoint,
} from "./controller.ts";
import { completed, type RungResult } from "./rungs.ts";

/** When a trial is drawn at random, as in random search, and not proposed. */
export interface RandomTrials {
  /** The first trials, unless an earlier search's results replace them. */
  readonly first: number;
  /** Every how many trials one is drawn; Infinity for none. */
  readonly every: number;
}

export abstract class LearningController implements Controller {
  protected readonly dimensions: readonly Dimension[];
  protected readonly seed: number;
  readonly #random: RandomTrials;
  readonly #told = new Map<number, Judged & RungResult>();
  readonly #pending = new Map<number, Point>();
  #gains: readonly Judged[] = [];

  constructor(dimensions: readonly Dimension[], seed: number, random: RandomTrials) {
    this.dimensions = dimensions;
    this.seed = seed;
    this.#random = random;
  }

  /** The point for a trial that is neither random nor proposed, if it is one; undefined by default. Results may be missing. */
  protected fixed(_trial: number): Point | undefined {
    return undefined;
  }

  /** The point for a trial after the random ones. There is at least one result. */
  protected abstract propose(trial: number): Point;

  ask(trial: number): Point {
    const known = this.#pending.get(trial);
    if (known) return known;
    const point =
      this.fixed(trial) ??
      (this.#learns(trial) ? this.propose(trial) : randomSearchPoint(this.dimensions, this.seed, trial));
    this.#pending.set(trial, point);
    return point;
  }

  expect(trial: number, point: Point): void {
    checkPoint(this.dimensions, point);
    this.#pending.set(trial, point);
  }

  tell(
    trial: number,
    point: Point,
    reward: number,
    standardError: number | null = null,
    rungs?: readonly number[],
  ): void {
    checkPoint(this.dimensions, point);
    checkReward(trial, reward, rungs);
    this.#pending.delete(trial);
    this.#told.set(trial, { point, reward, standardError, rungs });
  }

  drop(trial: number): void {
    this.#pending.delete(trial);
  }

  warmStart(gains: readonly Judged[]): void {
    checkJudged(this.dimensions, gains);
    this.#gains = gains;
  }

  /** Whether there is an earlier search to learn from. */
  protected get isWarm(): boolean {
    return this.#gains.length > 0;
  }

  /**
   * All results: those of an earlier search as rewards over this search's baseline (none until that is known), then this
   * search's by trial, since the order in which they arrived must not matter. Trials that were stopped early have the
   * rewards that the others let expect.
   */
  protected judged(): Judged[] {
    const baseline = this.#told.get(0);
    const earlier = baseline
      ? this.#gains.map((gain) => ({ ...gain, reward: baseline.reward + gain.reward }))
      : [];
    return [...earlier, ...completed(inOrder(this.#told))];
  }

  /** The points of trials that are being judged, by trial. */
  protected pending(): Point[] {
    return inOrder(this.#pending);
  }

  #learns(trial: number): boolean {
    const { first, every } = this.#random;
    if (trial % every === 0) return false;
    return trial > first ? this.#told.size > 0 : this.#gains.length > 0 && this.#told.has(0);
  }
}

function inOrder<T>(trials: ReadonlyMap<number, T>): T[] {
  return [...trials].sort(([a], [b]) => a - b).map(([, value]) => value);
}
