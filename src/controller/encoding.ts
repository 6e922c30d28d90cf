// How categories become a tree's input: as the rank, among the choices of a dimension, of the mean reward of the trials
// with that choice. The mean is drawn from what is known about it.
//
// Why one ordered column is sound: for squared loss and one categorical input, the best split of k categories into two
// sets is contiguous once they are ordered by their mean response (Fisher 1958, "On grouping for maximum homogeneity";
// Breiman, Friedman, Olshen and Stone 1984, "Classification and regression trees"). At the root, the ordered column
// therefore loses nothing against all 2^(k-1) - 1 splits into subsets; and a tree uses only the order of a column.
// Deeper down, the order is that of the whole sample and so only approximately that of the node. One-hot columns
// instead split off one category at a time, and 43 of them in place of 5 make the forest many times slower to fit.
//
// Means of rarely seen categories are mostly noise. So they are shrunk, as if PRIOR further trials had resulted in the
// mean that the category has over its whole group (dimensions that choose among the same things); and that mean, in
// turn, towards the overall one (Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical
// attributes in classification and prediction problems").
//
// With shrinkage alone, a category never seen would be in the middle in every tree, all trees would agree on it, and
// the search would never try it. So every tree draws the means anew, with the variance that a normal model gives them:
// rarely seen categories change places from tree to tree, which shows as spread (the sampling of Thompson 1933, "On the
// likelihood that one unknown probability exceeds another", inside the surrogate).

import type { Random } from "../common/random.ts";
import type { Dimension, Point } from "./controller.ts";

/** How many trials the prior mean counts for: the ratio of the variance within categories to that between them. */
const PRIOR = 3;

/** What the told trials imply about categories; every tree draws its means from this. */
export class CategoryMeans {
  readonly #dimensions: readonly Dimension[];
  readonly #overall: number;
  readonly #variance: number;
  /** One per dimension; undefined for real ones. */
  readonly #own: readonly (Tally | undefined)[];
  readonly #groups = new Map<string, Tally>();

  /** @param points the told points with their rewards; at least one. */
  constructor(dimensions: readonly Dimension[], points: readonly Point[], rewards: ArrayLike<number>) {
    this.#dimensions = dimensions;
    const count = points.length;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += rewards[i];
    this.#overall = sum / count;
    let squares = 0;
    for (let i = 0; i < count; i++) squares += (rewards[i] - this.#overall) ** 2;
    this.#variance = squares / count;
    this.#own = dimensions.map((dimension, index) => {
      if (dimension.kind === "real") return undefined;
      const own = createTally(dimension.choices);
      const group = this.#groups.get(groupOf(dimension)) ?? createTally(dimension.choices);
      this.#groups.set(groupOf(dimension), group);
      for (let i = 0; i < count; i++) {
        const choice = points[i][index];
        const reward = rewards[i];
        own.sums[choice] += reward;
        own.counts[choice]++;
        group.sums[choice] += reward;
        group.counts[choice]++;
      }
      return own;
    });
  }

  /**
   * For each dimension, the mean of every choice, drawn with `random`, or its expected value without `random`.
   * Undefined for real dimensions.
   */
  means(random?: Random): (Float64Array | undefined)[] {
    const groups = new Map<string, Float64Array>();
    for (const [name, tally] of this.#groups) {
      groups.set(
        name,
        tally.counts.map((_, choice) => this.#draw(tally, choice, this.#overall, random)),
      );
    }
    return this.#dimensions.map((dimension, index) => {
      const tally = this.#own[index];
      const prior = groups.get(groupOf(dimension));
      return tally?.counts.map((_, choice) => this.#draw(tally, choice, prior![choice], random));
    });
  }

  #draw(tally: Tally, choice: number, prior: number, random: Random | undefined): number {
    const weight = tally.counts[choice] + PRIOR;
    const expected = (tally.sums[choice] + PRIOR * prior) / weight;
    return random ? random.normal(expected, Math.sqrt(this.#variance / weight)) : expected;
  }
}

/** Sums of rewards and numbers of trials, by choice. */
interface Tally {
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

function createTally(choices: number): Tally {
  return { sums: new Float64Array(choices), counts: new Float64Array(choices) };
}

function groupOf(dimension: Dimension): string {
  return dimension.kind === "category" && dimension.group !== undefined ? dimension.group : dimension.name;
}

/** The rank of every value in ascending order; ties keep their order. */
export function ranksOf(values: Float64Array): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b] || a - b);
  const ranks = new Float64Array(values.length);
  for (const [rank, index] of order.entries()) ranks[index] = rank;
  return ranks;
}
