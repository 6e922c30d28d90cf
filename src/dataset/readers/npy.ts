// Reads and writes arrays in numpy's `.npy` format: whole numbers of any width, and strings. Reference:
// numpy/lib/format.py, versions 1 to 3.

/** A numpy array, row-major. */
export interface NumpyArray {
  readonly shape: readonly number[];
  /** Bytes unchanged; wider numbers as doubles. */
  readonly data: Uint8Array | Float64Array;
}

const MAGIC = "\x93NUMPY";

type Getter = (view: DataView, place: number, little: boolean) => number;

const GETTERS: Record<string, { readonly size: number; readonly get: Getter }> = {
  b1: { size: 1, get: (view, place) => view.getUint8(place) },
  i1: { size: 1, get: (view, place) => view.getInt8(place) },
  i2: { size: 2, get: (view, place, little) => view.getInt16(place, little) },
  u2: { size: 2, get: (view, place, little) => view.getUint16(place, little) },
  i4: { size: 4, get: (view, place, little) => view.getInt32(place, little) },
  u4: { size: 4, get: (view, place, little) => view.getUint32(place, little) },
  i8: { size: 8, get: (view, place, little) => Number(view.getBigInt64(place, little)) },
  u8: { size: 8, get: (view, place, little) => Number(view.getBigUint64(place, little)) },
};

/** The parts of a `.npy` file. */
interface NpyFile {
  /** The type's byte order, kind and width, as in `<i8`. */
  readonly order: string;
  readonly kind: string;
  readonly width: number;
  readonly shape: readonly number[];
  readonly body: Uint8Array;
}

/**
 * The array in a `.npy` file.
 * @throws Error, in words: not such a file, truncated, not of whole numbers, or column-major.
 */
export function parseNpy(bytes: Uint8Array): NumpyArray {
  const { order, kind, width, shape, body } = parseFile(bytes);
  const count = countOf(shape);
  if (kind + width === "u1") return { shape, data: cut(body, count) };
  const getter = GETTERS[kind + width];
  if (!getter) throw new Error(`expected whole numbers, found numpy's type ${kind}${width}`);
  const values = cut(body, count * getter.size);
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = getter.get(view, i * getter.size, order !== ">");
  return { shape, data };
}

/** The strings in a `.npy` file (numpy's type U: 32 bits per character). @throws Error, in words, like `parseNpy`. */
export function parseNpyStrings(bytes: Uint8Array): string[] {
  const { order, kind, width, shape, body } = parseFile(bytes);
  if (kind !== "U") throw new Error(`expected strings, found numpy's type ${kind}${width}`);
  const letters = cut(body, countOf(shape) * width * 4);
  const view = new DataView(letters.buffer, letters.byteOffset, letters.byteLength);
  return Array.from({ length: countOf(shape) }, (_, i) => {
    const points = Array.from({ length: width }, (__, j) =>
      view.getUint32((i * width + j) * 4, order !== ">"),
    );
    return String.fromCodePoint(...points).replace(/\0+$/, "");
  });
}

function parseFile(bytes: Uint8Array): NpyFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString("latin1", 0, 6) !== MAGIC || buffer.length < 12)
    throw new Error("it is not an npy array");
  const long = buffer[6] > 1;
  const start = long ? 12 : 10;
  const end = start + (long ? buffer.readUInt32LE(8) : buffer.readUInt16LE(8));
  const header = buffer.toString("latin1", start, end);
  const descr = /'descr':\s*'([<>|=])([a-zA-Z])(\d+)'/.exec(header);
  const shapeText = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (shapeText === undefined) throw new Error("its npy header is damaged");
  if (!descr) throw new Error("expected whole numbers, found another type");
  const shape = shapeText
    .split(",")
    .map((side) => side.trim())
    .filter(Boolean)
    .map(Number);
  if (/'fortran_order':\s*True/.test(header) && shape.filter((side) => side > 1).length > 1) {
    throw new Error("it is stored column by column (Fortran order); save numpy.ascontiguousarray of it");
  }
  const [, order, kind, width] = descr;
  return { order, kind, width: Number(width), shape, body: bytes.subarray(end) };
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

function cut(body: Uint8Array, size: number): Uint8Array {
  if (body.length < size) throw new Error(`it is truncated: ${size} bytes expected, ${body.length} found`);
  return body.subarray(0, size);
}

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
  header.write(MAGIC, 0, "latin1");
  header.set([1, 0], 6);
  header.writeUInt16LE(total - 10, 8);
  header.write(text, 10, "latin1");
  header.write("\n", total - 1);
  return header;
}

/** Strings as a one-dimensional `.npy` file. */
export function formatNpyStrings(texts: readonly string[]): Uint8Array {
  const points = texts.map((text) => Array.from(text, (letter) => letter.codePointAt(0)!));
  const width = Math.max(1, ...points.map(({ length }) => length));
  const values = Buffer.alloc(texts.length * width * 4);
  for (const [i, letters] of points.entries()) {
    for (const [j, letter] of letters.entries()) values.writeUInt32LE(letter, (i * width + j) * 4);
  }
  return Buffer.concat([formatNpyHeader(`<U${width}`, [texts.length]), values]);
}
