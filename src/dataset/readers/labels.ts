// Reads pictures whose labels are in a table: a CSV, TSV or JSON Lines file.

import { statSync } from "node:fs";
import { basename, extname } from "node:path";
import { UsageError } from "../../common/errors.ts";
import { readablePath } from "../../common/path-bytes.ts";
import type { LabelTable } from "../dataset.ts";
import type { ColumnChoice } from "../reader.ts";
import { subfolders } from "./entries.ts";
import { withNotesOnTables } from "./folder.ts";
import { isContainerName } from "./folder-classes.ts";
import { listFolder } from "./folder-list.ts";
import { listLabelled } from "./labels-list.ts";
import { folderNames, LayoutError } from "./layout-error.ts";
import { isOwnOutput } from "./own-output.ts";
import type { PictureList } from "./picture-list.ts";
import { type PictureReader, pictureReader } from "./pictures.ts";
import { splitsAmong } from "./split-names.ts";
import { isLabelName } from "./tables/columns.ts";
import { findTables } from "./tables/find-tables.ts";
import { type LabelledTable, SeveralFoldersError } from "./tables/labelled.ts";
import { readFolder } from "./tables/labelled-folder.ts";
import { isPixelTable, isTableName } from "./tables/table.ts";
import { holdsPictures } from "./tree.ts";

/** Reads a folder of pictures with tables of their labels, or such a table. Class folders take precedence over tables. */
export const labelsReader: PictureReader = pictureReader({
  reads: "a CSV file with the labels of pictures",
  uses: "columns",
  recognises: (path, columns) => {
    if (!statSync(path).isDirectory()) return isTableName(path) && !isPixelTable(path);
    if (findTables(path).length === 0 || !holdsPictures(path)) return false;
    const list = decide(path, columns);
    return pictureReader({ ...labelsReader, list });
  },
  list: (path, { columns }) =>
    isTableName(path) ? listLabelled(path, readFolder(path, columns)) : decide(path, columns)(),
});

/**
 * Finds out whether the labels of a folder with tables are in these or in the names of its folders, and returns what lists its
 * pictures, or throws if that is unclear. Nothing that has been read for the decision is read again.
 */
function decide(path: string, columns: ColumnChoice | undefined): () => PictureList {
  let classes: PictureList;
  try {
    classes = listFolder(path, columns);
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    if (!hasClassFolders(path)) return () => listLabelled(path, readFolder(path, columns));
    return () => {
      throw error;
    };
  }
  const { classNames, groups } = classes;
  if (classNames.length < 2 || classNames.every(isContainerName))
    return () => listLabelled(path, readFolder(path, columns));
  const asFolders = () => withNotesOnTables(path, classes);
  const folder = readFolder(path, columns);
  const { problems } = folder;
  // Those of a split without class folders have been used.
  const used = new Set(classes.labels?.tables.map((each) => each.path));
  const tables = folder.tables.filter((each) => !used.has(each.path));
  // Folders that differ in their numbers alone are parts of a collection.
  const areParts = new Set(classNames.map((name) => name.toLowerCase().replace(/\d+/g, ""))).size === 1;
  const total = groups.reduce((sum, { files }) => sum + files.length, 0);
  const table = tables.find(({ isCertain, labelColumns, labels }) => {
    const isLikely = isCertain || (areParts && labelColumns.some(isLabelName));
    return isLikely && labels.length >= LEAST_SHARE * total;
  });
  const [problem] = areParts ? problems : [];
  const isChosen = columns !== undefined;
  const unclear = problems.find((each) => each instanceof SeveralFoldersError);
  if (!table && unclear && areCopies(classes)) {
    return () => {
      throw conflict(path, classNames, readablePath(unclear.table));
    };
  }
  if (!table && columns && !hasColumns(classes, columns)) {
    return () => {
      throw problems[0] ?? noTable(path);
    };
  }
  if (!table && !problem) return asFolders;
  const isAlike = table && !isChosen && dependsOnFolder(table, classes);
  if (isAlike && !addsSplits(table, classes)) return asFolders;
  if (table && (areParts || isChosen || isAlike)) return () => listLabelled(path, folder);
  return () => {
    throw table ? conflict(path, classNames, readablePath(table.path)) : problem;
  };
}

/** Whether the columns that are set are those of tables with labels of some split. */
function hasColumns({ labels }: PictureList, { image, label }: ColumnChoice): boolean {
  const tables = labels?.tables ?? [];
  const isOf = (wanted: string | undefined, columnsOf: (table: LabelTable) => readonly string[]) =>
    wanted === undefined || tables.some((table) => columnsOf(table).includes(wanted));
  return isOf(image, ({ imageColumn }) => [imageColumn]) && isOf(label, ({ labelColumns }) => labelColumns);
}

function noTable(path: string): UsageError {
  return new UsageError(
    `${readablePath(path)}: image_column or label_column is set, but no table has labels of most of its pictures; ` +
      "leave out this setting to use the folders as classes",
  );
}

/** A table that names less than this share of the pictures is about something else. */
const LEAST_SHARE = 0.5;

function conflict(path: string, classNames: readonly string[], file: string): LayoutError {
  const shown = readablePath(path);
  return new LayoutError(
    `${shown}: the classes may be the folders ${folderNames(classNames)}, or those of ${file}, which differ: give ${file} to ` +
      `use the table, or move it out of ${shown} to use the folders`,
    path,
    file,
  );
}

/** Whether the folders contain pictures of the same names, as `images/` and `images_resized/` do. */
function areCopies({ groups }: PictureList): boolean {
  const training = groups.filter(({ split }) => split === "train");
  const [first, ...others] = training.map(({ files }) => {
    return new Set(files.map((path) => basename(path, extname(path)).toLowerCase()));
  });
  const shared = [...first].filter((name) => others.every((names) => names.has(name)));
  return shared.length >= SHARED * first.size;
}

/** Copies of a folder may lack a few pictures. */
const SHARED = 0.9;

/** Whether several folders of pictures could be classes. */
function hasClassFolders(path: string): boolean {
  const folders = subfolders(path).filter((folder) => !isOwnOutput(folder));
  const splits = splitsAmong(folders.map(({ name }) => name));
  const classes = folders.filter(({ name, path: folder }) => {
    return !splits.has(name) && !isContainerName(name) && holdsPictures(folder);
  });
  return classes.length > 1;
}

/** Whether a table says which pictures are for validation or tests, and the folders do not. */
function addsSplits({ labels }: LabelledTable, { groups }: PictureList): boolean {
  return (
    groups.every(({ split }) => split === "train") &&
    labels.some(({ split }) => split !== undefined && split !== "train") &&
    labels.some(({ split }) => split === "train")
  );
}

/** Whether all labelled pictures of a class folder have the same label. */
function dependsOnFolder({ labels }: LabelledTable, { groups }: PictureList): boolean {
  const folderOf = new Map(groups.flatMap(({ label, files }) => files.map((path) => [path, label] as const)));
  const found = new Map<number, string>();
  return labels.every(({ path, className }) => {
    const folder = folderOf.get(path);
    if (folder === undefined) return true;
    const earlier = found.get(folder);
    found.set(folder, className);
    return earlier === undefined || earlier === className;
  });
}
