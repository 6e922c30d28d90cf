// Reads a folder of pictures with one subfolder per class.

import { statSync } from "node:fs";
import { RunError, UsageError } from "../../common/errors.ts";
import { createBatch, type ImageBatch } from "../../image/batch.ts";
import type { LabelledImages, SkippedFile } from "../dataset.ts";
import { countLabels, type DatasetReader, type ReadOptions, SPLITS, type SplitName } from "../reader.ts";
import { decodeAll } from "./decode.ts";
import { type FolderList, listFolder } from "./folder-list.ts";

/** A size in pixels, and how many pictures have it. */
export interface SizeCount {
  readonly height: number;
  readonly width: number;
  readonly count: number;
}

/** Pictures differ in size, and no size was given. */
export class MixedSizesError extends UsageError {}

/** The content of a folder, without pixels. */
export interface FolderSurvey {
  readonly classNames: readonly string[];
  /** Pictures that can be decoded, per split and class. */
  readonly counts: Partial<Record<SplitName, readonly number[]>>;
  /** The number of pictures of each size, the most frequent first. */
  readonly sizes: readonly SizeCount[];
  readonly skipped: readonly SkippedFile[];
}

/** Reads image folders; accepts every folder, so it must be tried last. */
export const folderReader: DatasetReader = {
  reads: "a folder with one subfolder per class",
  recognises: (path) => statSync(path).isDirectory(),
  files: (path) => listFolder(path).folders.flatMap(({ files }) => files),
  read: async (path, options) => {
    const list = listFolder(path);
    const { splits, skipped } = await decodeSplits(list, options);
    checkNoneEmpty(list, splits.train!, skipped);
    return { classNames: list.classNames, ...splits, train: splits.train!, skipped };
  },
};

/** Decodes all pictures of a folder and describes them. Sizes may differ. */
export async function surveyFolder(folder: string, options: ReadOptions): Promise<FolderSurvey> {
  const list = listFolder(folder);
  const skipped: SkippedFile[] = [...list.skipped];
  const pictures = picturesOf(list);
  const counts: Partial<Record<SplitName, number[]>> = {};
  for (const { split } of list.folders) counts[split] ??= list.classNames.map(() => 0);
  const sizes = new Map<string, SizeCount>();
  const paths = pictures.map(({ path }) => path);
  await decodeAll(paths, { sizesOnly: true }, options, (file, i) => {
    const { split, label, path } = pictures[i];
    if ("reason" in file) {
      skipped.push({ path, reason: file.reason });
      return;
    }
    const { height, width } = file;
    const count = (sizes.get(`${height} ${width}`)?.count ?? 0) + 1;
    sizes.set(`${height} ${width}`, { height, width, count });
    counts[split]![label]++;
  });
  return {
    classNames: list.classNames,
    counts,
    sizes: [...sizes.values()].sort((a, b) => b.count - a.count || a.height - b.height || a.width - b.width),
    skipped: sortSkipped(skipped),
  };
}

/** The common size of all pictures, and the first picture that had it. */
class CommonSize {
  height = 0;
  width = 0;
  #path = "";

  check(height: number, width: number, path: string): void {
    if (this.#path === "") {
      this.height = height;
      this.width = width;
      this.#path = path;
    } else if (height !== this.height || width !== this.width) {
      throw new MixedSizesError(
        `pictures differ in size (${this.height} x ${this.width}: ${this.#path}; ${height} x ${width}: ${path}): ` +
          "set image_size to resize them all",
      );
    }
  }
}

interface Picture {
  readonly path: string;
  readonly split: SplitName;
  readonly label: number;
  /** Position within its split if no picture is skipped. */
  readonly index: number;
}

/** All pictures, split by split, class by class. */
function picturesOf({ folders }: FolderList): Picture[] {
  return SPLITS.flatMap((split) =>
    folders
      .filter((folder) => folder.split === split)
      .flatMap(({ files, label }) => files.map((path) => ({ path, split, label })))
      .map((picture, index) => ({ ...picture, index })),
  );
}

async function decodeSplits(
  list: FolderList,
  options: ReadOptions,
): Promise<{ splits: Partial<Record<SplitName, LabelledImages>>; skipped: SkippedFile[] }> {
  const pictures = picturesOf(list);
  const size = new CommonSize();
  const reasons = new Map<Picture, string>();
  const images: Partial<Record<SplitName, ImageBatch>> = {};
  const paths = pictures.map(({ path }) => path);
  await decodeAll(paths, { imageSize: options.imageSize }, options, (file, i) => {
    const { split, path, index } = pictures[i];
    if ("reason" in file) {
      reasons.set(pictures[i], file.reason);
      return;
    }
    size.check(file.height, file.width, path);
    images[split] ??= allocate(pictures.filter((picture) => picture.split === split).length, file);
    images[split].data.set(file.data!, index * file.height * file.width * 3);
  });
  const splits: Partial<Record<SplitName, LabelledImages>> = {};
  for (const split of SPLITS) {
    const decoded = pictures.filter((picture) => picture.split === split && !reasons.has(picture));
    const batch = images[split] ?? createBatch(0, size.height, size.width);
    if (split !== "train" && decoded.length === 0) continue;
    splits[split] = {
      images: closeGaps(
        batch,
        decoded.map(({ index }) => index),
      ),
      labels: Int32Array.from(decoded, ({ label }) => label),
    };
  }
  const undecoded = pictures.flatMap((picture) => {
    const reason = reasons.get(picture);
    return reason === undefined ? [] : [{ path: picture.path, reason }];
  });
  return { splits, skipped: sortSkipped([...list.skipped, ...undecoded]) };
}

function allocate(count: number, { height, width }: { height: number; width: number }): ImageBatch {
  try {
    return createBatch(count, height, width);
  } catch {
    const gigabytes = ((count * height * width * 3) / 1e9).toFixed(1);
    throw new RunError(
      `${count} pictures of ${height} x ${width} need ${gigabytes} GB of memory, more than is available: ` +
        "set a smaller image_size",
    );
  }
}

/** Moves the images at `indices`, which are ascending, to the front, and cuts off the rest. */
function closeGaps(batch: ImageBatch, indices: readonly number[]): ImageBatch {
  const size = batch.height * batch.width * batch.channels;
  for (const [to, from] of indices.entries()) {
    if (to !== from) batch.data.copyWithin(to * size, from * size, (from + 1) * size);
  }
  return { ...batch, data: batch.data.subarray(0, indices.length * size), count: indices.length };
}

function checkNoneEmpty(list: FolderList, train: LabelledImages, skipped: readonly SkippedFile[]): void {
  const label = countLabels(train.labels, list.classNames.length).indexOf(0);
  if (label < 0) return;
  const { folder, files } = list.folders.find((entry) => entry.split === "train" && entry.label === label)!;
  const own = new Set(files);
  const first = skipped.find(({ path }) => own.has(path))!;
  throw new UsageError(
    `class "${list.classNames[label]}" (${folder}) has no picture that can be decoded ` +
      `(${first.path}: ${first.reason}): add pictures or remove it`,
  );
}

function sortSkipped(skipped: readonly SkippedFile[]): SkippedFile[] {
  return skipped.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
