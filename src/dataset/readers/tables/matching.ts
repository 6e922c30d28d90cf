// How the cells of a column name pictures: the folder that they are relative to, and how much of each path is of another
// machine. All cells of a column are read in the same way, so that no picture is mistaken for one of another folder.

import { posix } from "node:path";
import type { Found, PictureIndex, Spelling } from "./picture-index.ts";
import type { Row } from "./table.ts";

/** Rows by which the ways to read a column are found and compared. */
const SAMPLE = 60;

/** Ways that are tried with all rows. */
const FINALISTS = 4;

/** A name that this many folders contain says nothing about the folder. */
const MOST_FOLDERS = 200;

export interface Matching {
  readonly column: number;
  /** For each row, the picture that it names. */
  readonly found: readonly Found[];
  /** Number of different pictures that the rows name. */
  readonly pictures: number;
  /** A row whose picture could as well be another one, in another folder: the places of both in the index. */
  readonly rival?: readonly [number, number];
}

/** A way to read the cells. */
interface Way {
  /** The folder that they are relative to; without one, names are looked for in all folders. */
  readonly folder?: string;
  /** Folders at the beginning of each cell that are those of another machine. */
  readonly dropped: number;
}

/** @param own the folder of the table, below the root of the index: it is preferred. */
export function matchColumn(
  rows: readonly Row[],
  column: number,
  index: PictureIndex,
  own: string,
  spelling: Spelling = "strict",
): Matching {
  const cells = rows.map((row) => pathOf(row.cells[column]));
  const different = [...new Set(cells)];
  const step = Math.max(1, Math.floor(different.length / SAMPLE));
  const sample = different.filter((_, i) => i % step === 0);
  const read = ({ folder, dropped }: Way) => {
    return (cell: string) =>
      folder === undefined
        ? index.named(cell, spelling)
        : index.at(folder, withoutFirst(cell, dropped), spelling);
  };
  const scored = waysOf(sample, index, own, spelling)
    .map((way, order) => ({ way, order, score: countPictures(sample.map(read(way))) }))
    .sort((a, b) => b.score - a.score || a.order - b.order);
  const best = scored
    .filter(({ score }) => score > 0 && 2 * score >= scored[0].score)
    .slice(0, FINALISTS)
    .map(({ way }) => {
      const pictureOf = new Map(different.map((cell) => [cell, read(way)(cell)] as const));
      const found = cells.map((cell) => pictureOf.get(cell));
      return { folder: way.folder, found, pictures: countPictures(found) };
    })
    .sort((a, b) => b.pictures - a.pictures);
  if (best.length === 0) return { column, found: cells.map(() => undefined), pictures: 0 };
  const [{ folder, found, pictures }, ...others] = best;
  const equal = others.filter((way) => way.pictures === pictures);
  const rival = folder === own ? undefined : rivalOf(found, equal);
  return { column, found, pictures, ...(rival && { rival }) };
}

/** The ways by which at least one of these cells names a picture, the simplest first. */
function waysOf(sample: readonly string[], index: PictureIndex, own: string, spelling: Spelling): Way[] {
  const ways = new Map<string, Way>();
  const add = (way: Way) => ways.set(`${way.dropped} ${way.folder}`, way);
  const depth = Math.max(0, ...sample.map((cell) => cell.split("/").length - 1));
  for (let dropped = 0; dropped <= depth; dropped++) for (const folder of [own, ""]) add({ folder, dropped });
  const seen = new Set<string>();
  for (const cell of sample) {
    for (const [dropped, part] of cell.split("/").entries()) {
      const isLast = dropped === cell.split("/").length - 1;
      const key = `${dropped} ${isLast} ${part}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const above = isLast ? index.foldersOf(part, spelling) : index.foldersAbove(part);
      if (above.length <= MOST_FOLDERS) for (const folder of above) add({ folder, dropped });
    }
  }
  const places = new Map(index.folders.map((folder, place) => [folder, place]));
  const placeOf = ({ folder = "" }: Way) => (folder === own ? -1 : (places.get(folder) ?? 0));
  const sorted = [...ways.values()].sort((a, b) => a.dropped - b.dropped || placeOf(a) - placeOf(b));
  // Names may be in several folders; paths must fit as a whole.
  return depth === 0 ? [...sorted, { dropped: 0 }] : sorted;
}

function rivalOf(
  found: readonly Found[],
  others: readonly { readonly found: readonly Found[] }[],
): readonly [number, number] | undefined {
  for (const { found: other } of others) {
    const row = differingRow(found, other);
    if (row !== undefined) return [Number(found[row]), Number(other[row])];
  }
  return undefined;
}

/** The first row for which two ways or columns name different pictures. */
export function differingRow(found: readonly Found[], other: readonly Found[]): number | undefined {
  const row = found.findIndex((picture, i) => {
    return typeof picture === "number" && typeof other[i] === "number" && picture !== other[i];
  });
  return row < 0 ? undefined : row;
}

function countPictures(found: readonly Found[]): number {
  return new Set(found.filter((each) => typeof each === "number")).size;
}

/** A cell as a path with `/`, without `./` and `/` at its beginning. */
function pathOf(cell: string): string {
  const path = cell
    .replaceAll("\\", "/")
    .replace(/^[a-z]+:\/+/i, "")
    .replace(/^(\.?\/)+/, "");
  return /(^|\/)\.{0,2}\//.test(path) ? posix.normalize(path) : path;
}

function withoutFirst(path: string, parts: number): string {
  return parts === 0 ? path : path.split("/").slice(parts).join("/");
}
