// Reads one table as labels of pictures.

import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { quoteForShell } from "../../../common/program-name.ts";
import type { SkippedFile } from "../../dataset.ts";
import type { ColumnChoice, SplitName } from "../../reader.ts";
import { checkSingleClasses } from "../single-classes.ts";
import {
  checkClassColumn,
  columnOfClasses,
  hasLabelWord,
  isMissing,
  type LabelColumns,
  labelColumns,
  marksIn,
  numberedColumn,
} from "./columns.ts";
import { matchColumn } from "./matching.ts";
import { columnNamed, hasHeader, type PictureColumn, pictureColumn } from "./picture-column.ts";
import type { Found, PictureIndex } from "./picture-index.ts";
import { type SplitColumn, splitColumn } from "./split-column.ts";
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
  readonly notes: readonly string[];
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
  /** Whether a cell is one of the classes, if these are known: their column is then the one that has them. */
  readonly isClass?: (cell: string) => boolean;
}

/** A row with the picture that it names. */
interface MatchedRow {
  readonly row: Row;
  readonly split: SplitName | undefined;
  readonly index: PictureIndex;
  readonly found: Found;
}

/** What the columns of a table mean. */
interface Columns {
  readonly names: readonly string[];
  readonly picture: number;
  readonly label: LabelColumns;
  readonly labelNames: readonly string[];
}

/**
 * Reads the labels of a table.
 * @returns undefined if no column names pictures.
 * @throws UsageError, one line, if the labels are unclear or contradict each other.
 */
export function readLabels(source: TableSource): LabelledTable | undefined {
  const { table, columns: choice } = source;
  const path = readablePath(table.path);
  const pictures = pictureColumn(table, source.indexOf(source.split), source.folder, choice.image);
  if (!pictures) return undefined;
  const isHeader = hasHeader(table, pictures.matching);
  const names = isHeader ? table.first : table.first.map((_, column) => numberedColumn(column));
  const rows = isHeader ? table.rows.slice(1) : table.rows;
  const splits = splitColumn(names, rows, path);
  const matched = matchRows(source, pictures, rows, splits);
  const picture = pictures.matching.column;
  const taken = new Set([picture, ...(splits ? [splits.column] : [])]);
  const named = matched.filter(({ found }) => found !== undefined).map(({ row }) => row);
  const label: LabelColumns =
    choice.label === undefined
      ? source.isClass
        ? columnOfClasses(names, named, taken, source.isClass)
        : labelColumns(names, named, taken, table.nested)
      : { kind: "named", column: labelNamed(source, choice.label, names) };
  const columns = { names, picture, label, labelNames: namesOf(label, names, path) };
  const { labels, skipped } = labelRows(matched, columns, path);
  const notes = checkClasses(labels, columns, choice, path);
  return {
    path: table.path,
    imageColumn: names[picture],
    labelColumns: columns.labelNames,
    isCertain: choice.label !== undefined || isCertain(columns),
    labels: withoutRepeated(withPlainNumbers(labels), path),
    skipped,
    notes: [...pictures.notes, ...notes],
  };
}

/** The pictures of all rows, each looked for among those of the row's split. */
function matchRows(
  source: TableSource,
  { matching, spelling }: PictureColumn,
  rows: readonly Row[],
  splits: SplitColumn | undefined,
): MatchedRow[] {
  const { table, folder, indexOf, split: own } = source;
  const parts = new Map<SplitName | undefined, Row[]>();
  for (const row of rows) {
    const split = splits
      ? splits.of(row.cells[splits.column], () => `${readablePath(table.path)}, line ${row.line}`)
      : own;
    const part = parts.get(split);
    if (part) part.push(row);
    else parts.set(split, [row]);
  }
  const [first] = rows;
  return [...parts].flatMap(([split, part]) => {
    const index = indexOf(split);
    const isWhole = part.length === rows.length && index === indexOf(own);
    const offset = table.rows.indexOf(first);
    const { found, rival } = isWhole
      ? { found: matching.found.slice(offset), rival: matching.rival }
      : matchColumn(part, matching.column, index, folder, spelling);
    if (rival) throw new SeveralFoldersError(table.path, index.names, rival);
    return part.map((row, i) => ({ row, split, index, found: found[i] }));
  });
}

/** The labels of rows that have a picture and a class. @throws UsageError if either is unclear. */
function labelRows(
  matched: readonly MatchedRow[],
  columns: Columns,
  path: string,
): Pick<LabelledTable, "labels" | "skipped"> {
  const skipped: SkippedFile[] = [];
  const labels: Label[] = [];
  for (const { row, split, index, found: picture } of matched) {
    const place = `${path}, line ${row.line}`;
    const named = row.cells[columns.picture];
    if (picture === undefined) {
      skipped.push({ path: place, reason: `there is no picture "${named}"` });
    } else if (typeof picture !== "number") {
      const both = picture.slice(0, 2).map((each) => index.names[each]);
      throw new UsageError(
        `${place}: "${named}" may be ${both.join(" or ")}; write the path of the picture into the table`,
      );
    } else {
      const className = classOf(columns, row, place);
      if (className === "") skipped.push({ path: place, reason: `it has no label of "${named}"` });
      else if (className !== undefined)
        labels.push({ path: index.paths[picture], className, split, line: row.line });
    }
  }
  return { labels, skipped };
}

/** Notes on the values of the column of classes. @throws UsageError if they cannot be classes of single pictures. */
function checkClasses(
  labels: readonly Label[],
  { label, names }: Columns,
  choice: ColumnChoice,
  path: string,
): string[] {
  if (label.kind !== "named") return [];
  const what = `the column "${names[label.column]}"`;
  const classes = new Set(labels.map(({ className }) => className));
  checkClassColumn(path, what, classes.size, labels.length, 'name the column with the classes "label"');
  const setting = `"${names[label.column]}"`;
  return checkSingleClasses({ path, what, classes, setting, isChosen: choice.label !== undefined });
}

/** @throws UsageError if there is no such column, or it has lists. */
function labelNamed(
  { table: { path, nested = [] } }: TableSource,
  wanted: string,
  names: readonly string[],
): number {
  if (nested.includes(wanted)) throw severalValues(readablePath(path), wanted);
  return columnNamed(wanted, "label_column", names, readablePath(path));
}

function isCertain({ label, labelNames }: Columns): boolean {
  return label.kind === "marked" || (label.kind === "named" && labelNames.some(hasLabelWord));
}

/** The pictures of a table may be those of several folders. */
export class SeveralFoldersError extends UsageError {
  /** The path of the table. */
  readonly table: string;

  constructor(table: string, names: readonly string[], [a, b]: readonly [number, number]) {
    super(
      `${readablePath(table)}: its pictures may be ${names[a]} and the like, or ${names[b]}; write the folder into the table, ` +
        "leave out one of the folders, or name the table as the split, such as train.csv",
    );
    this.table = table;
  }
}

function namesOf(found: LabelColumns, columns: readonly string[], path: string): string[] {
  if (found.kind === "none") return [];
  if (found.kind === "nested") throw severalValues(path, found.name);
  if (found.kind === "named") return [columns[found.column]];
  const names = found.columns.map((column) => columns[column]);
  if (found.kind === "marked") return names;
  const shown = names.slice(0, 5).map((name) => `"${name}"`);
  const list = names.length > shown.length ? `${shown.join(", ")}, …` : shown.join(", ");
  const [first] = found.columns;
  const isUnique = columns.indexOf(names[0]) === columns.lastIndexOf(names[0]);
  throw new UsageError(
    `${path}: it is unclear which of the columns ${list} contains the classes: say which one, such as ` +
      `--set label_column=${quoteForShell(isUnique ? names[0] : numberedColumn(first))}`,
  );
}

function severalValues(path: string, column: string): UsageError {
  return new UsageError(
    `${path}: "${column}" has lists or objects, as for several classes or boxes, but a classifier needs one class for each ` +
      'picture: add a column "label" of text or numbers',
  );
}

/** The class of a row; empty if it has none, undefined if the table has none. @throws UsageError if it has several. */
function classOf({ label: found, names: columns }: Columns, row: Row, place: string): string | undefined {
  if (found.kind === "named") {
    const cell = row.cells[found.column];
    return isMissing(cell) ? "" : cell;
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
