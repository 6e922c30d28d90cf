// Which columns of a table name the pictures, their classes and their splits.

import { UsageError } from "../../../common/errors.ts";
import type { SplitName } from "../../reader.ts";
import { splitOf } from "../split-names.ts";
import type { Row } from "./table.ts";

/** Usual names of the columns, in the letters of `lettersOf`; the first ones are preferred. */
const PICTURE_NAMES =
  "filename file filepath filepaths path paths imagepath imagename imagefile imageid image images img imgpath imgid imgname id name";
const LABEL_NAMES =
  "label labels labelname classname class classes category categoryname target targetname breed species diagnosis labelid classid categoryid";
const SPLIT_NAMES = "split splits set subset partition phase usage dataset fold";

/** Names of columns that count the rows. */
const COUNTERS = /^(unnamed\d*|index|)$/;

/** What marks a class in a table with one column for each. */
const MARKS = new Map([
  ...["1", "1.0", "true", "yes"].map((cell) => [cell, true] as const),
  ...["0", "0.0", "false", "no", ""].map((cell) => [cell, false] as const),
]);

/** How preferable a column is as that of the pictures, by its name; less is better. */
export function pictureRank(name: string): number {
  const letters = lettersOf(name);
  if (COUNTERS.test(letters)) return 1000;
  const rank = PICTURE_NAMES.split(" ").indexOf(letters);
  return rank < 0 ? 100 : rank;
}

/** The column in which every cell names a split, if there is one. */
export function splitColumn(columns: readonly string[], rows: readonly Row[]): number | undefined {
  const isSplit = (column: number) => {
    const cells = new Set(rows.map((row) => row.cells[column]));
    return cells.size <= 10 && [...cells].every((cell) => splitOf(cell) !== undefined);
  };
  const names = SPLIT_NAMES.split(" ");
  const found = columns.findIndex((name, column) => names.includes(lettersOf(name)) && isSplit(column));
  return found < 0 ? undefined : found;
}

/** The split in a cell of that column. */
export function splitInCell(cell: string): SplitName | undefined {
  return splitOf(cell);
}

/** The columns of the class: one with its name, or one for each class. */
export type LabelColumns =
  | { readonly kind: "named"; readonly column: number }
  | { readonly kind: "marked"; readonly columns: readonly number[] }
  | { readonly kind: "none" }
  | { readonly kind: "unclear"; readonly columns: readonly number[] };

/** @param taken columns with another meaning. @param rows those that name pictures. */
export function labelColumns(
  columns: readonly string[],
  rows: readonly Row[],
  taken: ReadonlySet<number>,
): LabelColumns {
  const free = columns
    .map((_, column) => column)
    .filter((column) => {
      return !taken.has(column) && !COUNTERS.test(lettersOf(columns[column]));
    });
  const filled = free.filter((column) => rows.some((row) => row.cells[column] !== ""));
  if (filled.length === 0) return { kind: "none" };
  const named = LABEL_NAMES.split(" ").flatMap((name) =>
    filled.filter((column) => lettersOf(columns[column]) === name),
  );
  const [first, ...others] = named;
  if (first !== undefined) {
    const isPlain = ["label", "labels"].includes(lettersOf(columns[first]));
    const rivals = others.filter((column) => !isSame(rows, first, column));
    return isPlain || rivals.length === 0
      ? { kind: "named", column: first }
      : { kind: "unclear", columns: [first, ...rivals] };
  }
  if (filled.length === 1) return { kind: "named", column: filled[0] };
  const marked = free.filter((column) => rows.every((row) => MARKS.has(row.cells[column].toLowerCase())));
  const isOneEach = marked.length > 1 && rows.some((row) => marksIn(row, marked).length === 1);
  if (
    isOneEach &&
    (marked.length === free.length || rows.every((row) => marksIn(row, marked).length === 1))
  ) {
    return { kind: "marked", columns: marked };
  }
  return { kind: "unclear", columns: filled };
}

/** Those of these columns that a row marks. */
export function marksIn({ cells }: Row, columns: readonly number[]): number[] {
  return columns.filter((column) => MARKS.get(cells[column].toLowerCase()));
}

/** Whether two columns divide the rows in the same way: a class and its number. */
function isSame(rows: readonly Row[], a: number, b: number): boolean {
  const pairs = new Set(rows.map(({ cells }) => JSON.stringify([cells[a], cells[b]])));
  const sizeOf = (column: number) => new Set(rows.map(({ cells }) => cells[column])).size;
  return pairs.size === sizeOf(a) && pairs.size === sizeOf(b);
}

/**
 * @param what the values are in: `the column "label"`.
 * @param different the number of different values, of `pictures` in all.
 * @param fix what to do about it.
 * @throws UsageError if the values of a column cannot be classes: nearly each row has another one.
 */
export function checkClassColumn(
  path: string,
  what: string,
  different: number,
  pictures: number,
  fix: string,
): void {
  if (different <= 20 || different <= pictures / 2) return;
  throw new UsageError(
    `${path}: ${what} has ${different} different values for ${pictures} pictures, so it does not contain classes: ${fix}`,
  );
}

/** A name in lower case without anything but letters and digits. */
export function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}
