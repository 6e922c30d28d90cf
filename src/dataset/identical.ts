// Images with the same pixels. If one copy is trained on and another one tests, the test is of what was learnt by heart.

import { hash } from "node:crypto";
import { Random } from "../common/random.ts";
import { type ImageBatch, imageAt } from "../image/batch.ts";
import type { Dataset } from "./dataset.ts";
import type { Subsets } from "./subsets.ts";

/** A digest of each image's pixels: of images of one size, only identical ones have the same. */
export function pixelDigests(images: ImageBatch): string[] {
  return Array.from({ length: images.count }, (_, index) => pixelDigest(imageAt(images, index)));
}

export function pixelDigest(pixels: Uint8Array): string {
  return hash("sha256", pixels, "base64");
}

/** Images of which some are taken from their classes. */
export interface Takeable {
  /** The images that may be taken, in the order in which they are preferred. */
  readonly order: readonly number[];
  /** Of all images of the data: images with the same key are taken together or not at all. */
  readonly keys: ArrayLike<string>;
  /** Of all images of the data, in [0, wanted.length). */
  readonly labels: ArrayLike<number>;
  /** Number of images to take from each class. */
  readonly wanted: readonly number[];
}

/**
 * Takes images so that no identical ones are separated. Without identical images these are the first ones of each class.
 * A class gives at most as many as wanted; if only larger groups of identical images are left, it gives the smallest group
 * that leaves images in each of its classes, if there is one.
 * @returns their indices.
 */
export function takeWhole({ order, keys, labels, wanted }: Takeable): Set<number> {
  const groups = groupsOf(keys);
  // Each group once, at the place of its first image.
  const candidates = [...new Set(order.map((index) => groups.get(keys[index])!))];
  const missing = [...wanted];
  const left = countsOf(labels);
  const taken = new Set<number>();
  const take = (group: readonly number[]) => {
    for (const index of group) {
      taken.add(index);
      missing[labels[index]]--;
      left.set(labels[index], left.get(labels[index])! - 1);
    }
  };
  for (const group of candidates) {
    const counts = countsOf(group.map((index) => labels[index]));
    if ([...counts].every(([label, count]) => count <= missing[label])) take(group);
  }
  for (const [label, count] of wanted.entries()) {
    if (count === 0 || missing[label] < count) continue;
    const [smallest] = candidates
      .filter((group) => group.some((index) => labels[index] === label))
      .filter((group) => {
        const counts = countsOf(group.map((index) => labels[index]));
        return [...counts].every(([each, ofGroup]) => ofGroup < left.get(each)!);
      })
      .sort((a, b) => a.length - b.length);
    if (smallest) take(smallest);
  }
  return taken;
}

/** The number of images of each label. */
function countsOf(labels: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  return counts;
}

/** The indices of the images with each key, ascending. */
function groupsOf(keys: ArrayLike<string>): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let index = 0; index < keys.length; index++) {
    const group = groups.get(keys[index]);
    if (group) group.push(index);
    else groups.set(keys[index], [index]);
  }
  return groups;
}

/**
 * The same subsets, but for validation images that are identical to training images: each changes places with a training image
 * of its class that has no copy, if there is one. Without identical images nothing changes.
 */
export function separateIdentical(dataset: Dataset, drawn: Subsets, seed: number): Subsets {
  if (drawn.validationFrom !== "train" || countShared(dataset, drawn) === 0) return drawn;
  const { images, labels } = dataset.train;
  const keyOf = (index: number) => pixelDigest(imageAt(images, index));
  const train = new Map([...drawn.train].map((index) => [index, keyOf(index)]));
  const validation = new Map([...drawn.validation].map((index) => [index, keyOf(index)]));
  const copies = new Map<string, number>();
  for (const key of [...train.values(), ...validation.values()]) copies.set(key, (copies.get(key) ?? 0) + 1);
  const trained = new Set(train.values());
  const partners = [...new Random(seed, "identical images").shuffle(Int32Array.from(train.keys()))].filter(
    (index) => copies.get(train.get(index)!) === 1,
  );
  for (const [index, key] of [...validation]) {
    if (!trained.has(key)) continue;
    const place = partners.findIndex((partner) => labels[partner] === labels[index]);
    if (place < 0) continue;
    const [partner] = partners.splice(place, 1);
    validation.set(partner, train.get(partner)!);
    validation.delete(index);
    train.delete(partner);
    train.set(index, key);
  }
  const sorted = (indices: Iterable<number>) => Int32Array.from(indices).sort();
  return { ...drawn, train: sorted(train.keys()), validation: sorted(validation.keys()) };
}

/** How many of the drawn validation images are identical to training images. */
export function countShared(dataset: Dataset, { train, validation, validationFrom }: Subsets): number {
  const trained = new Set(Array.from(train, (index) => pixelDigest(imageAt(dataset.train.images, index))));
  const { images } = dataset[validationFrom] ?? dataset.train;
  return validation.filter((index) => trained.has(pixelDigest(imageAt(images, index)))).length;
}
