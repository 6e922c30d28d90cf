// Which column of a table names the pictures, and whether the first row is a header.

import { extname } from "node:path";
import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { isPictureName } from "../../../image/sniff.ts";
import type { ColumnChoice } from "../../reader.ts";
import { isLabelName, orderOfRank, pictureRank } from "./columns.ts";
import { differingRow, type Matching, matchColumn } from "./matching.ts";
import type { Found, PictureIndex, Spelling } from "./picture-index.ts";
import type { Row, Table } from "./table.ts";

/** A column that names fewer than this share of the rows' pictures, or of the folder's, does so by chance. */
const LEAST_SHARE = 0.5;

/** A column that could be the one, with all rows of the table. */
interface Candidate extends Matching {
  readonly name: string;
  readonly spelling: Spelling;
  /** By its name; less is better. */
  readonly order: number;
  /** Whether its cells are written as file names or paths. */
  readonly isOfFiles: boolean;
}

export interface PictureColumn {
  readonly matching: Matching;
  readonly spelling: Spelling;
  /** How names were read, if they differ from those of the files; empty otherwise. */
  readonly notes: readonly string[];
}

/**
 * The column that names the pictures; undefined if none does.
 * @param own the folder of the table, below the root of the index.
 * @throws UsageError, one line, if several do, and not the same ones; or if there is no column that is named.
 */
export function pictureColumn(
  table: Table,
  index: PictureIndex,
  own: string,
  wanted: ColumnChoice["image"],
): PictureColumn | undefined {
  const path = readablePath(table.path);
  const only = wanted === undefined ? undefined : columnNamed(wanted, "image_column", table.first, path);
  const names = table.first.flatMap((name, column) => {
    const isAble = only === undefined ? pictureRank(name) !== "labels" : column === only;
    return isAble ? [{ name, column, rank: pictureRank(name) }] : [];
  });
  for (const spelling of ["strict", "loose"] as const) {
    const candidates = names.flatMap(({ name, column, rank }): Candidate[] => {
      const isOfFiles = areFiles(table.rows, column);
      // What numbers mean that are only alike must be clear by the name of their column.
      const isAble = spelling === "strict" || isOfFiles || rank === "pictures" || rank === "keys";
      if (!isAble && only === undefined) return [];
      const matching = matchColumn(table.rows, column, index, own, spelling);
      return [{ ...matching, name, spelling, order: orderOfRank(rank), isOfFiles }];
    });
    const chosen = choose(candidates, table, index);
    if (!chosen) continue;
    return { matching: chosen, spelling, notes: notesOnSpelling(chosen, table, index) };
  }
  return undefined;
}

function choose(candidates: readonly Candidate[], table: Table, index: PictureIndex): Candidate | undefined {
  const least = Math.max(1, LEAST_SHARE * Math.min(table.rows.length - 1, index.paths.length));
  const able = candidates.filter(({ pictures }) => pictures >= least);
  // A column that counts the rows names no pictures if another one has names.
  const isCounter = ({ name }: Candidate) => pictureRank(name) === "counter";
  const hasNames = table.first.some((name, column) => {
    return pictureRank(name) === "pictures" || areFiles(table.rows, column);
  });
  const usual = hasNames ? able.filter((each) => each.isOfFiles || !isCounter(each)) : able;
  const best = bestOf(usual);
  if (!best) return undefined;
  for (const other of candidates) {
    if (other === best || other.pictures === 0 || (hasNames && isCounter(other) && !other.isOfFiles))
      continue;
    const row = differingRow(best.found, other.found);
    if (row !== undefined && isRival(best, other, least, table))
      throw unclear(best, other, row, table, index);
  }
  return best;
}

/** The one with file names, then with the more usual name, then with the most pictures. */
function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  const [best] = candidates.toSorted((a, b) => {
    return Number(b.isOfFiles) - Number(a.isOfFiles) || a.order - b.order || b.pictures - a.pictures;
  });
  return best;
}

/** Whether a column that names other pictures than the best one could be meant as well. */
function isRival(best: Candidate, other: Candidate, least: number, { rows }: Table): boolean {
  if (best.isOfFiles && !other.isOfFiles) return false;
  if (other.isOfFiles && !best.isOfFiles) return true;
  if (other.pictures < least) return false;
  if (other.order === best.order) return true;
  const isCounting = rows.every(({ cells }, i) => {
    return i === 0 || Number(cells[other.column]) === Number(rows[1].cells[other.column]) + i - 1;
  });
  return other.pictures > best.pictures && !isCounting;
}

function unclear(
  best: Candidate,
  other: Candidate,
  row: number,
  { path, rows }: Table,
  { names }: PictureIndex,
): UsageError {
  const [a, b] = [best, other].toSorted((one, two) => one.column - two.column);
  const [first, second] = [a, b].map(({ found }) => names[Number(found[row])]);
  return new UsageError(
    `${readablePath(path)}: the column "${a.name}" and the column "${b.name}" both name pictures, but not the same ones (line ` +
      `${rows[row].line}: ${first}, ${second}): set image_column to one of them`,
  );
}

function notesOnSpelling(
  { spelling, column, found, name }: Candidate,
  { path, rows }: Table,
  index: PictureIndex,
): string[] {
  if (spelling === "strict") return [];
  const isOther = (picture: Found, i: number) =>
    typeof picture === "number" && index.named(rows[i].cells[column]) === undefined;
  const row = Math.max(0, found.findIndex(isOther));
  const picture = index.names[Number(found[row])];
  return [
    `${readablePath(path)}: the column "${name}" is read without regard to extensions and leading zeros: ` +
      `"${rows[row].cells[column]}" is ${picture}`,
  ];
}

/** Whether most cells of a column have the extension of a picture. */
function areFiles(rows: readonly Row[], column: number): boolean {
  const files = rows.filter(({ cells }) => isFileName(cells[column])).length;
  return files > 0 && 2 * files >= rows.length - 1;
}

function isFileName(cell: string): boolean {
  return extname(cell) !== "" && isPictureName(cell);
}

/** Whether the first row has the names of the columns. `matching` is that of the column of pictures. */
export function hasHeader({ first, rows }: Table, { column, found }: Matching): boolean {
  const cell = first[column];
  const isUsual = pictureRank(cell) !== "other" && pictureRank(cell) !== "counter";
  if (found[0] !== undefined) return isUsual && first.some((name, i) => i !== column && isLabelName(name));
  if (isFileName(cell) || /^\d+$/.test(cell)) return false;
  if (isUsual || first.some(isLabelName)) return true;
  // A name of a column that is also one of its values is a class.
  return !first.some((name, i) => {
    return (
      i !== column &&
      name !== "" &&
      Number.isNaN(Number(name)) &&
      rows.some(({ cells }, row) => row > 0 && cells[i] === name && cells[column] !== cell)
    );
  });
}

/** The place of the column that a setting names. @throws UsageError if there is none, or several. */
export function columnNamed(name: string, setting: string, columns: readonly string[], path: string): number {
  const column = columns.indexOf(name);
  const other = columns.indexOf(name, column + 1);
  if (column >= 0 && other >= 0) {
    throw new UsageError(
      `${path} has several columns "${name}": say which one by its place, ${setting}="column ${column + 1}" or "column ${other + 1}"`,
    );
  }
  if (column >= 0) return column;
  // Of a table without a header, or with several columns of a name.
  const number = Number(/^column (\d+)$/.exec(name)?.[1]);
  if (number >= 1 && number <= columns.length) return number - 1;
  const shown = columns.slice(0, 8).map((each) => `"${each}"`);
  const list = columns.length > shown.length ? `${shown.join(", ")}, …` : shown.join(", ");
  throw new UsageError(`${path} has no column "${name}", which ${setting} names; it has ${list}`);
}
