// Images of the training split that are held out for testing, of data without a test split of their own.

import { UsageError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import type { Dataset } from "./dataset.ts";
import { pixelDigests, takeWhole } from "./identical.ts";
import { countLabels } from "./reader.ts";
import { apportion } from "./subsets.ts";

export interface HeldOutOptions {
  /** Of the images, in (0, 1); of each class alike. */
  readonly share: number;
  readonly seed: number;
  /** The digests of all training images, if they are known already. */
  readonly keys?: readonly string[];
  /** Digests of images that may not be held out. */
  readonly never?: ReadonlySet<string>;
  /** Digests of images that are held out only if there are too few others. */
  readonly rather?: ReadonlySet<string>;
}

/**
 * Holds out a share of the training images, stratified by class and drawn by the seed. Identical images are never separated:
 * what holds for one of them holds for all. The same share and seed give the same images if none of these is among `never` or
 * `rather`.
 * @returns their indices, ascending.
 * @throws UsageError if a class has too few images for that.
 */
export function drawHeldOut(dataset: Dataset, options: HeldOutOptions): number[] {
  const { seed, never, rather } = options;
  const keys = options.keys ?? pixelDigests(dataset.train.images);
  const { labels } = dataset.train;
  const counts = countLabels(labels, dataset.classNames.length);
  const wanted = apportion(counts, heldOutCount(options.share, labels.length, counts.length));
  const order = new Random(seed, "test images").choose(labels.length, labels.length);
  const allowed = [...order].filter((index) => !never?.has(keys[index]));
  const candidates = [
    ...allowed.filter((index) => !rather?.has(keys[index])),
    ...allowed.filter((index) => rather?.has(keys[index])),
  ];
  const heldOut = [...takeWhole({ order: candidates, keys, labels, wanted })];
  const tested = new Set(heldOut.map((index) => labels[index]));
  const empty = dataset.classNames.findIndex(
    (_, label) => !tested.has(label) || counts[label] === heldOut.filter((i) => labels[i] === label).length,
  );
  if (empty >= 0) {
    throw new UsageError(
      `${dataset.name} has no test split, and class "${dataset.classNames[empty]}" has too few images (${counts[empty]}) to hold some out for testing; add images, or a folder test/`,
    );
  }
  return heldOut.sort((a, b) => a - b);
}

/** About how many images are held out: identical ones may make it a few more or less. */
export function heldOutCount(share: number, images: number, classes: number): number {
  return Math.max(classes, Math.round(share * images));
}
