// The arrays in MATLAB's files of version 5 (`save` with -v6 or -v7). Reference: MathWorks, "MAT-File Format". An
// array is a header and its values, which may be stored as a smaller type; both may be compressed together.

import { statSync } from "node:fs";
import { systemPath } from "../../../common/path-bytes.ts";
import { ByteReader, bytesOfFile, firstBytes, mostDecompressed, unpackLimit } from "./bytes.ts";
import { ArrayProblem, DamagedProblem } from "./problem.ts";
import {
  type ArrayPlace,
  differentlyNamed,
  type FoundArray,
  type StoredArray,
  textArray,
} from "./stored-array.ts";
import { countOf, numbersIn, type ValueType } from "./values.ts";

const FILE_HEADER = 128;
const TAG = 8;
const MATRIX = 14;
const COMPRESSED = 15;

/** Types of stored values, by their numbers. */
const STORED_TYPES: Readonly<Record<number, readonly [kind: ValueType["kind"], size: number]>> = {
  1: ["signed", 1],
  2: ["unsigned", 1],
  3: ["signed", 2],
  4: ["unsigned", 2],
  5: ["signed", 4],
  6: ["unsigned", 4],
  7: ["float", 4],
  9: ["float", 8],
  12: ["signed", 8],
  13: ["unsigned", 8],
  16: ["unsigned", 1],
  17: ["unsigned", 2],
  18: ["unsigned", 4],
};

/** The types of arrays, by their numbers. */
const CELL = 1;
const CHAR = 4;
const FLOATS = [6, 7];
const NUMERIC_CLASSES = { first: 6, last: 15 };
const OTHER_CLASSES: Readonly<Record<number, string>> = {
  2: "a struct, which is not read: save its fields as variables, with save(file, '-struct', 'name')",
  3: "an object, which is not read: save it as an array",
  5: "a sparse array, which is not read: save full(x)",
};

const COMPLEX = 0x0800;
const LOGICAL = 0x0200;

/** Names of classes are short, and few. */
const MOST_TEXT = 2 ** 20;
const LONGEST_NAME = 1024;
const MOST_AXES = 32;

export const MATLAB_5 = "MATLAB 5.0 MAT-file";
export const MATLAB_73 = "MATLAB 7.3 MAT-file";

/** All variables of a file. @throws ArrayProblem if it is not such a file, or damaged. */
export async function openMatlab(
  path: string,
  place: Omit<ArrayPlace, "name">,
): Promise<readonly FoundArray[]> {
  const bytes = firstBytes(path, 3);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new ArrayProblem("it is compressed once more (gzip): decompress it (gunzip)");
  const arrays: FoundArray[] = [];
  for await (const element of elementsOf(path)) {
    const array = await openElement(path, place, element);
    if (array) arrays.push(array);
  }
  return differentlyNamed(arrays);
}

/** A part of the file that is one variable. */
interface Element {
  readonly type: number;
  /** Places in the file, in bytes. */
  readonly start: number;
  readonly end: number;
  readonly isLittle: boolean;
}

async function* elementsOf(path: string): AsyncGenerator<Element> {
  const header = firstBytes(path, FILE_HEADER);
  if (!header.toString("latin1").startsWith(MATLAB_5))
    throw new ArrayProblem("it is not a MATLAB file of version 5: save it with save(file, '-v7')");
  if (header.length < FILE_HEADER) throw new DamagedProblem("it is truncated");
  const order = header.toString("latin1", 126, 128);
  if (order !== "IM" && order !== "MI") throw new DamagedProblem("its header is damaged");
  const isLittle = order === "IM";
  const { size } = statSync(systemPath(path));
  let start = FILE_HEADER;
  for (;;) {
    const reader = new ByteReader(bytesOfFile(path, { start, end: start + TAG, compression: "none" }));
    const tag = await reader.upTo(TAG);
    await reader.close();
    if (tag.length === 0) return;
    if (tag.length < TAG) throw new DamagedProblem("it is truncated");
    const [type, length] = [uint32(tag, 0, isLittle), uint32(tag, 4, isLittle)];
    if (type !== MATRIX && type !== COMPRESSED)
      throw new DamagedProblem(`it is damaged (an element has the type ${type})`);
    const end = start + TAG + length;
    if (end > size) throw new DamagedProblem("it is truncated");
    yield { type, start: start + TAG, end, isLittle };
    start = end;
  }
}

/** The header of an array, and how its values are stored. */
interface MatrixHeader {
  readonly name: string;
  readonly matrixClass: number;
  readonly flags: number;
  readonly shape: readonly number[];
}

async function openElement(
  path: string,
  place: Omit<ArrayPlace, "name">,
  element: Element,
): Promise<FoundArray | undefined> {
  const { isLittle } = element;
  const reader = await openMatrix(path, element);
  try {
    const header = await readMatrixHeader(reader, isLittle);
    // Functions and other data of MATLAB itself have no name.
    if (header.name === "") return undefined;
    const own = { ...place, name: header.name };
    const { matrixClass, flags, shape } = header;
    if (matrixClass === CELL) return cellOfTexts(own, shape, reader, isLittle);
    if (matrixClass === CHAR) return charArray(own, shape, reader, isLittle);
    if (matrixClass < NUMERIC_CLASSES.first || matrixClass > NUMERIC_CLASSES.last) {
      const what = OTHER_CLASSES[matrixClass] ?? `data of class ${matrixClass}, which are not read`;
      return { ...own, problem: `it is ${what}` };
    }
    if (flags & COMPLEX) return { ...own, problem: "it contains complex numbers, which are not read" };
    const { type, length } = await readValueTag(reader, isLittle);
    if (length !== countOf(shape) * type.size)
      return { ...own, problem: `it is damaged (${length} bytes for the shape [${shape.join(", ")}])` };
    const isBoolean = (flags & LOGICAL) !== 0;
    // Whole numbers are stored in the smallest type that has room for them, also if the array is of floats.
    return {
      ...own,
      ...{ type: isBoolean ? { ...type, kind: "boolean" } : type, shape, isColumnMajor: true },
      origin: "matlab",
      isFloats: FLOATS.includes(matrixClass) && !isBoolean,
      ...availableIn(element),
      read: async function* () {
        const again = await openMatrix(path, element);
        await readMatrixHeader(again, isLittle);
        await readValueTag(again, isLittle);
        yield* firstOf(again.rest(), length);
      },
    };
  } finally {
    await reader.close();
  }
}

function availableIn({ type, start, end }: Element): Pick<StoredArray, "available" | "limit"> {
  const compression = type === COMPRESSED ? "zlib" : "none";
  const limit = unpackLimit(end - start, compression);
  return { available: mostDecompressed(end - start, compression), ...(limit && { limit }) };
}

/** The bytes of a matrix after its tag. */
async function openMatrix(path: string, { type, start, end, isLittle }: Element): Promise<ByteReader> {
  if (type === MATRIX) return new ByteReader(bytesOfFile(path, { start, end, compression: "none" }));
  const reader = new ByteReader(bytesOfFile(path, { start, end, compression: "zlib" }));
  const tag = await reader.take(TAG);
  if (uint32(tag, 0, isLittle) !== MATRIX) throw new DamagedProblem("it is damaged (no array in an element)");
  return reader;
}

async function readMatrixHeader(reader: ByteReader, isLittle: boolean): Promise<MatrixHeader> {
  const flagBytes = await readSmall(reader, isLittle, 8);
  if (flagBytes.length < 8) throw new DamagedProblem("it is damaged (an array without flags)");
  const flags = uint32(flagBytes, 0, isLittle);
  const sides = await readSmall(reader, isLittle, 4 * MOST_AXES);
  const shape = Array.from({ length: Math.floor(sides.length / 4) }, (_, i) =>
    uint32(sides, 4 * i, isLittle),
  );
  const name = (await readSmall(reader, isLittle, LONGEST_NAME)).toString("latin1").replace(/\0+$/, "");
  return { name, matrixClass: flags & 0xff, flags, shape };
}

/** An element of few bytes, with what fills it up to a multiple of eight. */
async function readSmall(reader: ByteReader, isLittle: boolean, most: number): Promise<Buffer> {
  const { length, padded, held } = await readTag(reader, isLittle);
  if (length > most) throw new DamagedProblem(`it is damaged (an element of ${length} bytes in a header)`);
  return held ?? (await reader.take(padded)).subarray(0, length);
}

interface TagInFile {
  readonly type: number;
  readonly length: number;
  /** The bytes until the next element. */
  readonly padded: number;
  /** The values, if they are so few that they are in the tag. */
  readonly held?: Buffer;
}

async function readTag(reader: ByteReader, isLittle: boolean): Promise<TagInFile> {
  const tag = await reader.take(TAG);
  const first = uint32(tag, 0, isLittle);
  const small = first >>> 16;
  if (small > 0) {
    if (small > 4) throw new DamagedProblem("it is damaged (a small element of more than four bytes)");
    return { type: first & 0xffff, length: small, padded: 0, held: tag.subarray(4, 4 + small) };
  }
  const length = uint32(tag, 4, isLittle);
  return { type: first, length, padded: Math.ceil(length / 8) * 8 };
}

/** The tag of an array's values, after which they follow. */
async function readValueTag(
  reader: ByteReader,
  isLittle: boolean,
): Promise<{ type: ValueType; length: number }> {
  const tag = await readTag(reader, isLittle);
  if (tag.held) reader.putBack(tag.held);
  const stored = STORED_TYPES[tag.type];
  if (!stored) throw new DamagedProblem(`it is damaged (values of the type ${tag.type})`);
  const [kind, size] = stored;
  return { type: { kind, size, isLittle }, length: tag.length };
}

/** Values are filled up to a multiple of this many bytes. */
const FILLED_TO = 8;

/**
 * The first `length` bytes of a stream, which is read to its end, since only there its checksum is compared.
 * @throws DamagedProblem if more follows than fills up the values.
 */
async function* firstOf(pieces: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let missing = length;
  for await (const piece of pieces) {
    if (missing > 0) yield piece.subarray(0, missing);
    missing -= piece.length;
    if (missing <= -FILLED_TO)
      throw new DamagedProblem(`it is longer than its header says (${length} bytes)`);
  }
}

/** Names of classes: a cell array of texts. */
async function cellOfTexts(
  place: ArrayPlace,
  shape: readonly number[],
  reader: ByteReader,
  isLittle: boolean,
): Promise<FoundArray> {
  const count = countOf(shape);
  if (count > MOST_TEXT) return { ...place, problem: `it has ${count} cells, which are not read` };
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const tag = await readTag(reader, isLittle);
    if (tag.type !== MATRIX || tag.held) throw new DamagedProblem("it is damaged (a cell without an array)");
    const header = await readMatrixHeader(reader, isLittle);
    if (header.matrixClass !== CHAR)
      return { ...place, problem: "it is a cell array, which is not read: save it as an array" };
    for (const text of await readChars(header.shape, reader, isLittle)) texts.push(text);
  }
  if (texts.length !== count)
    return { ...place, problem: "it is a cell array of several lines each, which is not read" };
  return textArray(place, texts);
}

async function charArray(
  place: ArrayPlace,
  shape: readonly number[],
  reader: ByteReader,
  isLittle: boolean,
): Promise<FoundArray> {
  return textArray(place, await readChars(shape, reader, isLittle));
}

/** The lines of an array of characters, without the spaces that make them equally long. */
async function readChars(shape: readonly number[], reader: ByteReader, isLittle: boolean): Promise<string[]> {
  const [rows = 0, columns = 0] = shape;
  const tag = await readTag(reader, isLittle);
  if (tag.length > MOST_TEXT) throw new ArrayProblem("its text is too long to be names of classes");
  const bytes = tag.held ?? (await reader.take(tag.padded)).subarray(0, tag.length);
  const [kind, size] = STORED_TYPES[tag.type] ?? ["unsigned", 1];
  const letters = numbersIn(bytes.subarray(0, Math.floor(bytes.length / size) * size), {
    kind,
    size,
    isLittle,
  });
  if (shape.length !== 2 || Math.max(rows, rows * columns) > letters.length) {
    // Letters beyond ASCII may have several bytes; of one line that does not matter.
    if (rows === 1 && shape.length === 2) return [Buffer.from(bytes).toString("utf8")];
    throw new DamagedProblem("it is damaged (its text has another length than its shape)");
  }
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => String.fromCharCode(letters[column * rows + row]))
      .join("")
      .trimEnd(),
  );
}

function uint32(bytes: Buffer, place: number, isLittle: boolean): number {
  return isLittle ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place);
}
