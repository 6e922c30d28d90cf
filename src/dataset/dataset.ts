// What a reader gives and everything later takes: images with labels, and what they are called.

import type { ImageBatch } from "../image/batch.ts";

/** Images [count, height, width, 3] and one label each, in [0, classes). */
export interface LabelledImages {
  readonly images: ImageBatch;
  readonly labels: Int32Array;
}

/** A dataset in memory. Subsets for the search are drawn from `train`; `test` is never trained on. */
export interface Dataset {
  /** Short name: `cifar10`, or the folder's or the archive's own name. */
  readonly name: string;
  readonly classNames: readonly string[];
  readonly train: LabelledImages;
  /** The data's own validation split, where it has one: then the validation subset is drawn from it. */
  readonly validation?: LabelledImages;
  readonly test?: LabelledImages;
  /** SHA-256 over names, labels and pixels, in hexadecimal: the same data gives the same digest. */
  readonly digest: string;
  /** Files that could not be decoded, with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** What a user should know of these data, such as a split that is not the official one. */
  readonly notes?: readonly string[];
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}
