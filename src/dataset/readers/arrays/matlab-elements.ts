// The elements of MATLAB's files of version 5: tags, and the headers of arrays. Reference: MathWorks, "MAT-File Format".

import { ByteReader, bytesOfFile } from "./bytes.ts";
import { DamagedProblem } from "./problem.ts";
import type { ValueType } from "./values.ts";

export const TAG = 8;
export const MATRIX = 14;
export const COMPRESSED = 15;
/** The type of arrays of characters. */
export const CHAR = 4;

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

const LONGEST_NAME = 1024;
const MOST_AXES = 32;

/** A part of the file that is one variable. */
export interface Element {
  readonly type: number;
  /** Places in the file, in bytes. */
  readonly start: number;
  readonly end: number;
  readonly isLittle: boolean;
}

/** The header of an array, and how its values are stored. */
interface MatrixHeader {
  readonly name: string;
  readonly matrixClass: number;
  readonly flags: number;
  readonly shape: readonly number[];
}

/** The bytes of a matrix after its tag. */
export async function openMatrix(path: string, { type, start, end, isLittle }: Element): Promise<ByteReader> {
  if (type === MATRIX) return new ByteReader(bytesOfFile(path, { start, end, compression: "none" }));
  const reader = new ByteReader(bytesOfFile(path, { start, end, compression: "zlib" }));
  const tag = await reader.take(TAG);
  if (uint32(tag, 0, isLittle) !== MATRIX) throw new DamagedProblem("it is damaged (no array in an element)");
  return reader;
}

export async function readMatrixHeader(reader: ByteReader, isLittle: boolean): Promise<MatrixHeader> {
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

export async function readTag(reader: ByteReader, isLittle: boolean): Promise<TagInFile> {
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
export async function readValueTag(
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
export const FILLED_TO = 8;

/**
 * The first `length` bytes of a stream, which is read to its end, since only there its checksum is compared.
 * @throws DamagedProblem if more follows than fills up the values.
 */
export async function* firstOf(
  pieces: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array> {
  let missing = length;
  for await (const piece of pieces) {
    if (missing > 0) yield piece.subarray(0, missing);
    missing -= piece.length;
    if (missing <= -FILLED_TO)
      throw new DamagedProblem(`it is longer than its header says (${length} bytes)`);
  }
}

export function uint32(bytes: Buffer, place: number, isLittle: boolean): number {
  return isLittle ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place);
}
