// Decodes a page of a Parquet file: its size, its levels, which say what is missing, and its values. Only steps that cannot run
// without end or take all memory are left to the library, which trusts what it reads. Reference: the Apache Parquet format,
// "Data Pages".

import { crc32 } from "node:zlib";
import type { DecodedArray, Encoding, PageHeader } from "hyparquet";
import { convert } from "hyparquet/src/convert.js";
import { decompressPage } from "hyparquet/src/datapage.js";
import { getMaxDefinitionLevel } from "hyparquet/src/schema.js";
import { checkEncoding, isDictionary, readRuns, readValues } from "./encodings.ts";

/** What is needed to decode a column: what the library needs, and how many bytes may follow the values of a page. */
export type ColumnDecoder = Parameters<typeof convert>[1] & { readonly padding: number };

/** A page may be this large unpacked, in bytes; or this many times as large as packed. Beyond that it is damaged. */
const LARGE_PAGE = 2 ** 26;
const MOST_COMPRESSION = 2000;

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
  // The library allocates this many values before it reads them; truth values are bits. Those of other pages are compared with
  // the rows.
  if (dictionary && !isBetween(dictionary.num_values, 8 * unpacked))
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
  const page = unpack(header, bytes, decoder);
  const count = header.dictionary_page_header?.num_values ?? 0;
  return convert(valuesFrom(page, 0, "PLAIN", count, decoder), decoder);
}

/** @throws Error if a page differs from its checksum, if it has one. */
export function checkSum({ crc }: PageHeader, bytes: Uint8Array): void {
  if (crc !== undefined && (crc32(bytes) | 0) !== crc)
    throw new Error("a page that differs from its checksum");
}

/**
 * The values of a page, null for missing ones.
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
  if (!encoding) throw new Error("a page without an encoding");
  checkEncoding(encoding, decoder.type);
  const page = unpack(header, bytes, decoder);
  const { start, isMissing, missing } = readLevels(header, page, decoder);
  const found = valuesFrom(page, start, encoding, valuesIn(header) - missing, decoder, dictionary);
  const values = isDictionary(encoding) ? found : convert(found, decoder);
  if (missing === 0) return values;
  let next = 0;
  return Array.from(isMissing, (isGap) => (isGap ? null : values[next++]));
}

/** The values of an unpacked page from `start` to its end. */
function valuesFrom(
  page: Uint8Array,
  start: number,
  encoding: Encoding,
  count: number,
  { type, element: { type_length: length }, padding }: ColumnDecoder,
  dictionary?: DecodedArray,
): DecodedArray {
  const reader = { view: new DataView(page.buffer), offset: start };
  return readValues(reader, {
    encoding,
    type,
    length,
    count,
    most: mostUnpacked(page.length),
    dictionary,
    padding,
  });
}

interface Levels {
  /** The place after the levels. */
  readonly start: number;
  /** For each value, whether it is missing; empty if there are no levels. */
  readonly isMissing: readonly boolean[];
  readonly missing: number;
}

/** The definition levels of an unpacked page. @throws Error if they are impossible, or contradict the header. */
function readLevels(header: PageHeader, page: Uint8Array, { schemaPath }: ColumnDecoder): Levels {
  const { data_page_header_v2: v2 } = header;
  const highest = getMaxDefinitionLevel(schemaPath);
  const view = new DataView(page.buffer);
  let start = v2 ? v2.repetition_levels_byte_length : 0;
  let end = start + (v2 ? v2.definition_levels_byte_length : 0);
  const isMissing: boolean[] = [];
  if (highest > 0) {
    if (!v2) {
      end = start + 4 + view.getUint32(start, true);
      start += 4;
    }
    for (const level of readRuns(view, start, end, 32 - Math.clz32(highest), valuesIn(header))) {
      if (level > highest) throw new Error("a value with an impossible level");
      isMissing.push(level < highest);
    }
  }
  const missing = isMissing.filter(Boolean).length;
  if (v2 && v2.num_nulls !== missing)
    throw new Error("a page with another number of missing values than its header declares");
  return { start: end, isMissing, missing };
}

/** The same page without compression, in memory of its own. */
function unpack(
  header: PageHeader,
  bytes: Uint8Array<ArrayBuffer>,
  { codec, compressors }: ColumnDecoder,
): Uint8Array<ArrayBuffer> {
  const { data_page_header_v2: v2 } = header;
  const levels = v2 ? v2.definition_levels_byte_length + v2.repetition_levels_byte_length : 0;
  const size = header.uncompressed_page_size - levels;
  if (v2 && (v2.is_compressed === false || size === 0)) return bytes;
  const unpacked = decompressPage(bytes.subarray(levels), size, codec, compressors);
  return codec === "UNCOMPRESSED" ? bytes : withLevels(bytes.subarray(0, levels), unpacked);
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
