// Writes arrays in numpy's `.npy` format: the header, and arrays of strings. Reference: numpy/lib/format.py, version 1.

import { NPY_MAGIC } from "./arrays/npy-header.ts";

/**
 * The header before the values of a row-major array: format 1.0.
 * @param type as numpy writes it: `|u1`, `<i8`, `<U12`.
 * @param length in bytes, a multiple of 64; defaults to the shortest possible.
 * @throws RangeError if `length` is too short.
 */
export function formatNpyHeader(type: string, shape: readonly number[], length?: number): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sides}), }`;
  const shortest = Math.ceil((10 + text.length + 1) / 64) * 64;
  const total = length ?? shortest;
  if (total < shortest) throw new RangeError(`an npy header of ${shortest} bytes does not fit into ${total}`);
  const header = Buffer.alloc(total, " ");
  header.write(NPY_MAGIC, 0, "latin1");
  header.set([1, 0], 6);
  header.writeUInt16LE(total - 10, 8);
  header.write(text, 10, "latin1");
  header.write("\n", total - 1);
  return header;
}

/** Strings as a one-dimensional `.npy` file. */
export function formatNpyStrings(texts: readonly string[]): Uint8Array {
  const points = texts.map((text) => Array.from(text, (letter) => letter.codePointAt(0)!));
  const width = points.reduce((most, { length }) => Math.max(most, length), 1);
  const values = Buffer.alloc(texts.length * width * 4);
  for (const [i, letters] of points.entries()) {
    for (const [j, letter] of letters.entries()) values.writeUInt32LE(letter, (i * width + j) * 4);
  }
  return Buffer.concat([formatNpyHeader(`<U${width}`, [texts.length]), values]);
}
