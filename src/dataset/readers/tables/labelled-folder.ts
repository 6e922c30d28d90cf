// Reads the tables in a folder of pictures, as far as they name its pictures.

import { basename, dirname, posix, resolve } from "node:path";
import { UsageError } from "../../../common/errors.ts";
import type { SkippedFile } from "../../dataset.ts";
import type { ColumnChoice, SplitName } from "../../reader.ts";
import { splitsAmong } from "../split-names.ts";
import { allPictures, readTree } from "../tree.ts";
import { type FoundTable, findTables, splitOfTableFile } from "./find-tables.ts";
import { type LabelledTable, readLabels } from "./labelled.ts";
import { PictureIndex } from "./picture-index.ts";
import { isTableName, readTable } from "./table.ts";

/** A folder of pictures with its tables. */
export interface LabelledFolder {
  readonly root: string;
  readonly index: PictureIndex;
  readonly splitOf: (picture: string) => SplitName | undefined;
  readonly tables: readonly LabelledTable[];
  /** Errors of tables whose labels are unclear. */
  readonly problems: readonly UsageError[];
}

/** Reads all tables of a folder, or one table. @throws UsageError if a table cannot be read. */
export function readFolder(path: string, columns: ColumnChoice = {}): LabelledFolder {
  const isTable = isTableName(path);
  const root = isTable ? dirname(path) : path;
  const skipped: SkippedFile[] = [];
  const index = new PictureIndex(
    root,
    allPictures(readTree({ name: basename(resolve(root)), path: root }, skipped)),
  );
  const splitOf = splitsByFolder(index);
  const found: FoundTable[] = isTable
    ? [{ path, folder: "", split: splitOfTableFile(basename(path)) }]
    : findTables(root);
  const indices = new Map<string, PictureIndex>();
  const tables: LabelledTable[] = [];
  const problems: UsageError[] = [];
  for (const { path: tablePath, folder, split } of found) {
    const indexOf = (wanted: SplitName | undefined) => {
      // A table in a folder of a split is of the pictures in this folder.
      const own = split !== undefined && folder !== "" ? `${folder}/` : "";
      const key = `${own} ${wanted}`;
      const known = indices.get(key);
      if (known) return known;
      const paths = index.paths.filter((_, i) => {
        const other = splitOf(index.names[i]);
        const isOther = wanted !== undefined && other !== undefined && other !== wanted;
        return index.names[i].startsWith(own) && !isOther;
      });
      const part = paths.length === index.paths.length ? index : new PictureIndex(root, paths);
      indices.set(key, part);
      return part;
    };
    try {
      const table = readLabels({ table: readTable(tablePath), indexOf, folder, split, columns });
      if (table) tables.push(table);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(error);
    }
  }
  return { root, index, splitOf, tables, problems };
}

/** The split of a picture by the folders in which it is. */
function splitsByFolder(index: PictureIndex): (picture: string) => SplitName | undefined {
  const splits = new Map<string, SplitName>();
  const groups = new Map<string, string[]>();
  for (const folder of index.folders) {
    if (folder === "") continue;
    const above = posix.dirname(folder);
    const group = groups.get(above);
    if (group) group.push(folder);
    else groups.set(above, [folder]);
  }
  for (const inner of groups.values()) {
    const names = splitsAmong(inner.map((folder) => posix.basename(folder)));
    for (const folder of inner) {
      const split = names.get(posix.basename(folder));
      if (split) splits.set(folder, split);
    }
  }
  const found = new Map<string, SplitName | undefined>();
  const splitIn = (folder: string): SplitName | undefined => {
    if (folder === "." || folder === "") return undefined;
    if (!found.has(folder)) found.set(folder, splitIn(posix.dirname(folder)) ?? splits.get(folder));
    return found.get(folder);
  };
  return (picture) => splitIn(posix.dirname(picture));
}
