// The interface of all dataset readers, and helpers that they share.

import { systemReason, UsageError } from "../common/errors.ts";
import type { ArrayNames } from "../config/data.ts";
import type { Config } from "../config/schema.ts";
import type { Dataset, LabelledImages } from "./dataset.ts";

/** The result of a reader: a dataset without its name and digest. */
export type DatasetContent = Omit<Dataset, "name" | "digest">;

export const SPLITS = ["train", "validation", "test"] as const;
export type SplitName = (typeof SPLITS)[number];

/** Progress of the work; `total` is missing if it is not known. */
export interface Progress {
  /** For people, such as `decoding pictures`. */
  readonly stage: string;
  readonly done: number;
  readonly total?: number;
  readonly unit: "bytes" | "files" | "images";
}

/** The columns of tables, or the files of WebDataset's samples, to use instead of those found by their names and content. */
export interface ColumnChoice {
  /** The one that contains or names the pictures. */
  readonly image?: string;
  /** The one that contains the classes. */
  readonly label?: string;
}

/** How arrays are read, if their names and shapes do not say it. */
export interface ArraySettings {
  /** The names of the arrays of images and of labels, by split; null: by their usual names, or by what they contain. */
  readonly names: ArrayNames | null;
  /** Whether the channels are the first or the last axis of each image. */
  readonly channels: "auto" | "first" | "last";
}

/** How data are read, if they do not say it themselves. */
export interface DataSettings {
  readonly columns?: ColumnChoice;
  readonly arrays?: ArraySettings;
}

/** The keys of a configuration that say how data are read. */
export type DataConfig = Pick<Config, "image_column" | "label_column" | "arrays" | "channels">;

/** These keys alone. */
export function dataKeysOf({ image_column, label_column, arrays, channels }: DataConfig): DataConfig {
  return { image_column, label_column, arrays, channels };
}

/** The settings in a configuration; without those that leave all to the data. */
export function dataSettings({
  image_column: image,
  label_column: label,
  arrays: names,
  channels,
}: DataConfig): DataSettings {
  const hasColumns = image !== null || label !== null;
  const hasArrays = names !== null || channels !== "auto";
  return {
    ...(hasColumns && { columns: { ...(image !== null && { image }), ...(label !== null && { label }) } }),
    ...(hasArrays && { arrays: { names, channels } }),
  };
}

/** How many images a dataset has, and of which sizes. */
export interface DataSizes {
  /** Images of each size, the most frequent first. Empty if no header could be read. */
  readonly sizes: readonly SizeCount[];
  /** Images per split; picture files count whether or not they can be decoded. */
  readonly counts: Partial<Record<SplitName, number>>;
}

/** A size in pixels, and how many images have it. */
export interface SizeCount {
  readonly height: number;
  readonly width: number;
  readonly count: number;
}

export interface ReadOptions extends DataSettings {
  /** Height and width that every image is resized to, in pixels; if missing, all images must have the same size. */
  readonly imageSize?: number;
  readonly arrays?: ArraySettings;
  /** Processes that decode pictures; defaults to one per core. */
  readonly workers?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Reads one kind of data. */
export interface DatasetReader {
  /** What it reads, to be read after "expected". */
  readonly reads: string;
  /** The settings of how data are read that it follows; none if undefined. */
  readonly uses?: keyof DataSettings;
  /** Whether an existing path is of this kind, judged by its name, its listing, and the beginnings of files; pixels are not read. */
  recognises(path: string): boolean;
  /** The files that `read` would read; a cached copy depends on them. */
  files(path: string): string[];
  /** The sizes of the images; undefined if they are only known when all are read. @throws UsageError like `read`. */
  sizes?(path: string, options: ReadOptions): Promise<DataSizes | undefined>;
  /**
   * If all images have the same size, it may still differ from `imageSize`.
   * @throws UsageError, one line, with what is wrong with the data and how to fix it.
   */
  read(path: string, options: ReadOptions): Promise<DatasetContent>;
}

/** The existing splits, in the order train, validation, test. */
export function splitsOf(content: Pick<Dataset, SplitName>): [SplitName, LabelledImages][] {
  return SPLITS.flatMap((name) => {
    const split = content[name];
    return split ? [[name, split] satisfies [SplitName, LabelledImages]] : [];
  });
}

/** The number of images of each class. Labels must be in range. */
export function countLabels(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]++;
  return counts;
}

/**
 * Names for unnamed classes: their numbers, from 0 to the highest label of the training images.
 * @throws UsageError naming `source` if labels cannot be class numbers.
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
 * Checks the requirements on every dataset: at least two classes, labels in range, training images for each class.
 * @param source names the data in messages.
 */
export function checkContent(content: DatasetContent, source: string): void {
  const classes = content.classNames.length;
  if (content.train.images.count === 0) throw new UsageError(`${source} has no training images`);
  for (const [name, { images, labels }] of splitsOf(content)) {
    if (images.count !== labels.length) {
      throw new UsageError(
        `${source}: ${images.count} ${name} images but ${labels.length} labels; they must match`,
      );
    }
    const wrong = labels.findIndex((label) => !(label >= 0 && label < classes));
    if (wrong >= 0) {
      throw new UsageError(
        `${source}: ${name} image ${wrong} has the label ${labels[wrong]}, outside the ${classes} classes ` +
          `(0 to ${classes - 1}); fix the labels`,
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
