// Reads one table as labels of pictures.

import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import type { SkippedFile } from "../../dataset.ts";
import type { ColumnChoice, SplitName } from "../../reader.ts";
import {
  checkClassColumn,
  type LabelColumns,
  labelColumns,
  marksIn,
  pictureRank,
  splitColumn,
  splitInCell,
} from "./columns.ts";
import { type Matching, matchColumn } from "./matching.ts";
import type { PictureIndex } from "./picture-index.ts";
import type { Row, Table } from "./table.ts";

/** A picture with its label. */
export interface Label {
  /** As listed. */
  readonly path: string;
  readonly className: string;
  /** As the table says it; undefined if it does not. */
  readonly split: SplitName | undefined;
  readonly line: number;
}

export interface LabelledTable {
  readonly path: string;
  readonly imageColumn: string;
  /** Empty if the table has no labels. */
  readonly labelColumns: readonly string[];
  /** Whether the columns of the labels are known by their names, or there is one for each class. */
  readonly isCertain: boolean;
  readonly labels: readonly Label[];
  /** Rows that are not used, and why. */
  readonly skipped: readonly SkippedFile[];
}

/** A table and the pictures that it may name. */
export interface TableSource {
  readonly table: Table;
  /** The pictures that belong to a split, as far as their folders say; all for undefined. */
  readonly indexOf: (split: SplitName | undefined) => PictureIndex;
  /** The folder of the table, below the root of the index. */
  readonly folder: string;
  /** The split of the table by its name or its folder. */
  readonly split: SplitName | undefined;
  readonly columns: ColumnChoice;
}

/** Rows of one split. */
interface Part {
  readonly split: SplitName | undefined;
  readonly rows: readonly Row[];
}

/**
 * Reads the labels of a table.
 * @returns undefined if no column names pictures.
 * @throws UsageError, one line, if the labels are unclear or contradict each other.
 */
export function readLabels(source: TableSource): LabelledTable | undefined {
  const { table } = source;
  const whole = findPictures(source, table.rows);
  if (!whole) return undefined;
  // A first row that names a picture is not a header.
  const hasHeader = whole.found[0] === undefined;
  const columns = hasHeader ? table.first : table.first.map((_, column) => `column ${column + 1}`);
  const rows = hasHeader ? table.rows.slice(1) : table.rows;
  const ofSplits = splitColumn(columns, rows);
  const parts = partsOf(source, rows, ofSplits);
  const column = whole.column;
  const matched = parts.flatMap(({ split, rows: own }) => {
    const index = source.indexOf(split);
    const matching = matchColumn(own, column, index, source.folder);
    checkRival(source, index, matching);
    return own.map((row, i) => ({ row, split, index, found: matching.found[i] }));
  });
  const taken = new Set([column, ...(ofSplits === undefined ? [] : [ofSplits])]);
  const named = matched.filter(({ found }) => found !== undefined).map(({ row }) => row);
  const path = readablePath(table.path);
  const { label } = source.columns;
  const found: LabelColumns =
    label === undefined
      ? labelColumns(columns, named, taken)
      : { kind: "named", column: columnNamed(label, "label_column", columns, path) };
  const names = namesOf(found, columns, path);
  const skipped: SkippedFile[] = [];
  const labels: Label[] = [];
  for (const { row, split, index, found: picture } of matched) {
    const place = `${path}, line ${row.line}`;
    const named = row.cells[column];
    if (picture === undefined) {
      skipped.push({ path: place, reason: `there is no picture "${named}"` });
    } else if (typeof picture !== "number") {
      const both = picture.slice(0, 2).map((each) => index.names[each]);
      throw new UsageError(
        `${place}: "${named}" may be ${both.join(" or ")}; write the path of the picture into the table`,
      );
    } else {
      const className = classOf(found, row, columns, place);
      if (className === "") skipped.push({ path: place, reason: `it has no label of "${named}"` });
      else if (className !== undefined)
        labels.push({ path: index.paths[picture], className, split, line: row.line });
    }
  }
  if (found.kind === "named")
    checkClassColumn(
      path,
      `the column "${columns[found.column]}"`,
      new Set(labels.map(({ className }) => className)).size,
      labels.length,
      'name the column with the classes "label"',
    );
  return {
    path: table.path,
    imageColumn: columns[column],
    labelColumns: names,
    isCertain:
      label !== undefined || found.kind === "marked" || (found.kind === "named" && names.some(isLabelName)),
    labels: withPlainNumbers(withoutRepeated(labels, path)),
    skipped,
  };
}

/** A column that names fewer than this share of the rows' pictures, or of the folder's, does so by chance. */
const LEAST_SHARE = 0.5;

/** The column that names most pictures; of equally good ones, the one with the more usual name. */
function findPictures(
  { table, indexOf, split, folder, columns: { image } }: TableSource,
  rows: readonly Row[],
): Matching | undefined {
  const index = indexOf(split);
  const least = Math.max(1, LEAST_SHARE * Math.min(rows.length - 1, index.paths.length));
  const only =
    image === undefined
      ? undefined
      : columnNamed(image, "image_column", table.first, readablePath(table.path));
  const matchings = table.first
    .flatMap((name, column) => {
      if (only !== undefined && column !== only) return [];
      return [{ rank: pictureRank(name), ...matchColumn(rows, column, index, folder) }];
    })
    .filter(({ pictures }) => pictures >= least)
    .sort((a, b) => b.pictures - a.pictures || a.rank - b.rank);
  return matchings[0];
}

/** The place of the column that a setting names. @throws UsageError if there is none. */
function columnNamed(name: string, setting: string, columns: readonly string[], path: string): number {
  const column = columns.indexOf(name);
  if (column >= 0) return column;
  const shown = columns.slice(0, 8).map((each) => `"${each}"`);
  const list = columns.length > shown.length ? `${shown.join(", ")}, …` : shown.join(", ");
  throw new UsageError(`${path} has no column "${name}", which ${setting} names; it has ${list}`);
}

function partsOf({ split }: TableSource, rows: readonly Row[], column: number | undefined): Part[] {
  if (column === undefined) return [{ split, rows }];
  const parts = new Map<SplitName | undefined, Row[]>();
  for (const row of rows) {
    const own = splitInCell(row.cells[column]);
    const part = parts.get(own);
    if (part) part.push(row);
    else parts.set(own, [row]);
  }
  return [...parts].map(([own, part]) => ({ split: own, rows: part }));
}

function checkRival({ table }: TableSource, index: PictureIndex, { rival }: Matching): void {
  if (!rival) return;
  const [a, b] = rival.map((each) => index.names[each]);
  throw new UsageError(
    `${readablePath(table.path)}: its pictures may be ${a} and the like, or ${b}; write the folder into the table, or name ` +
      "the table as the split, such as train.csv",
  );
}

function namesOf(found: LabelColumns, columns: readonly string[], path: string): string[] {
  if (found.kind === "none") return [];
  if (found.kind === "named") return [columns[found.column]];
  const names = found.columns.map((column) => columns[column]);
  if (found.kind === "marked") return names;
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  const list = names.length > shown.length ? `${shown.join(", ")}, …` : shown.join(", ");
  throw new UsageError(
    `${path}: it is unclear which of the columns ${list} contains the classes: name that column "label"`,
  );
}

/** The class of a row; empty if it has none, undefined if the table has none. @throws UsageError if it has several. */
function classOf(
  found: LabelColumns,
  row: Row,
  columns: readonly string[],
  place: string,
): string | undefined {
  if (found.kind === "named") {
    const cell = row.cells[found.column];
    return /^(nan|null|n\/a)$/i.test(cell) ? "" : cell;
  }
  if (found.kind !== "marked") return undefined;
  const marked = marksIn(row, found.columns).map((column) => columns[column]);
  if (marked.length > 1) {
    throw new UsageError(
      `${place}: the picture has several classes (${marked.join(", ")}), but a classifier needs one for each picture; keep ` +
        "one, or leave out the row",
    );
  }
  return marked[0] ?? "";
}

function isLabelName(name: string): boolean {
  return /label|class|categor|target/i.test(name);
}

/** @throws UsageError if a picture has two labels. */
function withoutRepeated(labels: readonly Label[], path: string): Label[] {
  const first = new Map<string, Label>();
  for (const label of labels) {
    const earlier = first.get(label.path);
    if (!earlier) first.set(label.path, label);
    else if (earlier.className !== label.className || earlier.split !== label.split) {
      const [a, b] = [earlier, label].map(
        ({ line, className, split }) => `line ${line}: "${className}"${split ? ` in ${split}` : ""}`,
      );
      throw new UsageError(
        `${path}: ${readablePath(label.path)} has two labels (${a}; ${b}): keep one of them`,
      );
    }
  }
  return [...first.values()];
}

/** `1.0` as `1` if all classes are numbers: a column with gaps is written so. */
function withPlainNumbers(labels: readonly Label[]): Label[] {
  if (!labels.every(({ className }) => /^-?\d+(\.0+)?$/.test(className))) return [...labels];
  return labels.map((label) => ({ ...label, className: label.className.replace(/\.0+$/, "") }));
}
