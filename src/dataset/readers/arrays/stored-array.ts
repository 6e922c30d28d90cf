// An array in a file, whose values are read as a stream: in pieces, so that memory does not grow with the file.

import { basename } from "node:path";
import type { SplitName } from "../../reader.ts";
import type { UnpackLimit } from "./bytes.ts";
import { ArrayProblem, checkLength, DamagedProblem } from "./problem.ts";
import { areUtf8, countOf, isText, type TextEncoding, textsIn, type ValueType } from "./values.ts";

/** The name of an array, and its file. */
export interface ArrayPlace {
  /** Its name in the file, as it is written there. */
  readonly name: string;
  /** The file, for messages. */
  readonly file: string;
  /** The split that the name of its file or folder means. */
  readonly split?: SplitName;
}

export interface StoredArray extends ArrayPlace {
  readonly type: ValueType;
  readonly shape: readonly number[];
  /** Whether the first axis varies fastest (MATLAB, Fortran), instead of the last one. */
  readonly isColumnMajor: boolean;
  /** No more bytes of values than these can be in the file. */
  readonly available: number;
  /** Of a compressed file: the most bytes that it may unpack to. */
  readonly limit?: UnpackLimit;
  /** What the file is, if its authors' conventions matter. */
  readonly origin?: "table" | "matlab";
  /** Whether the values are floating-point numbers, also if they are stored as integers. */
  readonly isFloats?: boolean;
  /** Whether images are stored with rows and columns swapped, as in EMNIST. */
  readonly isTransposed?: boolean;
  /** Whether flat images are planes of colours, in which columns vary slowest, as in STL-10. */
  readonly isByColumns?: boolean;
  /** What else is known of it, for the user. */
  readonly words?: string;
  /** All values, if they are texts that are stored otherwise than numpy's. @throws ArrayProblem if they are not all texts. */
  readonly texts?: () => Promise<readonly string[]>;
  /** The bytes of the values, in pieces of any length. @throws ArrayProblem, or UsageError naming the file. */
  read(): AsyncIterable<Uint8Array>;
}

/** An array that cannot be read, which is an error only if it is needed. */
interface UnreadableArray extends ArrayPlace {
  readonly problem: string;
}

export type FoundArray = StoredArray | UnreadableArray;

export function isReadable(array: FoundArray): array is StoredArray {
  return !("problem" in array);
}

/** All arrays are compared with each other. */
const MOST_ARRAYS = 4096;

/** @throws ArrayProblem if a file or folder has this many arrays. */
export function checkArrays(count: number): void {
  if (count > MOST_ARRAYS)
    throw new ArrayProblem(
      `it contains more than ${MOST_ARRAYS} arrays: save all images as one array, and all labels as another`,
    );
}

/** Names in files may be of any length, with any characters. */
const LONGEST_NAME = 60;

/** A name in a file as it is shown: on one line, and not too long. */
export function shownName(name: string): string {
  const line = plainText(name);
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME)}…` : line;
}

/** The arrays of a file. @throws ArrayProblem if two have the same name: which one is meant nobody can know. */
export function differentlyNamed(arrays: readonly FoundArray[]): readonly FoundArray[] {
  const names = new Set<string>();
  for (const { name } of arrays) {
    if (names.has(name))
      throw new ArrayProblem(`two arrays are named ${shownName(name)}: save it again with one of them`);
    names.add(name);
  }
  return arrays;
}

/** The array in messages: its file, which is that of the data or one in a folder, and its name. */
export function placeOf({ file, name }: FoundArray, path: string): string {
  const own = file || path;
  return [`${name}.npy`, `${name}.npz`].includes(basename(own)) ? own : `${own}: ${shownName(name)}`;
}

/** A text in a file on one line, without spaces around it. */
export function plainText(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").trim();
}

/** Text is longer than any name of a class. */
export const LONGEST_TEXT = 65_536;
/** Bytes of all texts of an array, if they are not stored as numpy's: labels are short. */
const MOST_TEXT = 2 ** 25;

/** @throws ArrayProblem if the texts of an array have this many bytes. */
export function checkTextLength(bytes: number): void {
  if (bytes > MOST_TEXT)
    throw new ArrayProblem(`its texts have more than ${MOST_TEXT} bytes; labels are short`);
}

/**
 * The values' bytes in pieces of whole records; a piece is only valid until the next one is asked for.
 * @param size of a record in bytes: the values of one image, for example.
 * @throws DamagedProblem if there are fewer or more bytes than the shape says.
 */
export async function* recordsOf(array: StoredArray, size: number): AsyncGenerator<Uint8Array> {
  const total = byteLength(array);
  if (total === 0) return;
  let found = 0;
  let partial: Uint8Array | undefined;
  let held = 0;
  for await (const piece of array.read()) {
    found += piece.length;
    if (found > total) throw new DamagedProblem(`it is longer than its header says (${total} bytes)`);
    let place = 0;
    if (held > 0 && partial) {
      place = Math.min(size - held, piece.length);
      partial.set(piece.subarray(0, place), held);
      held += place;
      if (held < size) continue;
      yield partial;
      held = 0;
    }
    const whole = place + Math.floor((piece.length - place) / size) * size;
    if (whole > place) yield piece.subarray(place, whole);
    if (whole < piece.length) {
      partial ??= new Uint8Array(size);
      partial.set(piece.subarray(whole));
      held = piece.length - whole;
    }
  }
  checkLength(total, found);
}

/** The bytes of all values. @throws ArrayProblem if the file cannot contain this many, or may not unpack to as many. */
export function byteLength({ type, shape, available, limit }: StoredArray): number {
  const total = countOf(shape) * type.size;
  if (!Number.isSafeInteger(total)) throw new DamagedProblem("its header says an impossible shape");
  checkLength(total, available);
  if (limit && total > limit.most) throw new ArrayProblem(limit.problem);
  return total;
}

/** The texts of an array of text, with any shape. @throws ArrayProblem if they are too long, or there are too many. */
export async function readTexts(array: StoredArray, most: number): Promise<readonly string[]> {
  const { type, shape } = array;
  if (!isText(type)) throw new ArrayProblem("expected text");
  if (type.size > LONGEST_TEXT) throw new ArrayProblem(`its texts are too long (${type.size} bytes)`);
  if (countOf(shape) > most)
    throw new ArrayProblem(`it has ${countOf(shape)} texts; expected at most ${most}`);
  if (array.texts) return array.texts();
  if (type.size === 0) return new Array<string>(countOf(shape)).fill("");
  const encoding = await encodingOf(array);
  const texts: string[] = [];
  for await (const bytes of recordsOf(array, type.size))
    for (const text of textsIn(bytes, type, encoding)) texts.push(text);
  return texts;
}

/** One for all texts: in different ones, two different texts could become the same. */
async function encodingOf(array: StoredArray): Promise<TextEncoding> {
  if (array.type.kind === "bytes")
    for await (const bytes of recordsOf(array, array.type.size))
      if (!areUtf8(bytes, array.type)) return "latin1";
  return "utf8";
}

/** Texts as an array of one axis, which are only read if they are needed. */
export function textContent(
  count: number,
  texts: () => Promise<readonly string[]>,
): Omit<StoredArray, keyof ArrayPlace> {
  return {
    ...{ texts, shape: [count], isColumnMajor: false, available: 0 },
    type: { kind: "text", size: 0, isLittle: true },
    read: () => piecesOf([]),
  };
}

/** Bytes that are in memory. */
export async function* piecesOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}
