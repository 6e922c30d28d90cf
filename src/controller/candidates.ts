// Where the acquisition function is maximised: many random points, and neighbours of the best points so far, as in
// SMAC (Hutter, Hoos and Leyton-Brown 2011): the forest is a step function without a gradient to follow.

import type { Random } from "../common/random.ts";
import { type Dimension, type Point, randomCoordinate, randomPoint } from "./controller.ts";

const RANDOM_CANDIDATES = 3000;
const BEST_POINTS = 10;
const NEIGHBOURS_PER_POINT = 50;

/** The standard deviation of a neighbour's step, as a share of the dimension's range. */
const STEP = 0.1;

/**
 * Candidates in random order of quality, random ones first.
 * @param points the told points, at least one.
 * @param means what the surrogate predicts for each of them: it is less swayed by luck than their rewards.
 */
export function drawCandidates(
  dimensions: readonly Dimension[],
  points: readonly Point[],
  means: readonly number[],
  random: Random,
): Point[] {
  const candidates: Point[] = [];
  for (let i = 0; i < RANDOM_CANDIDATES; i++) candidates.push(randomPoint(dimensions, random));
  const best = points.map((_, index) => index).sort((a, b) => means[b] - means[a]);
  for (const index of best.slice(0, BEST_POINTS)) {
    for (let i = 0; i < NEIGHBOURS_PER_POINT; i++) {
      candidates.push(neighbour(dimensions, points[index], random));
    }
  }
  return candidates;
}

/** The point with one or two coordinates changed: a category drawn anew, a real number moved a little. */
function neighbour(dimensions: readonly Dimension[], point: Point, random: Random): Point {
  const changed = [...point];
  for (let changes = random.integer(1, 2); changes > 0; changes--) {
    const index = random.integer(0, dimensions.length - 1);
    changed[index] = movedCoordinate(dimensions[index], changed[index], random);
  }
  return changed;
}

function movedCoordinate(dimension: Dimension, value: number, random: Random): number {
  if (dimension.kind === "category") return randomCoordinate(dimension, random);
  const moved = value + random.normal(0, STEP * (dimension.high - dimension.low));
  return Math.min(dimension.high, Math.max(dimension.low, moved));
}
