// The original's search: random trials first, then the point of the greatest expected improvement by a forest alone.
// As in scikit-optimize, which the original used, the improvement is sought over the greatest reward so far by a margin of
// 0.01, among 10,000 points drawn at random, and trials that are being judged are taken to be as good as the best one so
// far (the constant liar of Ginsbourger, Le Riche and Carraro 2010).

import { Random, seedOf } from "../../../src/common/random.ts";
import { expectedImprovement } from "../../../src/controller/acquisition.ts";
import {
  type Controller,
  checkJudged,
  checkPoint,
  checkReward,
  type Dimension,
  type Judged,
  type Point,
  randomPoint,
  randomSearchPoint,
} from "../../../src/controller/controller.ts";
import { Forest } from "./forest.ts";

const CANDIDATES = 10_000;

/** Improvements smaller than this are not sought (xi). */
const MARGIN = 0.01;

export class ForestController implements Controller {
  readonly #dimensions: readonly Dimension[];
  readonly #seed: number;
  readonly #initialPoints: number;
  readonly #told = new Map<number, Judged>();
  readonly #pending = new Map<number, Point>();
  #gains: readonly Judged[] = [];

  /** @param initialPoints how many trials are those of random search. */
  constructor(dimensions: readonly Dimension[], seed: number, initialPoints: number) {
    this.#dimensions = dimensions;
    this.#seed = seed;
    this.#initialPoints = initialPoints;
  }

  ask(trial: number): Point {
    const known = this.#pending.get(trial);
    if (known) return known;
    const baseline = this.#told.has(0);
    const learns = trial > this.#initialPoints ? this.#told.size > 0 : this.#gains.length > 0 && baseline;
    const point = learns ? this.#propose(trial) : randomSearchPoint(this.#dimensions, this.#seed, trial);
    this.#pending.set(trial, point);
    return point;
  }

  expect(trial: number, point: Point): void {
    checkPoint(this.#dimensions, point);
    this.#pending.set(trial, point);
  }

  tell(trial: number, point: Point, reward: number, standardError: number | null = null): void {
    checkPoint(this.#dimensions, point);
    checkReward(trial, reward);
    this.#pending.delete(trial);
    this.#told.set(trial, { point, reward, standardError });
  }

  drop(trial: number): void {
    this.#pending.delete(trial);
  }

  /** The gains count as rewards over this search's baseline once that is known, and replace the random trials. */
  warmStart(gains: readonly Judged[]): void {
    checkJudged(this.#dimensions, gains);
    this.#gains = gains;
  }

  #propose(trial: number): Point {
    const baseline = this.#told.get(0)?.reward;
    const earlier =
      baseline === undefined ? [] : this.#gains.map((gain) => ({ ...gain, reward: baseline + gain.reward }));
    const judged = [...earlier, ...inOrder(this.#told)];
    const best = Math.max(...judged.map(({ reward }) => reward));
    const believed = inOrder(this.#pending).map((point) => ({ point, reward: best, standardError: null }));
    const forest = new Forest(
      this.#dimensions,
      [...judged, ...believed],
      seedOf(this.#seed, "forest", trial),
    );
    const random = new Random(this.#seed, "candidates", trial);
    const candidates = Array.from({ length: CANDIDATES }, () => randomPoint(this.#dimensions, random));
    const { mean, deviation } = forest.predict(candidates);
    const improvements = mean.map((value, row) => expectedImprovement(value, deviation[row], best, MARGIN));
    return candidates[improvements.indexOf(Math.max(...improvements))];
  }
}

/** A map's values by their trial's number: the order in which they arrived must not matter. */
function inOrder<T>(trials: ReadonlyMap<number, T>): T[] {
  return [...trials].sort(([a], [b]) => a - b).map(([, value]) => value);
}
