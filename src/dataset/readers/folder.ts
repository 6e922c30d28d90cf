// Reads a folder of pictures with one subfolder per class.

import { statSync } from "node:fs";
import { readablePath, systemPath } from "../../common/path-bytes.ts";
import { listFolder } from "./folder-list.ts";
import type { PictureList } from "./picture-list.ts";
import { pictureReader } from "./pictures.ts";
import { splitOf } from "./split-names.ts";
import { findTables } from "./tables/find-tables.ts";

/** Reads image folders; accepts every folder, so it must be tried last. */
export const folderReader = pictureReader({
  reads: "a folder with one subfolder per class",
  recognises: (path) => statSync(systemPath(path)).isDirectory(),
  list: (path) => withNotesOnTables(path, listFolder(path)),
});

/** A folder's list, with a note on each table that could have labels. */
export function withNotesOnTables(path: string, list: PictureList): PictureList {
  return { ...list, notes: [...list.notes, ...notesOnTables(path, list)] };
}

function notesOnTables(path: string, { labels }: PictureList): string[] {
  const used = new Set(labels?.tables.map((table) => table.path));
  return findTables(path)
    .filter(({ path: table }) => !used.has(table))
    .filter(({ folder }) => folder === "" || splitOf(folder) !== undefined)
    .map(({ path: table }) => {
      const file = readablePath(table);
      return `${file} is not read: the classes are the names of the folders; give ${file} if it has the labels`;
    });
}
