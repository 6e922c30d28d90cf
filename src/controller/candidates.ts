// Maximises the acquisition function: at many random points and neighbours of the best points so far, then at
// neighbours of the best candidates, as in SMAC (Hutter, Hoos and Leyton-Brown 2011), since the forest is a step
// function without a gradient to follow.

import type { Random } from "../common/random.ts";
import {
  canonicalPoints,
  type Dimension,
  onGrid,
  type Point,
  randomCoordinate,
  randomPoint,
} from "./controller.ts";
import { type Candidate, greatestFirst } from "./model.ts";

const RANDOM_CANDIDATES = 1000;
/** Of the told points, and of the candidates in each round. */
const BEST_POINTS = 10;
const NEIGHBOURS_OF_TOLD = 50;
const NEIGHBOURS_OF_CANDIDATE = 20;
const ROUNDS = 3;

/** The standard deviation of a neighbour's step, as a share of the dimension's range. */
const STEP = 0.1;

/**
 * The point with the greatest value among the candidates; of equal ones the first, which is a random one. It is not
 * equivalent to a told or pending point, unless the space has no others: samples of all trials share their seeds, so
 * the same policy would get the same reward again.
 * @param told points, best first.
 * @param pending points that are being judged.
 * @param greatestOf finds the points with the greatest values, of at least `least`, greatest first.
 */
export function findGreatest(
  dimensions: readonly Dimension[],
  told: readonly Point[],
  pending: readonly Point[],
  greatestOf: (points: readonly Point[], count: number, least: number) => readonly Candidate[],
  random: Random,
): Point {
  const known = new Set(canonicalPoints(dimensions, [...told, ...pending]).map(String));
  const unknown = (points: readonly Point[]) =>
    canonicalPoints(dimensions, points).filter((point) => !known.has(String(point)));
  const neighbours = (points: readonly Point[], each: number) =>
    unknown(
      points.flatMap((point) => Array.from({ length: each }, () => neighbour(dimensions, point, random))),
    );
  const drawn = Array.from({ length: RANDOM_CANDIDATES }, () => randomPoint(dimensions, random));
  const others = unknown(drawn);
  const first = others.length > 0 ? others : drawn;
  const near = neighbours(told.slice(0, BEST_POINTS), NEIGHBOURS_OF_TOLD);
  let best = greatestOf([...first, ...near], BEST_POINTS, Number.NEGATIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    const around = neighbours(
      best.map(({ point }) => point),
      NEIGHBOURS_OF_CANDIDATE,
    );
    const least = best.length < BEST_POINTS ? Number.NEGATIVE_INFINITY : best[BEST_POINTS - 1].value;
    best = [...best, ...greatestOf(around, BEST_POINTS, least)]
      .sort((a, b) => greatestFirst(a.value, b.value))
      .slice(0, BEST_POINTS);
  }
  return best[0].point;
}

/**
 * The point with one or two coordinates changed: a category is redrawn, a real number moved a little. What is not proposed is
 * redrawn, too.
 */
function neighbour(dimensions: readonly Dimension[], point: Point, random: Random): Point {
  const changed = point.map((value, index) => {
    const dimension = dimensions[index];
    return isToldOnly(dimension, value) ? randomCoordinate(dimension, random) : value;
  });
  for (let changes = random.integer(1, 2); changes > 0; changes--) {
    const index = random.integer(0, dimensions.length - 1);
    changed[index] = movedCoordinate(dimensions[index], changed[index], random);
  }
  return changed;
}

function isToldOnly(dimension: Dimension, value: number): boolean {
  if (dimension.kind === "category") return dimension.proposed?.includes(value) === false;
  return dimension.proposedFrom !== undefined && value < dimension.proposedFrom;
}

function movedCoordinate(dimension: Dimension, value: number, random: Random): number {
  if (dimension.kind === "category") return randomCoordinate(dimension, random);
  const { low, proposedFrom = low, high } = dimension;
  const moved = value + random.normal(0, STEP * (high - low));
  return onGrid(dimension, Math.min(high, Math.max(proposedFrom, moved)));
}
