// numpy's `.npz`: images and labels under their usual names, uint8 or other whole numbers from 0 to 255, channels last.
// One file with all splits, or a folder with one file per split: `train.npz`, `validation.npz`, `test.npz`.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { messageOf, UsageError } from "../../common/errors.ts";
import type { ImageBatch } from "../../image/batch.ts";
import type { LabelledImages } from "../dataset.ts";
import {
  type DatasetContent,
  type DatasetReader,
  numberedClasses,
  SPLITS,
  type SplitName,
  unreadable,
} from "../reader.ts";
import { fromGrey } from "./idx.ts";
import { type NumpyArray, parseNpy, parseNpyStrings } from "./npy.ts";

/** The usual names of image and label arrays, in lower case. The first pair that exists is used. */
const KEYS: Record<SplitName, readonly (readonly [string, string])[]> = {
  train: [
    ["x_train", "y_train"],
    ["train_images", "train_labels"],
    ["images", "labels"],
    ["x", "y"],
  ],
  validation: [
    ["x_val", "y_val"],
    ["x_valid", "y_valid"],
    ["val_images", "val_labels"],
  ],
  test: [
    ["x_test", "y_test"],
    ["test_images", "test_labels"],
  ],
};

/** The optional array of class names, an array of strings. */
const NAMES_KEY = "class_names";

/** Reads `.npz` files and folders of them; unnamed classes are called by their numbers. */
export const npzReader: DatasetReader = {
  reads: "an .npz file",
  recognises: (path) => /\.npz$/i.test(path) || splitFiles(path).some(([split]) => split === "train"),
  files: (path) => (isFolder(path) ? splitFiles(path).map(([, file]) => file) : [path]),
  read: async (path) => {
    const files: [SplitName, string][] = isFolder(path) ? splitFiles(path) : [["train", path]];
    const [[, trainFile]] = files;
    const arrays = unzip(trainFile);
    const train = readSplit(arrays, "train", trainFile);
    if (!train) throw new UsageError(lacksImages(trainFile, arrays));
    const others = new Map<SplitName, LabelledImages>();
    for (const split of ["validation", "test"] as const) {
      const images = readSplit(arrays, split, trainFile);
      if (images) others.set(split, images);
    }
    for (const [split, file] of files.slice(1)) {
      const own = unzip(file);
      const images = readSplit(own, "train", file);
      if (!images) throw new UsageError(lacksImages(file, own));
      others.set(split, images);
    }
    return {
      classNames: readNames(arrays, trainFile) ?? numberedClasses(train.labels, trainFile),
      train,
      ...Object.fromEntries(others),
      skipped: [],
    } satisfies DatasetContent;
  },
};

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The split files in a folder, `train` first; none if `path` is not a folder. */
function splitFiles(path: string): [SplitName, string][] {
  // If `path` is a file, older versions of Node throw when looking for something below it.
  if (!isFolder(path)) return [];
  return SPLITS.flatMap((split) => {
    const file = join(path, `${split}.npz`);
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? [[split, file]] : [];
  });
}

function lacksImages(path: string, arrays: Map<string, Uint8Array>): string {
  const found = [...arrays.keys()].join(", ") || "nothing";
  return `${path} contains ${found}; expected x_train and y_train, images and labels, or x and y`;
}

function readNames(arrays: Map<string, Uint8Array>, path: string): string[] | undefined {
  const names = arrays.get(NAMES_KEY);
  if (!names) return undefined;
  try {
    return parseNpyStrings(names);
  } catch (error) {
    throw new UsageError(`${path}: ${NAMES_KEY}: ${messageOf(error)}`);
  }
}

/** The arrays by name, in lower case and without `.npy`. */
function unzip(path: string): Map<string, Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const files = Object.entries(unzipSync(bytes, { filter: ({ name }) => name.endsWith(".npy") }));
    return new Map(files.map(([name, file]) => [name.slice(0, -4).toLowerCase(), file]));
  } catch (error) {
    throw new UsageError(
      `${path} is truncated or not an npz file (${messageOf(error)}): save or fetch it again`,
    );
  }
}

function readSplit(
  arrays: Map<string, Uint8Array>,
  split: SplitName,
  path: string,
): LabelledImages | undefined {
  for (const [imagesKey, labelsKey] of KEYS[split]) {
    if (!arrays.has(imagesKey)) continue;
    if (!arrays.has(labelsKey))
      throw new UsageError(`${path}: it has ${imagesKey} but not its labels ${labelsKey}`);
    const read = <T>(key: string, convert: (array: NumpyArray) => T): T => {
      try {
        return convert(parseNpy(arrays.get(key)!));
      } catch (error) {
        throw new UsageError(`${path}: ${key}: ${messageOf(error)}`);
      }
    };
    const images = read(imagesKey, toImages);
    const labels = read(labelsKey, toLabels);
    if (images.count !== labels.length) {
      throw new UsageError(
        `${path}: ${imagesKey} has ${images.count} images, ${labelsKey} ${labels.length} labels`,
      );
    }
    return { images, labels };
  }
  return undefined;
}

function toImages({ shape, data }: NumpyArray): ImageBatch {
  const [count, height, width, channels] = shape;
  const isGrey = shape.length === 3 || (shape.length === 4 && channels === 1);
  if (!isGrey && !(shape.length === 4 && channels === 3)) {
    throw new Error(
      `expected images of the shape [N, H, W], [N, H, W, 1] or [N, H, W, 3], found [${shape.join(", ")}]`,
    );
  }
  const bytes = data instanceof Uint8Array ? data : toBytes(data);
  return isGrey ? fromGrey(bytes, count, height, width) : { data: bytes, count, height, width, channels };
}

function toBytes(values: Float64Array): Uint8Array {
  const outside = values.find((value) => !(value >= 0 && value <= 255));
  if (outside !== undefined) throw new Error(`expected pixels from 0 to 255, found ${outside}`);
  return Uint8Array.from(values);
}

function toLabels({ shape, data }: NumpyArray): Int32Array {
  const isList = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (!isList) throw new Error(`expected one whole number per image, found the shape [${shape.join(", ")}]`);
  const large = data.find((label) => Math.abs(label) >= 2 ** 31);
  if (large !== undefined) throw new Error(`a label is ${large}; labels count from 0`);
  return Int32Array.from(data);
}
