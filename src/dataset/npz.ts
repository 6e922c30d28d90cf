// numpy's `.npz`: images and labels under their usual names, uint8 or other whole numbers from 0 to 255, channels last.

import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { messageOf, UsageError } from "../common/errors.ts";
import type { ImageBatch } from "../image/batch.ts";
import type { LabelledImages } from "./dataset.ts";
import { fromGrey } from "./idx.ts";
import { type NumpyArray, parseNpy } from "./npy.ts";
import {
  type DatasetContent,
  type DatasetReader,
  numberedClasses,
  type SplitName,
  unreadable,
} from "./reader.ts";

/** The names that arrays of images and labels go by, lower case. The first pair that is there is taken. */
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

/** Reads `.npz` files; the classes are called by their numbers. */
export const npzReader: DatasetReader = {
  name: "npz file",
  recognises: (path) => /\.npz$/i.test(path),
  files: (path) => [path],
  read: async (path) => {
    const arrays = unzip(path);
    const train = readSplit(arrays, "train", path);
    if (!train) {
      const found = [...arrays.keys()].join(", ") || "nothing";
      throw new UsageError(
        `${path} holds ${found}; expected x_train and y_train, images and labels, or x and y`,
      );
    }
    const validation = readSplit(arrays, "validation", path);
    const test = readSplit(arrays, "test", path);
    return {
      classNames: numberedClasses(train.labels, path),
      train,
      ...(validation && { validation }),
      ...(test && { test }),
      skipped: [],
    } satisfies DatasetContent;
  },
};

/** The arrays by name, lower case and without `.npy`. */
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
    throw new UsageError(`${path} is truncated or no npz file (${messageOf(error)}): save or fetch it again`);
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
      throw new UsageError(`${path}: ${imagesKey} is there, its labels ${labelsKey} are not`);
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
