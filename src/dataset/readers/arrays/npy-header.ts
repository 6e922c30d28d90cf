// The header of numpy's `.npy` format: the type, shape and order of the values after it. Reference: numpy/lib/format.py,
// versions 1 to 3.

import type { ByteReader } from "./bytes.ts";
import { ArrayProblem, DamagedProblem } from "./problem.ts";
import { shapeText, type ValueType } from "./values.ts";

export interface NpyHeader {
  readonly shape: readonly number[];
  readonly isColumnMajor: boolean;
  /** In bytes, with the magic number. */
  readonly length: number;
  /** The type of the values, or the reason for which they cannot be read. */
  readonly type: ValueType | { readonly problem: string };
}

export const NPY_MAGIC = "\x93NUMPY";

/** Longer than any header: a structured type has a line per field. */
const LONGEST_HEADER = 2 ** 20;
/** numpy has at most 64. */
const MOST_AXES = 64;

const KINDS: Readonly<Record<string, ValueType["kind"]>> = {
  b: "boolean",
  u: "unsigned",
  i: "signed",
  f: "float",
  U: "text",
  S: "bytes",
  a: "bytes",
};

const SIZES: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  u: [1, 2, 4, 8],
  i: [1, 2, 4, 8],
  f: [2, 4, 8],
};

/** @throws ArrayProblem if it is not such a file, or its header is damaged. */
export async function readNpyHeader(reader: ByteReader): Promise<NpyHeader> {
  const start = await reader.upTo(12);
  if (start.toString("latin1", 0, 6) !== NPY_MAGIC || start.length < 12)
    throw new DamagedProblem(start.length < 12 ? "it is truncated" : "it is not an npy array");
  const isLong = start[6] > 1;
  const before = isLong ? 12 : 10;
  const length = isLong ? start.readUInt32LE(8) : start.readUInt16LE(8);
  if (length > LONGEST_HEADER) throw new DamagedProblem("its npy header is damaged");
  const rest = await reader.take(Math.max(0, before + length - 12));
  const text = Buffer.concat([start, rest]).toString("latin1", before, before + length);
  return { ...parseHeader(text), length: before + length };
}

function parseHeader(text: string): Omit<NpyHeader, "length"> {
  const shapeFound = /['"]shape['"]:\s*\(([\dL,\s]*)\)/.exec(text)?.[1];
  const order = /['"]fortran_order['"]:\s*(True|False)/.exec(text)?.[1];
  const type = /['"]descr['"]:\s*(?:(['"])([^'"]*)\1|([[(]))/.exec(text);
  if (shapeFound === undefined || order === undefined || !type)
    throw new DamagedProblem("its npy header is damaged");
  const shape = shapeFound
    .split(",")
    .map((side) => side.replace("L", "").trim())
    .filter(Boolean)
    .map(Number);
  if (shape.length > MOST_AXES)
    throw new ArrayProblem(`expected images or labels, found the shape ${shapeText(shape)}`);
  const [, , name] = type;
  return { shape, isColumnMajor: order === "True", type: name === undefined ? STRUCTURED : typeOf(name) };
}

const STRUCTURED = {
  problem: "it is a structured array (with fields), which is not read: save each field as an array",
};

/** The type that numpy writes as `<f4`, or why it is not read. */
export function typeOf(name: string): NpyHeader["type"] {
  const [, order, letter, digits] = /^([<>|=]?)([a-zA-Z?])(\d*)/.exec(name) ?? [];
  const kind = KINDS[letter === "?" ? "b" : letter];
  const units = letter === "?" ? 1 : Number(digits);
  const isLittle = order !== ">";
  if (kind === "text") return { kind, size: 4 * units, isLittle };
  if (kind === "bytes") return { kind, size: units, isLittle };
  if (kind && SIZES[letter === "?" ? "b" : letter].includes(units)) return { kind, size: units, isLittle };
  return { problem: problemOf(letter, name) };
}

function problemOf(letter: string | undefined, name: string): string {
  if (letter === "O") {
    return (
      "it is an array of Python objects (dtype object), which is not read: save it with a plain type, such as " +
      'numpy.array(names, dtype="str") or numpy.stack(images)'
    );
  }
  const kinds: Readonly<Record<string, string>> = {
    c: "complex numbers",
    M: "dates",
    m: "times",
    V: "raw bytes",
  };
  const what = letter === "f" ? `floats of the type ${name}` : (kinds[letter ?? ""] ?? `the type ${name}`);
  return `it contains ${what}, which are not read: save it as uint8, or as floats of 32 bits`;
}
