// Which picture files a dataset consists of, with their classes and splits, without pixels.

import { readablePath } from "../../common/path-bytes.ts";
import type { LabelSource, SkippedFile } from "../dataset.ts";
import { SPLITS, type SplitName } from "../reader.ts";

/** The pictures of one class within one split. */
export interface PictureGroup {
  readonly split: SplitName;
  /** Index into the class names. */
  readonly label: number;
  /** The folder that contains them. */
  readonly folder: string;
  /** Paths, sorted. Names that are not UTF-8 are as in path-bytes.ts. */
  readonly files: readonly string[];
}

export interface PictureList {
  /** The folder that contains everything. */
  readonly root: string;
  readonly classNames: readonly string[];
  readonly groups: readonly PictureGroup[];
  /** Files and folders that are not read, and why. */
  readonly skipped: readonly SkippedFile[];
  /** Notes for the user, such as on a split that is not used. */
  readonly notes: readonly string[];
  /** How labels were read, if they are not the names of folders. */
  readonly labels?: LabelSource;
}

/** A picture of a list. */
export interface ListedPicture {
  readonly path: string;
  readonly split: SplitName;
  readonly label: number;
  /** Position within its split if no picture is skipped. */
  readonly index: number;
}

/** All pictures, split by split, class by class. */
export function picturesOf({ groups }: Pick<PictureList, "groups">): ListedPicture[] {
  return SPLITS.flatMap((split) =>
    groups
      .filter((group) => group.split === split)
      .flatMap(({ files, label }) => files.map((path) => ({ path, split, label })))
      .map((picture, index) => ({ ...picture, index })),
  );
}

/** Skipped files as they are shown: with readable names, sorted. */
export function shownSkipped(skipped: readonly SkippedFile[]): SkippedFile[] {
  return skipped
    .map(({ path, reason }) => ({ path: readablePath(path), reason }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
