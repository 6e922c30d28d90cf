// Tables of text: CSV with any usual separator, TSV, and JSON Lines.

import { extname } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { messageOf, UsageError } from "../../../common/errors.ts";
import { readBeginning, readOrdinaryFile } from "../../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { decodeText } from "../../../common/text.ts";
import { unreadable } from "../../reader.ts";
import { parseJsonLines } from "./json-lines.ts";
import { checkTableSize } from "./table-size.ts";

export interface Row {
  /** From 1; the last line of a row that has several. */
  readonly line: number;
  /** Without spaces around them; as many as there are columns. */
  readonly cells: readonly string[];
}

export interface Table {
  readonly path: string;
  /** The cells of the first row, which may be a header. */
  readonly first: readonly string[];
  /** All rows, with the first one. */
  readonly rows: readonly Row[];
  /** Further columns, in JSON Lines: those that have lists or objects in some row. */
  readonly nested?: readonly string[];
}

const SEPARATORS = [",", ";", "\t", "|"];
/** In plain texts: a name, a space, and a class. */
const TEXT_SEPARATORS = [...SEPARATORS, " "];

/** The first line by which Excel knows the separator. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?\r?\n/i;

/** Names of files that may be such tables. */
export function isTableName(name: string): boolean {
  return [".csv", ".tsv", ".jsonl"].includes(extname(name).toLowerCase());
}

/** Bytes that contain the header of a table of pixels. */
const BEGINNING = 65_536;

/** Whether a table has a column for each pixel, as MNIST in CSV does: it names no pictures. */
export function isPixelTable(path: string): boolean {
  return isPixelText(readBeginning(systemPath(path), BEGINNING).toString("latin1"));
}

/** Whether a text begins with a row of pixels, or with a header of numbered columns: `pixel0`, `1x1`. */
export function isPixelText(text: string): boolean {
  const cells = text.slice(0, text.search(/[\r\n]|$/)).split(/[,;\t]/);
  const numbered = cells.filter((cell) => NAMED_BY_NUMBER.test(cell) || NUMBER.test(cell));
  return cells.length > LEAST_PIXELS && 2 * numbered.length > cells.length;
}

const NAMED_BY_NUMBER = /^"?\s*[a-z]*[_-]?\d+([x_]\d+)*\s*"?$/i;
const NUMBER = /^\s*-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** Columns of a table of pixels: pictures of 8 × 8, for example. */
const LEAST_PIXELS = 49;

/** @throws UsageError with the line of the first mistake. */
export function readTable(path: string): Table {
  const shown = readablePath(path);
  let bytes: Buffer;
  try {
    bytes = readOrdinaryFile(systemPath(path));
  } catch (error) {
    throw unreadable(shown, error);
  }
  const rows: Row[] = [];
  try {
    const text = decodeText(bytes);
    if (extname(path).toLowerCase() === ".jsonl") {
      const { rows: own, nested } = parseJsonLines(text, shown);
      return { ...evenTable(path, own), nested };
    }
    const [mark, separator = separatorOf(text, path)] = SEPARATOR_LINE.exec(text) ?? [""];
    const options = {
      delimiter: separator,
      // Files that several programs wrote have several.
      record_delimiter: ["\r\n", "\n", "\r"],
      info: true as const,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
    };
    const parsed: unknown = parse(text.slice(mark.length), options);
    const first = mark === "" ? 0 : 1;
    for (const { record, info } of parsed as ParsedRow[])
      rows.push({ line: first + info.lines, cells: record });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${shown}: ${error.message}; save it as UTF-8`);
    if (!(error instanceof CsvError)) throw error;
    const line = "lines" in error ? `, line ${error.lines}` : "";
    throw new UsageError(`${shown}${line}: not valid CSV: ${messageOf(error)}`);
  }
  return evenTable(path, rows);
}

function evenTable(path: string, rows: readonly Row[]): Table {
  const shown = readablePath(path);
  if (rows.length === 0) throw new UsageError(`${shown} is empty`);
  const columns = rows[0].cells.length;
  checkTableSize(shown, rows.length, columns);
  const even = rows.map((row) => evenRow(row, columns, shown));
  return { path, first: even[0].cells, rows: even };
}

/** As the library returns it with `info`. */
interface ParsedRow {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/** The separator that the first line has most of. */
function separatorOf(text: string, path: string): string {
  const extension = extname(path).toLowerCase();
  if (extension === ".tsv") return "\t";
  const separators = extension === ".txt" ? TEXT_SEPARATORS : SEPARATORS;
  const line = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  const counts = separators.map((separator) => line.split(separator).length);
  return separators[counts.indexOf(Math.max(...counts))];
}

/** A row with as many cells as the first one: missing ones are empty, and superfluous ones must be. */
function evenRow({ line, cells }: Row, columns: number, path: string): Row {
  if (cells.slice(columns).some((cell) => cell !== "")) {
    throw new UsageError(
      `${path}, line ${line}: ${cells.length} cells, but the first line has ${columns}; put quotes around cells that ` +
        "contain the separator",
    );
  }
  // Names and classes are on one line.
  const plain = cells.map((cell) => cell.replace(/\p{Cc}+/gu, " ").trim());
  return { line, cells: Array.from({ length: columns }, (_, i) => plain[i] ?? "") };
}
