// A regression tree (Breiman, Friedman, Olshen and Stone 1984, "Classification and regression trees") in flat arrays.
// Rows are sorted by every column once, and stay sorted while nodes are split: a tree takes columns × rows × depth steps
// (presorting as in SLIQ: Mehta, Agrawal and Rissanen 1996).
//
// Thresholds are drawn uniformly between the two values that they part, not in the middle: the mean over many trees is
// then smooth between them, and the spread greatest in the middle (Hutter, Xu, Hoos and Leyton-Brown 2014, "Algorithm
// runtime prediction: methods & evaluation", section 4.3.2).

import type { Random } from "../common/random.ts";

/** What a tree is grown from, for all trees the same. */
export interface TreeOptions {
  /** The fewest rows that a leaf may have; at least 1. */
  readonly leastRows: number;
  /** How many columns are looked at in a node, drawn anew for each. */
  readonly columns: number;
  /** The weight with which a node's mean is drawn to 0; 0 leaves it as it is. */
  readonly shrinkage: number;
}

/** A grown tree. Node 0 is the root; the right child of a node follows its left one. */
export interface Tree {
  /** Per node: the column that it splits, or -1 in a leaf. */
  readonly column: Int16Array;
  /** Per node: rows whose value is at most this go left. */
  readonly threshold: Float64Array;
  /** Per node: its left child. */
  readonly left: Int32Array;
  /** Per node: the weighted mean of its rows' targets, shrunken. */
  readonly mean: Float64Array;
  /** Per node: their weighted variance around their mean. */
  readonly variance: Float64Array;
}

/**
 * Grows a tree until no split makes the squared error smaller.
 * @param values per column the value of every row.
 * @param orders per column the sample's rows, ascending by their value; they are reordered.
 * @param targets per row.
 * @param weights per row, greater than 0.
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
    // Columns in random order: beyond the wanted number only until one can be split at all.
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
