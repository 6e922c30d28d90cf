// How the cells of a column name pictures: the folder that they are relative to, and how much of each path is of another
// machine. All cells of a column are read in the same way, so that no picture is mistaken for one of another folder.

import type { Found, PictureIndex } from "./picture-index.ts";
import type { Row } from "./table.ts";

/** Rows that are tried with every folder. */
const SAMPLE = 60;

/** Ways that are tried with all rows. */
const FINALISTS = 4;

export interface Matching {
  readonly column: number;
  /** For each row, the picture that it names. */
  readonly found: readonly Found[];
  /** Number of different pictures that the rows name. */
  readonly pictures: number;
  /** A row whose picture could as well be another one, in another folder: the places of both in the index. */
  readonly rival?: readonly [number, number];
}

/** A way to read the cells, by the folder that they are relative to; without one, names are looked for in all folders. */
interface Way {
  readonly folder?: string;
  readonly read: (cell: string) => Found;
}

/** @param own the folder of the table, below the root of the index: it is preferred. */
export function matchColumn(
  rows: readonly Row[],
  column: number,
  index: PictureIndex,
  own: string,
): Matching {
  const cells = rows.map((row) => pathOf(row.cells[column]));
  const step = Math.max(1, Math.floor(cells.length / SAMPLE));
  const sample = cells.filter((_, i) => i % step === 0);
  const depth = Math.max(0, ...sample.map((cell) => cell.split("/").length - 1));
  const ways: Way[] = [];
  for (let dropped = 0; dropped <= depth; dropped++) {
    for (const folder of new Set([own, ...index.folders]))
      ways.push({ folder, read: (cell) => index.at(folder, withoutFirst(cell, dropped)) });
  }
  // Names may be in several folders; paths must fit as a whole.
  if (depth === 0) ways.push({ read: (cell) => index.named(cell) });
  const best = ways
    .map(({ folder, read }, order) => ({ folder, read, order, score: countPictures(sample.map(read)) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .slice(0, FINALISTS)
    .map(({ folder, read }) => {
      const found = cells.map(read);
      return { folder, found, pictures: countPictures(found) };
    })
    .sort((a, b) => b.pictures - a.pictures);
  if (best.length === 0) return { column, found: cells.map(() => undefined), pictures: 0 };
  const [{ folder, found, pictures }, ...others] = best;
  const rival =
    folder === own
      ? undefined
      : rivalOf(
          found,
          others.filter((way) => way.pictures === pictures),
        );
  return { column, found, pictures, ...(rival && { rival }) };
}

function rivalOf(
  found: readonly Found[],
  others: readonly { readonly found: readonly Found[] }[],
): readonly [number, number] | undefined {
  for (const { found: other } of others) {
    for (const [i, picture] of found.entries()) {
      const another = other[i];
      if (typeof picture === "number" && typeof another === "number" && picture !== another)
        return [picture, another];
    }
  }
  return undefined;
}

function countPictures(found: readonly Found[]): number {
  return new Set(found.filter((each) => typeof each === "number")).size;
}

/** A cell as a path with `/`, without `./` and `/` at its beginning. */
function pathOf(cell: string): string {
  return cell
    .replaceAll("\\", "/")
    .replace(/^[a-z]+:\/+/i, "")
    .replace(/^(\.?\/)+/, "");
}

function withoutFirst(path: string, parts: number): string {
  return parts === 0 ? path : path.split("/").slice(parts).join("/");
}
