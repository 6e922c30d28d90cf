// What a pickle can contain, and what is on the stack while it is read.

import { ArrayProblem } from "./arrays/problem.ts";
import { checkTextLength, LONGEST_TEXT } from "./arrays/stored-array.ts";
import type { ValueType } from "./arrays/values.ts";

/** Why a pickle is not read: it contains something other than data. */
export class PickleProblem extends ArrayProblem {}

/** An array as pickled by numpy. */
export class PickledArray {
  readonly shape: readonly number[];
  readonly type: ValueType;
  /** Whether the first axis varies fastest. */
  readonly isColumnMajor: boolean;
  readonly data: Uint8Array;

  constructor(shape: readonly number[], type: ValueType, isColumnMajor: boolean, data: Uint8Array) {
    this.shape = shape;
    this.type = type;
    this.isColumnMajor = isColumnMajor;
    this.data = data;
  }
}

export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | PickledArray;

/** A dictionary. Keys are texts; numbers become texts. */
export type PickleDict = Map<string, PickleValue>;

/** A function. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** An array, or a type of values, that BUILD completes. */
export class Unbuilt {
  readonly kind: "array" | "type";
  /** As numpy writes it, without the order of bytes: `u1`. */
  readonly typeName: string;
  order = "|";
  value: PickleValue = null;

  constructor(kind: Unbuilt["kind"], typeName = "") {
    this.kind = kind;
    this.typeName = typeName;
  }
}

export const MARK: unique symbol = Symbol("mark");
export type Item = PickleValue | Global | Unbuilt | typeof MARK;

/** What a dictionary takes in memory, a list that is appended to, a tuple, and a place of the memo. */
export const DICT_BYTES = 320;
export const LIST_BYTES = 392;
export const TUPLE_BYTES = 176;
export const MEMO_BYTES = 80;

/**
 * How much memory a pickle takes: a byte of it may be a list, or stand for a value of any size that calls and keys convert again.
 * Pickles of data take far less.
 */
export class PickleMemory {
  readonly #length: number;
  readonly #most: number;
  #taken = 0;

  /** @param length of the pickle in bytes. */
  constructor(length: number) {
    this.#length = length;
    this.#most = 2 ** 26 + 32 * length;
  }

  /** @throws PickleProblem if these bytes are too many. */
  take(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken > this.#most)
      throw new PickleProblem(
        `its values take more than ${this.#most} bytes, the most that is expected of ${this.#length}: save its arrays with numpy.savez`,
      );
  }
}

/** Strings of Python 2 are bytes, in any encoding. */
export function textOf(text: string | Uint8Array): string {
  return typeof text === "string" ? text : Buffer.from(text).toString("latin1");
}

/** The texts in a list, which may be the same one many times. @throws ArrayProblem if they are too long. */
export function textsOf(texts: readonly (string | Uint8Array)[]): string[] {
  let length = 0;
  for (const text of texts) {
    if (text.length > LONGEST_TEXT) throw new ArrayProblem(`its texts are too long (${text.length} letters)`);
    length += text.length;
  }
  checkTextLength(length);
  return texts.map(textOf);
}

/** The text of a key or a name. @throws PickleProblem if it is something else. */
export function textOfKey(item: Item | undefined): string {
  if (typeof item === "string" || item instanceof Uint8Array) return textOf(item);
  if (typeof item === "number") return String(item);
  throw new PickleProblem("it has a key that is not a string");
}
