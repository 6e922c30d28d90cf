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

/** How many points are looked at. */
export interface Effort {
  /** Random ones. */
  readonly random: number;
  /** Of the told points, and of the candidates in each round, those that neighbours are drawn of. */
  readonly best: number;
  readonly neighboursOfTold: number;
  readonly neighboursOfCandidate: number;
}

/** For a forest. */
export const MANY: Effort = { random: 1000, best: 10, neighboursOfTold: 50, neighboursOfCandidate: 20 };

/** For a Gaussian process, which is smooth: no worse on made-up functions than MANY, in a quarter of the time. */
export const FEW: Effort = { random: 200, best: 5, neighboursOfTold: 20, neighboursOfCandidate: 10 };

const ROUNDS = 3;

/** The standard deviation of a neighbour's step, as a share of the dimension's range. */
const STEP = 0.1;

/**
 * The point with the greatest value among the candidates; of equal ones the first, which is a random one. It is not
 * equivalent to a told or pending point, unless the space has no others: samples of all trials share their seeds, so
 * the same policy would get the same reward again.
 * @param best told points, best first.
 * @param taken all told and pending points.
 * @param greatestOf finds the points with the greatest values, of at least `least`, greatest first.
 */
export function findGreatest(
  dimensions: readonly Dimension[],
  best: readonly Point[],
  taken: readonly Point[],
  greatestOf: (points: readonly Point[], count: number, least: number) => readonly Candidate[],
  effort: Effort,
  random: Random,
): Point {
  const known = new Set(canonicalPoints(dimensions, taken).map(String));
  const unknown = (points: readonly Point[]) =>
    canonicalPoints(dimensions, points).filter((point) => !known.has(String(point)));
  const neighbours = (points: readonly Point[], each: number) =>
    unknown(
      points.flatMap((point) => Array.from({ length: each }, () => neighbour(dimensions, point, random))),
    );
  const drawn = Array.from({ length: effort.random }, () => randomPoint(dimensions, random));
  const others = unknown(drawn);
  const first = others.length > 0 ? others : drawn;
  const near = neighbours(best.slice(0, effort.best), effort.neighboursOfTold);
  let greatest = greatestOf([...first, ...near], effort.best, Number.NEGATIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    const around = neighbours(
      greatest.map(({ point }) => point),
      effort.neighboursOfCandidate,
    );
    const least = greatest.length < effort.best ? Number.NEGATIVE_INFINITY : greatest[effort.best - 1].value;
    greatest = [...greatest, ...greatestOf(around, effort.best, least)]
      .sort((a, b) => greatestFirst(a.value, b.value))
      .slice(0, effort.best);
  }
  return greatest[0].point;
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
