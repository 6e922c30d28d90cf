// The surrogate: a random forest (Breiman 2001, "Random forests") over the told trials, whose trees give a mean and
// a spread, as in SMAC (Hutter, Hoos and Leyton-Brown 2011, "Sequential model-based optimization for general
// algorithm configuration"). The trees are fully grown: where trials lie thick they agree, elsewhere they differ.
//
// Each tree is a forest of one of ml-random-forest, since each has its own encoding of the categories, and is fitted
// to a sample of the trials without replacement, as large as the distinct part of a bootstrap sample. That serves as
// well as the bootstrap (Buehlmann and Yu 2002, "Analyzing bagging") and takes 0.4 of its time: fitting a tree takes
// columns × trials² steps, since ml-cart tries every split of every column afresh.

import { RandomForestRegression } from "ml-random-forest";
import { Random } from "../common/random.ts";
import type { Dimension, Point } from "./controller.ts";
import { CategoryMeans, type Encoder } from "./encoding.ts";

const TREES = 30;

/** The share of distinct rows in a bootstrap sample, 1 - 1/e. */
const SAMPLE_SHARE = 0.632;

const TREE_OPTIONS = { minNumSamples: 1 };

/** What every tree says of every point: [point][tree], in one array. */
export interface TreePredictions {
  readonly trees: number;
  readonly values: Float64Array;
}

interface Tree {
  readonly encode: Encoder;
  readonly forest: RandomForestRegression;
}

/** A fitted forest. */
export class Surrogate {
  readonly #trees: readonly Tree[];

  /** @param points the told points with their rewards; at least one. */
  constructor(
    dimensions: readonly Dimension[],
    points: readonly Point[],
    rewards: readonly number[],
    seed: number,
  ) {
    const means = new CategoryMeans(dimensions, points, rewards);
    this.#trees = Array.from({ length: TREES }, (_, tree) => {
      const random = new Random(seed, "tree", tree);
      const encode = means.encoder(random);
      const sample = [...random.choose(points.length, Math.ceil(SAMPLE_SHARE * points.length))];
      const forest = new RandomForestRegression({
        nEstimators: 1,
        useSampleBagging: false,
        noOOB: true,
        seed: random.uint32() | 0,
        treeOptions: TREE_OPTIONS,
      });
      forest.train(
        sample.map((trial) => encode(points[trial])),
        sample.map((trial) => rewards[trial]),
      );
      return { encode, forest };
    });
  }

  /** What the trees predict at `points`. */
  predict(points: readonly Point[]): TreePredictions {
    const values = new Float64Array(points.length * TREES);
    if (points.length === 0) return { trees: TREES, values };
    for (const [tree, { encode, forest }] of this.#trees.entries()) {
      const predicted = forest.predictionValues(points.map(encode));
      for (let row = 0; row < points.length; row++) values[row * TREES + tree] = predicted.get(row, 0);
    }
    return { trees: TREES, values };
  }
}

/** The mean over the trees, and their variance around it. */
export function meanAndVariance(predictions: TreePredictions, row: number): [mean: number, variance: number] {
  const { trees, values } = predictions;
  let sum = 0;
  for (let tree = 0; tree < trees; tree++) sum += values[row * trees + tree];
  const mean = sum / trees;
  let squares = 0;
  for (let tree = 0; tree < trees; tree++) squares += (values[row * trees + tree] - mean) ** 2;
  return [mean, squares / trees];
}

/**
 * The forest's proximity of two points (Breiman 2001): the share of trees in which they fall into the same leaf, which
 * shows in their predictions being the same number. It serves as a correlation, from 0 to 1.
 */
export function proximity(a: TreePredictions, rowA: number, b: TreePredictions, rowB: number): number {
  let shared = 0;
  for (let tree = 0; tree < a.trees; tree++) {
    if (a.values[rowA * a.trees + tree] === b.values[rowB * b.trees + tree]) shared++;
  }
  return shared / a.trees;
}
