// Which files contain arrays, by their first bytes; the name decides only if these do not say it. And what files are that
// cannot be read, with what to do instead.

import { statSync } from "node:fs";
import { basename } from "node:path";
import { systemPath } from "../../../common/path-bytes.ts";
import { isPixelText } from "../tables/table.ts";
import { startOfFile } from "./bytes.ts";
import { MATLAB_5, MATLAB_73 } from "./matlab.ts";
import { NPY_MAGIC } from "./npy-header.ts";

export type ArrayFileKind = "npz" | "npy" | "matlab" | "pickle" | "pixels";

/** The bytes that say what a file is are among these. */
const BEGINNING = 512;
const HIGHEST_PROTOCOL = 5;
/** Of an archive, and of an empty one. */
const ZIP_MARKS = ["PK\x03\x04", "PK\x05\x06"];

const NAMES: readonly (readonly [ArrayFileKind, RegExp])[] = [
  ["npz", /\.npz$/i],
  ["npy", /\.npy$/i],
  ["matlab", /\.mat$/i],
  ["pickle", /\.(pkl|pickle|p)$/i],
];
const TABLE_NAME = /\.(csv|tsv)$/i;

/** The name without the extension of a compressed file. */
export function plainName(path: string): string {
  return basename(path).replace(/\.(gz|zst)$/i, "");
}

/** Whether a file may contain arrays, by its name alone. */
export function hasArrayName(name: string): boolean {
  const plain = plainName(name);
  return NAMES.some(([, pattern]) => pattern.test(plain)) || TABLE_NAME.test(plain);
}

/** The kind of arrays in a file; undefined if it has none. @throws UsageError if it cannot be read. */
export function kindOfArrays(path: string): ArrayFileKind | undefined {
  const { start, compression } = startOfFile(path);
  const text = start.toString("latin1", 0, BEGINNING);
  if (text.startsWith(NPY_MAGIC)) return "npy";
  if (ZIP_MARKS.some((mark) => text.startsWith(mark))) return compression === undefined ? "npz" : undefined;
  if (text.startsWith(MATLAB_5)) return "matlab";
  if (unsupportedFormat(text) !== undefined) return undefined;
  if (text.charCodeAt(0) === 0x80 && text.charCodeAt(1) <= HIGHEST_PROTOCOL) return "pickle";
  const name = plainName(path);
  const byName = NAMES.find(([, pattern]) => pattern.test(name))?.[0];
  if (byName) return byName;
  return TABLE_NAME.test(name) && isPixelText(start.toString("latin1")) ? "pixels" : undefined;
}

const AS_NPZ = "save its arrays with numpy.savez";

/** Formats that are not read, by the bytes at their beginning. */
const FORMATS: readonly (readonly [mark: string, what: string, fix: string])[] = [
  [MATLAB_73, "a MATLAB file of version 7.3 (HDF5)", "save it with save(file, '-v7')"],
  ["\x89HDF\r\n\x1a\n", "an HDF5 file", AS_NPZ],
  ["\xfd7zXZ\0", "compressed with xz", "decompress it (xz -d)"],
  ["BZh", "compressed with bzip2", "decompress it (bunzip2)"],
  ["\x04\x22\x4d\x18", "compressed with LZ4", "decompress it (lz4 -d)"],
  ["\x1f\x9d", "compressed with compress (.Z)", "decompress it (uncompress)"],
  ["7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it, and give the folder"],
  ["Rar!\x1a\x07", "a RAR archive", "unpack it, and give the folder"],
  ["SQLite format 3\0", "an SQLite database", AS_NPZ],
  ["ARROW1\0\0", "an Arrow file", AS_NPZ],
  ["version https://git-lfs", "a pointer of Git LFS", "fetch its content (git lfs pull)"],
  ["<!DOCTYPE html", "a web page (HTML)", "download the file itself"],
  ["<!doctype html", "a web page (HTML)", "download the file itself"],
  ["<html", "a web page (HTML)", "download the file itself"],
];

function unsupportedFormat(text: string): (typeof FORMATS)[number] | undefined {
  return FORMATS.find(([mark]) => text.startsWith(mark));
}

/** What a file is that is not supported, and what to do; undefined if its first bytes do not say it. */
export function whyUnsupported(path: string): string | undefined {
  if (!statSync(systemPath(path)).isFile()) return undefined;
  const { start, compression } = startOfFile(path);
  const text = start.toString("latin1", 0, BEGINNING);
  const found = unsupportedFormat(text);
  if (found) return `it is ${found[1]}, which is not supported: ${found[2]}`;
  if (ZIP_MARKS.some((mark) => text.startsWith(mark)) && compression !== undefined)
    return "it is a compressed zip archive: decompress it first";
  return start.length === 0 && compression === undefined ? "it is empty" : undefined;
}
