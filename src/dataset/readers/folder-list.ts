// Lists which pictures of a folder belong to which class and split, without decoding them.

import { basename, extname, join, resolve } from "node:path";
import { count } from "../../common/count.ts";
import { readablePath } from "../../common/path-bytes.ts";
import { isPictureName } from "../../image/sniff.ts";
import type { SkippedFile } from "../dataset.ts";
import { entriesOf } from "./entries.ts";
import { checkClasses, checkFilled } from "./folder-classes.ts";
import { findSplits, type SplitFolder, setAside } from "./folder-splits.ts";
import { LayoutError } from "./layout-error.ts";
import { type PictureGroup, type PictureList, shownSkipped } from "./picture-list.ts";
import { allPictures, readTrees, type Tree } from "./tree.ts";

/**
 * Lists an image folder: one subfolder per class; or `train/`, `val/` and `test/`, each with one subfolder per class (see
 * split-names.ts for other names). Class folders may be nested. Junk (see entries.ts) and our own outputs are passed over;
 * other files whose names are not those of pictures are listed in `skipped`. Links are followed, except for cycles.
 * Class names are sorted by code unit, as in Python, so that labels mean the same in both.
 * @throws LayoutError if there are no classes, a class has no pictures, `train/` lacks a class of `val/`, or the folders look
 *   like something other than classes.
 */
export function listFolder(path: string): PictureList {
  const skipped: SkippedFile[] = [];
  const notes: string[] = [];
  const splits = findSplits(path, { skipped, notes });
  const train = splits.find(({ split }) => split === "train")!;
  if (train.classes.length === 0) throw noClasses(path, train.path);
  const trees = treesOf(train, skipped);
  checkClasses(path, train.path, trees, notes);
  for (const tree of trees) checkFilled(path, tree, trees);
  const classes = trees.map(({ name }) => readablePath(name));
  checkDistinct(path, train.path, classes);
  const groups = groupsOf(train, trees, classes);
  for (const folder of splits.filter((each) => each !== train)) {
    const unknown = folder.classes.find(({ name }) => labelOf(classes, name) < 0);
    if (!unknown) groups.push(...groupsOf(folder, treesOf(folder, skipped), classes));
    else if (folder.split === "test") notes.push(setAside(basename(folder.path), lacks(train, unknown.name)));
    else {
      const reason = `${lacks(train, unknown.name)}; every class needs training pictures`;
      throw new LayoutError(`${readablePath(unknown.path)}: ${reason}`, path);
    }
  }
  return { root: path, classNames: classes, groups, skipped: shownSkipped(skipped), notes };
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
