// The types of values in arrays, and their numbers.

import { isUtf8 } from "node:buffer";
import { half } from "../../../common/half.ts";
import { DamagedProblem } from "./problem.ts";

export interface ValueType {
  readonly kind: "boolean" | "unsigned" | "signed" | "float" | "text" | "bytes";
  /** Bytes of one value; of a text, of all its characters. */
  readonly size: number;
  readonly isLittle: boolean;
}

export type Numbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export const UINT8: ValueType = { kind: "unsigned", size: 1, isLittle: true };

const NAMES = { boolean: "bool", unsigned: "uint", signed: "int", float: "float" } as const;

/** As numpy names it: `uint8`, `float32`, `bool`; or `text`. */
export function nameOfType({ kind, size }: ValueType): string {
  if (kind === "text" || kind === "bytes") return "text";
  return kind === "boolean" ? NAMES[kind] : `${NAMES[kind]}${8 * size}`;
}

export function isText({ kind }: ValueType): boolean {
  return kind === "text" || kind === "bytes";
}

/** `[60000, 28, 28]`; of very many axes, the first few. */
export function shapeText(shape: readonly number[]): string {
  const shown = shape.slice(0, MOST_AXES_SHOWN).join(", ");
  return shape.length > MOST_AXES_SHOWN ? `[${shown}, … ${shape.length} axes]` : `[${shown}]`;
}

const MOST_AXES_SHOWN = 8;

/** The number of values of an array. It may exceed what numbers count exactly. */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/**
 * The numbers in these bytes, whose length is a multiple of the type's size. Bytes are not copied; others are, and 64-bit
 * integers become doubles. Of booleans anything but zero is true, as in numpy and MATLAB, and becomes 1.
 */
export function numbersIn(bytes: Uint8Array, type: ValueType): Numbers {
  const { kind, size, isLittle } = type;
  if (kind === "boolean") return truthsIn(bytes, size);
  if (size === 1)
    return kind === "signed" ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  // Typed arrays need an aligned beginning, and the machine's byte order, which is little-endian.
  const copy = Buffer.from(Uint8Array.from(bytes).buffer);
  if (!isLittle) swap(copy, size);
  const length = copy.length / size;
  const { buffer } = copy;
  if (kind === "float") {
    if (size === 2) return Float32Array.from(new Uint16Array(buffer, 0, length), half);
    return size === 4 ? new Float32Array(buffer, 0, length) : new Float64Array(buffer, 0, length);
  }
  const isSigned = kind === "signed";
  if (size === 2) return isSigned ? new Int16Array(buffer, 0, length) : new Uint16Array(buffer, 0, length);
  if (size === 4) return isSigned ? new Int32Array(buffer, 0, length) : new Uint32Array(buffer, 0, length);
  const wide = isSigned ? new BigInt64Array(buffer, 0, length) : new BigUint64Array(buffer, 0, length);
  return Float64Array.from(wide, Number);
}

function truthsIn(bytes: Uint8Array, size: number): Uint8Array {
  const truths = new Uint8Array(bytes.length / size);
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) truths[Math.floor(i / size)] = 1;
  return truths;
}

function swap(bytes: Buffer, size: number): void {
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
  else bytes.swap64();
}

/** How numpy's texts of bytes (its type S) are read. */
export type TextEncoding = "utf8" | "latin1";

/**
 * The texts in these bytes: numpy's type U has 32 bits per character, its type S bytes. They are filled up with zeros.
 * @throws DamagedProblem if a character is beyond Unicode.
 */
export function textsIn(bytes: Uint8Array, type: ValueType, encoding: TextEncoding): string[] {
  const { kind, isLittle } = type;
  return partsOf(bytes, type).map((own) => {
    const text = kind === "bytes" ? own.toString(encoding) : textOfPoints(own, isLittle);
    return withoutZeros(text);
  });
}

/** A text without the zeros at its end. A regular expression takes very long if many zeros are before its end. */
function withoutZeros(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end--;
  return text.slice(0, end);
}

/** Whether all texts of bytes in these are UTF-8. */
export function areUtf8(bytes: Uint8Array, type: ValueType): boolean {
  return partsOf(bytes, type).every((own) => isUtf8(own));
}

/** The bytes of each text. */
function partsOf(bytes: Uint8Array, { size }: ValueType): Buffer[] {
  const count = size === 0 ? 0 : Math.floor(bytes.length / size);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, i) => view.subarray(i * size, (i + 1) * size));
}

const LAST_POINT = 0x10ffff;

/** A text of 32 bits per character. @throws DamagedProblem if a character is beyond Unicode. */
export function textOfPoints(bytes: Buffer, isLittle: boolean): string {
  let text = "";
  for (let place = 0; place + 4 <= bytes.length; place += 4) {
    const point = isLittle ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place);
    if (point > LAST_POINT) throw new DamagedProblem("it is damaged (a character that does not exist)");
    text += String.fromCodePoint(point);
  }
  return text;
}
