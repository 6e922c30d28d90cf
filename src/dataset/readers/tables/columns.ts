// Which columns of a table name the pictures and their classes.

import { UsageError } from "../../../common/errors.ts";
import type { Row } from "./table.ts";

/** Usual names of the columns of pictures, in the letters of `lettersOf`. */
const PICTURE_NAMES = new Set(
  (
    "filename filenames fname file filepath filepaths path paths imagepath imagename imagefile imagefilename imageid image " +
    "images img imgpath imgid imgname imgfile imageurl picture pictures picturename photo photos photoid photoname"
  ).split(" "),
);
/** Names that are those of pictures only if no other column is. */
const KEY_NAMES = new Set(["id", "ids", "name", "key", "uid", "uuid", "url", "uri"]);
const LABEL_NAMES =
  "label labels labelname classname class classes category categoryname target targetname breed species diagnosis dx choice " +
  "labelid classid categoryid";

/** Names of columns that count the rows, or divide them for cross-validation. */
const COUNTERS = /^(unnamed\d*|index|row|rowid|rowindex|)$/;
const FOLDS = /^(k|cv)?folds?(id|no|number)?$/;

/** Names of columns that describe a picture file, or a place in it. */
const DESCRIPTIONS =
  /^(image|img)?(width|height|channels|depth|filesize|size|bytes|md5|sha1|sha256|hash|phash|url|license|xmin|xmax|ymin|ymax|bbox\d*|boundingbox|latitude|longitude|lat|lon|lng|timestamp|date|datetime|createdat|updatedat|leadtime)$/;

/** Truth values in cells, in lower case. */
export const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "1.0", "true", "yes"].map((cell) => [cell, true] as const),
  ...["0", "0.0", "false", "no"].map((cell) => [cell, false] as const),
]);

/** What marks a class in a table with one column for each. */
const MARKS: ReadonlyMap<string, boolean> = new Map([...TRUTHS, ["", false]]);

/** What a column may be by its name, the best one for naming pictures first. */
const PICTURE_RANKS = ["pictures", "keys", "other", "counter", "labels"] as const;
type PictureRank = (typeof PICTURE_RANKS)[number];

/** What a column of pictures may be by its name. */
export function pictureRank(name: string): PictureRank {
  const letters = lettersOf(name);
  if (PICTURE_NAMES.has(letters)) return "pictures";
  if (KEY_NAMES.has(letters)) return "keys";
  if (COUNTERS.test(letters)) return "counter";
  return LABEL_NAMES.split(" ").includes(letters) || FOLDS.test(letters) ? "labels" : "other";
}

/** The place of a rank among the others; less is better. */
export function orderOfRank(rank: PictureRank): number {
  return PICTURE_RANKS.indexOf(rank);
}

/** How programs write a missing value, besides an empty cell: pandas, R and Excel. */
const MISSING = /^(nan|null|n\/a|<na>|#(n\/a|ref!|value!|name\?|div\/0!|null!|num!))$/i;

export function isMissing(cell: string): boolean {
  return cell === "" || cell === "NA" || MISSING.test(cell);
}

/** The columns of the class: one with its name, or one for each class. */
export type LabelColumns =
  | { readonly kind: "named"; readonly column: number }
  | { readonly kind: "marked"; readonly columns: readonly number[] }
  | { readonly kind: "none" }
  | { readonly kind: "unclear"; readonly columns: readonly number[] }
  /** A column without a single value in each row could be the one. */
  | { readonly kind: "nested"; readonly name: string };

/**
 * @param taken columns with another meaning.
 * @param rows those that name pictures.
 * @param nested the names of further columns, with lists or objects.
 */
export function labelColumns(
  columns: readonly string[],
  rows: readonly Row[],
  taken: ReadonlySet<number>,
  nested: readonly string[] = [],
): LabelColumns {
  const free = columns
    .map((_, column) => column)
    .filter((column) => {
      const letters = lettersOf(columns[column]);
      return !taken.has(column) && !COUNTERS.test(letters) && !FOLDS.test(letters);
    });
  const filled = free.filter((column) => rows.some((row) => row.cells[column] !== ""));
  const names = LABEL_NAMES.split(" ");
  const rankOf = (name: string) => names.indexOf(lettersOf(name));
  const named = filled
    .filter((column) => rankOf(columns[column]) >= 0)
    .sort((a, b) => rankOf(columns[a]) - rankOf(columns[b]) || a - b);
  const [first, ...others] = named;
  const [list] = nested.filter((name) => rankOf(name) >= 0).sort((a, b) => rankOf(a) - rankOf(b));
  // A class in a column with a less usual name could be about something else.
  if (list !== undefined && (first === undefined || rankOf(columns[first]) >= rankOf(list)))
    return { kind: "nested", name: list };
  if (first !== undefined) {
    const isPlain = (column: number) => ["label", "labels"].includes(lettersOf(columns[column]));
    const rivals = others
      .filter((column) => isPlain(column) || !isPlain(first))
      .filter((column) => !isSame(rows, first, column));
    return rivals.length === 0
      ? { kind: "named", column: first }
      : { kind: "unclear", columns: [first, ...rivals] };
  }
  const able = filled.filter((column) => !DESCRIPTIONS.test(lettersOf(columns[column])));
  if (nested.length > 0 && able.length < 2) return { kind: "nested", name: nested[0] };
  if (able.length === 0) return { kind: "none" };
  if (able.length === 1) return { kind: "named", column: able[0] };
  const marked = free.filter((column) => rows.every((row) => MARKS.has(row.cells[column].toLowerCase())));
  const isOneEach = marked.length > 1 && rows.some((row) => marksIn(row, marked).length === 1);
  if (
    isOneEach &&
    (marked.length === free.length || rows.every((row) => marksIn(row, marked).length === 1))
  ) {
    return { kind: "marked", columns: marked };
  }
  return { kind: "unclear", columns: able };
}

/**
 * The column that has the classes, if these are known. If there are several, or numbers, which could be anything, its name has
 * to be a usual one, unless the table has no header.
 */
export function columnOfClasses(
  columns: readonly string[],
  rows: readonly Row[],
  taken: ReadonlySet<number>,
  isClass: (cell: string) => boolean,
): LabelColumns {
  const cellsOf = (column: number) =>
    rows.map((row) => row.cells[column]).filter((cell) => isClass(cell) || !isMissing(cell));
  const able = columns
    .map((_, column) => column)
    .filter((column) => !taken.has(column) && cellsOf(column).length > 0 && cellsOf(column).every(isClass));
  const usual = able.filter((column) => isLabelName(columns[column]));
  const others = able.filter((column) => {
    return columns[column] === numberedColumn(column) || !cellsOf(column).every((cell) => /^\d/.test(cell));
  });
  const [first, ...more] = usual.length > 0 ? usual : others;
  if (first === undefined) return { kind: "none" };
  const rivals = more.filter((column) => !isSame(rows, first, column));
  return rivals.length === 0
    ? { kind: "named", column: first }
    : { kind: "unclear", columns: [first, ...rivals] };
}

/** How a column is called if the table has no header. */
export function numberedColumn(column: number): string {
  return `column ${column + 1}`;
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

/** Whether a name is usual for a column of classes. */
export function isLabelName(name: string): boolean {
  return hasLabelWord(name) || LABEL_NAMES.split(" ").includes(lettersOf(name));
}

/** Whether a name says that the column is one of classes. */
export function hasLabelWord(name: string): boolean {
  return /label|class|categor|target/i.test(name);
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
