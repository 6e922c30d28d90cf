// The result of every reader, used by all later steps: images with labels, and class names.

import { type ImageBatch, selectImages } from "../image/batch.ts";

/** Images [count, height, width, 3] and one label each, in [0, classes). */
export interface LabelledImages {
  readonly images: ImageBatch;
  readonly labels: Int32Array;
}

/** Copies of the images at `indices` with their labels, in that order. */
export function selectLabelled(
  { images, labels }: LabelledImages,
  indices: ArrayLike<number>,
): LabelledImages {
  return {
    images: selectImages(images, indices),
    labels: Int32Array.from(indices, (index) => labels[index]),
  };
}

/** Whether there are images at all of these indices; a missing split has none. */
export function hasImages(images: LabelledImages | undefined, indices: readonly number[]): boolean {
  const count = images?.labels.length ?? 0;
  return indices.every((index) => index < count);
}

/** A dataset in memory. Subsets for the search are drawn from `train`; `test` is never trained on. */
export interface Dataset {
  /** Short name: `cifar10`, or the name of the folder or archive. */
  readonly name: string;
  readonly classNames: readonly string[];
  readonly train: LabelledImages;
  /** The data's own validation split, if it has one; the validation subset is then drawn from it. */
  readonly validation?: LabelledImages;
  readonly test?: LabelledImages;
  /** SHA-256 over names, labels and pixels, in hexadecimal: the same data gives the same digest. */
  readonly digest: string;
  /** Files that could not be decoded, with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** Notes for the user, such as that a split is not the official one. */
  readonly notes?: readonly string[];
  /** How labels were read, if they are in files of their own. */
  readonly labels?: LabelSource;
  /** Which arrays were read, if the data are arrays. */
  readonly arrays?: readonly ArrayUse[];
}

/** Which arrays are the images and labels of a split, and how they were read. */
export interface ArrayUse {
  readonly split: string;
  readonly images: ArrayPart;
  readonly labels: ArrayPart;
}

interface ArrayPart {
  /** With its file, if that is one of several. */
  readonly name: string;
  /** Type and shape, such as `float32 [60000, 28, 28]`. */
  readonly stored: string;
  /** In words. */
  readonly read: string;
}

/** What was understood of files with labels. */
export interface LabelSource {
  readonly tables: readonly LabelTable[];
  /** A few images with their classes. */
  readonly examples: readonly LabelExample[];
}

/** A file with labels, or several alike. */
export interface LabelTable {
  readonly path: string;
  /** Number of further files with the same columns, which are counted with this one. */
  readonly more?: number;
  /** The column that names or contains the images. */
  readonly imageColumn: string;
  /** The column of the class, or one column for each class. */
  readonly labelColumns: readonly string[];
  /** What the names of the classes were read from, if the labels are numbers. */
  readonly classNames?: string;
  /** Number of images that it labels, per split. */
  readonly images: Readonly<Record<string, number>>;
}

export interface LabelExample {
  readonly image: string;
  readonly className: string;
  readonly split: string;
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}
