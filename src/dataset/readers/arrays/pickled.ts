// The arrays in a Python pickle: a dictionary of arrays, a pair of images and labels, or one such thing per split.

import { SPLITS, type SplitName } from "../../reader.ts";
import { unpickle } from "../pickle.ts";
import { PickledArray, type PickleValue, textsOf } from "../pickle-values.ts";
import { bytesOfFile } from "./bytes.ts";
import { parseArrayName } from "./names.ts";
import { ArrayProblem } from "./problem.ts";
import {
  type ArrayPlace,
  checkArrays,
  type FoundArray,
  isReadable,
  piecesOf,
  type StoredArray,
  textContent,
} from "./stored-array.ts";
import type { ValueType } from "./values.ts";

/** A pickle is read as a whole, with all its arrays. */
const MOST_BYTES = 2 ** 31 - 1;

const FLOAT64: ValueType = { kind: "float", size: 8, isLittle: true };
const INT32: ValueType = { kind: "signed", size: 4, isLittle: true };

/** @throws ArrayProblem if the pickle contains anything but data, or no arrays. */
export async function openPickle(path: string, place: Omit<ArrayPlace, "name">): Promise<FoundArray[]> {
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const piece of bytesOfFile(path)) {
    total += piece.length;
    if (total > MOST_BYTES)
      throw new ArrayProblem("it is a pickle of more than 2 GiB: save its arrays with numpy.savez");
    parts.push(piece);
  }
  const arrays: FoundArray[] = [];
  for (const array of arraysIn(unpickle(Buffer.concat(parts)), { ...place, contents: new Map() })) {
    arrays.push(array);
    checkArrays(arrays.length);
  }
  if (!arrays.some(isReadable) && arrays.every(({ name }) => parseArrayName(name).role === undefined))
    throw new ArrayProblem(
      "it is a pickle without arrays: expected a dictionary of arrays, or a pair of images and labels",
    );
  return arrays;
}

interface Place extends Omit<ArrayPlace, "name"> {
  /** What lists are, since a pickle may contain the same one many times. */
  readonly contents: Map<PickleValue, Content | undefined>;
}

function* arraysIn(value: PickleValue, place: Place): Generator<FoundArray> {
  if (value instanceof Map) {
    for (const [name, inner] of value) {
      const split = parseArrayName(name).split ?? place.split;
      if (!isCollection(inner)) yield* arrayOf(name, inner, place);
      else {
        const found = [...withinSplit(inner, { ...place, split })];
        if (found.length === 0)
          yield { ...(place.split && { split: place.split }), file: place.file, name, problem: EMPTY };
        yield* found;
      }
    }
  }
  if (!Array.isArray(value)) return;
  // (x, y); ((x, y), (x, y)) of training and test; and with validation between them.
  if (value.length === 2 && !value.some(isCollection)) return yield* pairIn(value, place);
  const splits: readonly SplitName[] = value.length === 3 ? SPLITS : ["train", "test"];
  if (value.length !== splits.length || !value.every(isCollection)) return;
  for (const [i, inner] of value.entries()) yield* withinSplit(inner, { ...place, split: splits[i] });
}

/** A dictionary, or a list of two arrays. */
function isCollection(value: PickleValue): boolean {
  if (value instanceof Map) return true;
  return Array.isArray(value) && value.length === 2 && value.some((inner) => inner instanceof PickledArray);
}

function* withinSplit(value: PickleValue, place: Place): Generator<FoundArray> {
  if (value instanceof Map) for (const [name, inner] of value) yield* arrayOf(name, inner, place);
  else if (Array.isArray(value)) yield* pairIn(value, place);
}

function* pairIn([images, labels]: readonly PickleValue[], place: Place): Generator<FoundArray> {
  const prefix = place.split === undefined ? "" : `${place.split} `;
  yield* arrayOf(`${prefix}images`, images, place);
  yield* arrayOf(`${prefix}labels`, labels, place);
}

/** What an array is but for its place, or why it is not read. */
type Content = Omit<StoredArray, keyof ArrayPlace> | { readonly problem: string };

const EMPTY = "it is a dictionary without arrays, which is not read: save it as an array";

function* arrayOf(name: string, value: PickleValue, { contents, ...place }: Place): Generator<FoundArray> {
  if (!contents.has(value)) contents.set(value, contentOf(value));
  const content = contents.get(value);
  if (content) yield { ...place, name, ...content };
}

/** An array, or a list of numbers or texts, which is only converted if it is needed. */
function contentOf(value: PickleValue): Content | undefined {
  if (value instanceof PickledArray) {
    const { shape, type, isColumnMajor, data } = value;
    return { type, shape, isColumnMajor, available: data.length, read: () => piecesOf([data]) };
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (value.every((item) => typeof item === "string" || item instanceof Uint8Array))
    return textContent(value.length, async () => textsOf(value));
  if (!value.every((item) => typeof item === "number" || typeof item === "boolean"))
    return {
      problem: `it is a list with ${otherIn(value)}, which is not read: save it as an array of numbers or texts`,
    };
  const isWhole = value.every((item) => (Number(item) | 0) === Number(item));
  const type = isWhole ? INT32 : FLOAT64;
  return {
    ...{ type, shape: [value.length], isColumnMajor: false, available: value.length * type.size },
    read: async function* () {
      const numbers = isWhole ? Int32Array.from(value, Number) : Float64Array.from(value, Number);
      yield new Uint8Array(numbers.buffer);
    },
  };
}

/** What is in a list besides numbers or texts, as Python calls it. */
function otherIn(list: readonly PickleValue[]): string {
  if (list.includes(null)) return "None";
  if (list.some((item) => item instanceof PickledArray)) return "arrays";
  if (list.some((item) => item instanceof Map)) return "dictionaries";
  return list.some(Array.isArray) ? "lists" : "numbers and texts";
}
