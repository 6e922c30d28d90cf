// Random search (Bergstra and Bengio 2012, "Random search for hyper-parameter optimization"): every trial is a uniform
// draw. The reference that any other controller has to beat.

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

/** Random search. It learns nothing: a trial's point depends only on the seed and the trial's number. */
export class RandomController implements Controller {
  readonly #dimensions: readonly Dimension[];
  readonly #seed: number;
  readonly #pending = new Map<number, Point>();

  constructor(dimensions: readonly Dimension[], seed: number) {
    this.#dimensions = dimensions;
    this.#seed = seed;
  }

  ask(trial: number): Point {
    return this.#pending.get(trial) ?? randomSearchPoint(this.#dimensions, this.#seed, trial);
  }

  expect(trial: number, point: Point): void {
    checkPoint(this.#dimensions, point);
    this.#pending.set(trial, point);
  }

  tell(
    trial: number,
    point: Point,
    reward: number,
    _standardError?: number | null,
    rungs?: readonly number[],
  ): void {
    checkPoint(this.#dimensions, point);
    checkReward(trial, reward, rungs);
    this.#pending.delete(trial);
  }

  drop(trial: number): void {
    this.#pending.delete(trial);
  }

  /** Checks the gains and ignores them. */
  warmStart(gains: readonly Judged[]): void {
    checkJudged(this.#dimensions, gains);
  }
}
