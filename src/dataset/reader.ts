// What all readers of data have in common: one small interface, and the pieces that they give.

import { systemReason, UsageError } from "../common/errors.ts";
import type { Dataset, LabelledImages } from "./dataset.ts";

/** What a reader gives: a dataset without its name and its digest. */
export type DatasetContent = Omit<Dataset, "name" | "digest">;

export const SPLITS = ["train", "validation", "test"] as const;
export type SplitName = (typeof SPLITS)[number];

/** How far the work is; `total` is missing where it is not known. */
export interface Progress {
  /** In words, such as `decoding pictures`. */
  readonly stage: string;
  readonly done: number;
  readonly total?: number;
  readonly unit: "bytes" | "files" | "images";
}

export interface ReadOptions {
  /** Height and width that every image is resized to, in pixels; where it is missing, all must have one size. */
  readonly imageSize?: number;
  /** Processes that decode pictures; one per core where it is missing. */
  readonly workers?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Reads one kind of data. */
export interface DatasetReader {
  /** In words, for messages. */
  readonly name: string;
  /** Whether an existing path is of this kind, told by its name and its listing; contents are not read. */
  recognises(path: string): boolean;
  /** The files that reading would read: they are what a cached copy depends on. */
  files(path: string): string[];
  /**
   * @throws UsageError, one line, with what is wrong with the data and what would mend it.
   * Images may still have another size than `imageSize` where they were all of one size.
   */
  read(path: string, options: ReadOptions): Promise<DatasetContent>;
}

/** The splits that there are, in the order train, validation, test. */
export function splitsOf(content: Pick<Dataset, SplitName>): [SplitName, LabelledImages][] {
  return SPLITS.flatMap((name) => {
    const split = content[name];
    return split ? [[name, split] satisfies [SplitName, LabelledImages]] : [];
  });
}

/** How many images each class has. Labels must be in range. */
export function countLabels(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
}

/**
 * Names for classes that have none: their numbers, from 0 to the highest label of the training images.
 * @throws UsageError naming `source` on labels that cannot be numbers of classes.
 */
export function numberedClasses(labels: Int32Array, source: string): string[] {
  let highest = -1;
  for (const label of labels) {
    if (label < 0) throw new UsageError(`${source}: a label is ${label}; labels count from 0`);
    if (label > highest) highest = label;
  }
  if (highest >= labels.length) {
    const counts = `the highest label is ${highest}, but there are ${labels.length} images`;
    throw new UsageError(`${source}: ${counts}; labels count from 0 without gaps`);
  }
  return Array.from({ length: highest + 1 }, (_, label) => String(label));
}

/**
 * Checks what every dataset must fulfil: two classes or more, labels among them, training images for each.
 * @param source names the data in messages.
 */
export function checkContent(content: DatasetContent, source: string): void {
  const classes = content.classNames.length;
  if (content.train.images.count === 0) throw new UsageError(`${source} holds no training images`);
  for (const [name, { images, labels }] of splitsOf(content)) {
    if (images.count !== labels.length) {
      throw new UsageError(
        `${source}: ${images.count} ${name} images but ${labels.length} labels; they must match`,
      );
    }
    const wrong = labels.findIndex((label) => !(label >= 0 && label < classes));
    if (wrong >= 0) {
      throw new UsageError(
        `${source}: ${name} image ${wrong} has the label ${labels[wrong]}, outside of the ${classes} classes ` +
          `(0 to ${classes - 1}); mend the labels`,
      );
    }
  }
  if (classes < 2) {
    throw new UsageError(
      `${source}: only one class ("${content.classNames[0]}"); a classifier needs two or more`,
    );
  }
  const empty = countLabels(content.train.labels, classes).indexOf(0);
  if (empty >= 0) {
    throw new UsageError(
      `${source}: class "${content.classNames[empty]}" has no training image; labels count from 0 without gaps`,
    );
  }
}

/** The error for a file that cannot be opened or read. */
export function unreadable(path: string, error: unknown): UsageError {
  return new UsageError(`cannot read ${path}: ${systemReason(error)}`);
}
