// Decodes the values in a page of a Parquet file by their encoding. What contradicts the page is an error, because the values
// would be others: an encoding that its type does not have, values that do not use up the page, places beyond the dictionary.
// Reference: the Apache Parquet format, "Encodings".

import type { DataReader, DecodedArray, Encoding, ParquetType } from "hyparquet";
import { deltaBinaryUnpack, deltaLengthByteArray } from "hyparquet/src/delta.js";
import { byteStreamSplit } from "hyparquet/src/encoding.js";
import { readPlain } from "hyparquet/src/plain.js";
import { readVarInt } from "hyparquet/src/thrift.js";

/** The types of values that the encodings are for; those that are missing are for all. */
const TYPES_OF: { readonly [encoding in Encoding]?: readonly ParquetType[] } = {
  RLE: ["BOOLEAN"],
  DELTA_BINARY_PACKED: ["INT32", "INT64"],
  DELTA_LENGTH_BYTE_ARRAY: ["BYTE_ARRAY"],
  DELTA_BYTE_ARRAY: ["BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
  BYTE_STREAM_SPLIT: ["INT32", "INT64", "FLOAT", "DOUBLE", "FIXED_LEN_BYTE_ARRAY"],
};
const SUPPORTED: readonly Encoding[] = ["PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY"];

/** How the values of a page are stored. */
interface ValueForm {
  readonly encoding: Encoding;
  readonly type: ParquetType;
  /** The bytes of a value of fixed length. */
  readonly length: number | undefined;
  /** The number of values, without those that are missing. */
  readonly count: number;
  /** More bytes than this are not possible. */
  readonly most: number;
  readonly dictionary?: DecodedArray;
  /** There may be this many bytes more. */
  readonly padding: number;
}

/** @throws Error if an encoding is not supported, or is not one for this type. */
export function checkEncoding(encoding: Encoding, type: ParquetType): void {
  const types = TYPES_OF[encoding];
  if (!types && !SUPPORTED.includes(encoding)) throw new Error(`unsupported encoding ${encoding}`);
  if (types && !types.includes(type))
    throw new Error(`the encoding ${encoding} of values of the type ${type}`);
}

export function isDictionary(encoding: Encoding): boolean {
  return encoding === "PLAIN_DICTIONARY" || encoding === "RLE_DICTIONARY";
}

/**
 * The values that begin at the reader's place and end with its bytes.
 * @throws Error if they do not use up the bytes; beyond its end nothing can be read.
 */
export function readValues(reader: DataReader, form: ValueForm): DecodedArray {
  const { encoding, type, length, count, most, dictionary, padding } = form;
  const { byteLength: end } = reader.view;
  if (count === 0) return [];
  if (isDictionary(encoding)) return fromDictionary(reader, count, dictionary);
  if (encoding === "DELTA_BINARY_PACKED") return deltas(reader, type === "INT32" ? "INT32" : "INT64", count);
  // The library allocates values of fixed length before it reads them.
  if (type === "FIXED_LEN_BYTE_ARRAY" && count * (length ?? 0) > end && encoding !== "DELTA_BYTE_ARRAY")
    throw new Error("a page of another size than its values");
  let values: DecodedArray;
  if (encoding === "RLE") {
    const size = reader.view.getUint32(reader.offset, true);
    const start = reader.offset + 4;
    values = Array.from(readRuns(reader.view, start, end, 1, count), (bit) => bit === 1);
    reader.offset = start + size;
  } else if (encoding === "DELTA_LENGTH_BYTE_ARRAY") {
    checkDeltas(reader, count);
    values = new Array<Uint8Array>(count);
    deltaLengthByteArray(reader, count, values);
  } else if (encoding === "DELTA_BYTE_ARRAY") values = prefixed(reader, count, most);
  else if (encoding === "BYTE_STREAM_SPLIT") values = byteStreamSplit(reader, count, type, length);
  else values = readPlain(reader, type, count, length);
  if (reader.offset > end || reader.offset < end - padding)
    throw new Error("a page of another size than its values");
  return values;
}

function fromDictionary(
  reader: DataReader,
  count: number,
  dictionary: DecodedArray | undefined,
): DecodedArray {
  if (!dictionary) throw new Error("a page without its dictionary");
  const { view, offset } = reader;
  const width = view.getUint8(offset);
  // DuckDB may write more after the last place, so the runs need not use up the page.
  const places =
    width === 0 ? new Uint32Array(count) : readRuns(view, offset + 1, view.byteLength, width, count);
  return Array.from(places, (place) => {
    if (place >= dictionary.length) throw new Error("a value that its dictionary does not have");
    return dictionary[place];
  });
}

function deltas(reader: DataReader, type: "INT32" | "INT64", count: number): Int32Array | BigInt64Array {
  checkDeltas(reader, count);
  const values = type === "INT32" ? new Int32Array(count) : new BigInt64Array(count);
  deltaBinaryUnpack(reader, count, values);
  return values;
}

/** @throws Error if the header of differences is impossible, or is not that of this many values. */
function checkDeltas({ view, offset }: DataReader, count: number): void {
  const header = { view, offset };
  const block = readVarInt(header);
  const parts = readVarInt(header);
  if (!(parts > 0 && parts <= view.byteLength && block > 0 && block % (32 * parts) === 0))
    throw new Error("differences of impossible size");
  if (readVarInt(header) !== count) throw new Error("a page of another size than its values");
}

/** Values that begin like the one before them. @throws Error if they are longer than what is possible. */
function prefixed(reader: DataReader, count: number, most: number): Uint8Array[] {
  const prefixes = deltas(reader, "INT32", count);
  const lengths = deltas(reader, "INT32", count);
  const { buffer, byteOffset } = reader.view;
  let previous: Uint8Array = new Uint8Array(0);
  let total = 0;
  return Array.from({ length: count }, (_, i) => {
    const [prefix, length] = [Number(prefixes[i]), Number(lengths[i])];
    total += prefix + length;
    if (!(prefix >= 0 && prefix <= previous.length && length >= 0 && total <= most))
      throw new Error("values of impossible size");
    const rest = new Uint8Array(buffer, byteOffset + reader.offset, length);
    reader.offset += length;
    const value = prefix === 0 ? rest : new Uint8Array(prefix + length);
    if (prefix > 0) {
      value.set(previous.subarray(0, prefix));
      value.set(rest, prefix);
    }
    previous = value;
    return value;
  });
}

/** Values in groups of bits come in eights. */
const GROUP = 8;

/**
 * The first `count` numbers of `width` bits in runs, from `start` to before `end`.
 * @throws Error if they are fewer, or a run is longer than what is needed. Groups of bits may be: some programs fill them up.
 */
export function readRuns(
  view: DataView,
  start: number,
  end: number,
  width: number,
  count: number,
): Uint32Array {
  if (end > view.byteLength || width > 32) throw new Error("runs beyond their page");
  const values = new Uint32Array(count);
  let place = start;
  const nextByte = () => {
    if (place >= end) throw new Error("fewer values than its header declares");
    return view.getUint8(place++);
  };
  for (let seen = 0; seen < count; ) {
    let header = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      if (shift > 28) throw new Error("a run of impossible length");
      byte = nextByte();
      header += (byte & 0x7f) * 2 ** shift;
    }
    const isGroups = header % 2 === 1;
    const length = Math.floor(header / 2) * (isGroups ? GROUP : 1);
    if (length === 0 || (!isGroups && length > count - seen)) throw new Error("a run of impossible length");
    const last = Math.min(seen + length, count);
    if (isGroups) {
      const next = place + (length / GROUP) * width;
      // As numbers of up to 39 bits, which are too many for operators on bits.
      for (let bits = 0, held = 0; seen < last; held -= width) {
        for (; held < width; held += 8) bits += nextByte() * 2 ** held;
        values[seen++] = bits % 2 ** width;
        bits = Math.floor(bits / 2 ** width);
      }
      place = next;
    } else {
      let value = 0;
      for (let shift = 0; shift < width; shift += 8) value += nextByte() * 2 ** shift;
      values.fill(value, seen, last);
      seen = last;
    }
  }
  return values;
}
