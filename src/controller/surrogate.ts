// The surrogate: predicts the rewards of points. It is an additive model of the told trials plus, for what the model
// leaves unexplained, a random forest (Breiman 2001, "Random forests"), which finds what does not add up: that two
// operations help one another, or that a magnitude must not exceed some value. As in SMAC (Hutter, Hoos and
// Leyton-Brown 2011, "Sequential model-based optimization for general algorithm configuration"), the mean over the
// trees is the prediction and their spread its uncertainty; but here each tree uses its own draw of the additive model,
// so that the spread also reflects how little is known about a technique that was seen twice.
//
// A forest alone, as in SMAC and scikit-optimize, needs many times as many trials, since each of its leaves must learn
// anew what a technique does. And small leaves mistake noise for effects. So leaves hold several trials here, their
// means are shrunk to zero as under a normal prior, and the forest counts only as far as its trees predict trials that
// they were not grown from (Breiman 1996, "Stacked regressions"): if everything adds up, not at all.

import { Random } from "../common/random.ts";
import { AdditiveModel, product } from "./additive.ts";
import { canonicalPoints, type Dimension, type Judged, type Point } from "./controller.ts";
import { CategoryMeans, ranksOf } from "./encoding.ts";
import { type Estimates, greatestFirst, type Outlook, type RewardModel } from "./model.ts";
import { noiseOf } from "./noise-variance.ts";
import { growTree, type Tree } from "./tree.ts";

/** An even number: every second tree uses the opposite of the previous draw, so that draws cancel out in the mean. */
const TREES = 50;

/**
 * The share of the trials that each tree sees, drawn without replacement: that of distinct rows in a bootstrap sample,
 * 1 - 1/e. It works as well as the bootstrap (Buehlmann and Yu 2002, "Analyzing bagging").
 */
const SAMPLE_SHARE = 0.632;

const LEAST_ROWS = 4;

/**
 * How many trials the prior of a leaf counts for: the ratio of the noise's variance to that of what does not add up.
 */
const SHRINKAGE = 4;

/** Predictions for points. */
interface Predictions extends Estimates {
  /** [tree][point]: the deviation of each tree's prediction from the mean. */
  readonly deviations: Float64Array;
}

interface Member {
  /** Deviations from the additive model's expected weights. */
  readonly draw: Float64Array;
  /** For each dimension, the ranks of its choices; undefined for real ones. */
  readonly ranks: readonly (Float64Array | undefined)[];
  readonly tree: Tree;
  /** For each told trial, 1 if the tree has seen it. */
  readonly seen: Uint8Array;
}

/** A model fitted to judged points. */
export class Surrogate implements RewardModel {
  readonly #dimensions: readonly Dimension[];
  readonly #points: readonly Point[];
  readonly #additive: AdditiveModel;
  readonly #members: readonly Member[];
  /** The rewards minus the additive model's predictions. */
  readonly #residuals: Float64Array;
  /** The variance of a trial's noise if known, else all unexplained variance. */
  readonly #noise: number;
  readonly #relativeNoise: Float64Array;
  /** Each residual's prediction by the trees that have not seen it. */
  readonly #predicted: Float64Array;
  /** Weight of the forest, from 0 to 1. */
  readonly #trust: number;

  /** @param judged at least one. */
  constructor(dimensions: readonly Dimension[], judged: readonly Judged[], seed: number) {
    const points = canonicalPoints(
      dimensions,
      judged.map(({ point }) => point),
    );
    const rewards = Float64Array.from(judged, ({ reward }) => reward);
    const noise = noiseOf(judged);
    const additive = new AdditiveModel(dimensions, points, rewards, noise);
    const expected = additive.expected(additive.termsOf(points));
    this.#dimensions = dimensions;
    this.#points = points;
    this.#additive = additive;
    this.#residuals = rewards.map((reward, row) => reward - expected[row]);
    this.#noise = noise.variance ?? additive.unexplained;
    this.#relativeNoise = noise.relative;
    this.#members = this.#grow(seed);
    this.#predicted = this.#outOfBag();
    this.#trust = trustIn(this.#predicted, this.#residuals);
  }

  #grow(seed: number): Member[] {
    const residuals = this.#residuals;
    const count = residuals.length;
    const columns = columnsOf(this.#dimensions, this.#points);
    const orders = columns.map((column, index) =>
      this.#dimensions[index].kind === "real" ? sortedRows(column) : undefined,
    );
    const weights = this.#relativeNoise.map((variance) => 1 / variance);
    const means = new CategoryMeans(this.#dimensions, this.#points, residuals);
    const options = { leastRows: LEAST_ROWS, columns: columns.length, shrinkage: SHRINKAGE };
    const members: Member[] = [];
    for (let index = 0; index < TREES; index++) {
      const random = new Random(seed, "tree", index);
      const draw =
        index % 2 === 0 ? this.#additive.draw(random) : members[index - 1].draw.map((value) => -value);
      const sample = random.choose(count, Math.ceil(SAMPLE_SHARE * count));
      const seen = new Uint8Array(count);
      for (const row of sample) seen[row] = 1;
      const ranks = means.means(random).map((each) => each && ranksOf(each));
      const values = columns.map((column, dimension) => {
        const rank = ranks[dimension];
        return rank ? column.map((choice) => rank[choice]) : column;
      });
      const sorted = orders.map((order, dimension) =>
        order
          ? order.filter((row) => seen[row] === 1)
          : sortedByRank(values[dimension], sample, ranks[dimension]!.length),
      );
      members.push({
        draw,
        ranks,
        tree: growTree(values, sorted, residuals, weights, options, random),
        seen,
      });
    }
    return members;
  }

  expected(points: readonly Point[]): Float64Array {
    return this.#predictions(points).mean;
  }

  /**
   * A Gaussian process that receives the expected reward of a pending point keeps its mean everywhere, and its variance at x
   * shrinks by the factor 1 - correlation(x, pending)². The same is done here with the correlation over the trees, which needs
   * no second fit.
   */
  predict(points: readonly Point[], pending: readonly Point[] = []): Estimates {
    return this.#predictBesides(points, this.#predictions(pending));
  }

  besides(pending: readonly Point[]): Outlook {
    const believed = this.#predictions(pending);
    return (points, worthOf, count, least) => {
      const { mean, variance } = this.#predictBesides(points, believed);
      const candidates = points.map((point, row) => ({ point, value: worthOf(mean[row], variance[row]) }));
      return candidates
        .filter(({ value }) => value >= least)
        .sort((a, b) => greatestFirst(a.value, b.value))
        .slice(0, count);
    };
  }

  #predictBesides(points: readonly Point[], believed: Predictions): Estimates {
    const predicted = this.#predictions(points);
    const variance = predicted.variance.map((whole, row) => {
      let left = whole;
      for (let other = 0; other < believed.mean.length; other++)
        left *= 1 - correlation(predicted, row, believed, other) ** 2;
      return Math.max(0, left);
    });
    return { mean: predicted.mean, variance };
  }

  /**
   * Predictions at `points`. The variance is that between the trees, plus that within their leaves as far as it exceeds
   * the noise (the law of total variance: Hutter, Xu, Hoos and Leyton-Brown 2014, section 4.3.2).
   */
  #predictions(points: readonly Point[]): Predictions {
    const count = points.length;
    const canonical = canonicalPoints(this.#dimensions, points);
    const columns = columnsOf(this.#dimensions, canonical);
    const terms = this.#additive.termsOf(canonical);
    const mean = this.#additive.expected(terms);
    const sums = new Float64Array(count);
    const within = new Float64Array(count);
    const deviations = new Float64Array(count * TREES);
    const leaves = new Int32Array(count);
    for (const [index, { draw, ranks, tree }] of this.#members.entries()) {
      const drawn = product(terms, draw);
      findLeaves(tree, ranks, columns, leaves);
      for (let row = 0; row < count; row++) {
        const value = drawn[row] + this.#trust * tree.mean[leaves[row]];
        deviations[index * count + row] = value;
        sums[row] += value;
        within[row] += tree.variance[leaves[row]];
      }
    }
    const variance = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      const offset = sums[row] / TREES;
      mean[row] += offset;
      let squares = 0;
      for (let place = row; place < deviations.length; place += count) {
        deviations[place] -= offset;
        squares += deviations[place] * deviations[place];
      }
      variance[row] = squares / TREES + Math.max(0, within[row] / TREES - this.#noise);
    }
    return { mean, variance, deviations };
  }

  /**
   * The expected true rewards of the judged points, given their own rewards too. The residual of a reward is partly
   * noise: it is weighed against its prediction by the trees that have not seen it, by the variance of each.
   */
  judgedMeans(): Float64Array {
    const count = this.#points.length;
    const predicted = this.#predicted.map((value) => this.#trust * value);
    let squares = 0;
    for (let row = 0; row < count; row++) squares += (this.#residuals[row] - predicted[row]) ** 2;
    // The variance that neither model predicts, less the noise. If the noise is unknown, all of it counts as noise.
    const unknown = Math.max(0, squares / count - this.#noise);
    const expected = this.#additive.expected(this.#additive.termsOf(this.#points));
    return expected.map((value, row) => {
      const noise = this.#noise * this.#relativeNoise[row];
      const share = unknown > 0 ? unknown / (unknown + noise) : 0;
      return value + predicted[row] + share * (this.#residuals[row] - predicted[row]);
    });
  }

  /** For each judged point, the mean over the trees that have not seen it; 0 if all have. */
  #outOfBag(): Float64Array {
    const count = this.#points.length;
    const columns = columnsOf(this.#dimensions, this.#points);
    const sums = new Float64Array(count);
    const trees = new Float64Array(count);
    const leaves = new Int32Array(count);
    for (const { ranks, tree, seen } of this.#members) {
      findLeaves(tree, ranks, columns, leaves);
      for (let row = 0; row < count; row++) {
        if (seen[row] === 1) continue;
        sums[row] += tree.mean[leaves[row]];
        trees[row]++;
      }
    }
    return sums.map((sum, row) => (trees[row] > 0 ? sum / trees[row] : 0));
  }
}

/** The regression slope of residuals on their predictions, less its standard error, clipped to [0, 1]. */
function trustIn(predicted: Float64Array, residuals: Float64Array): number {
  let products = 0;
  let squares = 0;
  for (let row = 0; row < predicted.length; row++) {
    products += predicted[row] * residuals[row];
    squares += predicted[row] * predicted[row];
  }
  if (squares === 0) return 0;
  const slope = products / squares;
  let errors = 0;
  for (let row = 0; row < predicted.length; row++) errors += (residuals[row] - slope * predicted[row]) ** 2;
  const standardError = Math.sqrt(errors / predicted.length / squares);
  return Math.min(1, Math.max(0, slope - standardError));
}

/** The correlation, over the trees, of the predictions at two points; 0 if one of them has no uncertainty. */
function correlation(a: Predictions, rowA: number, b: Predictions, rowB: number): number {
  const [countA, countB] = [a.mean.length, b.mean.length];
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let tree = 0; tree < TREES; tree++) {
    const valueA = a.deviations[tree * countA + rowA];
    const valueB = b.deviations[tree * countB + rowB];
    product += valueA * valueB;
    squareA += valueA * valueA;
    squareB += valueB * valueB;
  }
  return squareA > 0 && squareB > 0 ? product / Math.sqrt(squareA * squareB) : 0;
}

function columnsOf(dimensions: readonly Dimension[], points: readonly Point[]): Float64Array[] {
  return dimensions.map((_, index) => {
    const column = new Float64Array(points.length);
    for (let row = 0; row < points.length; row++) column[row] = points[row][index];
    return column;
  });
}

/** Finds the leaf of every row. */
function findLeaves(
  { column, threshold, left }: Tree,
  ranks: readonly (Float64Array | undefined)[],
  columns: readonly Float64Array[],
  leaves: Int32Array,
): void {
  for (let row = 0; row < leaves.length; row++) {
    let node = 0;
    for (let split = column[0]; split >= 0; split = column[node]) {
      const rank = ranks[split];
      const value = columns[split][row];
      node = left[node] + ((rank ? rank[value] : value) <= threshold[node] ? 0 : 1);
    }
    leaves[row] = node;
  }
}

function sortedRows(values: Float64Array): Int32Array {
  return Int32Array.from(values.keys()).sort((a, b) => values[a] - values[b] || a - b);
}

/** The sample's rows by their rank (counting sort). */
function sortedByRank(values: Float64Array, sample: Int32Array, ranks: number): Int32Array {
  const starts = new Int32Array(ranks + 1);
  for (const row of sample) starts[values[row] + 1]++;
  for (let rank = 0; rank < ranks; rank++) starts[rank + 1] += starts[rank];
  const rows = new Int32Array(sample.length);
  for (const row of sample) rows[starts[values[row]]++] = row;
  return rows;
}
