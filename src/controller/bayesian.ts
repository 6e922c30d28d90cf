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
import type { Dimension, Point } from "./controller.ts";
import { LearningController } from "./learning.ts";
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
export class BayesianController extends LearningController {
  constructor(dimensions: readonly Dimension[], seed: number, initialPoints: number) {
    super(dimensions, seed, { first: initialPoints, every: RANDOM_EVERY });
  }

  /** The candidate with the greatest expected improvement. */
  protected propose(trial: number): Point {
    const told = this.judged();
    const points = told.map(({ point }) => point);
    const surrogate = new Surrogate(this.dimensions, told, seedOf(this.seed, "forest", trial));
    const fitted = surrogate.predict(points).mean;
    const pending = this.pending();
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
      this.dimensions,
      bestFirst,
      pending,
      improvements,
      new Random(this.seed, "candidates", trial),
    );
  }
}

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}
