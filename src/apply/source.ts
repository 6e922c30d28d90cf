// What is augmented: the pictures of a folder, each decoded when its turn comes, at its own size; or the images of an
// archive or a named dataset, which are in memory as a whole.

import { statSync } from "node:fs";
import { relative, sep } from "node:path";
import type { Dataset, SkippedFile } from "../dataset/dataset.ts";
import { folderReader } from "../dataset/folder.ts";
import { type FolderList, listFolder } from "../dataset/folder-list.ts";
import { loadDataset, readerOf } from "../dataset/load.ts";
import { findNamed } from "../dataset/named.ts";
import { type ReadOptions, SPLITS, type SplitName, splitsOf } from "../dataset/reader.ts";
import { imageAt } from "../image/batch.ts";
import { classFolders, OutputStems } from "./names.ts";

/** One picture, with where it goes: plain data. Output paths are relative to the output folder, with `/`. */
export interface Picture {
  /** Place in the sorted listing: training pictures first, then the other splits'. */
  readonly index: number;
  /** What the manifest calls it: see ManifestRow. */
  readonly source: string;
  readonly split: SplitName;
  readonly className: string;
  /** The output path of the original. */
  readonly original: string;
  /** The output path of augmented copies, without what `augmentedPath` adds. */
  readonly stem: string;
  readonly content: PictureFile | PicturePixels;
}

export interface PictureFile {
  readonly path: string;
}

/** [height, width, 3] */
export interface PicturePixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** All pictures of a dataset, in order. */
export interface PictureSource {
  readonly count: number;
  /** What the listing left out, or the reader could not decode. */
  readonly skipped: readonly SkippedFile[];
  /** What a user should know of these data. */
  readonly notes: readonly string[];
  pictures(): Iterable<Picture>;
}

/**
 * The pictures of what `data` means: a folder with one subfolder per class, an archive, or a dataset's name.
 * @throws UsageError or RunError as `listFolder` and `loadDataset`.
 */
export async function openSource(
  data: string,
  options: Pick<ReadOptions, "workers" | "onProgress" | "signal">,
): Promise<PictureSource> {
  if (!findNamed(data) && readerOf(data) === folderReader) return folderSource(data);
  const { workers, onProgress, signal } = options;
  return datasetSource(await loadDataset(data, { workers, onProgress, signal }));
}

/** The pictures of a class folder. Originals keep their names and, below the folder, their places. */
function folderSource(folder: string): PictureSource {
  const list = listFolder(folder);
  const count = list.folders.reduce((sum, { files }) => sum + files.length, 0);
  return { count, skipped: list.skipped, notes: [], pictures: () => folderPictures(folder, list) };
}

function* folderPictures(root: string, { classNames, folders }: FolderList): Generator<Picture> {
  let index = 0;
  const ordered = SPLITS.flatMap((split) => folders.filter((folder) => folder.split === split));
  for (const { split, label, files } of ordered) {
    const sources = files.map((path) => relative(root, path).split(sep).join("/"));
    const stems = new OutputStems(sources);
    for (const [i, source] of sources.entries()) {
      const stem = stems.take(source);
      const content = { path: files[i] };
      yield { index: index++, source, split, className: classNames[label], original: source, stem, content };
    }
  }
}

/** The images of a dataset in memory, called by their index within their split. */
function datasetSource(dataset: Dataset): PictureSource {
  const count = splitsOf(dataset).reduce((sum, [, { labels }]) => sum + labels.length, 0);
  const { skipped, notes = [] } = dataset;
  return { count, skipped, notes, pictures: () => datasetPictures(dataset) };
}

function* datasetPictures(dataset: Dataset): Generator<Picture> {
  const folders = classFolders(dataset.classNames);
  const splits = splitsOf(dataset);
  let index = 0;
  for (const [split, { images, labels }] of splits) {
    const digits = Math.max(5, String(images.count - 1).length);
    const prefix = splits.length > 1 ? `${split}/` : "";
    for (const [i, label] of labels.entries()) {
      const name = String(i).padStart(digits, "0");
      const stem = `${prefix}${folders[label]}/${name}`;
      // A view would bring the whole batch's memory along to another process.
      const content = { data: imageAt(images, i).slice(), height: images.height, width: images.width };
      const source = `${split}/${name}`;
      const className = dataset.classNames[label];
      yield { index: index++, source, split, className, original: `${stem}.png`, stem, content };
    }
  }
}

/** About how many bytes a picture takes, so that tasks are of like size. */
export function bytesOf({ content }: Picture): number {
  if ("data" in content) return content.data.length;
  return statSync(content.path, { throwIfNoEntry: false })?.size ?? 0;
}
