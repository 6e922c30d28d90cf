// The tables in a folder that may contain labels of its pictures.

import { join } from "node:path";
import type { SplitName } from "../../reader.ts";
import { entriesOf } from "../entries.ts";
import { isOwnOutput } from "../own-output.ts";
import { splitOfTable, splitsAmong } from "../split-names.ts";
import { isTableName } from "./table.ts";

export interface FoundTable {
  readonly path: string;
  /** Its folder, below the root: "" or the name of a subfolder. */
  readonly folder: string;
  /** The split that the name of its folder, or its own name, means. */
  readonly split: SplitName | undefined;
}

/** Tables for other purposes: examples of a competition's answers, the list of what `apply` wrote, bounding boxes. */
export const OTHER_TABLES = /submission|^manifest\.csv$|^notebook\.csv$|^_annotations\.csv$/i;

/** The tables directly in a folder, and in its subfolders. */
export function findTables(root: string): FoundTable[] {
  const entries = entriesOf(root);
  const folders = entries.filter((entry) => entry.isFolder && !isOwnOutput(entry));
  const splits = splitsAmong(folders.map(({ name }) => name));
  return [
    ...tablesIn(root, "", undefined),
    ...folders.flatMap(({ name }) => tablesIn(join(root, name), name, splits.get(name))),
  ];
}

function tablesIn(path: string, folder: string, split: SplitName | undefined): FoundTable[] {
  return entriesOf(path)
    .filter(({ name, isFolder }) => !isFolder && isTableName(name) && !OTHER_TABLES.test(name))
    .map(({ name, path: table }) => ({ path: table, folder, split: split ?? splitOfTableFile(name) }));
}

/** The split that a table's name means: of `train_labels.csv`, train. */
export function splitOfTableFile(name: string): SplitName | undefined {
  return splitOfTable(name.replace(/\.[^.]*$/, ""));
}
