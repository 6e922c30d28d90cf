// Reads the columns of a Parquet file page by page, so that memory does not grow with the file. Reference: the Apache Parquet
// format, version 2.

import { type FileHandle, open } from "node:fs/promises";
import {
  type ColumnMetaData,
  type DataReader,
  type DecodedArray,
  type FileMetaData,
  type PageHeader,
  parquetMetadataAsync,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { getTreePath } from "hyparquet/src/schema.js";
import { messageOf, systemCode, UsageError } from "../../../common/errors.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { describeKind, KIND_BYTES } from "../../../image/kinds.ts";
import { unreadable } from "../../reader.ts";
import { COMPRESSORS } from "./compressors.ts";
import {
  type ColumnDecoder,
  checkHeader,
  checkSum,
  decodeDictionary,
  decodeValues,
  valuesIn,
} from "./page.ts";

export interface ParquetFile {
  readonly path: string;
  readonly size: number;
  readonly metadata: FileMetaData;
  readonly schema: SchemaTree;
  readonly rows: number;
}

/** Values of successive rows; null if there is none. */
export interface ColumnPart {
  /** The first row, from 0. */
  readonly start: number;
  readonly values: ArrayLike<unknown>;
}

/** The bytes at the beginning and the end of a file, and its shortest size with them. */
const MAGIC = "PAR1";
const ENCRYPTED = "PARE";
const SMALLEST = 12;

/** What is read at first for a page's header, and if it is longer: it may contain the smallest and largest value. */
const HEADER_BYTES = [256, 16_384, 4_194_304];

/** @throws UsageError, one line, if it is not a Parquet file, or damaged. */
export async function openParquet(path: string): Promise<ParquetFile> {
  return withFile(path, async (file, size) => {
    await checkKind(path, file, size);
    const slice = async (start: number, end = size) => (await readExactly(file, start, end - start)).buffer;
    const metadata = await orDamaged(path, () =>
      parquetMetadataAsync({ byteLength: size, slice }, { geoparquet: false }),
    );
    const schema = await orDamaged(path, () => parquetSchema(metadata));
    const rows = await orDamaged(path, () => countRows(metadata));
    if (rows > size) {
      const declared = `declares ${rows} rows in ${size} bytes`;
      throw new UsageError(`${readablePath(path)} ${declared}, so it is damaged or contains no pictures`);
    }
    return { path, size, metadata, schema, rows };
  });
}

function countRows({ num_rows, row_groups }: FileMetaData): number {
  const groups = row_groups.map((group) => Number(group.num_rows));
  const total = groups.reduce((sum, rows) => sum + rows, 0);
  if (total !== Number(num_rows) || groups.some((rows) => !Number.isSafeInteger(rows) || rows < 0))
    throw new Error("its numbers of rows contradict each other");
  return total;
}

/**
 * The values of a column without lists, page by page.
 * @param column the path of a leaf: a column's name, and the names within its structure.
 * @param isWanted whether any of these rows is needed, from `start` to before `end`; other pages are passed over.
 * @throws UsageError, one line, if the file is damaged, or stored in a way that is not supported.
 */
export async function* readColumn(
  { path, size, metadata, schema }: ParquetFile,
  column: readonly string[],
  isWanted: (start: number, end: number) => boolean = () => true,
): AsyncGenerator<ColumnPart, void, void> {
  const file = await openFile(path);
  try {
    const schemaPath = await orDamaged(path, () => getTreePath(schema, [...column]));
    let start = 0;
    for (const { columns, num_rows } of metadata.row_groups) {
      const end = start + Number(num_rows);
      if (end > start && isWanted(start, end)) {
        const chunk = columns.find(({ meta_data }) => isSame(meta_data?.path_in_schema, column));
        const found = chunk?.meta_data;
        if (!found || chunk.file_path)
          throw damaged(path, new Error(`row group without the column "${column.join(".")}"`));
        yield* readChunk({ path, file, size, schemaPath, metadata: found, start, end, isWanted });
      }
      start = end;
    }
  } finally {
    await file.close();
  }
}

function isSame(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && a.every((name, i) => name === b[i]);
}

/** The part of a column that is within one row group. */
interface Chunk {
  readonly path: string;
  readonly file: FileHandle;
  readonly size: number;
  readonly schemaPath: SchemaTree[];
  readonly metadata: ColumnMetaData;
  /** Its rows. */
  readonly start: number;
  readonly end: number;
  readonly isWanted: (start: number, end: number) => boolean;
}

async function* readChunk(chunk: Chunk): AsyncGenerator<ColumnPart, void, void> {
  const { path, file, schemaPath, metadata, isWanted } = chunk;
  const { type, codec, path_in_schema: pathInSchema } = metadata;
  const decoder: ColumnDecoder = {
    ...{ type, codec, pathInSchema, schemaPath, element: schemaPath[schemaPath.length - 1].element },
    ...{ parsers: DEFAULT_PARSERS, compressors: COMPRESSORS, utf8: false },
  };
  let dictionary: DecodedArray | undefined;
  let row = chunk.start;
  let [place, end] = await orDamaged(path, () => rangeOf(chunk));
  while (row < chunk.end) {
    const { header, length } = await readHeader(chunk, place, end);
    const body = place + length;
    await orDamaged(path, () => checkHeader(header, end - body));
    place = body + header.compressed_page_size;
    const rows = valuesIn(header);
    if (row + rows > chunk.end) throw damaged(path, new Error("a page has more rows than its row group"));
    const isDictionary = header.type === "DICTIONARY_PAGE";
    if (rows === 0 && !isDictionary) continue;
    if (rows > 0 && !isWanted(row, row + rows)) {
      row += rows;
      continue;
    }
    const bytes = await orDamaged(path, () => readExactly(file, body, header.compressed_page_size));
    await orDamaged(path, () => checkSum(header, bytes));
    if (isDictionary) {
      dictionary = await orDamaged(path, () => decodeDictionary(header, bytes, decoder));
      continue;
    }
    const values = await orDamaged(path, () => decodeValues(header, bytes, decoder, dictionary));
    if (values.length !== rows) throw damaged(path, new Error("a page with another number of rows"));
    yield { start: row, values: schemaPath.length > 2 ? Array.from(values, innermost) : values };
    row += rows;
  }
}

/** The library wraps a value in a structure that may be missing as a list. */
function innermost(value: unknown): unknown {
  return Array.isArray(value) ? innermost(value[0]) : (value ?? null);
}

/** The bytes of a chunk's pages: from the first to before the second. @throws Error if they are not within the file. */
function rangeOf({ metadata, size }: Chunk): [number, number] {
  const { dictionary_page_offset, data_page_offset, total_compressed_size } = metadata;
  const first = Number(dictionary_page_offset || data_page_offset);
  const start = Math.min(first, Number(data_page_offset));
  const end = start + Number(total_compressed_size);
  if (!(start >= MAGIC.length && end > start && end <= size - MAGIC.length))
    throw new Error("pages outside the file");
  return [start, end];
}

/** The header of the page at `place`, and its length in bytes. */
async function readHeader(
  { path, file }: Chunk,
  place: number,
  end: number,
): Promise<{ header: PageHeader; length: number }> {
  return orDamaged(path, async () => {
    if (place >= end) throw new Error("a column that ends before its rows");
    for (const most of HEADER_BYTES) {
      const bytes = await readExactly(file, place, Math.min(most, end - place));
      const reader: DataReader = { view: new DataView(bytes.buffer), offset: 0 };
      try {
        return { header: parquetHeader(reader), length: reader.offset };
      } catch (error) {
        if (bytes.length < most || most === HEADER_BYTES.at(-1)) throw error;
      }
    }
    throw new Error("a page without a header");
  });
}

async function checkKind(path: string, file: FileHandle, size: number): Promise<void> {
  const shown = readablePath(path);
  const start = Buffer.from(await readExactly(file, 0, Math.min(size, KIND_BYTES)));
  const mark = start.toString("latin1", 0, 4);
  if (mark === ENCRYPTED)
    throw new UsageError(`${shown} is an encrypted Parquet file, which is not supported: decrypt it first`);
  const tail = Buffer.from(await readExactly(file, Math.max(0, size - 4), Math.min(size, 4)));
  if (mark !== MAGIC) {
    if (tail.toString("latin1") === MAGIC) throw damaged(path, new Error("it does not begin like one"));
    const kind = describeKind(start, false);
    const reason = kind.startsWith("it is not ") ? "it does not begin like one" : kind;
    throw new UsageError(`${shown} is not a Parquet file: ${reason}`);
  }
  if (size < SMALLEST || ![MAGIC, ENCRYPTED].includes(tail.toString("latin1")))
    throw new UsageError(`${shown} is truncated: fetch it again`);
}

async function withFile<T>(path: string, use: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  const file = await openFile(path);
  try {
    return await use(file, (await file.stat()).size);
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(systemPath(path), "r");
  } catch (error) {
    throw unreadable(readablePath(path), error);
  }
}

/** `length` bytes in memory of their own. @throws Error if the file ends before that. */
async function readExactly(
  file: FileHandle,
  start: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) throw new Error("it ends too early");
    done += bytesRead;
  }
  return bytes;
}

/** What `read` returns. @throws UsageError instead of what the library throws for damaged data. */
async function orDamaged<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw /^E[A-Z]+$/.test(systemCode(error) ?? "")
      ? unreadable(readablePath(path), error)
      : damaged(path, error);
  }
}

function damaged(path: string, error: unknown): UsageError {
  const message = messageOf(error);
  const shown = readablePath(path);
  const [, unsupported] = /unsupported (.*)/.exec(message) ?? [];
  if (unsupported)
    return new UsageError(`${shown}: the ${unsupported} is not supported: write the file again with pyarrow`);
  // Other classes are the library's stumbling over damaged data.
  const reason = error instanceof Error && error.constructor === Error ? ` (${message})` : "";
  return new UsageError(`${shown} is damaged${reason}: fetch or write it again`);
}
