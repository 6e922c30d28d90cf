// The sizes of a dataset's images, known before they are decoded if the data are picture files; and loading at an image
// size that is chosen by them.

import { InterruptedError } from "../common/errors.ts";
import { pictureSizeIn, readPictureSize } from "../image/size.ts";
import type { Dataset } from "./dataset.ts";
import { type LoadOptions, listSource, loadDataset, loadListed } from "./load.ts";
import { type DataSizes, type ReadOptions, type SizeCount, type SplitName, splitsOf } from "./reader.ts";
import type { PictureList } from "./readers/picture-list.ts";

export type { DataSizes };

/** Chooses the height and width of all images, in pixels; undefined: as they are. */
export type ChooseImageSize = (data: DataSizes) => number | undefined;

/** The size in pixels, a choice by the data, or none: as they are. */
export type ImageSizeOption = number | undefined | ChooseImageSize;

/** Files between two moments at which others may run, such as Ctrl-C. */
const FILES_AT_ONCE = 1000;

/**
 * Loads a dataset at an image size that may depend on it.
 * @throws like loadDataset.
 */
export async function loadAtSize(
  source: string,
  choose: ImageSizeOption,
  options: Omit<LoadOptions, "imageSize"> = {},
): Promise<Dataset> {
  if (typeof choose !== "function") return loadDataset(source, { ...options, imageSize: choose });
  const found = await listSource(source, options);
  if (!found.named && found.list)
    return loadListed(found, { ...options, imageSize: choose(await listedSizes(found.list, options)) });
  const known = found.named ? undefined : await found.reader.sizes?.(source, options);
  if (known) {
    const { sizes, counts } = known;
    return loadListed(found, { ...options, imageSize: choose({ sizes: countSizes(sizes), counts }) });
  }
  const dataset = await loadListed(found, options);
  const imageSize = choose(datasetSizes(dataset));
  return imageSize === undefined ? dataset : loadListed(found, { ...options, imageSize });
}

/** The sizes of images in memory. */
export function datasetSizes(dataset: Dataset): DataSizes {
  const splits = splitsOf(dataset);
  return {
    sizes: countSizes(splits.map(([, { images }]) => images)),
    counts: Object.fromEntries(splits.map(([name, { images }]) => [name, images.count])),
  };
}

/** The sizes of the pictures in a list, from their headers. */
async function listedSizes(list: PictureList, { onProgress, signal }: ReadOptions): Promise<DataSizes> {
  const { groups } = list;
  const sizes: SizeCount[] = [];
  const counts: Partial<Record<SplitName, number>> = {};
  for (const { split, files } of groups) counts[split] = (counts[split] ?? 0) + files.length;
  const total = Object.values(counts).reduce((sum, files) => sum + files, 0);
  let done = 0;
  for await (const size of eachSize(list)) {
    if (size) sizes.push({ ...size, count: 1 });
    if (++done % FILES_AT_ONCE > 0) continue;
    // A small folder takes a moment.
    if (done < total) onProgress?.({ stage: "reading the sizes of pictures", done, total, unit: "images" });
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) throw new InterruptedError("interrupted");
  }
  return { sizes: countSizes(sizes), counts };
}

/** The size of each picture, as far as it can be read. */
async function* eachSize({ groups, packed }: PictureList) {
  if (!packed) {
    for (const { files } of groups) for (const path of files) yield readPictureSize(path);
    return;
  }
  const places = groups.flatMap(({ places: own = [] }) => own).sort((a, b) => a - b);
  for await (const content of packed.read(places))
    yield "bytes" in content ? pictureSizeIn(content.bytes) : undefined;
}

function countSizes(images: readonly SizeCount[]): SizeCount[] {
  const sizes = new Map<string, SizeCount>();
  for (const { height, width, count } of images) {
    const key = `${height} ${width}`;
    sizes.set(key, { height, width, count: count + (sizes.get(key)?.count ?? 0) });
  }
  return [...sizes.values()].sort((a, b) => b.count - a.count || a.height - b.height || a.width - b.width);
}
