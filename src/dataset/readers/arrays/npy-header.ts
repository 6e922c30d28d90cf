// The header of numpy's `.npy` format: the type, shape and order of the values after it. Reference: numpy/lib/format.py,
// versions 1 to 3.

import { formatValue } from "../../../common/errors.ts";
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

const LATEST_VERSION = 3;
/** Longer than any header: a structured type has a line per field. */
const LONGEST_HEADER = 2 ** 20;
/** numpy has at most 64. */
export const MOST_AXES = 64;

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
  const [major, minor] = start.subarray(6, 8);
  if (major < 1 || major > LATEST_VERSION || minor !== 0)
    throw new ArrayProblem(`its npy header is of version ${major}.${minor}, which is not known`);
  const isLong = major > 1;
  const before = isLong ? 12 : 10;
  const length = isLong ? start.readUInt32LE(8) : start.readUInt16LE(8);
  if (length > LONGEST_HEADER) throw new DamagedProblem("its npy header is damaged");
  const rest = await reader.take(Math.max(0, before + length - 12));
  const text = Buffer.concat([start, rest]).toString("latin1", before, before + length);
  return { ...parseHeader(text), length: before + length };
}

/** One key of the dictionary with its value. Python 2 wrote sides as `3L`. */
const ITEM =
  /\s*(['"])(?<key>descr|fortran_order|shape)\1\s*:\s*(?<value>True|False|'[^']*'|"[^"]*"|\([^()]*\))\s*(,\s*|(?=\}))/y;
const SIDES = /^\(\s*(?:\d+L?\s*(?:,\s*|(?=\))))*\)$/;
/** The fields of a structured type may contain anything. */
const WITH_FIELDS = /['"]descr['"]\s*:\s*[[(]/;

function parseHeader(text: string): Omit<NpyHeader, "length"> {
  if (WITH_FIELDS.test(text)) return { shape: [], isColumnMajor: false, type: STRUCTURED };
  const items = itemsOf(text);
  const [sides = "", order = "", quoted = ""] = ["shape", "fortran_order", "descr"].map((key) =>
    items?.get(key),
  );
  if (!SIDES.test(sides) || !/^(True|False)$/.test(order) || !/^['"]/.test(quoted))
    throw new DamagedProblem("its npy header is damaged");
  const shape = [...sides.matchAll(/\d+/g)].map(([side]) => Number(side));
  if (shape.length > MOST_AXES)
    throw new ArrayProblem(`expected images or labels, found the shape ${shapeText(shape)}`);
  return { shape, isColumnMajor: order === "True", type: typeOf(quoted.slice(1, -1)) };
}

/** A dictionary of Python with these three keys, each of them once, and no others: as numpy demands. Undefined for anything else. */
function itemsOf(text: string): ReadonlyMap<string, string> | undefined {
  const items = new Map<string, string>();
  let place = text.indexOf("{") + 1;
  for (let count = 0; count < 3; count++) {
    ITEM.lastIndex = place;
    const { key, value } = ITEM.exec(text)?.groups ?? {};
    if (key === undefined || items.has(key)) return undefined;
    items.set(key, value);
    place = ITEM.lastIndex;
  }
  return /^\s*\{/.test(text) && /^\s*\}\s*$/.test(text.slice(place)) ? items : undefined;
}

const STRUCTURED = {
  problem: "it is a structured array (with fields), which is not read: save each field as an array",
};

/** The type that numpy writes as `<f4`, or why it is not read. */
export function typeOf(name: string): NpyHeader["type"] {
  const [, order, letter, digits] = /^([<>|=]?)([a-zA-Z?])(\d*)$/.exec(name) ?? [];
  if (letter === "?")
    return digits === "" ? { kind: "boolean", size: 1, isLittle: true } : { problem: problemOf(name) };
  const kind = KINDS[letter];
  const units = Number(digits);
  const isLittle = order !== ">";
  if (kind === "text") return { kind, size: 4 * units, isLittle };
  if (kind === "bytes") return { kind, size: units, isLittle };
  return kind && SIZES[letter].includes(units)
    ? { kind, size: units, isLittle }
    : { problem: problemOf(name) };
}

/** Types that are not read, by their letters. Dates also have a unit: `<M8[D]`. */
const OTHERS: readonly (readonly [name: RegExp, what: string])[] = [
  [/^[<>]?c\d+$/, "complex numbers"],
  [/^[<>]?M8/, "dates"],
  [/^[<>]?m8/, "times"],
  [/^\|?V\d+$/, "raw bytes"],
];

function problemOf(name: string): string {
  if (/^\|?O\d*$/.test(name)) {
    return (
      "it is an array of Python objects (dtype object), which is not read: save it with a plain type, such as " +
      'numpy.array(names, dtype="str") or numpy.stack(images)'
    );
  }
  const what =
    OTHERS.find(([pattern]) => pattern.test(name))?.[1] ?? `values of the type ${formatValue(name)}`;
  return `it contains ${what}, which are not read: save images as uint8 or 32-bit floats, and labels as whole numbers or texts`;
}
