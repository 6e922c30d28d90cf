// What the columns of a Parquet file contain, by their types and their first values.

import type { SchemaTree } from "hyparquet";
import { formatOf } from "../../../image/formats.ts";
import { readColumn } from "./column.ts";
import { isDecimal } from "./decimals.ts";
import type { ParquetFile } from "./file.ts";

type ColumnKind =
  | "pictures"
  | "bytes"
  | "numbers"
  | "text"
  | "truth values"
  | "dates"
  | "lists"
  | "structures";

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The path of the values: of pictures that of their bytes. Empty for lists and structures. */
  readonly path: readonly string[];
  /** The path of the pictures' names, if they have any. */
  readonly names?: readonly string[];
  /** Of pictures, bytes and text: the first value that is not missing, if there is one near the beginning. */
  readonly first?: unknown;
}

/** Rows in which a first value is looked for. */
const SAMPLE = 1000;

/** The columns in the order of the file. */
export function columnsOf(file: ParquetFile): Column[] {
  const columns: Column[] = [];
  for (const node of file.schema.children) {
    const column = typeOf(node);
    const isTelling = ["pictures", "bytes", "text"].includes(column.kind);
    const first = isTelling ? firstOf(file, column.path) : undefined;
    const isPicture = column.kind === "bytes" && first instanceof Uint8Array && formatOf(first) !== undefined;
    columns.push({ ...column, first, ...(isPicture && { kind: "pictures" as const }) });
  }
  return columns;
}

/** What the column of this name contains by its type; undefined if the file does not have it. */
export function kindIn({ schema }: ParquetFile, name: string): ColumnKind | undefined {
  const node = schema.children.find(({ element }) => element.name === name);
  return node && typeOf(node).kind;
}

/** The first value that is not missing. */
function firstOf(file: ParquetFile, path: readonly string[]): unknown {
  for (const { values } of readColumn(file, path, (start) => start < SAMPLE)) {
    for (let i = 0; i < values.length; i++)
      if (values[i] !== null && values[i] !== undefined) return values[i];
  }
  return undefined;
}

/** The values of these rows, which ascend. */
export function valuesAt(file: ParquetFile, path: readonly string[], rows: readonly number[]): unknown[] {
  const found: unknown[] = [];
  const isWanted = (_: number, end: number) => found.length < rows.length && rows[found.length] < end;
  for (const { start, values } of readColumn(file, path, isWanted)) {
    while (found.length < rows.length && rows[found.length] < start + values.length)
      found.push(values[rows[found.length] - start] ?? null);
    if (found.length === rows.length) break;
  }
  return found;
}

function typeOf(node: SchemaTree): Column {
  const { element, children } = node;
  const {
    name,
    type,
    converted_type: converted,
    logical_type: logical,
    repetition_type: repetition,
  } = element;
  const as = (kind: ColumnKind): Column => {
    return { name, kind, path: ["lists", "structures"].includes(kind) ? [] : [name] };
  };
  const isList = repetition === "REPEATED" || ["LIST", "MAP", "MAP_KEY_VALUE"].includes(converted ?? "");
  if (isList || children[0]?.element.repetition_type === "REPEATED") return as("lists");
  if (children.length > 0) return pictureOf(node) ?? as("structures");
  if (type === "BOOLEAN") return as("truth values");
  if (type === "INT96" || /^(DATE|TIME)/.test(converted ?? logical?.type ?? "")) return as("dates");
  const isNumber = ["INT32", "INT64", "FLOAT", "DOUBLE"].includes(type ?? "");
  if (isNumber || isDecimal(element) || logical?.type === "FLOAT16") return as("numbers");
  const isText = ["UTF8", "ENUM", "JSON"].includes(converted ?? "") || logical?.type === "STRING";
  return as(isText ? "text" : "bytes");
}

/** Hugging Face's pictures: a structure of the bytes and a path. */
function pictureOf({ element: { name }, children }: SchemaTree): Column | undefined {
  const leaf = (wanted: string) =>
    children.find(({ element, children: inner }) => {
      return element.name === wanted && inner.length === 0 && element.repetition_type !== "REPEATED";
    });
  if (leaf("bytes")?.element.type !== "BYTE_ARRAY") return undefined;
  const names = leaf("path") ? { names: [name, "path"] } : {};
  return { name, kind: "pictures", path: [name, "bytes"], ...names };
}
