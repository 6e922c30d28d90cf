// The images that the search trains and validates on: drawn once per experiment, stratified by class, disjoint.

import { UsageError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import type { Dataset } from "./dataset.ts";
import { countLabels } from "./reader.ts";

export interface SubsetSizes {
  readonly trainSize: number;
  readonly validationSize: number;
  readonly seed: number;
  /**
   * Whether every class gets a training and a validation image if it has two and the sizes allow it, also if its share of
   * the data rounds to none.
   */
  readonly everyClass?: boolean;
  /** Indices into the training split that are not drawn. */
  readonly heldOut?: readonly number[];
}

/** Indices of images, ascending. */
export interface Subsets {
  /** Into `dataset.train`. */
  readonly train: Int32Array;
  /** Into `dataset[validationFrom]`. */
  readonly validation: Int32Array;
  /** "validation" if the data has its own validation split. */
  readonly validationFrom: "train" | "validation";
}

/**
 * Draws both subsets. Each class keeps its share of the data, to the nearest image (largest remainder), except for rare
 * classes with `everyClass`.
 * @throws UsageError naming `train_set_size` and `validation_set_size` if there are too few images.
 */
export function drawSubsets(dataset: Dataset, sizes: SubsetSizes): Subsets {
  const { trainSize, validationSize, seed, everyClass = false, heldOut = [] } = sizes;
  const random = new Random(seed, "subsets");
  const classes = dataset.classNames.length;
  const { validation } = dataset;
  const isHeldOut = new Set(heldOut);
  const drawable = Int32Array.from(dataset.train.labels.keys()).filter((index) => !isHeldOut.has(index));
  const labels = drawable.map((index) => dataset.train.labels[index]);
  const inTraining = (parts: readonly Int32Array[]) => flatten(parts).map((place) => drawable[place]);
  if (validation) {
    checkEnough(dataset.name, "training", labels.length, trainSize, `train_set_size ${trainSize}`);
    const available = validation.labels.length;
    const least = everyClass ? 1 : 0;
    checkEnough(
      dataset.name,
      "validation",
      available,
      validationSize,
      `validation_set_size ${validationSize}`,
    );
    return {
      train: inTraining(drawStratified(labels, classes, trainSize, random, least)),
      validation: flatten(drawStratified(validation.labels, classes, validationSize, random, least)),
      validationFrom: "validation",
    };
  }
  const needed = trainSize + validationSize;
  const keys = `train_set_size ${trainSize} + validation_set_size ${validationSize}`;
  checkEnough(dataset.name, "training", labels.length, needed, keys);
  // Draws both subsets together and then divides them, so that no class needs more images than it has.
  const drawn = drawStratified(labels, classes, needed, random, everyClass ? 2 : 0);
  const lengths = drawn.map(({ length }) => length);
  const shares = apportion(lengths, trainSize);
  const counts = everyClass
    ? within(shares, lengths.map(leastInTraining), lengths.map(mostInTraining))
    : shares;
  return {
    train: inTraining(drawn.map((indices, label) => indices.slice(0, counts[label]))),
    validation: inTraining(drawn.map((indices, label) => indices.slice(counts[label]))),
    validationFrom: "train",
  };
}

/**
 * Divides `seats` in proportion to `weights` by the largest remainder; ties go to the earlier one. None gets more than
 * its weight if the seats do not exceed the sum of the weights.
 */
export function apportion(weights: readonly number[], seats: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const quotas = weights.map((weight) => (weight * seats) / total);
  const shares = quotas.map(Math.floor);
  const left = seats - shares.reduce((sum, share) => sum + share, 0);
  const byRemainder = quotas
    .map((_, i) => i)
    .sort((a, b) => quotas[b] - shares[b] - (quotas[a] - shares[a]) || a - b);
  for (const i of byRemainder.slice(0, left)) shares[i]++;
  return shares;
}

/**
 * Draws `count` images without replacement. Each class keeps its share, to the nearest image (largest remainder), but at
 * least one image if possible.
 * @returns their indices, ascending.
 */
export function drawSubset(labels: Int32Array, classes: number, count: number, random: Random): Int32Array {
  return flatten(drawStratified(labels, classes, count, random, 1));
}

/** Of a class of which this many images are drawn: one of several is for training at least, and one for validation. */
const leastInTraining = (drawn: number) => (drawn > 1 ? 1 : 0);
const mostInTraining = (drawn: number) => (drawn > 1 ? drawn - 1 : drawn);

/** Moves seats until every share is within its bounds, from and to those that are the farthest from theirs, if possible. */
function within(shares: readonly number[], low: readonly number[], high: readonly number[]): number[] {
  const moved = [...shares];
  const farthest = (room: (i: number) => number) =>
    moved.reduce((best, _, i) => (room(i) > room(best) ? i : best), 0);
  const above = (i: number) => moved[i] - low[i];
  const below = (i: number) => high[i] - moved[i];
  for (const i of moved.keys()) {
    for (; above(i) < 0; moved[i]++) {
      const donor = farthest(above);
      if (above(donor) <= 0) break;
      moved[donor]--;
    }
    for (; below(i) < 0; moved[i]--) {
      const receiver = farthest(below);
      if (below(receiver) <= 0) break;
      moved[receiver]++;
    }
  }
  return moved;
}

/** For each class, indices of its images in random order; `count` in total, and of each class `least` if possible. */
function drawStratified(
  labels: Int32Array,
  classes: number,
  count: number,
  random: Random,
  least = 0,
): Int32Array[] {
  const members = Array.from({ length: classes }, (): number[] => []);
  for (const [index, label] of labels.entries()) members[label].push(index);
  const sizes = countLabels(labels, classes);
  const low = sizes.map((size) => Math.min(size, least));
  const shares = within(apportion(sizes, count), low, sizes);
  return members.map((indices, label) => {
    return random.choose(indices.length, shares[label]).map((place) => indices[place]);
  });
}

function flatten(parts: readonly Int32Array[]): Int32Array {
  return Int32Array.from(parts.flatMap((part) => [...part])).sort();
}

function checkEnough(name: string, kind: string, available: number, needed: number, keys: string): void {
  if (needed <= available) return;
  const lower = keys.includes("+")
    ? "lower train_set_size or validation_set_size"
    : `lower ${keys.split(" ")[0]}`;
  throw new UsageError(
    `${name} has ${available} ${kind} images, but ${needed} are needed (${keys}): ${lower}, or add images`,
  );
}
