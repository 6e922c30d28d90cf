// How pickles write numbers and texts: protocol 0 as lines of text, later ones numbers of any length as bytes.

import { isUtf8 } from "node:buffer";
import { DamagedProblem } from "./arrays/problem.ts";
import { PickleProblem } from "./pickle-values.ts";

/** 64 bits and a sign. */
export const LONGEST_NUMBER = 9;

export function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new DamagedProblem("it has a number that is not one");
  return value;
}

/** A whole number of any length, little-endian, in two's complement. */
export function longOf(bytes: Buffer): number {
  if (bytes.length > LONGEST_NUMBER) throw new PickleProblem("it has a number of more than 64 bits");
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return Number(BigInt.asIntN(8 * bytes.length, value));
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

/** The bytes of a string literal of Python 2: in quotes, with escapes. */
export function bytesOfLiteral(line: string): Uint8Array {
  const inner = /^(["'])(.*)\1$/s.exec(line.trim())?.[2];
  if (inner === undefined) throw new DamagedProblem("it has a text without quotes");
  const text = inner.replace(
    /\\(?:x([\da-fA-F]{2})|([0-7]{1,3})|([\s\S]))/g,
    (_, hex?: string, octal?: string, letter?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      return ESCAPES[letter ?? ""] ?? letter ?? "";
    },
  );
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** A text in Python's raw-unicode-escape: Latin-1, and `\u0100` for what that does not have. */
export function textOfLine(line: string): string {
  return line.replace(/\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})/g, (all, short?: string, long?: string) => {
    const point = Number.parseInt(short ?? long ?? "", 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : all;
  });
}

/**
 * A text of Python 3. Surrogates, which stand for bytes in names of files, are not UTF-8: as such, different texts would become the
 * same.
 */
export function unicodeOf(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
}
