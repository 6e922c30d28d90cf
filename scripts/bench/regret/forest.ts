// The original's surrogate: a random forest alone, by the npm package ml-random-forest. The original DeepAugment used
// scikit-optimize's (`base_estimator="RF"`). Its settings are used here if ml-random-forest offers them:
//
// - 100 trees, each of a bootstrap sample; each split is the best one over all columns.
// - A technique is one column per choice, 0 or 1 (one-hot); a magnitude and the portion are one column each. With one
//   column for a technique, holding its number, trees grow ten times as fast and predict worse.
// - scikit-optimize's splits leave at least three rows on either side, so nodes of up to five rows are leaves. They are
//   leaves here too, but a split of a larger node may leave fewer than three rows: the package has no such limit.
// - The uncertainty is the variance between the trees' means plus the mean variance within their leaves (the law of total
//   variance: Hutter, Xu, Hoos and Leyton-Brown 2014, "Algorithm runtime prediction: methods & evaluation", section
//   4.3.2). scikit-optimize takes a leaf's variance over the tree's own sample; here it is over all rows that fall into
//   the leaf, around its mean, since the package does not keep the samples.

import { RandomForestRegression } from "ml-random-forest";
import type { Dimension, Judged, Point } from "../../../src/controller/controller.ts";

const TREES = 100;

/** Nodes of this many rows or fewer are not split. */
const LARGEST_LEAF = 5;

/** A node as ml-random-forest exports it; a leaf has no children. */
interface ExportedNode {
  readonly splitColumn?: number;
  readonly splitValue?: number;
  readonly left?: ExportedNode;
  readonly right?: ExportedNode;
  /** A leaf's mean. */
  readonly distribution?: number;
}

/** A tree in flat arrays, one element per node; node 0 is the root, and a right child follows its left one. */
interface FlatTree {
  /** The feature that the node splits, or -1 in a leaf. */
  readonly feature: number[];
  /** Rows of a smaller value go left. */
  readonly threshold: number[];
  readonly left: number[];
  readonly mean: number[];
  readonly variance: Float64Array;
}

/** What the forest expects of points, in reward. */
export interface ForestPredictions {
  readonly mean: Float64Array;
  /** The standard deviation of a reward around the mean. */
  readonly deviation: Float64Array;
}

/** A forest that is fitted to judged points. */
export class Forest {
  readonly #dimensions: readonly Dimension[];
  readonly #trees: readonly FlatTree[];

  /** @param judged at least one. */
  constructor(dimensions: readonly Dimension[], judged: readonly Judged[], seed: number) {
    const features = judged.map(({ point }) => featuresOf(dimensions, point));
    const rewards = judged.map(({ reward }) => reward);
    this.#dimensions = dimensions;
    this.#trees = flatTrees(trainForest(features, rewards, seed), features, rewards);
  }

  predict(points: readonly Point[]): ForestPredictions {
    const mean = new Float64Array(points.length);
    const deviation = new Float64Array(points.length);
    for (const [row, point] of points.entries()) {
      const features = featuresOf(this.#dimensions, point);
      let sum = 0;
      let squares = 0;
      for (const tree of this.#trees) {
        const leaf = leafOf(tree, features);
        sum += tree.mean[leaf];
        squares += tree.mean[leaf] ** 2 + tree.variance[leaf];
      }
      mean[row] = sum / this.#trees.length;
      deviation[row] = Math.sqrt(Math.max(0, squares / this.#trees.length - mean[row] ** 2));
    }
    return { mean, deviation };
  }
}

/** Fits ml-random-forest. @param features [row][column]. */
export function trainForest(
  features: number[][],
  rewards: readonly number[],
  seed: number,
): RandomForestRegression {
  const forest = new RandomForestRegression({
    nEstimators: TREES,
    maxFeatures: 1.0,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    seed: seed | 0,
    // The package does not split a node unless the error that remains exceeds the threshold: with its default of 0 it
    // would leave out every split that explains a node exactly.
    treeOptions: { minNumSamples: LARGEST_LEAF, gainThreshold: -1 },
  });
  forest.train(features, [...rewards]);
  return forest;
}

/** A point as the forest reads it: a category becomes a column per choice, 0 or 1. */
export function featuresOf(dimensions: readonly Dimension[], point: Point): number[] {
  return dimensions.flatMap((dimension, index) =>
    dimension.kind === "category"
      ? Array.from({ length: dimension.choices }, (_, choice) => (choice === point[index] ? 1 : 0))
      : [point[index]],
  );
}

/** The forest's trees; its own predictions copy every row for every tree, which takes ten times as long. */
function flatTrees(
  forest: RandomForestRegression,
  features: readonly number[][],
  rewards: readonly number[],
): FlatTree[] {
  const { estimators, indexes } = forest.toJSON().baseModel;
  return estimators.map((estimator, index) => {
    const { root } = estimator as unknown as { root: ExportedNode };
    const tree = flatten(root, indexes[index]);
    const counts = new Float64Array(tree.variance.length);
    for (const [row, each] of features.entries()) {
      const leaf = leafOf(tree, each);
      counts[leaf]++;
      tree.variance[leaf] += (rewards[row] - tree.mean[leaf]) ** 2;
    }
    for (const [leaf, count] of counts.entries()) if (count > 0) tree.variance[leaf] /= count;
    return tree;
  });
}

/** @param columns the feature of each column that the tree was grown on. */
function flatten(root: ExportedNode, columns: readonly number[]): FlatTree {
  const nodes = [root];
  const tree = {
    feature: [] as number[],
    threshold: [] as number[],
    left: [] as number[],
    mean: [] as number[],
  };
  for (let node = 0; node < nodes.length; node++) {
    const { splitColumn, splitValue, left, right, distribution } = nodes[node];
    const splits = left !== undefined && right !== undefined;
    tree.feature.push(splits ? columns[splitColumn!] : -1);
    tree.threshold.push(splits ? splitValue! : 0);
    tree.left.push(nodes.length);
    tree.mean.push(splits ? 0 : distribution!);
    if (splits) nodes.push(left, right);
  }
  return { ...tree, variance: new Float64Array(nodes.length) };
}

function leafOf({ feature, threshold, left }: FlatTree, features: readonly number[]): number {
  let node = 0;
  while (feature[node] >= 0) node = left[node] + (features[feature[node]] < threshold[node] ? 0 : 1);
  return node;
}
