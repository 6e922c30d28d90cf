// The files of CIFAR: batches of images with labels, as records or as Python pickles, and the names of the classes.

import { createBatch, imageAt } from "../../image/batch.ts";
import type { LabelledImages } from "../dataset.ts";
import { readImages, scaleOf } from "./arrays/images.ts";
import { layoutOf } from "./arrays/layout.ts";
import { ArrayProblem, DamagedProblem } from "./arrays/problem.ts";
import { piecesOf } from "./arrays/stored-array.ts";
import { numbersIn, shapeText } from "./arrays/values.ts";
import { unpickle } from "./pickle.ts";
import { type PickleDict, PickledArray, type PickleValue, textsOf } from "./pickle-values.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
const IMAGE = 3 * PLANE;

/** Records of the binary version: `labelBytes` bytes, the last of which is the label, then 3 x 1024 values. */
export async function parseRecords(file: Buffer, labelBytes: number): Promise<LabelledImages> {
  const record = labelBytes + IMAGE;
  const count = file.length / record;
  if (!Number.isInteger(count) || count === 0)
    throw new DamagedProblem(`expected records of ${record} bytes, found ${file.length} bytes in total`);
  const labels = new Int32Array(count);
  const images = createBatch(count, SIDE, SIDE);
  for (let i = 0; i < count; i++) {
    const from = i * record + labelBytes;
    labels[i] = file[from - 1];
    const image = imageAt(images, i);
    for (let place = 0; place < PLANE; place++) {
      image[3 * place] = file[from + place];
      image[3 * place + 1] = file[from + PLANE + place];
      image[3 * place + 2] = file[from + 2 * PLANE + place];
    }
  }
  return { images, labels };
}

/** A batch of the Python version: a dictionary with the images as rows of 3 x 1024 values, in any protocol. */
export async function parsePickle(file: Buffer, labelsKey: string): Promise<LabelledImages> {
  const dict = dictIn(file);
  const data = dict.get("data");
  if (!(data instanceof PickledArray)) throw new DamagedProblem(`it has no images of ${IMAGE} values`);
  const labels = labelsIn(dict.get(labelsKey), labelsKey);
  const { shape, type, isColumnMajor, data: bytes } = data;
  if (labels.length !== shape[0])
    throw new ArrayProblem(`it has ${shape[0]} images but ${labels.length} labels`);
  const array = {
    ...{ name: "data", file: "", type, shape, isColumnMajor, available: bytes.length },
    read: () => piecesOf([bytes]),
  };
  const layout = layoutOf(array, labels.length, shape.length === 2 ? "first" : "auto");
  if (layout.height !== SIDE || layout.width !== SIDE)
    throw new DamagedProblem(`it has no images of ${IMAGE} values (shape ${shapeText(shape)})`);
  const { images } = await readImages(array, layout, await scaleOf(array, {}), {});
  return { images, labels };
}

function labelsIn(value: PickleValue | undefined, key: string): Int32Array {
  const numbers = value instanceof PickledArray ? [...numbersIn(value.data, value.type)] : value;
  if (!isListOf(numbers, (label) => typeof label === "number"))
    throw new DamagedProblem(`it has no list "${key}"`);
  const wrong = numbers.find((label) => (label | 0) !== label);
  if (wrong !== undefined) throw new ArrayProblem(`a label is ${wrong}; labels are whole numbers from 0`);
  return Int32Array.from(numbers);
}

export function parseLines(file: Buffer): string[] {
  return file.toString("utf8").split(/\r?\n/).filter(Boolean);
}

/** A list of strings in a dictionary. */
export function parseStrings(file: Buffer, key: string): string[] {
  const names = dictIn(file).get(key);
  if (!isListOf(names, (name) => typeof name === "string" || name instanceof Uint8Array))
    throw new DamagedProblem(`it has no list "${key}"`);
  return textsOf(names);
}

function dictIn(file: Buffer): PickleDict {
  const value = unpickle(file);
  if (!(value instanceof Map)) throw new DamagedProblem("it has no dictionary");
  return value;
}

function isListOf<T extends PickleValue>(
  value: PickleValue | undefined,
  is: (item: PickleValue) => item is T,
): value is T[] {
  return Array.isArray(value) && value.every(is);
}

/** All batches as one. */
export function joinBatches(batches: readonly LabelledImages[]): LabelledImages {
  const count = batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const images = createBatch(count, SIDE, SIDE);
  const labels = new Int32Array(count);
  let start = 0;
  for (const batch of batches) {
    labels.set(batch.labels, start);
    images.data.set(batch.images.data, start * IMAGE);
    start += batch.labels.length;
  }
  return { images, labels };
}
