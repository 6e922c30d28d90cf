// The arrays of numpy's `.npy` format: whole numbers of any width. Reference: numpy/lib/format.py, versions 1 to 3.

/** A numpy array, row by row. */
export interface NumpyArray {
  readonly shape: readonly number[];
  /** Bytes as they are; wider numbers as double-precision ones. */
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

/**
 * The array that a `.npy` file holds.
 * @throws Error, in words: no such file, truncated, not of whole numbers, or stored column by column.
 */
export function parseNpy(bytes: Uint8Array): NumpyArray {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString("latin1", 0, 6) !== MAGIC || buffer.length < 12) throw new Error("it is no npy array");
  const long = buffer[6] > 1;
  const start = long ? 12 : 10;
  const end = start + (long ? buffer.readUInt32LE(8) : buffer.readUInt16LE(8));
  const header = buffer.toString("latin1", start, end);
  const descr = /'descr':\s*'([<>|=])([a-zA-Z])(\d+)'/.exec(header);
  const shapeText = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (shapeText === undefined) throw new Error("its npy header is damaged");
  if (!descr) throw new Error("expected whole numbers, found a type of another kind");
  const shape = shapeText
    .split(",")
    .map((side) => side.trim())
    .filter(Boolean)
    .map(Number);
  if (/'fortran_order':\s*True/.test(header) && shape.filter((side) => side > 1).length > 1) {
    throw new Error("it is stored column by column (Fortran order); save numpy.ascontiguousarray of it");
  }
  const [, order, kind, width] = descr;
  const count = shape.reduce((product, side) => product * side, 1);
  const body = bytes.subarray(end);
  if (kind + width === "u1") return { shape, data: cut(body, count) };
  const getter = GETTERS[kind + width];
  if (!getter) throw new Error(`expected whole numbers, found numpy's type ${kind}${width}`);
  const values = cut(body, count * getter.size);
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = getter.get(view, i * getter.size, order !== ">");
  return { shape, data };
}

function cut(body: Uint8Array, size: number): Uint8Array {
  if (body.length < size) throw new Error(`it is truncated: ${size} bytes expected, ${body.length} found`);
  return body.subarray(0, size);
}
