// Labels of validation or test pictures that are not in class folders, from a table: `val/images/` with `val/val_annotations.txt`,
// as in Tiny ImageNet, or `Test/` beside `Test.csv`, as in GTSRB. The classes are those of the training folders.

import { basename, extname, relative, sep } from "node:path";
import { count } from "../../common/count.ts";
import { UsageError } from "../../common/errors.ts";
import { readablePath } from "../../common/path-bytes.ts";
import type { LabelSource, SkippedFile } from "../dataset.ts";
import type { ColumnChoice, SplitName } from "../reader.ts";
import { examplesOf } from "./class-names.ts";
import { entriesOf } from "./entries.ts";
import type { PictureGroup } from "./picture-list.ts";
import { OTHER_TABLES, splitOfTableFile } from "./tables/find-tables.ts";
import { type LabelledTable, readLabels } from "./tables/labelled.ts";
import { PictureIndex } from "./tables/picture-index.ts";
import { isPixelTable, isTableName, readTable, type Table } from "./tables/table.ts";
import { allPictures, readTree } from "./tree.ts";

/** A split without class folders. */
export interface FlatSplit {
  readonly split: SplitName;
  readonly name: string;
  readonly path: string;
}

/** What tables say of a split's pictures. */
export interface SplitLabels {
  readonly groups: readonly PictureGroup[];
  readonly labels: LabelSource;
  readonly skipped: readonly SkippedFile[];
  readonly notes: readonly string[];
}

/**
 * @param root the folder of all data.
 * @param columns those that are set, for the tables that have them.
 * @param labelOf the index of a class of the training folders, −1 for another name.
 * @returns the labels, or the reasons why there are none, one for each table that names the pictures.
 * @throws UsageError if two tables give a picture different labels.
 */
export function labelSplit(
  root: string,
  folder: FlatSplit,
  classNames: readonly string[],
  labelOf: (name: string) => number,
  columns: ColumnChoice = {},
): SplitLabels | readonly string[] {
  const tables = tablesOf(root, folder);
  if (tables.length === 0) return [];
  const skipped: SkippedFile[] = [];
  const pictures = allPictures(readTree({ name: basename(folder.path), path: folder.path }, skipped));
  const reasons: string[] = [];
  let used: LabelledTable | undefined;
  for (const path of pictures.length > 0 ? tables : []) {
    const table = labelledBy(path, { root, folder, pictures, labelOf }, columns, reasons);
    if (!table) continue;
    if (used) checkAlike(used, table, labelOf);
    else used = table;
  }
  if (!used) return reasons;
  const found = splitLabels(used, { root, folder, pictures, classNames, labelOf });
  const others = skipped.filter(({ path }) => !tables.includes(path));
  return { ...found, skipped: [...found.skipped, ...others] };
}

/** Tables in the folder of a split, and those beside it that have the name of the split. */
function tablesOf(root: string, { split, path }: FlatSplit): string[] {
  const tablesIn = (folder: string) =>
    entriesOf(folder).filter(({ name, isFolder }) => {
      const isTable = isTableName(name) || extname(name).toLowerCase() === ".txt";
      return !isFolder && isTable && !OTHER_TABLES.test(name);
    });
  const beside = path === root ? [] : tablesIn(root).filter(({ name }) => splitOfTableFile(name) === split);
  return [...tablesIn(path), ...beside].map((table) => table.path);
}

interface Pictures {
  readonly root: string;
  readonly folder: FlatSplit;
  readonly pictures: readonly string[];
  readonly labelOf: (name: string) => number;
}

function labelledBy(
  path: string,
  { root, folder, pictures, labelOf }: Pictures,
  columns: ColumnChoice,
  reasons: string[],
): LabelledTable | undefined {
  const own = relative(root, path).split(sep).slice(0, -1).join("/");
  const index = new PictureIndex(root, pictures);
  const none = new PictureIndex(root, []);
  const indexOf = (wanted: SplitName | undefined) =>
    wanted === undefined || wanted === folder.split ? index : none;
  try {
    const content = contentOf(path);
    if (!content) return undefined;
    const { image, label } = columns;
    const chosen = {
      ...(image !== undefined && content.first.includes(image) && { image }),
      ...(label !== undefined && content.first.includes(label) && { label }),
    };
    const source = { table: content, indexOf, folder: own, split: folder.split, columns: chosen };
    const table = readLabels({ ...source, isClass: (name) => labelOf(name) >= 0 });
    if (!table) return undefined;
    const other = table.labels.find(({ className }) => labelOf(className) < 0);
    if (other) {
      reasons.push(`${readablePath(path)} has "${other.className}", which is no training folder`);
      return undefined;
    }
    const classes = new Set(table.labels.map(({ className }) => labelOf(className)));
    if (classes.size > 1 || table.labels.length === 1) return table;
    // What has to be predicted is often given as one class for all.
    const [only] = table.labels;
    if (only) reasons.push(`${readablePath(path)} has "${only.className}" for all of them`);
    // A text may be a licence that names a picture.
    else if (isTableName(path))
      reasons.push(`no column of ${readablePath(path)} has the names of the training folders`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    reasons.push(error.message);
  }
  return undefined;
}

/** The rows of a table; undefined for a text of another kind, such as a licence. */
function contentOf(path: string): Table | undefined {
  if (isTableName(path)) return isPixelTable(path) ? undefined : readTable(path);
  try {
    return readTable(path);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function checkAlike(first: LabelledTable, second: LabelledTable, labelOf: (name: string) => number): void {
  const known = new Map(first.labels.map(({ path, className }) => [path, className]));
  for (const { path, className } of second.labels) {
    const other = known.get(path);
    if (other === undefined || labelOf(other) === labelOf(className)) continue;
    throw new UsageError(
      `${readablePath(path)} has two labels (${readablePath(first.path)}: "${other}"; ${readablePath(second.path)}: ` +
        `"${className}"): leave out one of the tables`,
    );
  }
}

function splitLabels(
  { path: table, imageColumn, labelColumns, labels, skipped, notes }: LabelledTable,
  { root, folder, pictures, classNames, labelOf }: Pictures & { readonly classNames: readonly string[] },
): SplitLabels {
  const files = classNames.map((): string[] => []);
  for (const { path, className } of labels) files[labelOf(className)].push(path);
  const { split } = folder;
  const labelled = new Set(labels.map(({ path }) => path));
  const others = pictures.filter((path) => !labelled.has(path));
  const nameIn = (path: string) => readablePath(relative(root, path).split(sep).join("/"));
  const left =
    others.length === 0
      ? []
      : [
          `${count(others.length, "picture has", "pictures have")} no label and ${others.length === 1 ? "is" : "are"} left out, ` +
            `such as ${nameIn(others[0])}`,
        ];
  return {
    groups: files.flatMap((own, label) =>
      own.length > 0 ? [{ split, label, folder: folder.path, files: own.sort() }] : [],
    ),
    labels: {
      tables: [{ path: table, imageColumn, labelColumns, images: { [split]: labels.length } }],
      examples: examplesOf(labels).map(({ path, className }) => {
        return { image: nameIn(path), className: classNames[labelOf(className)], split };
      }),
    },
    skipped,
    notes: [...notes, ...left],
  };
}
