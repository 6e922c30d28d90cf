// Bayesian optimization with expected improvement and a surrogate: a Gaussian process, or an additive model with a random
// forest. The original DeepAugment used a forest alone through skopt, like SMAC before it (Hutter, Hoos and Leyton-Brown 2011,
// "Sequential model-based optimization for general algorithm configuration").
//
// Pending trials are assumed to result in their predicted mean (the kriging believer of Ginsbourger, Le Riche and
// Carraro 2010, "Kriging is well-suited to parallelize optimization").
//
// Rewards are noisy. So expected improvement does not compare with the luckiest reward but with the greatest of the
// surrogate's means at the told points (the "plug-in" of Picheny, Wagner and Ginsbourger 2013, "A benchmark of
// kriging-based infill criteria for noisy optimization"). The deviation is that of the true reward, since a reward
// improved by noise alone is not an improvement: if noise counted, the search could return again and again to points
// about which it is certain.

import { deviationOf } from "../common/mean.ts";
import { Random, seedOf } from "../common/random.ts";
import { logExpectedImprovement } from "./acquisition.ts";
import { FEW, findGreatest, MANY } from "./candidates.ts";
import type { Dimension, Judged, Point } from "./controller.ts";
import { hasCoordinates } from "./coordinates.ts";
import { fitModel } from "./fit.ts";
import { LearningController } from "./learning.ts";
import type { RewardModel } from "./model.ts";

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

/** How many of the newest results decide a proposal, at least, and how many of the others. */
const NEWEST = 128;
const OLDER = 128;
const CHANGED_EVERY = 64;

/** Points that are worth a trial on any data. */
export interface Starts {
  /** The number of the first of their trials. */
  readonly from: number;
  /** In the order of these trials. Of a coordinate that is undefined, the choice is taken that promises most. */
  readonly points: readonly (readonly (number | undefined)[])[];
}

/**
 * The first `initialPoints` trials are those of random search; after that, nine in ten are chosen by the surrogate. The trials of
 * `starts` are neither, unless there is an earlier search to learn from.
 */
export class BayesianController extends LearningController {
  readonly #starts: Starts;
  /** The last one. */
  #model: RewardModel | undefined;

  constructor(
    dimensions: readonly Dimension[],
    seed: number,
    initialPoints: number,
    starts: Starts = { from: 0, points: [] },
  ) {
    super(dimensions, seed, { first: initialPoints, every: RANDOM_EVERY });
    this.#starts = starts;
  }

  protected override fixed(trial: number): Point | undefined {
    const start = this.#starts.points[trial - this.#starts.from];
    if (!start || this.isWarm) return undefined;
    const points = completions(this.dimensions, start);
    const told = this.#learntFrom(this.judged());
    if (points.length === 1 || told.length === 0) return points[0];
    const mean = this.#modelOf(trial, told).expected(points);
    return points[mean.indexOf(Math.max(...mean))];
  }

  /** The candidate with the greatest expected improvement. */
  protected propose(trial: number): Point {
    const judged = this.judged();
    const told = this.#learntFrom(judged);
    const points = told.map(({ point }) => point);
    const model = this.#modelOf(trial, told);
    const fitted = model.expected(points);
    const pending = this.pending();
    const best = Math.max(...fitted, ...model.expected(pending));
    const margin = IMPROVEMENT_MARGIN * deviationOf(told.map(({ reward }) => reward));
    const outlook = model.besides(pending);
    const improvement = (mean: number, variance: number) =>
      logExpectedImprovement(mean, Math.sqrt(variance), best, margin);
    const order = [...points.keys()].sort((a, b) => fitted[b] - fitted[a] || a - b);
    const bestFirst = order.map((index) => points[index]);
    return findGreatest(
      this.dimensions,
      bestFirst,
      [...judged.map(({ point }) => point), ...pending],
      (candidates, count, least) => outlook(candidates, improvement, count, least),
      this.#isSmooth ? FEW : MANY,
      new Random(this.seed, "candidates", trial),
    );
  }

  /**
   * All results. Of more than about 300, a Gaussian process learns from the newest and as many of the others, evenly, since a proposal
   * takes the square of their number. Which of the others changes seldom, so that its factor can be continued.
   */
  #learntFrom(judged: readonly Judged[]): readonly Judged[] {
    const older = judged.length - NEWEST - (judged.length % CHANGED_EVERY);
    if (older <= OLDER || !this.#isSmooth) return judged;
    const kept = Array.from({ length: OLDER }, (_, index) => judged[Math.floor((index * older) / OLDER)]);
    return [...kept, ...judged.slice(older)];
  }

  /** Whether the model is a Gaussian process. */
  get #isSmooth(): boolean {
    return hasCoordinates(this.dimensions);
  }

  #modelOf(trial: number, told: readonly Judged[]): RewardModel {
    this.#model = fitModel(this.dimensions, told, seedOf(this.seed, "forest", trial), this.#model);
    return this.#model;
  }
}

/** The points that a start may mean: one for each choice that is proposed of its missing coordinates. */
function completions(dimensions: readonly Dimension[], start: readonly (number | undefined)[]): Point[] {
  return dimensions.reduce<Point[]>(
    (points, dimension, index) => {
      const known = start[index];
      const values = known === undefined ? choicesOf(dimension) : [known];
      return points.flatMap((point) => values.map((value) => [...point, value]));
    },
    [[]],
  );
}

/** The choices that are proposed; the low end of a real number. */
function choicesOf(dimension: Dimension): readonly number[] {
  if (dimension.kind === "real") return [dimension.low];
  return dimension.proposed ?? Array.from({ length: dimension.choices }, (_, choice) => choice);
}
