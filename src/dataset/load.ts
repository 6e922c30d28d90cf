// Loads datasets by name or by path, from the cache if they have been read before.

import { basename, join, resolve } from "node:path";
import { UsageError } from "../common/errors.ts";
import { homeFolder } from "../common/home.ts";
import { resizeBatch } from "../image/resize.ts";
import { type CacheKey, keyOfFiles, keyOfName, readCache, writeCache } from "./cache.ts";
import type { Dataset, LabelledImages } from "./dataset.ts";
import { contentDigest } from "./digest.ts";
import { type Fetchers, type NamedDataset, readNamed } from "./named/named.ts";
import {
  checkContent,
  type DataSettings,
  type DatasetContent,
  type DatasetReader,
  type ReadOptions,
  type SplitName,
  splitsOf,
} from "./reader.ts";
import type { PictureList } from "./readers/picture-list.ts";
import { filesOf, isPictureReader, type ListOptions, readPictures } from "./readers/pictures.ts";
import { findSource } from "./source.ts";

export interface LoadOptions extends ReadOptions {
  /** Folder of fetched files and decoded datasets; see homeFolder. */
  readonly home?: string;
  readonly fetchers?: Fetchers;
}

/**
 * Loads `source`: `cifar10`, `cifar100`, `fashion_mnist`, `mnist`, or the path of a folder, an archive, an idx or an
 * npz file (`./cifar10` is always a path, and so is `cifar10` if there is a folder of this name). It is read once and cached
 * until its files change.
 * @throws UsageError or RunError, one line, with what is wrong and how to fix it.
 */
export async function loadDataset(source: string, options: LoadOptions = {}): Promise<Dataset> {
  return loadListed(await listSource(source, options), options);
}

/** A source, with the list of its pictures if it consists of pictures. */
export type ListedSource =
  | { readonly named: NamedDataset; readonly list?: undefined }
  | {
      readonly named?: undefined;
      readonly source: string;
      readonly notes: readonly string[];
      readonly reader: DatasetReader;
      readonly list?: undefined;
    }
  | {
      readonly named?: undefined;
      readonly source: string;
      readonly notes: readonly string[];
      readonly list: PictureList;
    };

/** Finds out what `source` is, and lists its pictures. @throws like loadDataset, but for pictures that cannot be decoded. */
export async function listSource(source: string, options: ListOptions = {}): Promise<ListedSource> {
  const found = await findSource(source, options.columns);
  if (found.named) {
    checkUsed(source, options, { reads: "a dataset by its name" });
    return { named: found.named };
  }
  const { reader, notes } = found;
  checkUsed(source, options, reader);
  return isPictureReader(reader)
    ? { source, notes, list: await reader.list(source, options) }
    : { source, notes, reader };
}

/** @throws UsageError if data have a setting that their reader does not follow. */
function checkUsed(
  source: string,
  { columns, arrays }: DataSettings,
  { reads, uses }: Pick<DatasetReader, "reads" | "uses">,
): void {
  const settings = [
    ...(columns && uses !== "columns" ? Object.keys(columns).map((key) => `${key}_column`) : []),
    ...(arrays && uses !== "arrays" ? [arrays.names ? "arrays" : "channels"] : []),
  ];
  const [key] = settings;
  if (key === undefined) return;
  throw new UsageError(`${key} has no effect: ${source} is read as ${reads}; leave out this setting`);
}

/** Loads what has been found. @throws like loadDataset. */
export async function loadListed(found: ListedSource, options: LoadOptions): Promise<Dataset> {
  if (found.named) return loadNamed(found.named, options);
  const { source, notes } = found;
  const home = options.home ?? homeFolder();
  const { imageSize, columns, arrays } = options;
  const settings = { imageSize, ...(columns && { columns }), ...(arrays && { arrays }) };
  const key = found.list
    ? keyOfFiles(source, filesOf(found.list), settings, arrangementOf(found.list))
    : keyOfFiles(source, found.reader.files(source), settings);
  const dataset = await cached(home, key, basename(resolve(source)), options, () =>
    found.list ? readPictures(found.list, options) : found.reader.read(source, options),
  );
  return notes.length > 0 ? { ...dataset, notes: [...notes, ...(dataset.notes ?? [])] } : dataset;
}

/** Loads a named dataset, also if there is a folder of its name. @throws like loadDataset. */
export async function loadNamed(named: NamedDataset, options: LoadOptions = {}): Promise<Dataset> {
  const home = options.home ?? homeFolder();
  const settings = { imageSize: options.imageSize };
  return cached(home, keyOfName(named.name, settings), named.name, options, () =>
    fromName(named, home, options),
  );
}

/** How files become a dataset: if this changes, a cached copy is another dataset. */
function arrangementOf({ classNames, groups, notes, labels }: PictureList): unknown {
  const counts = groups.map(({ split, label, files }) => [split, label, files.length]);
  return [classNames, counts, notes, labels ?? null];
}

async function fromName(dataset: NamedDataset, home: string, options: LoadOptions): Promise<DatasetContent> {
  return readNamed(dataset, join(home, dataset.name), options, options.fetchers);
}

async function cached(
  home: string,
  key: CacheKey,
  name: string,
  options: LoadOptions,
  read: () => Promise<DatasetContent>,
): Promise<Dataset> {
  const { dataset: kept, note } = readCache(home, key);
  if (kept) return kept;
  const dataset = toDataset(await read(), name, options.imageSize);
  writeCache(home, key, dataset);
  return note === undefined ? dataset : { ...dataset, notes: [note, ...(dataset.notes ?? [])] };
}

/**
 * Checks and resizes what a reader returned, and adds the name and the digest.
 * @throws UsageError naming the data if they are not a valid dataset.
 */
export function toDataset(content: DatasetContent, name: string, imageSize: number | undefined): Dataset {
  checkContent(content, name);
  const sized = resizeAll(content, imageSize);
  return { name, ...sized, digest: contentDigest(sized) };
}

function resizeAll(content: DatasetContent, imageSize: number | undefined): DatasetContent {
  if (imageSize === undefined) return content;
  const splits: Partial<Record<SplitName, LabelledImages>> = {};
  for (const [name, { images, labels }] of splitsOf(content)) {
    const fits = images.height === imageSize && images.width === imageSize;
    splits[name] = { images: fits ? images : resizeBatch(images, imageSize, imageSize), labels };
  }
  return { ...content, ...splits };
}
