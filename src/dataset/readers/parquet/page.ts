// Decodes a page of a Parquet file. What a damaged page could make the library do without end, or with all memory, is checked
// before: it trusts the lengths of runs. Reference: the Apache Parquet format, "Encodings".

import { crc32 } from "node:zlib";
import type { DataReader, DecodedArray, PageHeader } from "hyparquet";
import { readPage } from "hyparquet/src/column.js";
import { convert } from "hyparquet/src/convert.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getMaxDefinitionLevel } from "hyparquet/src/schema.js";

/** What the library needs to know of a column. */
export type ColumnDecoder = Parameters<typeof readPage>[2];

/** A page may be this large unpacked, in bytes; or this many times as large as packed. Beyond that it is damaged. */
const LARGE_PAGE = 2 ** 26;
const MOST_COMPRESSION = 2000;

const DICTIONARY = ["PLAIN_DICTIONARY", "RLE_DICTIONARY"];
const SUPPORTED = [
  ...["PLAIN", "RLE", ...DICTIONARY, "BYTE_STREAM_SPLIT"],
  ...["DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
];

/** The number of values in a page; 0 if it is not one of values. */
export function valuesIn({ type, data_page_header: v1, data_page_header_v2: v2 }: PageHeader): number {
  if (type === "DATA_PAGE") return v1?.num_values ?? 0;
  return type === "DATA_PAGE_V2" ? (v2?.num_values ?? 0) : 0;
}

/**
 * Checks the sizes in a page's header.
 * @param most bytes that are left for it.
 * @throws Error if they are impossible.
 */
export function checkHeader(header: PageHeader, most: number): void {
  const { type, compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
  const { data_page_header: v1, data_page_header_v2: v2, dictionary_page_header: dictionary } = header;
  const isComplete = { DATA_PAGE: v1, DATA_PAGE_V2: v2, DICTIONARY_PAGE: dictionary, INDEX_PAGE: true }[type];
  const isPossible = isBetween(packed, most) && isBetween(unpacked, mostUnpacked(packed));
  if (!isComplete || !isPossible || !(valuesIn(header) >= 0)) throw new Error("a page of impossible size");
  // The library allocates this many values before it reads them. Those of other pages are compared with the rows.
  if (dictionary && !isBetween(dictionary.num_values, unpacked))
    throw new Error("a dictionary of impossible size");
  if (!v2) return;
  const levels = v2.definition_levels_byte_length + v2.repetition_levels_byte_length;
  const isWithin = isBetween(levels, Math.min(packed, unpacked)) && v2.definition_levels_byte_length >= 0;
  if (!isWithin || !(v2.repetition_levels_byte_length >= 0) || !isBetween(v2.num_nulls, v2.num_values))
    throw new Error("a page of impossible size");
}

function isBetween(number: number, most: number): boolean {
  return number >= 0 && number <= most;
}

function mostUnpacked(packed: number): number {
  return Math.max(LARGE_PAGE, MOST_COMPRESSION * packed);
}

/** The values of a dictionary. @throws Error if it is damaged. */
export function decodeDictionary(
  header: PageHeader,
  bytes: Uint8Array<ArrayBuffer>,
  decoder: ColumnDecoder,
): DecodedArray {
  return convert(decode(header, bytes, decoder, undefined), decoder);
}

/** @throws Error if a page differs from its checksum, if it has one. */
export function checkSum({ crc }: PageHeader, bytes: Uint8Array): void {
  if (crc !== undefined && (crc32(bytes) | 0) !== crc)
    throw new Error("a page that differs from its checksum");
}

/**
 * The values of a page, null for missing ones; within structures each is wrapped in lists.
 * @param bytes the page, in memory of its own: what is read beyond its end is an error then.
 * @throws Error if it is damaged, or its encoding is not supported.
 */
export function decodeValues(
  header: PageHeader,
  bytes: Uint8Array<ArrayBuffer>,
  decoder: ColumnDecoder,
  dictionary: DecodedArray | undefined,
): DecodedArray {
  const { encoding } = header.data_page_header ?? header.data_page_header_v2 ?? {};
  if (encoding === undefined) throw new Error("a page without an encoding");
  if (!SUPPORTED.includes(encoding)) throw new Error(`unsupported encoding ${encoding}`);
  if (DICTIONARY.includes(encoding) && !dictionary) throw new Error("a page without its dictionary");
  if (encoding === "RLE" && decoder.type !== "BOOLEAN") throw new Error("runs of values that have none");
  const page = unpack(header, bytes, decoder);
  checkRuns(page, decoder);
  const plain: ColumnDecoder = { ...decoder, codec: "UNCOMPRESSED" };
  const values = decode(page.header, page.bytes, plain, dictionary);
  let total = 0;
  for (const value of values) total += value instanceof Uint8Array ? value.length : 0;
  // Values that begin like the one before them may be longer than the page, but not without limit.
  if (encoding === "DELTA_BYTE_ARRAY" && total > mostUnpacked(page.bytes.length))
    throw new Error("values of impossible size");
  return values;
}

function decode(
  header: PageHeader,
  bytes: Uint8Array<ArrayBuffer>,
  decoder: ColumnDecoder,
  dictionary: DecodedArray | undefined,
): DecodedArray {
  const reader: DataReader = { view: new DataView(bytes.buffer), offset: 0 };
  const { data } = readPage(reader, header, decoder, dictionary, undefined, 0);
  if (!data) throw new Error("a page without values");
  return data;
}

interface UnpackedPage {
  readonly header: PageHeader;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The same page without compression, in memory of its own. */
function unpack(header: PageHeader, bytes: Uint8Array<ArrayBuffer>, decoder: ColumnDecoder): UnpackedPage {
  const { codec, compressors } = decoder;
  const { data_page_header_v2: v2 } = header;
  const levels = v2 ? v2.definition_levels_byte_length + v2.repetition_levels_byte_length : 0;
  const size = header.uncompressed_page_size - levels;
  if (codec === "UNCOMPRESSED" || (v2 && (v2.is_compressed === false || size === 0)))
    return { header, bytes };
  const unpacked = decompressPage(bytes.subarray(levels), size, codec, compressors);
  const page = withLevels(bytes.subarray(0, levels), unpacked);
  const plain = { ...header, compressed_page_size: page.length, uncompressed_page_size: page.length };
  return {
    bytes: page,
    header: v2 ? { ...plain, data_page_header_v2: { ...v2, is_compressed: false } } : plain,
  };
}

/** Both, one after the other, in memory of their own. Pages may be large, so they are only copied if they must be. */
function withLevels(levels: Uint8Array, values: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = values;
  if (levels.length === 0 && buffer instanceof ArrayBuffer && buffer.byteLength === values.length)
    return new Uint8Array(buffer);
  const page = new Uint8Array(levels.length + values.length);
  page.set(levels);
  page.set(values, levels.length);
  return page;
}

/** @throws Error if the runs of levels or of places in a dictionary are longer than the page. */
function checkRuns({ header, bytes }: UnpackedPage, { schemaPath }: ColumnDecoder): void {
  const { data_page_header: v1, data_page_header_v2: v2 } = header;
  const view = new DataView(bytes.buffer);
  const count = valuesIn(header);
  const highest = getMaxDefinitionLevel(schemaPath);
  let start = v2 ? v2.repetition_levels_byte_length : 0;
  if (highest > 0 || v2) {
    const prefix = v2 ? 0 : 4;
    const length = v2 ? v2.definition_levels_byte_length : view.getUint32(0, true);
    const end = start + prefix + length;
    if (highest > 0 && walkRuns(view, start + prefix, end, 32 - Math.clz32(highest), count) < count)
      throw new Error("fewer levels than values");
    start = end;
  }
  const encoding = (v1 ?? v2)?.encoding ?? "";
  if (encoding === "RLE") walkRuns(view, start + 4, bytes.length, 1, count);
  if (DICTIONARY.includes(encoding) && start < bytes.length)
    walkRuns(view, start + 1, bytes.length, view.getUint8(start), count);
}

/** Values in groups of bits come in eights. */
const GROUP = 8;

/**
 * The number of values in runs, of which `count` are needed.
 * @throws Error if a run is longer than what is needed, or than the bytes from `start` to before `end`.
 */
function walkRuns(view: DataView, start: number, end: number, width: number, count: number): number {
  if (end > view.byteLength || width > 32) throw new Error("runs beyond their page");
  let place = start;
  let seen = 0;
  while (seen < count && place < end) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 28) throw new Error("a run of impossible length");
      const byte = view.getUint8(place++);
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const isGroups = header % 2 === 1;
    const length = Math.floor(header / 2) * (isGroups ? GROUP : 1);
    if (seen + length > count + (isGroups ? GROUP - 1 : 0)) throw new Error("a run of impossible length");
    seen += length;
    place += isGroups ? (length / GROUP) * width : Math.ceil(width / 8);
  }
  return seen;
}
