// The texts in MATLAB's files: arrays of characters, a text per row, and cell arrays of texts. They are only read if they are
// needed.

import { isUtf8 } from "node:buffer";
import type { ByteReader } from "./bytes.ts";
import {
  CHAR,
  type Element,
  FILLED_TO,
  MATRIX,
  openMatrix,
  readMatrixHeader,
  readTag,
} from "./matlab-elements.ts";
import { ArrayProblem, DamagedProblem } from "./problem.ts";
import {
  type ArrayPlace,
  checkTextLength,
  type FoundArray,
  LONGEST_TEXT,
  textContent,
} from "./stored-array.ts";
import { countOf, textOfPoints } from "./values.ts";

export const NOT_TEXTS = "it is a cell array, which is not read: save it as an array";

/** Whether a cell array has texts, by its first cell. The reader is after its header. */
export async function isOfTexts(count: number, reader: ByteReader, isLittle: boolean): Promise<boolean> {
  return count === 0 || (await readCellShape(reader, isLittle)) !== undefined;
}

/** The shape of a cell's text; undefined if it contains something else. */
async function readCellShape(reader: ByteReader, isLittle: boolean): Promise<readonly number[] | undefined> {
  const tag = await readTag(reader, isLittle);
  if (tag.type !== MATRIX || tag.held) throw new DamagedProblem("it is damaged (a cell without an array)");
  if (tag.length === 0) return undefined;
  const { matrixClass, shape } = await readMatrixHeader(reader, isLittle);
  return matrixClass === CHAR ? shape : undefined;
}

/** Reads the texts of an array, of which `read` reads what is after its header. */
async function readAll<T>(
  path: string,
  element: Element,
  read: (reader: ByteReader, shape: readonly number[]) => Promise<T>,
): Promise<T> {
  const reader = await openMatrix(path, element);
  try {
    const { shape } = await readMatrixHeader(reader, element.isLittle);
    const found = await read(reader, shape);
    await readToEnd(reader);
    return found;
  } finally {
    await reader.close();
  }
}

/** The checksum is at the end. @throws DamagedProblem if more follows than fills up the texts. */
async function readToEnd(reader: ByteReader): Promise<void> {
  let more = 0;
  for await (const { length } of reader.rest()) {
    more += length;
    if (more >= FILLED_TO) throw new DamagedProblem("it is longer than its texts");
  }
}

/** A text for each cell. @throws ArrayProblem if a cell contains something else, or they are too long. */
export function textsInCells(path: string, element: Element): Promise<string[]> {
  const { isLittle } = element;
  return readAll(path, element, async (reader, shape) => {
    const texts: string[] = [];
    let bytes = 0;
    for (let i = 0; i < countOf(shape); i++) {
      const inner = await readCellShape(reader, isLittle);
      if (!inner) throw new ArrayProblem(NOT_TEXTS);
      if (countOf(inner) > 0 && (inner.length !== 2 || inner[0] !== 1))
        throw new ArrayProblem("it is a cell array of several lines each, which is not read");
      const found = await readLetters(reader, inner, isLittle, bytes);
      bytes += found.bytes;
      texts.push(found.text.trimEnd());
    }
    return texts;
  });
}

/** The lines of an array of characters, without the spaces that make them equally long. */
export function linesOf(
  place: ArrayPlace,
  shape: readonly number[],
  path: string,
  element: Element,
): FoundArray {
  const [rows, columns] = shape;
  if (shape.length !== 2) return { ...place, problem: "it has texts along several axes, which are not read" };
  const texts = () =>
    readAll(path, element, async (reader) => {
      const { text } = await readLetters(reader, shape, element.isLittle, 0);
      if (rows === 1) return [text.trimEnd()];
      const letterAt = letterOf(text, rows * columns);
      return Array.from({ length: rows }, (_, row) => {
        let line = "";
        for (let column = 0; column < columns; column++) line += letterAt(column * rows + row);
        return line.trimEnd();
      });
    });
  return { ...place, ...textContent(rows, texts) };
}

/** The letters of a text with this many: halves of pairs in 16 bits, or whole ones. */
function letterOf(text: string, count: number): (place: number) => string {
  if (text.length === count) return (place) => text[place];
  const points = new Uint32Array(count);
  let place = 0;
  for (const letter of text) points[place++] = letter.codePointAt(0)!;
  return (each) => String.fromCodePoint(points[each]);
}

/**
 * All letters of an array of characters, column by column.
 * @param before the bytes of other texts of the same array.
 */
async function readLetters(
  reader: ByteReader,
  shape: readonly number[],
  isLittle: boolean,
  before: number,
): Promise<{ text: string; bytes: number }> {
  const columns = shape[1] ?? 0;
  if (columns > LONGEST_TEXT) throw new ArrayProblem(`its texts are too long (${columns} letters)`);
  const tag = await readTag(reader, isLittle);
  checkTextLength(before + tag.length);
  const bytes = tag.held ?? (await reader.take(tag.padded)).subarray(0, tag.length);
  const text = decoded(bytes, tag.type, isLittle);
  // Letters are counted as MATLAB does, in 16 bits; or as Python does; in old files as bytes.
  const counts = [text.length, pointsIn(text), ...(shape[0] === 1 ? [bytes.length] : [])];
  if (!counts.includes(countOf(shape)))
    throw new DamagedProblem("it is damaged (its text has another length than its shape)");
  return { text, bytes: bytes.length };
}

function pointsIn(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Types of letters, by their numbers. */
const UTF_8 = 16;
const BITS_16 = [3, 4, 17];
const BITS_32 = [5, 6, 18];
const BYTES = [1, 2];

function decoded(bytes: Buffer, type: number, isLittle: boolean): string {
  if (type === UTF_8) return bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
  if (BYTES.includes(type)) return bytes.toString("latin1");
  if (BITS_32.includes(type)) return textOfPoints(bytes, isLittle);
  if (!BITS_16.includes(type)) throw new DamagedProblem(`it is damaged (letters of the type ${type})`);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return (isLittle ? whole : Buffer.from(whole).swap16()).toString("utf16le");
}
