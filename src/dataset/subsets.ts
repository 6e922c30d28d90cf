// The images that the search trains and validates on: drawn once per experiment, stratified by class, disjoint.

import { UsageError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import type { Dataset } from "./dataset.ts";
import { countLabels } from "./reader.ts";

export interface SubsetSizes {
  readonly trainSize: number;
  readonly validationSize: number;
  readonly seed: number;
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
 * Draws both subsets. Each class keeps its share of the data, to the nearest image (largest remainder).
 * @throws UsageError naming `train_set_size` and `validation_set_size` if there are too few images.
 */
export function drawSubsets(dataset: Dataset, { trainSize, validationSize, seed }: SubsetSizes): Subsets {
  const random = new Random(seed, "subsets");
  const classes = dataset.classNames.length;
  const { train, validation } = dataset;
  if (validation) {
    checkEnough(dataset.name, "training", train.labels.length, trainSize, `train_set_size ${trainSize}`);
    const available = validation.labels.length;
    checkEnough(
      dataset.name,
      "validation",
      available,
      validationSize,
      `validation_set_size ${validationSize}`,
    );
    return {
      train: flatten(drawStratified(train.labels, classes, trainSize, random)),
      validation: flatten(drawStratified(validation.labels, classes, validationSize, random)),
      validationFrom: "validation",
    };
  }
  const needed = trainSize + validationSize;
  const keys = `train_set_size ${trainSize} + validation_set_size ${validationSize}`;
  checkEnough(dataset.name, "training", train.labels.length, needed, keys);
  // Draws both subsets together and then divides them, so that no class needs more images than it has.
  const drawn = drawStratified(train.labels, classes, needed, random);
  const counts = apportion(
    drawn.map(({ length }) => length),
    trainSize,
  );
  return {
    train: flatten(drawn.map((indices, label) => indices.slice(0, counts[label]))),
    validation: flatten(drawn.map((indices, label) => indices.slice(counts[label]))),
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
 * Draws `count` images without replacement. Each class keeps its share, to the nearest image (largest remainder).
 * @returns their indices, ascending.
 */
export function drawSubset(labels: Int32Array, classes: number, count: number, random: Random): Int32Array {
  return flatten(drawStratified(labels, classes, count, random));
}

/** For each class, indices of its images in random order; `count` in total. */
function drawStratified(labels: Int32Array, classes: number, count: number, random: Random): Int32Array[] {
  const members = Array.from({ length: classes }, (): number[] => []);
  for (const [index, label] of labels.entries()) members[label].push(index);
  const shares = apportion(countLabels(labels, classes), count);
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
