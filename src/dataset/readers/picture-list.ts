// Which picture files a dataset consists of, with their classes and splits, without pixels.

import { readablePath } from "../../common/path-bytes.ts";
import type { LabelSource, SkippedFile } from "../dataset.ts";
import { SPLITS, type SplitName } from "../reader.ts";
import type { PackedPlaces } from "./packed/places.ts";

/** The pictures of one class within one split. */
export interface PictureGroup {
  readonly split: SplitName;
  /** Index into the class names. */
  readonly label: number;
  /** The folder that contains them. */
  readonly folder: string;
  /** Paths, sorted. Names that are not UTF-8 are as in path-bytes.ts. Of packed pictures: names for messages. */
  readonly files: readonly string[];
  /** Of packed pictures: their places, ascending. */
  readonly places?: readonly number[];
}

/** Pictures inside larger files. They have places: numbers that ascend from file to file, and within a file. */
export interface PackedPictures {
  /** The larger files. */
  readonly files: readonly string[];
  /**
   * Reads the pictures at these places, in this order. While places ascend, each file is read once, and only a part of it is in
   * memory.
   * @throws UsageError if a file is damaged.
   */
  read(places: Iterable<number>): AsyncIterable<PackedContent>;
  /** The same in batches of `most` pictures or fewer, for other processes: these read them by themselves if they can. */
  batches(places: Iterable<number>, most: number): AsyncIterable<PackedBatch>;
  /** The name of a picture as a file in a folder of all: `train-00000-of-00002_000012.jpg`. */
  outputOf(place: number): string;
}

/** Pictures, or their places. */
type PackedBatch =
  | { readonly contents: readonly PackedContent[]; readonly places?: undefined }
  | { readonly places: PackedPlaces; readonly contents?: undefined };

/** A picture file's content, or the reason why there is none. */
export type PackedContent = { readonly bytes: Uint8Array } | { readonly reason: string };

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
  /** Reads the pictures if they are not files of their own. */
  readonly packed?: PackedPictures;
}

/** A picture of a list. */
export interface ListedPicture {
  readonly path: string;
  readonly split: SplitName;
  readonly label: number;
  /** Position within its split if no picture is skipped. */
  readonly index: number;
  /** Of a packed picture. */
  readonly place?: number;
}

/** All pictures, split by split, class by class. */
export function picturesOf({ groups }: Pick<PictureList, "groups">): ListedPicture[] {
  return SPLITS.flatMap((split) =>
    groups
      .filter((group) => group.split === split)
      .flatMap(({ files, places, label }) =>
        files.map((path, i) => ({ path, split, label, ...(places && { place: places[i] }) })),
      )
      .map((picture, index) => ({ ...picture, index })),
  );
}

/** Skipped files as they are shown: with readable names, sorted. */
export function shownSkipped(skipped: readonly SkippedFile[]): SkippedFile[] {
  return skipped
    .map(({ path, reason }) => ({ path: readablePath(path), reason }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
