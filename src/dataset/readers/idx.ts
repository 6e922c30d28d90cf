// The idx files of MNIST and similar datasets (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"), plain
// or compressed: a folder with the usual names, or an images file with its labels file beside it.

import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../common/errors.ts";
import { createBatch, type ImageBatch } from "../../image/batch.ts";
import type { LabelledImages } from "../dataset.ts";
import { type DatasetContent, type DatasetReader, numberedClasses, type ReadOptions } from "../reader.ts";
import { classesOf } from "./arrays/classes.ts";
import {
  areEmnistLetters,
  EMNIST_LETTERS,
  emnistClasses,
  isEmnist,
  type KnownClasses,
} from "./arrays/conventions.ts";
import { isFile, isFolder } from "./arrays/files.ts";
import { type FoundImages, readImages, scaleOf } from "./arrays/images.ts";
import { kindOfArrays } from "./arrays/kinds.ts";
import { readLabels } from "./arrays/labels.ts";
import { type ImageLayout, layoutOf } from "./arrays/layout.ts";
import type { StoredArray } from "./arrays/stored-array.ts";
import { isJunk } from "./entries.ts";
import { explainIdx, type IdxSource, idxBytes, idxFile, openIdx } from "./idx-file.ts";

/** `train-images-idx3-ubyte.gz` and variants of that name. */
const IMAGES = /^(.*[-_.])?(train|t10k|test)[-_.]images?[-_.]idx[34][-_.]ubyte(\.(gz|zst))?$/i;

const COMPRESSED = /\.(gz|zst)$/i;

/** The files of one split. */
interface Pair {
  readonly images: string;
  readonly labels: string;
}

/** Reads idx files; class names are their numbers, or EMNIST's characters. */
export const idxReader: DatasetReader = {
  reads: "idx files",
  recognises: (path) => {
    if (isFolder(path)) return readdirSync(path).some((name) => IMAGES.test(name) && !isJunk(name));
    const isNamed = /idx\d|[-_.]ubyte|\.idx/i.test(basename(path).replace(COMPRESSED, ""));
    return isNamed && isFile(path) && kindOfArrays(path) === undefined;
  },
  files: (path) => {
    const { train, test } = findPairs(path);
    return [train, test].flatMap((pair) => (pair ? [pair.images, pair.labels] : []));
  },
  sizes: async (path) => {
    const { train, test } = findPairs(path);
    const [first, second] = await Promise.all([train, test].map((pair) => pair && openPair(sourcesOf(pair))));
    const sizes = [first, second].flatMap((opened) => (opened ? [opened.layout] : []));
    return {
      sizes,
      counts: { train: sizes[0].count, ...(sizes[1] && { test: sizes[1].count }) },
    };
  },
  read: async (path, options) => {
    const { train, test } = findPairs(path);
    const pairs = [train, test].flatMap((pair) => (pair ? [sourcesOf(pair)] : []));
    return readPairs(pairs, train, options);
  },
};

/** Both files of a split. */
interface PairSources {
  readonly images: IdxSource;
  readonly labels: IdxSource;
}

function sourcesOf({ images, labels }: Pair): PairSources {
  return { images: idxFile(images), labels: idxFile(labels) };
}

/** The headers of both files, and the labels. */
interface OpenedPair {
  readonly sources: PairSources;
  readonly images: StoredArray;
  readonly labels: Int32Array;
  readonly layout: ImageLayout;
}

async function openPair(sources: PairSources): Promise<OpenedPair> {
  const images = await openIdx(sources.images, [3, 4]);
  const labels = await openIdx(sources.labels, [1]);
  const [count] = images.shape;
  if (count !== labels.shape[0]) {
    const counts = `${count} images but ${labels.shape[0]} labels`;
    throw new UsageError(
      `${sources.images.path} and ${basename(sources.labels.path)} do not belong together: ${counts}`,
    );
  }
  const found = await explainIdx(sources.labels.path, () => readLabels(labels, count));
  if (!("numbers" in found)) throw new UsageError(`${sources.labels.path}: expected numbers`);
  const layout = await explainIdx(sources.images.path, async () => layoutOf(images, count));
  return { sources, images, labels: found.numbers, layout };
}

async function readPairs(
  pairs: readonly PairSources[],
  train: Pair,
  options: ReadOptions,
): Promise<DatasetContent> {
  const opened: OpenedPair[] = [];
  for (const sources of pairs) opened.push(await openPair(sources));
  const [first, second] = opened;
  const known = knownClasses(first);
  const splits = opened.map(({ sources, labels }, i) => {
    return {
      split: i === 0 ? ("train" as const) : ("test" as const),
      found: { numbers: labels },
      source: sources.labels.path,
    };
  });
  const { classNames, labels, notes } = known
    ? classesOf(splits, undefined, known)
    : {
        classNames: numberedClasses(first.labels, train.labels),
        labels: new Map(splits.map(({ split, found }) => [split, found.numbers])),
        notes: [],
      };
  const all: string[] = [...notes];
  if (known)
    all.push(
      `${first.sources.images.path}: EMNIST stores its images with rows and columns swapped; they are turned upright`,
    );
  const read = async (pair: OpenedPair, own: Int32Array): Promise<LabelledImages> => {
    const { images, note } = await readPixels(pair, known !== undefined, options);
    if (note) all.push(`${pair.sources.images.path}: ${note}`);
    return { images, labels: own };
  };
  const trainImages = await read(first, labels.get("train")!);
  const testImages = second && (await read(second, labels.get("test")!));
  return {
    ...{ classNames, train: trainImages, skipped: [] },
    ...(testImages && { test: testImages }),
    ...(all.length > 0 && { notes: all }),
  };
}

/** EMNIST's classes, if a file's name, or what it contains, says that it is EMNIST's. */
function knownClasses({ sources, labels, layout }: OpenedPair): KnownClasses | undefined {
  const { path } = sources.images;
  if (isEmnist(path)) return emnistClasses(path, labels) ?? numbered(labels);
  return areEmnistLetters(labels, layout.height, layout.width) ? EMNIST_LETTERS : undefined;
}

function numbered(labels: Int32Array): KnownClasses {
  const present = [...new Set(labels)].sort((a, b) => a - b);
  return { names: new Map(present.map((label) => [label, String(label)])) };
}

function readPixels(
  { sources, images, layout }: OpenedPair,
  isTransposed: boolean,
  options: ReadOptions,
): Promise<FoundImages> {
  return explainIdx(sources.images.path, async () => {
    const array = isTransposed ? { ...images, isTransposed } : images;
    const own = isTransposed ? layoutOf(array, layout.count) : layout;
    return readImages(array, own, await scaleOf(array, options), options);
  });
}

/**
 * The images and labels of two idx files in memory; grey images get three channels.
 * @param pair the files' names, for messages.
 */
export async function parseIdx(images: Uint8Array, labels: Uint8Array, pair: Pair): Promise<LabelledImages> {
  const opened = await openPair({
    images: idxBytes(images, pair.images),
    labels: idxBytes(labels, pair.labels),
  });
  return { images: (await readPixels(opened, false, {})).images, labels: opened.labels };
}

/** Grey images [count, height, width] as RGB. */
export function fromGrey(grey: Uint8Array, count: number, height: number, width: number): ImageBatch {
  const batch = createBatch(count, height, width);
  const { data } = batch;
  for (let i = 0, j = 0; i < grey.length; i++, j += 3) {
    const value = grey[i];
    data[j] = value;
    data[j + 1] = value;
    data[j + 2] = value;
  }
  return batch;
}

function findPairs(path: string): { train: Pair; test?: Pair } {
  if (!isFolder(path)) return { train: withLabels(path), ...testOf(path) };
  const found: Record<"train" | "test", string[]> = { train: [], test: [] };
  // The plain file is listed before its gzipped copy, which is then left out.
  const names = readdirSync(path).filter((name) => IMAGES.test(name) && !isJunk(name));
  const files = names.filter((name) => !isFolder(join(path, name)));
  // Some archives have each file in a folder of its name, beside the file or instead of it.
  for (const name of (files.length > 0 ? files : names).sort()) {
    const [, , split] = IMAGES.exec(name)!;
    const list = found[split.toLowerCase() === "train" ? "train" : "test"];
    if (!list.includes(name.replace(COMPRESSED, ""))) list.push(name);
  }
  for (const [split, names] of Object.entries(found)) {
    if (names.length > 1) {
      throw new UsageError(
        `${path} contains several sets of ${split} images (${names.join(", ")}): name one of the files`,
      );
    }
  }
  if (found.train.length === 0)
    throw new UsageError(`${path} lacks the training images, train-images-idx3-ubyte`);
  const [test] = found.test;
  return {
    train: withLabels(fileOrInner(join(path, found.train[0]))),
    ...(test && { test: withLabels(fileOrInner(join(path, test))) }),
  };
}

/** The test images of a set that has a name, such as `emnist-letters-`: its folder contains other sets. */
function testOf(path: string): { test?: Pair } {
  const [, set, split] = IMAGES.exec(basename(path)) ?? [];
  if (set === undefined || split.toLowerCase() !== "train") return {};
  const name = basename(path).replace(COMPRESSED, "").slice(set.length);
  const found = ["test", "t10k"].flatMap((word) =>
    ["", ".gz", ".zst"].map((end) => join(dirname(path), `${set}${name.replace(/^train/i, word)}${end}`)),
  );
  const images = found.find(isFile);
  return images === undefined ? {} : { test: withLabels(images) };
}

/** The labels file for an images file: the same name with `labels` and `idx1`, gzipped or not. */
function withLabels(images: string): Pair {
  const name = basename(images);
  const plain = name
    .replace(COMPRESSED, "")
    .replace(/images?/i, "labels")
    .replace(/idx[34]/i, "idx1");
  if (plain === name.replace(COMPRESSED, "")) {
    throw new UsageError(`${images}: name the file with the images, such as train-images-idx3-ubyte`);
  }
  for (const candidate of [plain, `${plain}.gz`, `${plain}.zst`]) {
    const labels = join(dirname(images), candidate);
    if (isFile(labels)) return { images, labels };
    // Each file in a folder of its name.
    const beside = join(dirname(images), "..", candidate, candidate);
    if (basename(dirname(images)) === name && isFile(beside)) return { images, labels: beside };
  }
  throw new UsageError(`${images} lacks its labels: put ${plain} (or ${plain}.gz) beside it`);
}

/** The file, or the file of the same name in the folder. */
function fileOrInner(path: string): string {
  return isFolder(path) ? join(path, basename(path)) : path;
}
