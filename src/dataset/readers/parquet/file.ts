// Opens Parquet files, and reports what is wrong with them. Reference: the Apache Parquet format, version 2.

import { closeSync, fstatSync, readSync } from "node:fs";
import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type SchemaTree,
} from "hyparquet";
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js";
import { messageOf, systemCode, UsageError } from "../../../common/errors.ts";
import { openOrdinaryFile } from "../../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { describeKind, KIND_BYTES } from "../../../image/kinds.ts";
import { unreadable } from "../../reader.ts";

export interface ParquetFile {
  readonly path: string;
  readonly size: number;
  /** When it was last changed, in milliseconds. */
  readonly changed: number;
  readonly metadata: FileMetaData;
  readonly schema: SchemaTree;
  readonly rows: number;
}

/** The bytes at the beginning and the end of a file, and its shortest size with them. */
export const MAGIC = "PAR1";
const ENCRYPTED = "PARE";
const SMALLEST = 12;

/** The length of the metadata and the mark after them. */
const END = 8;

/** @throws UsageError, one line, if it is not a Parquet file, or damaged. */
export function openParquet(path: string): ParquetFile {
  const file = openFile(path);
  try {
    const { size, mtimeMs: changed } = fstatSync(file);
    checkKind(path, file, size);
    const { metadata, schema, rows } = orDamaged(path, () => readMetadata(file, size));
    if (rows > size) {
      const declared = `declares ${rows} rows in ${size} bytes`;
      throw new UsageError(`${readablePath(path)} ${declared}, so it is damaged or contains no pictures`);
    }
    checkNames(path, schema);
    return { path, size, changed, metadata, schema, rows };
  } finally {
    closeSync(file);
  }
}

/** @throws Error if they are damaged. */
function readMetadata(file: number, size: number): Pick<ParquetFile, "metadata" | "schema" | "rows"> {
  const footer = readFooter(file, size);
  const metadata = parquetMetadata(footer, { geoparquet: false });
  checkOverlaps(metadata);
  return { metadata, schema: parquetSchema(metadata), rows: countRows(metadata) };
}

/** The metadata, their length, and the mark after them. @throws Error if they are longer than the file. */
function readFooter(file: number, size: number): Uint8Array<ArrayBuffer> {
  const length = new DataView(readExactly(file, size - END, END).buffer).getUint32(0, true);
  if (length > size - END) throw new Error("metadata longer than the file");
  return readExactly(file, size - END - length, length + END);
}

/** The number of the compression of a column in a row group: the library only knows those that have names. */
export function codecNumber({ path, size }: ParquetFile, group: number, column: number): unknown {
  const file = openFile(path);
  try {
    const metadata = deserializeTCompactProtocol({
      view: new DataView(readFooter(file, size).buffer),
      offset: 0,
    });
    return metadata.field_4[group].field_1[column].field_3.field_4;
  } finally {
    closeSync(file);
  }
}

/** @throws UsageError if columns, or parts of a structure, have the same name: which one is meant is unclear. */
function checkNames(path: string, schema: SchemaTree): void {
  for (const { children } of [schema, ...schema.children]) {
    const names = new Set<string>();
    for (const child of children) {
      const name = child.path.join(".");
      if (names.has(name))
        throw new UsageError(
          `${readablePath(path)} has two columns of the name "${name}": write it again with a name for each`,
        );
      names.add(name);
    }
  }
}

function countRows({ num_rows, row_groups }: FileMetaData): number {
  const groups = row_groups.map((group) => Number(group.num_rows));
  const total = groups.reduce((sum, rows) => sum + rows, 0);
  if (total !== Number(num_rows) || groups.some((rows) => !Number.isSafeInteger(rows) || rows < 0))
    throw new Error("its numbers of rows contradict each other");
  return total;
}

/** @throws Error if columns share bytes: one of them then has the values of the other. */
function checkOverlaps({ row_groups }: FileMetaData): void {
  const places = row_groups
    .filter(({ num_rows }) => num_rows > 0n)
    .flatMap(({ columns }) => columns)
    .flatMap(({ meta_data, file_path }) => (meta_data && !file_path ? [placeOf(meta_data)] : []));
  const filled = places
    .filter(({ start, end }) => start > 0 && start < end)
    .sort((a, b) => a.start - b.start);
  if (filled.some(({ start }, i) => i > 0 && start < filled[i - 1].end))
    throw new Error("columns that share their bytes");
}

/** The bytes of a column's pages in a row group: from the first to before the second. */
export function placeOf(metadata: ColumnMetaData): { readonly start: number; readonly end: number } {
  const { dictionary_page_offset, data_page_offset, total_compressed_size } = metadata;
  const first = Number(dictionary_page_offset || data_page_offset);
  const start = Math.min(first, Number(data_page_offset));
  return { start, end: start + Number(total_compressed_size) };
}

function checkKind(path: string, file: number, size: number): void {
  const shown = readablePath(path);
  const start = Buffer.from(readExactly(file, 0, Math.min(size, KIND_BYTES)));
  const mark = start.toString("latin1", 0, 4);
  if (mark === ENCRYPTED)
    throw new UsageError(`${shown} is an encrypted Parquet file, which is not supported: decrypt it first`);
  const tail = Buffer.from(readExactly(file, Math.max(0, size - 4), Math.min(size, 4))).toString("latin1");
  if (mark !== MAGIC) {
    if (tail === MAGIC) throw damaged(path, new Error("it does not begin like one"));
    const kind = describeKind(start, false);
    const reason = kind.startsWith("it is not ") ? "it does not begin like one" : kind;
    throw new UsageError(`${shown} is not a Parquet file: ${reason}`);
  }
  if (size < SMALLEST || ![MAGIC, ENCRYPTED].includes(tail))
    throw new UsageError(`${shown} is truncated: fetch it again`);
}

/** @throws UsageError if that is not possible. */
export function openFile(path: string): number {
  try {
    return openOrdinaryFile(systemPath(path)).file;
  } catch (error) {
    throw unreadable(readablePath(path), error);
  }
}

/** `length` bytes in memory of their own. @throws Error if the file ends before that. */
export function readExactly(file: number, start: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const read = readSync(file, bytes, done, length - done, start + done);
    if (read === 0) throw new Error("it ends too early");
    done += read;
  }
  return bytes;
}

/** What `read` returns. @throws UsageError instead of what the library throws for damaged data. */
export function orDamaged<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw /^E[A-Z]+$/.test(systemCode(error) ?? "")
      ? unreadable(readablePath(path), error)
      : damaged(path, error);
  }
}

/** The error for what the library throws, or what contradicts itself. */
export function damaged(path: string, error: unknown): UsageError {
  const message = messageOf(error);
  const shown = readablePath(path);
  // The library has a colon: "parquet unsupported compression codec: LZO".
  const [, unsupported] = /unsupported (.*)/.exec(message.replace("codec: ", "")) ?? [];
  if (unsupported)
    return new UsageError(`${shown}: the ${unsupported} is not supported: write the file again with pyarrow`);
  // Other classes are the library's stumbling over damaged data.
  const reason = error instanceof Error && error.constructor === Error ? ` (${message})` : "";
  return new UsageError(`${shown} is damaged${reason}: fetch or write it again`);
}
