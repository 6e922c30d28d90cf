// The idx files of MNIST and similar datasets (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"),
// plain or gzipped: a folder with the usual names, or an images file with its labels file beside it.

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../../common/errors.ts";
import { createBatch, type ImageBatch } from "../../image/batch.ts";
import type { LabelledImages } from "../dataset.ts";
import { type DatasetReader, numberedClasses } from "../reader.ts";
import { readMaybeGzipped } from "./archive.ts";
import { isJunk } from "./entries.ts";

/** `train-images-idx3-ubyte.gz` and variants of that name. */
const IMAGES = /^(.*[-_.])?(train|t10k|test)[-_.]images?[-_.]idx3[-_.]ubyte(\.gz)?$/i;

/** The type of the values: unsigned bytes. */
const UBYTE = 0x08;

/** The files of one split. */
interface Pair {
  readonly images: string;
  readonly labels: string;
}

/** Reads idx files of bytes; class names are their numbers. */
export const idxReader: DatasetReader = {
  reads: "idx files",
  recognises: (path) => {
    if (isFolder(path)) return readdirSync(path).some((name) => IMAGES.test(name) && !isJunk(name));
    return /idx\d|[-_.]ubyte|\.idx/i.test(basename(path).replace(/\.gz$/i, ""));
  },
  files: (path) => {
    const { train, test } = findPairs(path);
    return [train, test].flatMap((pair) => (pair ? [pair.images, pair.labels] : []));
  },
  read: async (path) => {
    const { train, test } = findPairs(path);
    const trainImages = readPair(train);
    return {
      classNames: numberedClasses(trainImages.labels, train.labels),
      train: trainImages,
      ...(test && { test: readPair(test) }),
      skipped: [],
    };
  },
};

/**
 * The images and labels of two idx files; grey images get three channels.
 * @param pair the files' names, for messages.
 */
export function parseIdx(images: Uint8Array, labels: Uint8Array, pair: Pair): LabelledImages {
  const imageArray = parseArray(images, pair.images, 3);
  const labelArray = parseArray(labels, pair.labels, 1);
  const [count, height, width] = imageArray.shape;
  if (count !== labelArray.shape[0]) {
    const counts = `${count} images but ${labelArray.shape[0]} labels`;
    throw new UsageError(`${pair.images} and ${basename(pair.labels)} do not belong together: ${counts}`);
  }
  return {
    images: fromGrey(imageArray.data, count, height, width),
    labels: Int32Array.from(labelArray.data),
  };
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

function readPair(pair: Pair): LabelledImages {
  return parseIdx(readMaybeGzipped(pair.images), readMaybeGzipped(pair.labels), pair);
}

function parseArray(bytes: Uint8Array, path: string, rank: number): { shape: number[]; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + 4 * rank;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    throw new UsageError(`${path} is not an idx file`);
  if (bytes[2] !== UBYTE || bytes[3] !== rank) {
    const expected = `${rank} dimension${rank > 1 ? "s" : ""}`;
    throw new UsageError(`${path} is not the expected idx file of bytes in ${expected}`);
  }
  if (bytes.length < start) throw new UsageError(`${path} is truncated: fetch it again`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, side) => product * side, 1);
  if (bytes.length - start !== size) {
    const state = bytes.length - start < size ? "is truncated" : "is longer than its header says";
    throw new UsageError(
      `${path} ${state} (${shape.join(" x ")} values, ${bytes.length - start} found): fetch it again`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}

function findPairs(path: string): { train: Pair; test?: Pair } {
  if (!isFolder(path)) return { train: withLabels(path) };
  const found: Record<"train" | "test", string[]> = { train: [], test: [] };
  // The plain file is listed before its gzipped copy, which is then left out.
  const names = readdirSync(path).filter((name) => IMAGES.test(name) && !isJunk(name));
  const files = names.filter((name) => !isFolder(join(path, name)));
  // Some archives have each file in a folder of its name, beside the file or instead of it.
  for (const name of (files.length > 0 ? files : names).sort()) {
    const [, , split] = IMAGES.exec(name)!;
    const list = found[split.toLowerCase() === "train" ? "train" : "test"];
    if (!list.includes(name.replace(/\.gz$/i, ""))) list.push(name);
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

/** The labels file for an images file: the same name with `labels` and `idx1`, gzipped or not. */
function withLabels(images: string): Pair {
  const name = basename(images);
  const plain = name
    .replace(/\.gz$/i, "")
    .replace(/images?/i, "labels")
    .replace(/idx3/i, "idx1");
  if (plain === name.replace(/\.gz$/i, "")) {
    throw new UsageError(`${images}: name the file with the images, such as train-images-idx3-ubyte`);
  }
  for (const candidate of [plain, `${plain}.gz`]) {
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

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
