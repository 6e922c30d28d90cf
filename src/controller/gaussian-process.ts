// A Gaussian process over spaces of real numbers and described categories, such as policies of families: few dimensions, in
// which near points have similar rewards (Rasmussen and Williams 2006, "Gaussian processes for machine learning", chapter 2).

import { meanOf } from "../common/mean.ts";
import { LANES, solveLower, solveUpper, whiten, whitenLanes } from "./cholesky.ts";
import type { Dimension, Judged, Point } from "./controller.ts";
import { coordinatesOf } from "./coordinates.ts";
import { type Factored, factored, fillKernels, kernelAt, priorVariance, scaledBy } from "./covariance.ts";
import { type Chosen, choose, type Data, decisive } from "./likelihood.ts";
import { type Candidate, type Estimates, greatestFirst, type Outlook, type RewardModel } from "./model.ts";
import { noiseOf } from "./noise-variance.ts";

/** Rows of the factor after which the variance at a point, which only falls, is looked at. */
const ROWS_AT_ONCE = 32;

/** A model fitted to judged points. */
export class GaussianProcess implements RewardModel {
  readonly #dimensions: readonly Dimension[];
  readonly #data: Data;
  readonly #judged: Factored;
  /** The inverse of the matrix of covariances times the values. */
  readonly #weights: Float64Array;
  /** What a later model may take: also the factor of the judged points and the last that were looked at besides. */
  #kept: { readonly chosen: Chosen; readonly all: Factored };

  /**
   * @param judged at least one.
   * @param earlier of the same space: what would be calculated again is taken from it. It does not change the model.
   */
  constructor(dimensions: readonly Dimension[], judged: readonly Judged[], earlier?: GaussianProcess) {
    this.#dimensions = dimensions;
    const coordinates = coordinatesOf(
      dimensions,
      judged.map(({ point }) => point),
    );
    this.#data = dataOf(coordinates, judged);
    const first = decisive(judged.length);
    const kept = earlier ? earlier.#kept : undefined;
    const chosen = choose(dataOf(coordinates.slice(0, first), judged.slice(0, first)), kept?.chosen);
    this.#judged = factored(chosen.parameters, this.#data, kept?.all);
    const last = this.#judged.factor.length - 1;
    const goesOn = kept?.all.factor[last] === this.#judged.factor[last];
    this.#kept = { chosen, all: goesOn ? kept!.all : this.#judged };
    const { factor } = this.#judged;
    this.#weights = solveUpper(factor, solveLower(factor, this.#data.values));
  }

  expected(points: readonly Point[]): Float64Array {
    return this.#meansAt(this.#scaledOf(points));
  }

  predict(points: readonly Point[], pending: readonly Point[] = []): Estimates {
    const all = this.#withPending(pending);
    const estimates = { mean: new Float64Array(points.length), variance: new Float64Array(points.length) };
    const scaled = this.#scaledOf(points);
    const rewardsAt = this.#looksAt(all);
    for (let row = 0; row < points.length; row += LANES) {
      const rewards = rewardsAt(scaled.slice(row, row + LANES));
      while (rewards.learn());
      estimates.mean.set(rewards.mean, row);
      estimates.variance.set(rewards.variance, row);
    }
    return estimates;
  }

  /**
   * Pending points are taken as judged, with the rewards that are expected: means stay, and uncertainty shrinks. It shrinks with
   * each reward that is looked at; a point that is not worth enough by some of them is left. A worth that is no number is not too
   * little: there is always a point.
   */
  besides(pending: readonly Point[]): Outlook {
    const rewardsAt = this.#looksAt(this.#withPending(pending));
    return (points, worthOf, count, least) => {
      const scaled = this.#scaledOf(points);
      const worths = ({ mean, variance }: Estimates) =>
        mean.map((value, lane) => worthOf(value, variance[lane]));
      const most = new Float64Array(points.length);
      for (let row = 0; row < points.length; row += LANES) {
        const rewards = rewardsAt(scaled.slice(row, row + LANES));
        rewards.learn();
        most.set(worths(rewards), row);
      }
      let found: (Candidate & { readonly index: number })[] = [];
      const needed = () => (found.length < count ? least : Math.max(least, found[count - 1].value));
      const order = [...most.keys()].sort((a, b) => greatestFirst(most[a], most[b]) || a - b);
      for (let place = 0; place < order.length && !(most[order[place]] < needed()); place += LANES) {
        const lanes = order.slice(place, place + LANES);
        const rewards = rewardsAt(lanes.map((index) => scaled[index]));
        let values = worths(rewards);
        while (!(Math.max(...values) < needed()) && rewards.learn()) values = worths(rewards);
        const better = lanes.map((index, lane) => ({ point: points[index], value: values[lane], index }));
        found = [...found, ...better.filter(({ value }) => !(value < needed()))]
          .sort((a, b) => greatestFirst(a.value, b.value) || a.index - b.index)
          .slice(0, count);
      }
      return found;
    };
  }

  /** What to expect of the weighted sum of the rewards of points, with weights that sum to 0, and the variance of that. */
  contrast(points: readonly Point[], weights: readonly number[]): { mean: number; variance: number } {
    const scaled = this.#scaledOf(points);
    const { parameters, factor, scaled: judged } = this.#judged;
    const kernel = new Float64Array(this.#weights.length);
    let prior = 0;
    for (const [index, at] of scaled.entries()) {
      for (const [row, value] of kernelAt(parameters, at, judged).entries())
        kernel[row] += weights[index] * value;
      for (const [row, value] of kernelAt(parameters, at, scaled).entries())
        prior += weights[index] * weights[row] * value;
    }
    const mean = this.#data.unit * product(this.#weights, kernel);
    return { mean, variance: Math.max(0, prior - whiten(factor, kernel)) * this.#data.unit ** 2 };
  }

  judgedMeans(): Float64Array {
    return this.#meansAt(this.#judged.scaled);
  }

  #scaledOf(points: readonly Point[]): Float64Array[] {
    return scaledBy(this.#judged.parameters, coordinatesOf(this.#dimensions, points));
  }

  #meansAt(scaled: readonly Float64Array[]): Float64Array {
    const { offset, unit } = this.#data;
    return Float64Array.from(scaled, (at) => {
      const kernel = kernelAt(this.#judged.parameters, at, this.#judged.scaled);
      return offset + unit * product(this.#weights, kernel);
    });
  }

  /** Each call ends what the one before returned. */
  #looksAt(all: Factored): (lanes: readonly Float64Array[]) => Rewards {
    const kernels = new Float64Array(LANES * all.factor.length);
    const known = { all, kernels, weights: this.#weights, data: this.#data };
    return (lanes) => new Rewards(lanes, known);
  }

  #withPending(pending: readonly Point[]): Factored {
    if (pending.length === 0) return this.#judged;
    const { coordinates, relative } = this.#data;
    const rows = {
      coordinates: [...coordinates, ...coordinatesOf(this.#dimensions, pending)],
      relative: Float64Array.from([...relative, ...pending.map(() => 1)]),
    };
    const { chosen, all } = this.#kept;
    this.#kept = { chosen, all: factored(chosen.parameters, rows, all) };
    return this.#kept.all;
  }
}

interface Known {
  readonly all: Factored;
  /** Of the judged points, which come first among all. */
  readonly weights: Float64Array;
  readonly data: Data;
  /** An array to write to. */
  readonly kernels: Float64Array;
}

/** The rewards at up to `LANES` points, about which the other rewards are looked at one after the other. */
class Rewards implements Estimates {
  readonly mean: Float64Array;
  readonly #lanes: readonly Float64Array[];
  readonly #all: Factored;
  readonly #unit: number;
  /** What is not known of each. */
  readonly #variances: Float64Array;
  /** The covariances with all rewards; whitened as far as these have been looked at. */
  readonly #kernels: Float64Array;
  #filled = 0;
  #known = 0;

  /** @param lanes the points, scaled. */
  constructor(lanes: readonly Float64Array[], { all, kernels, weights, data }: Known) {
    this.#lanes = lanes;
    this.#all = all;
    this.#unit = data.unit;
    this.#variances = new Float64Array(LANES).fill(priorVariance(all.parameters));
    this.#kernels = kernels;
    this.#fillUpTo(weights.length);
    this.mean = Float64Array.from(lanes, (_, lane) => {
      let value = 0;
      for (let row = 0; row < weights.length; row++)
        value += weights[row] * this.#kernels[row * LANES + lane];
      return data.offset + data.unit * value;
    });
  }

  get variance(): Float64Array {
    return Float64Array.from(this.#lanes, (_, lane) => Math.max(0, this.#variances[lane]) * this.#unit ** 2);
  }

  /** Looks at the next `ROWS_AT_ONCE` rewards. @returns false if there are none. */
  learn(): boolean {
    const { factor } = this.#all;
    const to = Math.min(factor.length, this.#known + ROWS_AT_ONCE);
    if (to > this.#filled) this.#fillUpTo(factor.length);
    whitenLanes(factor, this.#kernels, this.#known, to, this.#variances);
    const learnt = to > this.#known;
    this.#known = to;
    return learnt;
  }

  #fillUpTo(to: number): void {
    const { parameters, scaled } = this.#all;
    fillKernels(parameters, this.#lanes, scaled, [this.#filled, to], LANES, this.#kernels);
    this.#filled = to;
  }
}

/** @param judged at least one. */
function dataOf(coordinates: readonly Float64Array[], judged: readonly Judged[]): Data {
  const rewards = judged.map(({ reward }) => reward);
  const { relative, variance } = noiseOf(judged);
  const offset = meanOf(rewards);
  const unit = Math.sqrt(meanOf(rewards.map((reward) => (reward - offset) ** 2))) || 1e-6;
  const values = Float64Array.from(rewards, (reward) => (reward - offset) / unit);
  const noise = variance === undefined ? undefined : variance / unit ** 2;
  return { coordinates, values, relative, offset, unit, noise };
}

/** The sum of the products of the elements that both have. */
function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index] * b[index];
  return sum;
}
