// Which columns of a Parquet file contain the pictures, their classes and their splits.

import { isUtf8 } from "node:buffer";
import { extname } from "node:path";
import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { isPictureName } from "../../../image/sniff.ts";
import type { ColumnChoice } from "../../reader.ts";
import { labelColumns, lettersOf } from "../tables/columns.ts";
import { type SplitColumn, splitColumn } from "../tables/split-column.ts";
import type { Row } from "../tables/table.ts";
import { type Feature, featuresOf } from "./features.ts";
import type { ParquetFile } from "./file.ts";
import { type Column, columnsOf, valuesAt } from "./kinds.ts";

export interface ParquetColumns {
  readonly picture: Column;
  readonly label: Column;
  /** The column that divides the rows into splits, if there is one, and how its values are read. */
  readonly split?: Column & { readonly of: SplitColumn["of"] };
  /** Why this label was chosen, if others could be. */
  readonly notes: readonly string[];
}

/** Rows of each of this many parts of a file, by which columns are judged. */
const SAMPLE = 250;
const PARTS = 8;

/** Kinds whose values may be classes. */
const SCALARS: readonly string[] = ["numbers", "text", "truth values"];

/** Columns that libraries add: `__index_level_0__` of pandas, `__key__` of WebDataset. */
const INTERNAL = /^__.*__$/;

/** Usual names of a column of pictures, in the letters of `lettersOf`. */
const PICTURE_NAMES = /^(image|img|picture|photo|pixel)/;

/** Columns of a table of pixels: pictures of 8 × 8, for example. */
const LEAST_PIXELS = 49;

/** Texts with which pictures begin that are stored as base64: JPEG, PNG, GIF and WebP. */
const BASE64 = /^(data:image|\/9j\/|iVBORw0KGgo|R0lGOD|UklGR)/;

/**
 * The columns of a file with training pictures.
 * @throws UsageError, one line, if they are missing or unclear: what was found, and what to set.
 */
export function chooseColumns(file: ParquetFile, choice: ColumnChoice): ParquetColumns {
  const columns = columnsOf(file);
  const features = featuresOf(file.metadata);
  const picture = choosePicture(file, columns, features, choice.image);
  const others = columns.filter((column) => column !== picture);
  return { picture, ...chooseLabel(file, others, features, choice.label) };
}

/** Whether a file has values in this column, one in each row. */
export function hasColumn({ schema }: ParquetFile, { path }: Column): boolean {
  let node = schema;
  for (const name of path) {
    const child = node.children.find(({ element }) => element.name === name);
    if (!child || child.element.repetition_type === "REPEATED") return false;
    node = child;
  }
  return node.children.length === 0;
}

function choosePicture(
  { path }: ParquetFile,
  columns: readonly Column[],
  features: ReadonlyMap<string, Feature>,
  wanted: string | undefined,
): Column {
  const file = readablePath(path);
  if (wanted !== undefined) return namedColumn(file, columns, "image_column", wanted, ["pictures", "bytes"]);
  const isMedium = ({ name }: Column) => /^(Audio|Video|Pdf|Nifti)$/.test(features.get(name)?.type ?? "");
  const pictures = columns.filter((column) => column.kind === "pictures" && !isMedium(column));
  const filled = pictures.filter(({ first }) => first !== undefined);
  const [first, ...others] = filled;
  if (others.length > 0) {
    throw new UsageError(
      `${file} has several columns of pictures (${quoted(filled)}): set image_column to the one to classify`,
    );
  }
  if (first) return first;
  const named = columns.find(({ kind, name }) => kind === "bytes" && PICTURE_NAMES.test(lettersOf(name)));
  if (named) return named;
  throw new UsageError(`${file}: ${whyNoPictures(columns, pictures)}`);
}

function namedColumn(
  file: string,
  columns: readonly Column[],
  key: string,
  wanted: string,
  kinds: readonly string[],
): Column {
  const column = columns.find(({ name }) => name === wanted);
  if (!column)
    throw new UsageError(`${file} has no column "${wanted}", which ${key} names; it has ${shown(columns)}`);
  if (!kinds.includes(column.kind))
    throw new UsageError(
      `${file}: ${key} names the column "${wanted}", which contains ${column.kind}; it has ${shown(columns)}`,
    );
  return column;
}

function whyNoPictures(columns: readonly Column[], empty: readonly Column[]): string {
  const asBytes =
    "write the bytes of the picture files into it, or give a folder of the pictures and a table of their labels";
  const isPath = ({ kind, first }: Column) =>
    kind === "text" && typeof first === "string" && extname(first) !== "" && isPictureName(first);
  const text = columns.find(
    ({ kind, first }) => kind === "text" && typeof first === "string" && BASE64.test(first),
  );
  const paths = columns.find(isPath);
  const [structure] = empty;
  if (structure) {
    const only = structure.names ? "only the paths of pictures, not their bytes" : "no pictures";
    return `the column "${structure.name}" has ${only}: ${asBytes}`;
  }
  if (text) return `the column "${text.name}" has pictures as base64 text: ${asBytes}`;
  if (paths)
    return `the column "${paths.name}" has only the paths of pictures (${paths.first}), not their bytes: ${asBytes}`;
  const numbers = columns.filter(({ kind }) => kind === "numbers").length;
  if (numbers >= LEAST_PIXELS)
    return `no column contains pictures; its ${numbers} columns of numbers look like pixels: save the pictures as files, or as .npz`;
  const list = columns.find(({ kind, name }) => kind === "lists" && PICTURE_NAMES.test(lettersOf(name)));
  const found = `no column contains pictures, only ${shown(columns)}`;
  if (list)
    return `${found}; "${list.name}" has several values in a row, and a classifier needs one picture file (PNG, JPEG, …) in each`;
  return `${found}; pictures are files (PNG, JPEG, …) as bytes, by themselves or in Hugging Face's structure of bytes and path`;
}

function chooseLabel(
  file: ParquetFile,
  columns: readonly Column[],
  features: ReadonlyMap<string, Feature>,
  wanted: string | undefined,
): Omit<ParquetColumns, "picture"> {
  const path = readablePath(file.path);
  const scalars = columns.filter(
    ({ name, kind, first }) => !INTERNAL.test(name) && (SCALARS.includes(kind) || isTextBytes(kind, first)),
  );
  const rows = sampleRows(file, scalars);
  const names = scalars.map(({ name }) => name);
  const splits = splitColumn(names, rows, path);
  const split = splits ? { split: { ...scalars[splits.column], of: splits.of } } : {};
  if (wanted !== undefined) {
    const label = namedColumn(path, columns, "label_column", wanted, [...SCALARS, "bytes"]);
    return { label, ...split, notes: [] };
  }
  const free = scalars.filter((_, i) => i !== splits?.column);
  const known = knownLabel(free, features);
  if (known) return { ...known, ...split };
  const nested = columns.flatMap(({ name, kind }) => (["lists", "structures"].includes(kind) ? [name] : []));
  const found = labelColumns(names, rows, new Set(splits ? [splits.column] : []), nested);
  if (found.kind === "named") return { label: scalars[found.column], ...split, notes: [] };
  if (found.kind === "none" || found.kind === "nested")
    throw new UsageError(`${path}: ${whyNoLabels(columns)}`);
  throw new UsageError(
    `${path}: it is unclear which of the columns ${quoted(found.columns.map((column) => scalars[column]))} contains the ` +
      "classes: set label_column to its name",
  );
}

/** The label by its usual name, or the only column that Hugging Face's metadata call one. */
function knownLabel(
  columns: readonly Column[],
  features: ReadonlyMap<string, Feature>,
): Omit<ParquetColumns, "picture"> | undefined {
  const called = (...letters: string[]) => columns.find(({ name }) => letters.includes(lettersOf(name)));
  const plain = called("label") ?? called("labels") ?? called("cls");
  if (plain) return { label: plain, notes: [] };
  const [fine, coarse] = [called("finelabel", "finelabels"), called("coarselabel", "coarselabels")];
  if (fine && coarse) {
    const note = `the classes are those of the column "${fine.name}"; set label_column to "${coarse.name}" for the coarse ones`;
    return { label: fine, notes: [note] };
  }
  const [only, ...others] = columns.filter(({ name }) => features.get(name)?.type === "ClassLabel");
  return only && others.length === 0 ? { label: only, notes: [] } : undefined;
}

function whyNoLabels(columns: readonly Column[]): string {
  const found = columns.length > 0 ? `, only ${shown(columns)} beside the pictures` : "";
  const [list] = columns.filter(({ kind }) => kind === "lists");
  const [structure] = columns.filter(({ kind }) => kind === "structures");
  if (list) {
    return (
      `no column contains one class for each picture${found}; lists are for pictures with several classes, or for detection: ` +
      "add a column of numbers or text, and set label_column to its name"
    );
  }
  if (structure)
    return `no column contains the classes${found}; structures such as boxes are for detection: add a column "label" of numbers or text`;
  return `no column contains the classes${found}: add a column "label" of numbers or text`;
}

/** Old writers do not mark text as such. */
function isTextBytes(kind: string, first: unknown): boolean {
  return kind === "bytes" && first instanceof Uint8Array && first.length < 200 && isUtf8(first);
}

/** Some rows as those of a table of text, from several parts of the file: it may be sorted by class. */
function sampleRows(file: ParquetFile, columns: readonly Column[]): Row[] {
  const length = Math.min(SAMPLE, Math.ceil(file.rows / PARTS));
  const rows = Array.from({ length: PARTS }, (_, part) => Math.floor((part * file.rows) / PARTS)).flatMap(
    (start, part, starts) => {
      const end = Math.min(start + length, starts[part + 1] ?? file.rows);
      return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
    },
  );
  const cells = columns.map(({ path }) => valuesAt(file, path, rows).map(textOf));
  return rows.map((line, i) => ({ line, cells: cells.map((column) => column[i]) }));
}

/** A value as text: a class, or a split. Empty if there is none. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8").trim();
  return String(value)
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}

function quoted(columns: readonly Column[]): string {
  const names = columns.slice(0, 5).map(({ name }) => `"${name}"`);
  return columns.length > names.length ? `${names.join(", ")}, …` : names.join(", ");
}

/** `"text" (text), "box" (lists)`. */
function shown(columns: readonly Column[]): string {
  const names = columns.slice(0, 8).map(({ name, kind }) => `"${name}" (${kind})`);
  return columns.length > names.length ? `${names.join(", ")}, …` : names.join(", ");
}
