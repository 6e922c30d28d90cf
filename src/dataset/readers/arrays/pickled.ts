// The arrays in a Python pickle: a dictionary of arrays, a pair of images and labels, or one such thing per split.

import { SPLITS, type SplitName } from "../../reader.ts";
import { unpickle } from "../pickle.ts";
import { PickledArray, type PickleValue, textOf } from "../pickle-values.ts";
import { bytesOfFile } from "./bytes.ts";
import { parseArrayName } from "./names.ts";
import { ArrayProblem } from "./problem.ts";
import { type ArrayPlace, type FoundArray, piecesOf, textArray } from "./stored-array.ts";
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
  const arrays = arraysIn(unpickle(Buffer.concat(parts)), place);
  if (arrays.length === 0)
    throw new ArrayProblem(
      "it is a pickle without arrays: expected a dictionary of arrays, or a pair of images and labels",
    );
  return arrays;
}

type Place = Omit<ArrayPlace, "name">;

function arraysIn(value: PickleValue, place: Place): FoundArray[] {
  if (value instanceof Map) {
    return [...value].flatMap(([name, inner]) => {
      const split = parseArrayName(name).split ?? place.split;
      return isCollection(inner)
        ? withinSplit(inner, { ...place, split })
        : arrayOf({ ...place, name }, inner);
    });
  }
  if (!Array.isArray(value)) return [];
  // (x, y); ((x, y), (x, y)) of training and test; and with validation between them.
  if (value.length === 2 && !value.some(isCollection)) return pairIn(value, place);
  const splits: readonly SplitName[] = value.length === 3 ? SPLITS : ["train", "test"];
  if (value.length !== splits.length || !value.every(isCollection)) return [];
  return value.flatMap((inner, i) => withinSplit(inner, { ...place, split: splits[i] }));
}

/** A dictionary, or a list of two arrays. */
function isCollection(value: PickleValue): boolean {
  if (value instanceof Map) return true;
  return Array.isArray(value) && value.length === 2 && value.some((inner) => inner instanceof PickledArray);
}

function withinSplit(value: PickleValue, place: Place): FoundArray[] {
  if (value instanceof Map) return [...value].flatMap(([name, inner]) => arrayOf({ ...place, name }, inner));
  return Array.isArray(value) ? pairIn(value, place) : [];
}

function pairIn([images, labels]: readonly PickleValue[], place: Place): FoundArray[] {
  const prefix = place.split === undefined ? "" : `${place.split} `;
  return [
    ...arrayOf({ ...place, name: `${prefix}images` }, images),
    ...arrayOf({ ...place, name: `${prefix}labels` }, labels),
  ];
}

/** An array, or a list of numbers or texts. */
function arrayOf(place: ArrayPlace, value: PickleValue): FoundArray[] {
  if (value instanceof PickledArray) {
    const { shape, type, isColumnMajor, data } = value;
    return [
      {
        ...place,
        ...{ type, shape, isColumnMajor, available: data.length },
        read: () => piecesOf([data]),
      },
    ];
  }
  if (!Array.isArray(value) || value.length === 0) return [];
  if (value.every((item) => typeof item === "string" || item instanceof Uint8Array))
    return [textArray(place, value.length, async () => value.map(textOf))];
  if (!value.every((item) => typeof item === "number")) return [];
  const isWhole = value.every((item) => (item | 0) === item);
  const numbers = isWhole ? Int32Array.from(value) : Float64Array.from(value);
  const bytes = new Uint8Array(numbers.buffer);
  return [
    {
      ...place,
      ...{
        type: isWhole ? INT32 : FLOAT64,
        shape: [value.length],
        isColumnMajor: false,
        available: bytes.length,
      },
      read: () => piecesOf([bytes]),
    },
  ];
}
