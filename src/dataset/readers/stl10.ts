// STL-10 (Coates, Ng and Lee 2011, "An analysis of single-layer networks in unsupervised feature learning") in its binary
// version: images of 96 × 96 as planes of colours, in which columns vary slowest, and labels from 1; extracted or packed.

import { statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../common/errors.ts";
import type { ImageBatch } from "../../image/batch.ts";
import type { DatasetContent, DatasetReader, ReadOptions } from "../reader.ts";
import { filesOfTar, isTarStart } from "./archive.ts";
import { bytesOfFile, startOfFile } from "./arrays/bytes.ts";
import { classesOf } from "./arrays/classes.ts";
import { isFile, isFolder } from "./arrays/files.ts";
import { readImages, scaleOf } from "./arrays/images.ts";
import { layoutOf } from "./arrays/layout.ts";
import { about } from "./arrays/problem.ts";
import type { StoredArray } from "./arrays/stored-array.ts";
import { UINT8 } from "./arrays/values.ts";

const SIDE = 96;
const IMAGE = 3 * SIDE * SIDE;

const FOLDER = "stl10_binary";
const NAMES = "class_names.txt";
const SPLITS = ["train", "test"] as const;
const imagesFile = (split: string) => `${split}_X.bin`;
const labelsFile = (split: string) => `${split}_y.bin`;
const FILES = [...SPLITS.flatMap((split) => [imagesFile(split), labelsFile(split)]), NAMES];
const UNUSED = ["unlabeled_X.bin", "fold_indices.txt"];

/** The parts of the dataset, each read from a file. */
interface Parts {
  readonly images: Map<string, ImageBatch>;
  readonly labels: Map<string, Uint8Array>;
  names: readonly string[] | undefined;
  readonly unused: string[];
}

export const stl10Reader: DatasetReader = {
  reads: "STL-10's binary files",
  recognises: (path) => {
    if (isFolder(path)) return folderOf(path) !== undefined;
    return /stl[-_]?10/i.test(path) && isFile(path) && isTarStart(startOfFile(path).start);
  },
  files: (path) => {
    const folder = folderOf(path);
    if (folder === undefined) return [path];
    return FILES.map((name) => join(folder, name)).filter(isFile);
  },
  sizes: async (path) => {
    const folder = folderOf(path);
    if (folder === undefined) return undefined;
    const splits = SPLITS.flatMap((split) => {
      const file = join(folder, imagesFile(split));
      return isFile(file) ? [{ split, count: Math.floor(statSync(file).size / IMAGE) }] : [];
    });
    return {
      sizes: splits.map(({ count }) => ({ height: SIDE, width: SIDE, count })),
      counts: Object.fromEntries(splits.map(({ split, count }) => [split, count])),
    };
  },
  read: async (path, options) => {
    const folder = folderOf(path);
    const parts =
      folder === undefined ? await partsOfTar(path, options) : await partsOfFolder(folder, options);
    return combine(parts, folder ?? path);
  },
};

/** The folder with the files: the given one, or the one in it that the archive contains. */
function folderOf(path: string): string | undefined {
  return [path, join(path, FOLDER)].find((folder) => isFile(join(folder, imagesFile("train"))));
}

async function partsOfFolder(folder: string, options: ReadOptions): Promise<Parts> {
  const parts = emptyParts();
  for (const name of FILES) {
    const path = join(folder, name);
    if (!isFile(path)) continue;
    const read = () => bytesOfFile(path, { compression: "none" });
    await takePart(parts, { name, place: path, size: statSync(path).size, read }, options);
  }
  parts.unused.push(...UNUSED.filter((name) => isFile(join(folder, name))));
  return parts;
}

async function partsOfTar(path: string, options: ReadOptions): Promise<Parts> {
  const parts = emptyParts();
  for await (const { name, size, content } of filesOfTar(path, (each) =>
    [...FILES, ...UNUSED].includes(each),
  )) {
    if (UNUSED.includes(name)) parts.unused.push(name);
    else await takePart(parts, { name, place: `${path}: ${name}`, size, read: () => content }, options);
  }
  return parts;
}

function emptyParts(): Parts {
  return { images: new Map(), labels: new Map(), names: undefined, unused: [] };
}

/** One of the files. */
interface Part {
  readonly name: string;
  /** Its name in messages. */
  readonly place: string;
  readonly size: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** Labels and names of classes are smaller than this. */
const LARGEST_LABELS = 2 ** 24;

async function takePart(
  parts: Parts,
  { name, place, size, read }: Part,
  options: ReadOptions,
): Promise<void> {
  const split = SPLITS.find((each) => name === imagesFile(each));
  if (split) {
    parts.images.set(split, await about(place, () => readPlanes(place, size, read, options)));
    return;
  }
  if (size > LARGEST_LABELS) throw new UsageError(`${place}: it has ${size} bytes, more than STL-10's file`);
  const pieces: Uint8Array[] = [];
  for await (const piece of read()) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (name === NAMES) parts.names = bytes.toString("utf8").split(/\s+/).filter(Boolean);
  else parts.labels.set(name.slice(0, name.indexOf("_")), bytes);
}

async function readPlanes(
  place: string,
  size: number,
  read: Part["read"],
  options: ReadOptions,
): Promise<ImageBatch> {
  const count = size / IMAGE;
  if (!Number.isInteger(count) || count === 0) {
    throw new UsageError(
      `${place} is damaged (expected images of ${IMAGE} bytes, found ${size} bytes in total): fetch it again`,
    );
  }
  const array: StoredArray = {
    ...{
      name: place,
      file: place,
      type: UINT8,
      shape: [count, IMAGE],
      isColumnMajor: false,
      isByColumns: true,
    },
    ...{ available: size, read },
  };
  const { images } = await readImages(array, layoutOf(array, count), await scaleOf(array, options), options);
  return images;
}

function combine({ images, labels, names, unused }: Parts, path: string): DatasetContent {
  const splits = SPLITS.flatMap((split) => {
    const own = images.get(split);
    const numbers = labels.get(split);
    if (!own && split === "test") return [];
    if (!own || !numbers)
      throw new UsageError(
        `${path} (STL-10) lacks ${own ? labelsFile(split) : imagesFile(split)}: fetch it again`,
      );
    if (own.count !== numbers.length) {
      throw new UsageError(
        `${path}: ${imagesFile(split)} has ${own.count} images, ${labelsFile(split)} ${numbers.length} labels`,
      );
    }
    return [
      {
        split,
        images: own,
        found: { numbers: Int32Array.from(numbers) },
        source: `${path}: ${labelsFile(split)}`,
      },
    ];
  });
  const known = names && { names: new Map(names.map((name, i) => [i + 1, name])) };
  const classes = classesOf(splits, undefined, known);
  const found = splits.map(({ split, images: own }) => [
    split,
    { images: own, labels: classes.labels.get(split)! },
  ]);
  const notes = unused.map(
    (name) =>
      `${name} of STL-10 is not used: ${name === UNUSED[0] ? "it has no labels" : "the search draws its own validation images"}`,
  );
  return {
    classNames: classes.classNames,
    ...(Object.fromEntries(found) as Pick<DatasetContent, "train" | "test">),
    skipped: [],
    ...(notes.length + classes.notes.length > 0 && { notes: [...notes, ...(names ? [] : classes.notes)] }),
  };
}
