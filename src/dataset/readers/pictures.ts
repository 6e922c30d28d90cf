// Reads datasets of picture files: lists them, and decodes them.

import { UsageError } from "../../common/errors.ts";
import { readablePath } from "../../common/path-bytes.ts";
import { createBatch, type ImageBatch } from "../../image/batch.ts";
import type { LabelledImages, SkippedFile } from "../dataset.ts";
import {
  type ColumnChoice,
  countLabels,
  type DataSettings,
  type DatasetContent,
  type DatasetReader,
  type ReadOptions,
  type SizeCount,
  SPLITS,
  type SplitName,
} from "../reader.ts";
import { allocateImages } from "./allocate.ts";
import { decodeList } from "./decode-list.ts";
import { type ListedPicture, type PictureList, picturesOf, shownSkipped } from "./picture-list.ts";

/** Pictures differ in size, and no size was given. */
export class MixedSizesError extends UsageError {}

/** The content of a list, without pixels. */
export interface PictureSurvey extends Pick<PictureList, "classNames" | "skipped" | "notes" | "labels"> {
  /** Pictures that can be decoded, per split and class. */
  readonly counts: Partial<Record<SplitName, readonly number[]>>;
  /** The number of pictures of each size, the most frequent first. */
  readonly sizes: readonly SizeCount[];
}

/** A reader of picture files, which are listed before they are decoded. */
export interface PictureReader extends Pick<DatasetReader, "reads" | "uses" | "read"> {
  /** As of DatasetReader; or, if much had to be read for the answer, a reader of this path that does not read it again. */
  recognises(
    path: string,
    columns?: ColumnChoice,
  ): boolean | PictureReader | Promise<boolean | PictureReader>;
  /** @throws UsageError like `read`, but for pictures that cannot be decoded. */
  list(path: string, options: ListOptions): PictureList | Promise<PictureList>;
}

/** What the listing of pictures depends on. */
export type ListOptions = Pick<ReadOptions, keyof DataSettings | "onProgress" | "signal">;

/** Makes a reader from what lists the pictures. */
export function pictureReader(reader: Omit<PictureReader, "read">): PictureReader {
  return {
    ...reader,
    read: async (path, options) => readPictures(await reader.list(path, options), options),
  };
}

/**
 * Decodes the pictures of a list.
 * @throws UsageError if a class has no picture that can be decoded, or, without `imageSize`, pictures differ in size.
 */
export async function readPictures(list: PictureList, options: ReadOptions): Promise<DatasetContent> {
  const { splits, skipped } = await decodeSplits(list, options);
  checkDecoded(list, splits.train!, skipped);
  const { classNames, notes, labels } = list;
  return {
    classNames,
    ...splits,
    train: splits.train!,
    skipped,
    ...(notes.length > 0 && { notes }),
    ...(labels && { labels }),
  };
}

/** Whether a reader reads picture files. */
export function isPictureReader(reader: DatasetReader | PictureReader): reader is PictureReader {
  return "list" in reader;
}

/** The files on which the data depend. */
export function filesOf({ groups, labels, packed }: PictureList): string[] {
  if (packed) return [...packed.files];
  return [...groups.flatMap(({ files }) => files), ...(labels?.tables.map(({ path }) => path) ?? [])];
}

/** Decodes all pictures of a list and describes them. Sizes may differ. */
export async function surveyPictures(list: PictureList, options: ReadOptions): Promise<PictureSurvey> {
  const { classNames, notes, labels } = list;
  const skipped: SkippedFile[] = [...list.skipped];
  const pictures = picturesOf(list);
  const counts: Partial<Record<SplitName, number[]>> = {};
  for (const { split } of list.groups) counts[split] ??= classNames.map(() => 0);
  const sizes = new Map<string, SizeCount>();
  await decodeList(list, { sizesOnly: true }, options, (file, i) => {
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
    ...{ classNames, notes, ...(labels && { labels }) },
    counts,
    sizes: [...sizes.values()].sort((a, b) => b.count - a.count || a.height - b.height || a.width - b.width),
    skipped: shownSkipped(skipped),
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
        `pictures differ in size (${this.height} x ${this.width}: ${readablePath(this.#path)}; ${height} x ${width}: ${readablePath(path)}): ` +
          "set image_size to resize them all",
      );
    }
  }
}

async function decodeSplits(
  list: PictureList,
  options: ReadOptions,
): Promise<{ splits: Partial<Record<SplitName, LabelledImages>>; skipped: SkippedFile[] }> {
  const pictures = picturesOf(list);
  const size = new CommonSize();
  const reasons = new Map<ListedPicture, string>();
  const images: Partial<Record<SplitName, ImageBatch>> = {};
  await decodeList(list, { imageSize: options.imageSize }, options, (file, i) => {
    const { split, path, index } = pictures[i];
    if ("reason" in file) {
      reasons.set(pictures[i], file.reason);
      return;
    }
    size.check(file.height, file.width, path);
    images[split] ??= allocateImages(
      pictures.filter((picture) => picture.split === split).length,
      file.height,
      file.width,
    );
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
  return { splits, skipped: shownSkipped([...list.skipped, ...undecoded]) };
}

/** Moves the images at `indices`, which are ascending, to the front, and cuts off the rest. */
function closeGaps(batch: ImageBatch, indices: readonly number[]): ImageBatch {
  const size = batch.height * batch.width * batch.channels;
  for (const [to, from] of indices.entries()) {
    if (to !== from) batch.data.copyWithin(to * size, from * size, (from + 1) * size);
  }
  return { ...batch, data: batch.data.subarray(0, indices.length * size), count: indices.length };
}

function checkDecoded(list: PictureList, train: LabelledImages, skipped: readonly SkippedFile[]): void {
  const label = countLabels(train.labels, list.classNames.length).indexOf(0);
  if (label < 0) return;
  const { folder, files } = list.groups.find((group) => group.split === "train" && group.label === label)!;
  const own = new Set(files.map(readablePath));
  const first = skipped.find(({ path }) => own.has(path))!;
  throw new UsageError(
    `class "${list.classNames[label]}" (${readablePath(folder)}) has no picture that can be decoded ` +
      `(${first.path}: ${first.reason}): add pictures, or convert these to PNG or JPEG`,
  );
}
