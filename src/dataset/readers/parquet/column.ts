// Reads a column of a Parquet file page by page, so that memory does not grow with the file. The pages can be found in one
// process and read in another.

import { closeSync } from "node:fs";
import type {
  ColumnMetaData,
  DataReader,
  DecodedArray,
  PageHeader,
  SchemaElement,
  SchemaTree,
} from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { COMPRESSORS } from "./compressors.ts";
import { decimalReader, isDecimal } from "./decimals.ts";
import {
  codecNumber,
  damaged,
  MAGIC,
  openFile,
  orDamaged,
  type ParquetFile,
  placeOf,
  readExactly,
} from "./file.ts";
import {
  type ColumnDecoder,
  checkHeader,
  checkSum,
  decodeDictionary,
  decodeValues,
  valuesIn,
} from "./page.ts";

/** Values of successive rows; null if there is none. */
interface ColumnPart {
  /** The first row, from 0. */
  readonly start: number;
  readonly values: ArrayLike<unknown>;
}

/** The place of a page of values, as plain data. */
export interface PagePlace {
  /** The index of its row group. */
  readonly group: number;
  /** The place of its header in the file, and that of its dictionary if it has one. */
  readonly offset: number;
  readonly dictionary?: number;
  /** Its first row, and their number. */
  readonly row: number;
  readonly rows: number;
}

/** The part of a column that is within one row group. */
interface Chunk {
  readonly metadata: ColumnMetaData;
  /** Its bytes: from the first to before the second. */
  readonly start: number;
  readonly end: number;
}

/** A page's header, with the place of the page in the file. */
interface FoundHeader {
  readonly header: PageHeader;
  readonly body: number;
}

/** fastparquet writes 8 bytes after the values of each page, and one more after some truth values. */
const FASTPARQUET_PADDING = 9;

/** What is read at first for a header, and if it is longer: it may contain the smallest and the largest value. */
const HEADER_BYTES = [256, 16_384, 4_194_304];

/**
 * The values of a column without lists, page by page.
 * @param column the path of a leaf: a column's name, and the names within its structure.
 * @param isWanted whether any of these rows is needed, from `start` to before `end`; other pages are passed over.
 * @throws UsageError, one line, if the file is damaged, or stored in a way that is not supported.
 */
export function* readColumn(
  file: ParquetFile,
  column: readonly string[],
  isWanted?: (start: number, end: number) => boolean,
): Generator<ColumnPart, void, void> {
  const reader = new ColumnReader(file, column);
  try {
    for (const place of reader.pages(isWanted)) yield { start: place.row, values: reader.values(place) };
  } finally {
    reader.close();
  }
}

export class ColumnReader {
  readonly #file: ParquetFile;
  readonly #handle: number;
  readonly #column: readonly string[];
  readonly #schemaPath: SchemaTree[];
  /** What was read last, and the place of its header. */
  #header: (FoundHeader & { readonly offset: number }) | undefined;
  #dictionary: { readonly offset: number; readonly values: DecodedArray } | undefined;

  /** @throws UsageError if the file cannot be opened, or has no such column. */
  constructor(file: ParquetFile, column: readonly string[]) {
    this.#file = file;
    this.#column = column;
    this.#schemaPath = orDamaged(file.path, () => getTreePath(file.schema, [...column]));
    this.#handle = openFile(file.path);
  }

  close(): void {
    closeSync(this.#handle);
  }

  /** The pages with rows that are wanted, in order; only their headers are read. @throws UsageError like readColumn. */
  *pages(isWanted: (start: number, end: number) => boolean = () => true): Generator<PagePlace, void, void> {
    const { path, metadata } = this.#file;
    let start = 0;
    for (const [group, { num_rows }] of metadata.row_groups.entries()) {
      const end = start + Number(num_rows);
      if (end > start && isWanted(start, end)) {
        const chunk = this.#chunk(group);
        // A column without lists has a value in each row, which may be missing.
        if (Number(chunk.metadata.num_values) !== end - start)
          throw damaged(path, new Error("a column with another number of values than its row group"));
        let dictionary: number | undefined;
        let row = start;
        for (let place = chunk.start; row < end || place < chunk.end; ) {
          const offset = place;
          const { header, body } = this.#headerAt(chunk, offset);
          place = body + header.compressed_page_size;
          if (header.type === "DICTIONARY_PAGE") {
            if (dictionary !== undefined) throw damaged(path, new Error("a column with two dictionaries"));
            dictionary = offset;
          }
          const rows = valuesIn(header);
          if (row + rows > end) throw damaged(path, new Error("a column with more rows than its row group"));
          if (rows > 0 && isWanted(row, row + rows))
            yield { group, offset, row, rows, ...(dictionary !== undefined && { dictionary }) };
          row += rows;
        }
      }
      start = end;
    }
  }

  /** The values of a page. @throws UsageError like readColumn. */
  values({ group, offset, rows, dictionary }: PagePlace): ArrayLike<unknown> {
    const { path } = this.#file;
    const chunk = this.#chunk(group);
    const decoder = this.#decoder(chunk);
    if (dictionary !== undefined && this.#dictionary?.offset !== dictionary) {
      const { header, bytes } = this.#page(chunk, dictionary);
      const values = orDamaged(path, () => decodeDictionary(header, bytes, decoder));
      this.#dictionary = { offset: dictionary, values };
    }
    const { header, bytes } = this.#page(chunk, offset);
    const entries = dictionary === undefined ? undefined : this.#dictionary?.values;
    const values = orDamaged(path, () => decodeValues(header, bytes, decoder, entries));
    if (values.length !== rows) throw damaged(path, new Error("a page with another number of rows"));
    return isDecimal(this.#element) ? orDamaged(path, () => this.#decimals(values)) : values;
  }

  #decimals(stored: DecodedArray): unknown[] {
    return Array.from<unknown, unknown>(stored, decimalReader(this.#element));
  }

  /** The column by the schema. */
  get #element(): SchemaElement {
    return this.#schemaPath[this.#schemaPath.length - 1].element;
  }

  #decoder({ metadata: { type, codec, path_in_schema: pathInSchema } }: Chunk): ColumnDecoder {
    const element = this.#element;
    return {
      ...{ type, codec, pathInSchema, schemaPath: this.#schemaPath },
      // Without their type, decimals are as they are stored.
      element: isDecimal(element)
        ? { ...element, converted_type: undefined, logical_type: undefined }
        : element,
      ...{ parsers: DEFAULT_PARSERS, compressors: COMPRESSORS, utf8: false },
      padding: isByFastparquet(this.#file) ? FASTPARQUET_PADDING : 0,
    };
  }

  #chunk(group: number): Chunk {
    const { path, size, metadata } = this.#file;
    return orDamaged(path, () => {
      const { columns } = metadata.row_groups[group];
      const chunk = columns.find(({ meta_data }) => isSame(meta_data?.path_in_schema, this.#column));
      const name = `"${this.#column.join(".")}"`;
      if (!chunk?.meta_data || chunk.file_path) throw new Error(`row group without the column ${name}`);
      const { type } = chunk.meta_data;
      if (!type || type !== this.#element.type)
        throw new Error(`the types of the column ${name} contradict each other`);
      if (!chunk.meta_data.codec)
        throw new Error(unnamed("compression", codecNumber(this.#file, group, columns.indexOf(chunk))));
      const { start, end } = placeOf(chunk.meta_data);
      if (!(start >= MAGIC.length && end > start && end <= size - MAGIC.length))
        throw new Error("pages outside the file");
      return { metadata: chunk.meta_data, start, end };
    });
  }

  #page(chunk: Chunk, offset: number): { header: PageHeader; bytes: Uint8Array<ArrayBuffer> } {
    const { header, body } = this.#headerAt(chunk, offset);
    return orDamaged(this.#file.path, () => {
      const bytes = readExactly(this.#handle, body, header.compressed_page_size);
      checkSum(header, bytes);
      return { header, bytes };
    });
  }

  #headerAt({ end }: Chunk, offset: number): FoundHeader {
    if (this.#header?.offset !== offset) {
      const found = orDamaged(this.#file.path, () => readHeader(this.#handle, offset, end));
      this.#header = { ...found, offset };
    }
    return this.#header;
  }
}

function isSame(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && a.every((name, i) => name === b[i]);
}

/** The header of the page at `offset`, in a chunk that ends before `end`. @throws Error if there is none. */
function readHeader(handle: number, offset: number, end: number): FoundHeader {
  if (offset >= end) throw new Error("a column that ends before its rows");
  for (const most of HEADER_BYTES) {
    const bytes = readExactly(handle, offset, Math.min(most, end - offset));
    const reader: DataReader = { view: new DataView(bytes.buffer), offset: 0 };
    let header: PageHeader;
    try {
      header = parquetHeader(reader);
    } catch (error) {
      if (bytes.length < most || most === HEADER_BYTES.at(-1)) throw error;
      continue; // it may be longer
    }
    const body = offset + reader.offset;
    checkHeader(header, end - body);
    const { data_page_header: v1, data_page_header_v2: v2 } = header;
    if (valuesIn(header) > 0 && !(v1 ?? v2)?.encoding)
      throw new Error(unnamed("encoding", encodingNumber(bytes)));
    return { header, body };
  }
  throw new Error("a page without a header");
}

/** What is wrong with something that has a number without a name; damaged files may have something else in its place. */
function unnamed(what: string, number: unknown): string {
  return typeof number === "number" ? `unsupported ${what} ${number}` : `a column without its ${what}`;
}

/** The number of the encoding in a page's header: the library only knows those that have names. */
function encodingNumber(header: Uint8Array<ArrayBuffer>): unknown {
  const { field_5: v1, field_8: v2 } = deserializeTCompactProtocol({
    view: new DataView(header.buffer),
    offset: 0,
  });
  return v1 ? v1.field_2 : v2.field_4;
}

/** Damaged metadata may have something else than text. */
function isByFastparquet({ metadata: { created_by: program } }: ParquetFile): boolean {
  return String(program).startsWith("fastparquet");
}
