// Loads datasets by name or by path, from the cache if they have been read before.

import { statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { nearest, systemCode, UsageError } from "../common/errors.ts";
import { homeFolder } from "../common/home.ts";
import { resizeBatch } from "../image/resize.ts";
import { type CacheKey, keyOfFiles, keyOfName, readCache, writeCache } from "./cache.ts";
import type { Dataset, LabelledImages } from "./dataset.ts";
import { contentDigest } from "./digest.ts";
import { type Fetchers, findNamed, NAMED_DATASETS, type NamedDataset, readNamed } from "./named/named.ts";
import {
  checkContent,
  type DatasetContent,
  type DatasetReader,
  type ReadOptions,
  type SplitName,
  splitsOf,
  unreadable,
} from "./reader.ts";
import { READERS } from "./readers/registry.ts";

export interface LoadOptions extends ReadOptions {
  /** Folder of fetched files and decoded datasets; see homeFolder. */
  readonly home?: string;
  readonly fetchers?: Fetchers;
}

/**
 * Loads `source`: `cifar10`, `cifar100`, `fashion_mnist`, `mnist`, or the path of a folder, an archive, an idx or an
 * npz file (`./cifar10` is always a path). It is read once and cached until its files change.
 * @throws UsageError or RunError, one line, with what is wrong and how to fix it.
 */
export async function loadDataset(source: string, options: LoadOptions = {}): Promise<Dataset> {
  const home = options.home ?? homeFolder();
  const settings = { imageSize: options.imageSize };
  const named = findNamed(source);
  if (named) {
    return cached(home, keyOfName(named.name, settings), named.name, options, () =>
      fromName(named, home, options),
    );
  }
  const reader = readerOf(source);
  const key = keyOfFiles(source, reader.files(source), settings);
  return cached(home, key, basename(resolve(source)), options, () => reader.read(source, options));
}

/**
 * The reader for an existing path.
 * @throws UsageError if the path does not exist (suggesting the nearest name), or no reader accepts it.
 */
export function readerOf(source: string): DatasetReader {
  try {
    statSync(source);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw unreadable(source, error);
    const names = NAMED_DATASETS.map(({ name }) => name);
    const suggestion = /[\\/]/.test(source) ? undefined : nearest(source, names);
    const hint = suggestion ? `did you mean "${suggestion}"?` : `give a path, or one of ${names.join(", ")}`;
    throw new UsageError(`no dataset "${source}": there is no such file or folder; ${hint}`);
  }
  const reader = READERS.find((candidate) => candidate.recognises(source));
  if (reader) return reader;
  const forms = READERS.map(({ reads }) => reads)
    .reverse()
    .join(", or ");
  throw new UsageError(`${source} is not a supported dataset: expected ${forms}`);
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
  const kept = readCache(home, key);
  if (kept) return kept;
  const dataset = toDataset(await read(), name, options.imageSize);
  writeCache(home, key, dataset);
  return dataset;
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
