// A regression tree (Breiman, Friedman, Olshen and Stone 1984, "Classification and regression trees") in flat arrays.
// Rows are sorted by every column once and stay sorted while nodes are split, so a tree takes columns × rows × depth
// steps (presorting as in SLIQ: Mehta, Agrawal and Rissanen 1996).
//
// Thresholds are drawn uniformly between the two values that they separate instead of halfway: the mean over many trees
// is then smooth between the values, and the spread greatest in the middle (Hutter, Xu, Hoos and Leyton-Brown 2014,
// "Algorithm runtime prediction: methods & evaluation", section 4.3.2).

import type { Random } from "../common/random.ts";

/** The settings of a tree, the same for all trees. */
export interface TreeOptions {
  /** The minimum number of rows in a leaf; at least 1. */
  readonly leastRows: number;
  /** The number of columns considered in a node, drawn anew for each. */
  readonly columns: number;
  /** The weight with which a node's mean is shrunk to 0; 0 for no shrinkage. */
  readonly shrinkage: number;
}

/** A grown tree. Node 0 is the root; the right child of a node follows its left one. */
export interface Tree {
  /** For each node, the column that it splits, or -1 in a leaf. */
  readonly column: Int16Array;
  /** For each node, the threshold: rows with at most this value go left. */
  readonly threshold: Float64Array;
  /** For each node, its left child. */
  readonly left: Int32Array;
  /** For each node, the weighted mean of its rows' targets, shrunk. */
  readonly mean: Float64Array;
  /** For each node, their weighted variance around their mean. */
  readonly variance: Float64Array;
}

/**
 * Grows a tree until no split reduces the squared error.
 * @param values for each column, the value of every row.
 * @param orders for each column, the sample's rows in ascending order of their values; they are reordered.
 * @param targets for each row.
 * @param weights for each row, greater than 0.
 */
export function growTree(
  values: readonly Float64Array[],
  orders: readonly Int32Array[],
  targets: Float64Array,
  weights: Float64Array,
  { leastRows, columns, shrinkage }: TreeOptions,
  random: Random,
): Tree {
  const rows = orders[0].length;
  const most = 2 * Math.max(1, Math.floor(rows / leastRows)) - 1;
  const tree = {
    column: new Int16Array(most).fill(-1),
    threshold: new Float64Array(most),
    left: new Int32Array(most),
    mean: new Float64Array(most),
    variance: new Float64Array(most),
  };
  const starts = new Int32Array(most);
  const ends = new Int32Array(most);
  ends[0] = rows;
  const goesLeft = new Uint8Array(targets.length);
  const spare = new Int32Array(rows);
  const candidates = Int32Array.from({ length: values.length }, (_, column) => column);
  let nodes = 1;
  for (let node = 0; node < nodes; node++) {
    const [start, end] = [starts[node], ends[node]];
    let weight = 0;
    let sum = 0;
    for (let i = start; i < end; i++) {
      const row = orders[0][i];
      weight += weights[row];
      sum += weights[row] * targets[row];
    }
    const mean = sum / weight;
    let squares = 0;
    for (let i = start; i < end; i++) {
      const row = orders[0][i];
      squares += weights[row] * (targets[row] - mean) ** 2;
    }
    tree.mean[node] = (mean * weight) / (weight + shrinkage);
    tree.variance[node] = squares / weight;
    if (end - start < 2 * leastRows || squares <= 0) continue;

    let bestGain = 1e-12 * squares;
    let bestColumn = -1;
    let bestEnd = 0;
    // Columns in random order; beyond the requested number only until one can be split at all.
    for (let drawn = 0; drawn < candidates.length && (drawn < columns || bestColumn < 0); drawn++) {
      const other = random.integer(drawn, candidates.length - 1);
      const column = candidates[other];
      candidates[other] = candidates[drawn];
      candidates[drawn] = column;
      const order = orders[column];
      const value = values[column];
      let leftWeight = 0;
      let leftSum = 0;
      let next = value[order[start]];
      for (let i = start; i < end - leastRows; i++) {
        const row = order[i];
        const here = next;
        next = value[order[i + 1]];
        leftWeight += weights[row];
        leftSum += weights[row] * (targets[row] - mean);
        if (next === here || i - start + 1 < leastRows) continue;
        // Sums are of deviations from the node's mean, so that the right one is minus the left one.
        const gain = leftSum * leftSum * (1 / leftWeight + 1 / (weight - leftWeight));
        if (gain > bestGain) {
          bestGain = gain;
          bestColumn = column;
          bestEnd = i + 1;
        }
      }
    }
    if (bestColumn < 0) continue;

    const order = orders[bestColumn];
    const low = values[bestColumn][order[bestEnd - 1]];
    const high = values[bestColumn][order[bestEnd]];
    const threshold = random.uniform(low, high);
    tree.column[node] = bestColumn;
    tree.threshold[node] = threshold < high ? threshold : low;
    tree.left[node] = nodes;
    for (let i = start; i < end; i++) goesLeft[order[i]] = i < bestEnd ? 1 : 0;
    for (const each of orders) {
      let lefts = start;
      let rights = 0;
      for (let i = start; i < end; i++) {
        const row = each[i];
        if (goesLeft[row] === 1) each[lefts++] = row;
        else spare[rights++] = row;
      }
      for (let i = 0; i < rights; i++) each[lefts + i] = spare[i];
    }
    [starts[nodes], ends[nodes]] = [start, bestEnd];
    [starts[nodes + 1], ends[nodes + 1]] = [bestEnd, end];
    nodes += 2;
  }
  return tree;
}
