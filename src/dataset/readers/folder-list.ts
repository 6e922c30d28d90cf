// Lists which pictures of a folder belong to which class and split, without decoding them.

import { basename, extname, join, resolve } from "node:path";
import { count } from "../../common/count.ts";
import { readablePath } from "../../common/path-bytes.ts";
import { isPictureName } from "../../image/sniff.ts";
import type { LabelExample, LabelTable, SkippedFile } from "../dataset.ts";
import type { ColumnChoice } from "../reader.ts";
import { entriesOf } from "./entries.ts";
import { checkClasses, checkFilled, isContainerName } from "./folder-classes.ts";
import { type FlatFolder, findSplits, type SplitFolder, setAside, withoutClasses } from "./folder-splits.ts";
import { LayoutError } from "./layout-error.ts";
import { type PictureGroup, type PictureList, shownSkipped } from "./picture-list.ts";
import { labelSplit } from "./split-labels.ts";
import { allPictures, readTrees, type Tree } from "./tree.ts";

/**
 * Lists an image folder: one subfolder per class; or `train/`, `val/` and `test/`, each with one subfolder per class (see
 * split-names.ts for other names). Class folders may be nested. Junk (see entries.ts) and our own outputs are passed over;
 * other files whose names are not those of pictures are listed in `skipped`. Links are followed, except for cycles.
 * Class names are sorted by code unit, as in Python, so that labels mean the same in both.
 * @throws LayoutError if there are no classes, a class has no pictures, `train/` lacks a class of `val/`, or the folders look
 *   like something other than classes.
 */
export function listFolder(path: string, columns?: ColumnChoice): PictureList {
  const skipped: SkippedFile[] = [];
  const notes: string[] = [];
  const { splits, flat } = findSplits(path, { skipped, notes });
  const train = splits.find(({ split }) => split === "train")!;
  if (train.classes.length === 0) throw noClasses(path, train.path);
  const trees = treesOf(train, skipped);
  checkClasses(path, train.path, trees, notes);
  for (const tree of trees) checkFilled(path, tree, trees);
  const classes = trees.map(({ name }) => readablePath(name));
  checkDistinct(path, train.path, classes);
  const groups = groupsOf(train, trees, classes);
  const withoutFolders = [...flat];
  for (const folder of splits.filter((each) => each !== train)) {
    const unknown = folder.classes.find(({ name }) => labelOf(classes, name) < 0);
    if (!unknown) groups.push(...groupsOf(folder, treesOf(folder, skipped), classes));
    else if (folder.classes.every(({ name }) => labelOf(classes, name) < 0 && isContainerName(name)))
      withoutFolders.push(flatFolder(folder));
    else if (folder.split === "test") notes.push(setAside(basename(folder.path), lacks(train, unknown.name)));
    else {
      const reason = `${lacks(train, unknown.name)}; every class needs training pictures`;
      throw new LayoutError(`${readablePath(unknown.path)}: ${reason}`, path);
    }
  }
  const tables: LabelTable[] = [];
  const examples: LabelExample[] = [];
  const numberOf = classFinder(classes);
  for (const folder of withoutFolders) {
    const found = labelSplit(path, folder, classes, numberOf, columns);
    if ("groups" in found) {
      groups.push(...found.groups);
      tables.push(...found.labels.tables);
      examples.push(...found.labels.examples);
      skipped.push(...found.skipped);
      notes.push(...found.notes);
    } else notes.push([setAside(folder.name, folder.reason), ...found].join("; "));
  }
  const labels = tables.length > 0 ? { labels: { tables, examples } } : {};
  return { root: path, classNames: classes, groups, skipped: shownSkipped(skipped), notes, ...labels };
}

/** A split whose folders contain the pictures of all classes: `val/images/`. */
function flatFolder(folder: SplitFolder): FlatFolder {
  const pictures = readTrees(folder.path, folder.classes, []).flatMap(allPictures).length;
  return { ...folder, name: basename(folder.path), reason: withoutClasses(pictures) };
}

/** What finds the index of a class by its name in a table, in which numbers have no leading zeros; −1 for another name. */
function classFinder(classes: readonly string[]): (name: string) => number {
  const byNumber = new Map(classes.map((name, label) => [Number(name), label]));
  const areNumbers = classes.every((name) => /^\d+$/.test(name)) && byNumber.size === classes.length;
  const byName = new Map(classes.map((name, label) => [name.normalize(), label]));
  return (name) => {
    const number = areNumbers && /^\d+(\.0+)?$/.test(name) ? byNumber.get(Number(name)) : undefined;
    return byName.get(name.normalize()) ?? number ?? -1;
  };
}

function lacks(train: SplitFolder, name: string): string {
  return `${readablePath(train.path)} has no class "${readablePath(name)}"`;
}

function treesOf({ path, classes }: SplitFolder, skipped: SkippedFile[]): Tree[] {
  for (const file of entriesOf(path).filter(({ isFolder }) => !isFolder)) {
    if (isPictureName(file.name)) skipped.push({ path: file.path, reason: "it is not in a class folder" });
  }
  return readTrees(path, classes, skipped);
}

function groupsOf(
  { split }: SplitFolder,
  trees: readonly Tree[],
  classes: readonly string[],
): PictureGroup[] {
  return trees.map((tree) => {
    return { split, label: labelOf(classes, tree.name), folder: tree.path, files: allPictures(tree) };
  });
}

/** The index of a class; systems differ in how they write accents in names. */
function labelOf(classes: readonly string[], name: string): number {
  const wanted = readablePath(name).normalize();
  return classes.findIndex((each) => each.normalize() === wanted);
}

function checkDistinct(given: string, folder: string, classes: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of classes) {
    if (seen.has(name.normalize())) {
      throw new LayoutError(
        `${readablePath(folder)} has two folders named "${name}", in different encodings: rename one, or put the pictures ` +
          "of both into one",
        given,
      );
    }
    seen.add(name.normalize());
  }
}

function noClasses(given: string, folder: string): LayoutError {
  const shown = readablePath(folder);
  const pictures = entriesOf(folder).filter(({ name, isFolder }) => !isFolder && isPictureName(name)).length;
  if (pictures === 0)
    return new LayoutError(
      `${shown} contains no class folders: expected one folder of pictures per class`,
      given,
    );
  const above = classesAbove(folder);
  const message =
    `${shown} contains ${count(pictures, "file")} but no class folders: put the pictures of each class into a separate ` +
    "folder, or add a CSV file of their labels (docs/data-layouts.md)";
  return above === undefined
    ? new LayoutError(message, given)
    : new LayoutError(`${message}; or give ${above} if this is one of its classes`, given, above);
}

/** At most this many folders are looked into. */
const MOST_CLASSES_ABOVE = 20;

/** The folder above, if all its folders could be classes. */
function classesAbove(folder: string): string | undefined {
  const above = join(folder, "..");
  if (resolve(above) === resolve(folder)) return undefined;
  const entries = entriesOf(above);
  const folders = entries.filter(({ isFolder }) => isFolder);
  const isMixed = entries.some(
    ({ name, isFolder }) => !isFolder && isPictureName(name) && extname(name) !== "",
  );
  if (folders.length < 2 || isMixed || !folders.slice(0, MOST_CLASSES_ABOVE).every(hasPictures))
    return undefined;
  return readablePath(above);
}

function hasPictures({ path }: { readonly path: string }): boolean {
  return entriesOf(path).some(
    ({ name, isFolder }) => !isFolder && isPictureName(name) && extname(name) !== "",
  );
}
