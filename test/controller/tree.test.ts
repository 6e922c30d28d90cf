import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { growTree, type Tree, type TreeOptions } from "../../src/controller/tree.ts";

const PLAIN: TreeOptions = { leastRows: 1, columns: 99, shrinkage: 0 };

function grow(
  columns: readonly number[][],
  targets: readonly number[],
  options: Partial<TreeOptions> = {},
  { weights = targets.map(() => 1), seed = 0 } = {},
): Tree {
  const values = columns.map((column) => Float64Array.from(column));
  const orders = values.map((column) =>
    Int32Array.from(targets.keys()).sort((a, b) => column[a] - column[b] || a - b),
  );
  return growTree(
    values,
    orders,
    Float64Array.from(targets),
    Float64Array.from(weights),
    { ...PLAIN, ...options },
    new Random(seed),
  );
}

/** The leaf of a row. */
function leafOf(tree: Tree, row: readonly number[]): number {
  let node = 0;
  while (tree.column[node] >= 0) {
    node = tree.left[node] + (row[tree.column[node]] <= tree.threshold[node] ? 0 : 1);
  }
  return node;
}

const predict = (tree: Tree, row: readonly number[]) => tree.mean[leafOf(tree, row)];

describe("a regression tree", () => {
  it("fits a step function exactly, and splits only between the two sides of the step", () => {
    const random = new Random("steps");
    const rows = Array.from({ length: 60 }, () => [random.uniform(), random.uniform()]);
    const step = (row: readonly number[]) => (row[1] > 0.4 ? 3 : -1);
    const tree = grow(
      [rows.map(([x]) => x), rows.map(([, y]) => y)],
      rows.map((row) => step(row)),
    );
    for (const row of rows) assert.equal(predict(tree, row), step(row));
    assert.equal(tree.column[0], 1);
    assert.deepEqual([...tree.column.slice(1, 3)], [-1, -1], "nothing is left to split");
    const below = Math.max(...rows.map(([, y]) => y).filter((y) => y <= 0.4));
    const above = Math.min(...rows.map(([, y]) => y).filter((y) => y > 0.4));
    assert.ok(tree.threshold[0] >= below && tree.threshold[0] < above);
  });

  it("never separates equal values, and makes a leaf of constant columns", () => {
    const tree = grow([[1, 1, 1, 2]], [0, 3, 6, 11]);
    assert.equal(predict(tree, [1]), 3);
    assert.equal(predict(tree, [2]), 11);
    const constant = grow([[5, 5, 5]], [1, 2, 6]);
    assert.equal(constant.column[0], -1);
    assert.equal(constant.mean[0], 3);
    assert.ok(Math.abs(constant.variance[0] - 14 / 3) < 1e-12);
  });

  it("separates neighbouring floating-point numbers", () => {
    const [low, high] = [1, 1 + Number.EPSILON];
    const tree = grow([[low, high]], [0, 1]);
    assert.deepEqual([predict(tree, [low]), predict(tree, [high])], [0, 1]);
  });

  it("is one leaf for one row, and for equal targets", () => {
    const one = grow([[0.3]], [7]);
    assert.deepEqual([one.column[0], one.mean[0], one.variance[0]], [-1, 7, 0]);
    assert.equal(grow([[1, 2, 3]], [4, 4, 4]).column[0], -1);
  });

  it("respects the minimum number of rows of a leaf", () => {
    const random = new Random("leaves");
    const x = Array.from({ length: 50 }, () => random.uniform());
    const tree = grow([x], [...x.map((value) => value + random.normal())], { leastRows: 5 });
    const counts = new Map<number, number>();
    for (const value of x) {
      const leaf = leafOf(tree, [value]);
      counts.set(leaf, (counts.get(leaf) ?? 0) + 1);
    }
    assert.ok(counts.size > 3);
    assert.ok(Math.min(...counts.values()) >= 5);
  });

  it("weighs rows: two of weight 1 are one of weight 2", () => {
    const x = [0.1, 0.4, 0.4, 0.9];
    const y = [1, 5, 5, 2];
    const twice = grow([x], y, { leastRows: 1, shrinkage: 3 });
    const heavy = grow([[0.1, 0.4, 0.9]], [1, 5, 2], { shrinkage: 3 }, { weights: [1, 2, 1] });
    for (const value of [0.1, 0.4, 0.9]) assert.equal(predict(twice, [value]), predict(heavy, [value]));
    assert.equal(predict(heavy, [0.4]), 2, "(2 × 5) / (2 + 3)");
  });

  it("predicts between the least and the greatest target, with variances of at least 0; the same for the same seed", () => {
    const random = new Random("range");
    const columns = [0, 1, 2].map(() => Array.from({ length: 40 }, () => random.integer(0, 5)));
    const targets = columns[0].map(() => random.normal());
    const tree = grow(columns, targets, { columns: 1 });
    const [low, high] = [Math.min(...targets), Math.max(...targets)];
    assert.ok(tree.mean.every((mean) => (mean >= low && mean <= high) || mean === 0));
    assert.ok(tree.variance.every((variance) => variance >= 0));
    assert.deepEqual(grow(columns, targets, { columns: 1 }), tree);
    assert.notDeepEqual(grow(columns, targets, { columns: 1 }, { seed: 1 }), tree);
  });
});
