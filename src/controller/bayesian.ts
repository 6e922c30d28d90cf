// Bayesian optimization with expected improvement and a surrogate that combines an additive model with a random forest.
// The original DeepAugment used a forest alone through skopt, like SMAC before it (Hutter, Hoos and Leyton-Brown 2011,
// "Sequential model-based optimization for general algorithm configuration").
//
// Pending trials are assumed to result in their predicted mean (the kriging believer of Ginsbourger, Le Riche and
// Carraro 2010, "Kriging is well-suited to parallelize optimization"). A Gaussian process that receives that value
// keeps its mean everywhere, and its variance at x shrinks by the factor 1 - correlation(x, pending)². The same is done
// here with the correlation over the trees, which needs no second fit.
//
// Rewards are noisy. So expected improvement does not compare with the luckiest reward but with the greatest of the
// surrogate's means at the told points (the "plug-in" of Picheny, Wagner and Ginsbourger 2013, "A benchmark of
// kriging-based infill criteria for noisy optimization"). The deviation is that of the true reward, since a reward
// improved by noise alone is not an improvement: if noise counted, the search could return again and again to points
// about which it is certain.

import { meanOf } from "../common/mean.ts";
import { Random, seedOf } from "../common/random.ts";
import { logExpectedImprovement } from "./acquisition.ts";
import { findGreatest } from "./candidates.ts";
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
import { correlation, Surrogate } from "./surrogate.ts";

/**
 * Improvements smaller than this are not sought (xi), as a share of the told rewards' standard deviation: about 0.01 in
 * reward, skopt's default.
 */
const IMPROVEMENT_MARGIN = 0.25;

/**
 * Every how many trials one is drawn at random, since the surrogate can be wrong and certain of it. SMAC draws every
 * second trial.
 */
const RANDOM_EVERY = 10;

/** The first `initialPoints` trials are those of random search; after that, nine in ten are chosen by the surrogate. */
export class BayesianController implements Controller {
  readonly #dimensions: readonly Dimension[];
  readonly #seed: number;
  readonly #initialPoints: number;
  readonly #told = new Map<number, Judged>();
  #gains: readonly Judged[] = [];
  readonly #pending = new Map<number, Point>();

  constructor(dimensions: readonly Dimension[], seed: number, initialPoints: number) {
    this.#dimensions = dimensions;
    this.#seed = seed;
    this.#initialPoints = initialPoints;
  }

  ask(trial: number): Point {
    const known = this.#pending.get(trial);
    if (known) return known;
    const knows =
      trial > this.#initialPoints ? this.#told.size > 0 : this.#gains.length > 0 && this.#told.has(0);
    const learns = knows && trial % RANDOM_EVERY !== 0;
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

  warmStart(gains: readonly Judged[]): void {
    checkJudged(this.#dimensions, gains);
    this.#gains = gains;
  }

  /** The earlier search's results as rewards over this search's baseline; nothing until the baseline is known. */
  #earlier(): Judged[] {
    const baseline = this.#told.get(0);
    return baseline ? this.#gains.map((gain) => ({ ...gain, reward: baseline.reward + gain.reward })) : [];
  }

  /** The candidate with the greatest expected improvement. */
  #propose(trial: number): Point {
    const told = [...this.#earlier(), ...inOrder(this.#told)];
    const points = told.map(({ point }) => point);
    const surrogate = new Surrogate(this.#dimensions, told, seedOf(this.#seed, "forest", trial));
    const fitted = surrogate.predict(points).mean;
    const pending = inOrder(this.#pending);
    const believed = surrogate.predict(pending);
    const best = Math.max(...fitted, ...believed.mean);
    const margin = IMPROVEMENT_MARGIN * deviationOf(told.map(({ reward }) => reward));

    const improvements = (candidates: readonly Point[]) => {
      const predicted = surrogate.predict(candidates);
      return predicted.mean.map((mean, row) => {
        let variance = predicted.variance[row];
        for (let other = 0; other < pending.length; other++) {
          variance *= 1 - correlation(predicted, row, believed, other) ** 2;
        }
        return logExpectedImprovement(mean, Math.sqrt(Math.max(0, variance)), best, margin);
      });
    };
    const order = [...points.keys()].sort((a, b) => fitted[b] - fitted[a] || a - b);
    const bestFirst = order.map((index) => points[index]);
    return findGreatest(
      this.#dimensions,
      bestFirst,
      pending,
      improvements,
      new Random(this.#seed, "candidates", trial),
    );
  }
}

/** A map's values by their trial's number: the order in which they were reported must not matter. */
function inOrder<T>(trials: ReadonlyMap<number, T>): T[] {
  return [...trials].sort(([a], [b]) => a - b).map(([, value]) => value);
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}
