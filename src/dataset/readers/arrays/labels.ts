// Reads labels of any form: whole numbers, also as floats; a column per class with 1 for the class; texts.

import { ArrayProblem } from "./problem.ts";
import { plainText, readTexts, recordsOf, type StoredArray } from "./stored-array.ts";
import { countOf, isText, numbersIn, shapeText } from "./values.ts";

/** The labels of a split, as they are in the file. */
export type FoundLabels =
  | { readonly texts: readonly string[] }
  | {
      readonly numbers: Int32Array;
      /** The number of classes, if there is a column for each. */
      readonly classes?: number;
    };

/** One axis with labels, or one with a column for each class. */
export function canBeLabels({ shape, type }: Pick<StoredArray, "shape" | "type">): boolean {
  if (countOf(shape) === Math.max(0, ...shape)) return shape.length === 1 || shape.length === 2;
  return shape.length === 2 && !isText(type);
}

/** How many images an array of labels may be for. */
export function labelCounts(shape: readonly number[]): number[] {
  if (shape.length === 0) return [];
  const isList = shape.length === 1 || countOf(shape) === Math.max(0, ...shape);
  return isList ? [countOf(shape)] : [...shape];
}

/** How labels are stored, in words. */
export function formOfLabels(found: FoundLabels): string {
  if ("texts" in found) return "texts";
  return found.classes === undefined ? "numbers" : "a column per class (one-hot)";
}

/** @throws ArrayProblem if they are not labels of `count` images. */
export async function readLabels(array: StoredArray, count: number): Promise<FoundLabels> {
  const { shape, type } = array;
  const total = countOf(shape);
  if (shape.length === 0 || shape.length > 2)
    throw new ArrayProblem(`expected one label per image, found the shape ${shapeText(shape)}`);
  const isList = total === Math.max(0, ...shape);
  if (isText(type)) {
    if (!isList) throw new ArrayProblem(`expected one text per image, found the shape ${shapeText(shape)}`);
    return { texts: (await readTexts(array, count)).map(plainText) };
  }
  return isList ? { numbers: await readNumbers(array, total) } : readColumns(array, count);
}

async function readNumbers(array: StoredArray, total: number): Promise<Int32Array> {
  const labels: Int32Array[] = [];
  for await (const bytes of recordsOf(array, array.type.size)) {
    const values = numbersIn(bytes, array.type);
    const wrong = values.find((value) => !Number.isInteger(value));
    if (wrong !== undefined) throw new ArrayProblem(`a label is ${wrong}; labels are whole numbers`);
    const large = values.find((value) => Math.abs(value) >= 2 ** 31);
    if (large !== undefined) throw new ArrayProblem(`a label is ${large}; labels count from 0`);
    labels.push(Int32Array.from(values));
  }
  const joined = new Int32Array(total);
  let place = 0;
  for (const part of labels) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}

/** A column for each class, which has 1 for the images of the class and 0 for all others. */
async function readColumns(array: StoredArray, count: number): Promise<FoundLabels> {
  const { shape, type, isColumnMajor } = array;
  const isFirst = shape[0] === count;
  if (!isFirst && shape[1] !== count)
    throw new ArrayProblem(`expected one whole number per image, found the shape ${shapeText(shape)}`);
  const classes = isFirst ? shape[1] : shape[0];
  // Whether a row of all classes is followed by that of the next image.
  const isByImage = isFirst !== isColumnMajor;
  const width = isByImage ? classes : count;
  const numbers = new Int32Array(count).fill(-1);
  let index = 0;
  for await (const bytes of recordsOf(array, type.size)) {
    for (const value of numbersIn(bytes, type)) {
      const [outer, inner] = [Math.floor(index / width), index % width];
      const [image, label] = isByImage ? [outer, inner] : [inner, outer];
      index++;
      if (value === 0) continue;
      if (value !== 1)
        throw new ArrayProblem(notOneHot(image, `the value ${Number(value.toPrecision(6))}`, shape));
      if (numbers[image] >= 0) throw new ArrayProblem(notOneHot(image, "several classes", shape));
      numbers[image] = label;
    }
  }
  const without = numbers.indexOf(-1);
  if (without >= 0) throw new ArrayProblem(notOneHot(without, "no class", shape));
  return { numbers, classes };
}

function notOneHot(image: number, what: string, shape: readonly number[]): string {
  return (
    `expected one whole number per image, found the shape ${shapeText(shape)}, in which the row of image ${image} has ` +
    `${what} instead of a single 1`
  );
}
