// Which images an evaluation trains on, and which it tests on: the data's own test split, or images held out of the training
// split. An image that validated the search is never among the test images.

import { UsageError } from "../common/errors.ts";
import { type Dataset, type LabelledImages, selectLabelled } from "../dataset/dataset.ts";
import { pixelDigest, pixelDigests } from "../dataset/identical.ts";
import { countLabels } from "../dataset/reader.ts";
import type { SubsetImages } from "../dataset/subset-file.ts";
import { drawHeldOut } from "../dataset/test-images.ts";
import { imageAt } from "../image/batch.ts";

/** As `evaluation.json` keeps it. Indices are ascending; lists without any are missing. */
export interface TestSplit {
  /** The split of the data that the test images are from. */
  readonly testFrom: "test" | "train";
  /** Indices into the training split of those held out; missing if the test images are a split of their own. */
  readonly heldOut?: readonly number[];
  /** Indices into the training split of images that are not trained on, since they are identical to test images. */
  readonly leftOut?: readonly number[];
  /** Indices into the test split of images that are not tested, since identical ones validated the search. */
  readonly untested?: readonly number[];
}

/** What searches used of the data, as indices. */
export interface UsedBySearch {
  /** Into the training split. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** Into the validation split; missing if the search did not use it. */
  readonly ownValidation?: readonly number[];
}

interface SplitOptions {
  readonly share: number;
  readonly seed: number;
  readonly used?: UsedBySearch;
}

/**
 * The data's own test split; without one, `share` of the training images, stratified by class and drawn by the seed: first
 * those that the search did not use, then those that it trained on, never those that validated it. Identical images are
 * never separated: what holds for one of them holds for all.
 * @throws UsageError if a class has too few images for that.
 */
export function splitForTest(dataset: Dataset, { share, seed, used }: SplitOptions): TestSplit {
  const keys = pixelDigests(dataset.train.images);
  const validated = new Set(used?.validation.map((index) => keys[index]));
  for (const index of used?.ownValidation ?? []) {
    validated.add(pixelDigest(imageAt(dataset.validation!.images, index)));
  }
  if (dataset.test) return ownTestSplit(dataset, dataset.test, keys, validated);
  const trained = new Set(used?.train.map((index) => keys[index]));
  const heldOut = drawHeldOut(dataset, { share, seed, keys, never: validated, rather: trained });
  return { testFrom: "train", heldOut };
}

/** @param keys of the training images. @param validated the keys of images that validated the search. */
function ownTestSplit(
  { name, classNames, train }: Dataset,
  test: LabelledImages,
  keys: readonly string[],
  validated: ReadonlySet<string>,
): TestSplit {
  const testKeys = pixelDigests(test.images);
  const untested = [...testKeys.keys()].filter((index) => validated.has(testKeys[index]));
  if (untested.length === testKeys.length) {
    throw new UsageError(`${name}: all test images validated the search; give other images with --data`);
  }
  const tested = new Set(testKeys.filter((key) => !validated.has(key)));
  const leftOut = [...keys.keys()].filter((index) => tested.has(keys[index]));
  const isLeftOut = new Set(leftOut);
  const trained = train.labels.filter((_, index) => !isLeftOut.has(index));
  const empty = countLabels(trained, classNames.length).indexOf(0);
  if (empty >= 0) {
    throw new UsageError(
      `${name}: all training images of class "${classNames[empty]}" are test images too; remove the copies`,
    );
  }
  return {
    testFrom: "test",
    ...(leftOut.length > 0 && { leftOut }),
    ...(untested.length > 0 && { untested }),
  };
}

/** How many images `selectSplit` gives. */
export function countSplit(
  { train, test }: Pick<Dataset, "train" | "test">,
  { heldOut, leftOut, untested }: TestSplit,
): { readonly train: number; readonly test: number } {
  return {
    train: train.labels.length - (heldOut ?? leftOut ?? []).length,
    test: heldOut?.length ?? (test?.labels.length ?? 0) - (untested?.length ?? 0),
  };
}

/** The images of a split: `train` to train on, `validation` to test on. */
export function selectSplit(dataset: Dataset, { heldOut, leftOut, untested }: TestSplit): SubsetImages {
  const { train } = dataset;
  const classes = dataset.classNames.length;
  if (heldOut) return { train: without(train, heldOut), validation: selectLabelled(train, heldOut), classes };
  if (!dataset.test) throw new RangeError(`${dataset.name} has no test split`);
  return { train: without(train, leftOut), validation: without(dataset.test, untested), classes };
}

/** The images but for those at `indices`. */
function without(images: LabelledImages, indices: readonly number[] = []): LabelledImages {
  if (indices.length === 0) return images;
  const isOut = new Set(indices);
  return selectLabelled(
    images,
    [...images.labels.keys()].filter((index) => !isOut.has(index)),
  );
}
