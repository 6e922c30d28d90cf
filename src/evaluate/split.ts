// Which images an evaluation trains on, and which it tests on: the data's own test split, or images held out of the training
// split. An image that validated the search is never among the test images.

import { UsageError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import { type Dataset, selectLabelled } from "../dataset/dataset.ts";
import { countLabels } from "../dataset/reader.ts";
import type { SubsetImages } from "../dataset/subset-file.ts";
import { apportion } from "../dataset/subsets.ts";

/** As `evaluation.json` keeps it. */
export interface TestSplit {
  /** The split of the data that the test images are from. */
  readonly testFrom: "test" | "train";
  /** Indices into the training split of those held out, ascending; missing if the test images are a split of their own. */
  readonly heldOut?: readonly number[];
}

/** What the search used of the training split, as indices. */
export interface UsedBySearch {
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

/**
 * The data's own test split; without one, `share` of the training images, stratified by class and drawn by the seed: first
 * those that the search did not use, then those that it trained on, never those that validated it.
 * @throws UsageError if a class has too few images for that.
 */
export function splitForTest(
  dataset: Dataset,
  { share, seed, used }: { readonly share: number; readonly seed: number; readonly used?: UsedBySearch },
): TestSplit {
  if (dataset.test) return { testFrom: "test" };
  const { labels } = dataset.train;
  const classes = dataset.classNames.length;
  const counts = countLabels(labels, classes);
  const wanted = apportion(counts, Math.max(classes, Math.round(share * labels.length)));
  const validation = new Set(used?.validation);
  const trained = new Set(used?.train);
  const order = new Random(seed, "test images").choose(labels.length, labels.length);
  const unused = [...order].filter((index) => !validation.has(index) && !trained.has(index));
  const candidates = [...unused, ...[...order].filter((index) => trained.has(index))];
  const heldOut: number[] = [];
  for (const index of candidates) {
    if (wanted[labels[index]] === 0) continue;
    wanted[labels[index]]--;
    heldOut.push(index);
  }
  const tested = new Set(heldOut.map((index) => labels[index]));
  const empty = dataset.classNames.findIndex(
    (_, label) => !tested.has(label) || counts[label] === heldOut.filter((i) => labels[i] === label).length,
  );
  if (empty >= 0) {
    throw new UsageError(
      `${dataset.name} has no test split, and class "${dataset.classNames[empty]}" has too few images (${counts[empty]}) to hold some out for testing; add images, or a folder test/`,
    );
  }
  return { testFrom: "train", heldOut: heldOut.sort((a, b) => a - b) };
}

/** The images of a split: `train` to train on, `validation` to test on. */
export function selectSplit(dataset: Dataset, { heldOut }: TestSplit): SubsetImages {
  const classes = dataset.classNames.length;
  if (!heldOut) {
    if (!dataset.test) throw new RangeError(`${dataset.name} has no test split`);
    return { train: dataset.train, validation: dataset.test, classes };
  }
  const isHeldOut = new Set(heldOut);
  const rest = [...dataset.train.labels.keys()].filter((index) => !isHeldOut.has(index));
  return {
    train: selectLabelled(dataset.train, rest),
    validation: selectLabelled(dataset.train, heldOut),
    classes,
  };
}
