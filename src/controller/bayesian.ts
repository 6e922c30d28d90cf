// Bayesian optimization with a random-forest surrogate and expected improvement, as the original DeepAugment did
// through skopt, and SMAC before it (Hutter, Hoos and Leyton-Brown 2011, "Sequential model-based optimization for
// general algorithm configuration").
//
// Trials that are still being judged are imagined to come out at their predicted mean (the kriging believer of
// Ginsbourger, Le Riche and Carraro 2010, "Kriging is well-suited to parallelize optimization"). A Gaussian process
// told that value keeps its mean everywhere, and its variance at x shrinks by the factor 1 - correlation(x, pending)².
// The same is done here with the forest's proximity as the correlation, which needs no second fit.
//
// Rewards are noisy. So the best reward so far, which expected improvement compares with, is the best of the forest's
// means at the told points and not the luckiest reward (the "plug-in" of Picheny, Wagner and Ginsbourger 2013, "A
// benchmark of kriging-based infill criteria for noisy optimization"); and the deviation is the trees' spread alone,
// since a reward that noise alone improves is no improvement: with the noise counted, the search may go back again and
// again to where it is sure.

import { Random, seedOf } from "../common/random.ts";
import { expectedImprovement } from "./acquisition.ts";
import { drawCandidates } from "./candidates.ts";
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
import { meanAndVariance, proximity, Surrogate, type TreePredictions } from "./surrogate.ts";

/** Improvements smaller than this, in reward, are not sought (xi; skopt's default). */
const IMPROVEMENT_MARGIN = 0.01;

/**
 * Every how many trials one is drawn at random, whatever is known. The forest can be wrong and sure of it: where most
 * choices harm and one dimension can switch all of them off, a few trials teach it to do that, and nothing more is
 * learnt of the choices. SMAC draws every second trial.
 */
const RANDOM_EVERY = 5;

/** The first `initialPoints` trials are those of random search; from then on, four in five are chosen by what was told. */
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

  /** What an earlier search found, as rewards over this search's baseline; nothing until that is known. */
  #earlier(): Judged[] {
    const baseline = this.#told.get(0);
    return baseline ? this.#gains.map((gain) => ({ ...gain, reward: baseline.reward + gain.reward })) : [];
  }

  /** The candidate of greatest expected improvement; among equals the first, which is a random one. */
  #propose(trial: number): Point {
    const told = [...this.#earlier(), ...inOrder(this.#told)];
    const points = told.map(({ point }) => point);
    const rewards = told.map(({ reward }) => reward);
    const forest = seedOf(this.#seed, "forest", trial);
    const surrogate = new Surrogate(this.#dimensions, points, rewards, forest);

    const fitted = means(surrogate.predict(points), points.length);
    const pending = inOrder(this.#pending);
    const believed = surrogate.predict(pending);
    const best = Math.max(...fitted, ...means(believed, pending.length));

    const random = new Random(this.#seed, "candidates", trial);
    const candidates = drawCandidates(this.#dimensions, points, fitted, random);
    const predicted = surrogate.predict(candidates);
    let chosen = candidates[0];
    let greatest = 0;
    for (const [row, candidate] of candidates.entries()) {
      const [mean, spread] = meanAndVariance(predicted, row);
      let variance = spread;
      for (let other = 0; other < pending.length; other++) {
        variance *= 1 - proximity(predicted, row, believed, other) ** 2;
      }
      const improvement = expectedImprovement(mean, Math.sqrt(variance), best, IMPROVEMENT_MARGIN);
      if (improvement > greatest) [chosen, greatest] = [candidate, improvement];
    }
    return chosen;
  }
}

/** A map's values by their trial's number: what was told first must not matter. */
function inOrder<T>(trials: ReadonlyMap<number, T>): T[] {
  return [...trials].sort(([a], [b]) => a - b).map(([, value]) => value);
}

function means(predictions: TreePredictions, rows: number): number[] {
  return Array.from({ length: rows }, (_, row) => meanAndVariance(predictions, row)[0]);
}
