// Lists which pictures of a folder belong to which class and split, without decoding them.

import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { count } from "../../common/count.ts";
import { systemReason, UsageError } from "../../common/errors.ts";
import { isPictureName, whyNoPicture } from "../../image/sniff.ts";
import type { SkippedFile } from "../dataset.ts";
import { type SplitName, unreadable } from "../reader.ts";

/** The pictures of one class within one split. */
export interface ClassFolder {
  readonly split: SplitName;
  /** Index into the class names. */
  readonly label: number;
  readonly folder: string;
  /** Paths, sorted. */
  readonly files: readonly string[];
}

export interface FolderList {
  /** Sorted by code unit, as in Python, so that labels mean the same in both. */
  readonly classNames: readonly string[];
  readonly folders: readonly ClassFolder[];
  /** Files and folders that are not read, and why. */
  readonly skipped: readonly SkippedFile[];
}

const SPLIT_NAMES: Record<string, SplitName> = {
  train: "train",
  training: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  test: "test",
  testing: "test",
};

/**
 * Lists an image folder: one subfolder per class; or `train/`, `val/` and `test/`, each with one subfolder per class.
 * Class folders may be nested. Hidden files and system files (such as Thumbs.db) are ignored; other files that
 * are not pictures are listed in `skipped`. Links are followed, except for cycles.
 * @throws UsageError if there are no classes, a class has no pictures, or `train/` lacks a class.
 */
export function listFolder(path: string): FolderList {
  const skipped: SkippedFile[] = [];
  const splits = findSplits(path, skipped);
  const [, trainFolder] = splits.find(([split]) => split === "train")!;
  const classNames = subfolders(trainFolder).map(({ name }) => name);
  if (classNames.length === 0) throw new UsageError(noClasses(trainFolder));
  const folders = splits.flatMap(([split, folder]) => {
    for (const file of entriesOf(folder).filter(({ isFolder }) => !isFolder)) {
      if (isPictureName(file.name)) skipped.push({ path: file.path, reason: "it is not in a class folder" });
    }
    return subfolders(folder).map((classFolder): ClassFolder => {
      const label = classNames.indexOf(classFolder.name);
      if (label < 0) {
        throw new UsageError(
          `${classFolder.path}: ${trainFolder} has no class "${classFolder.name}"; every class needs training pictures`,
        );
      }
      const files = listPictures(classFolder.path, skipped, []);
      if (files.length === 0 && split === "train") {
        throw new UsageError(
          `class "${classFolder.name}" (${classFolder.path}) is empty: add pictures or remove it`,
        );
      }
      return { split, label, folder: classFolder.path, files };
    });
  });
  return { classNames, folders, skipped };
}

/** The folders of the splits; an unsplit folder is `train` itself. */
function findSplits(path: string, skipped: SkippedFile[]): [SplitName, string][] {
  const found = subfolders(path);
  const splitOf = ({ name }: Entry) => SPLIT_NAMES[name.toLowerCase()];
  // A class may be called "test": splits contain class folders, classes contain pictures.
  const splits = found.filter((entry) => splitOf(entry) && subfolders(entry.path).length > 0);
  if (splits.length === 0) return [["train", path]];
  const names = splits.map(splitOf);
  if (!names.includes("train")) {
    throw new UsageError(
      `${path} has ${splits.map(({ name }) => `${name}/`).join(" and ")} but no train/ folder`,
    );
  }
  if (new Set(names).size < names.length) {
    const list = splits.map(({ name }) => `${name}/`).join(", ");
    throw new UsageError(`${path} has two folders for the same split (${list}): remove or rename one`);
  }
  for (const entry of found.filter((other) => !splits.includes(other))) {
    skipped.push({ path: entry.path, reason: "it is not train/, val/ or test/" });
  }
  return splits.map((entry) => [splitOf(entry), entry.path]);
}

function listPictures(folder: string, skipped: SkippedFile[], above: readonly string[]): string[] {
  const real = realpathSync(folder);
  if (above.includes(real)) {
    skipped.push({ path: folder, reason: "it links to a folder that contains it" });
    return [];
  }
  return entriesOf(folder, skipped).flatMap((entry) => {
    if (entry.isFolder) return listPictures(entry.path, skipped, [...above, real]);
    const reason = whyNoPicture(entry.path);
    if (reason === undefined) return [entry.path];
    skipped.push({ path: entry.path, reason });
    return [];
  });
}

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
}

function subfolders(path: string): Entry[] {
  return entriesOf(path).filter(({ isFolder }) => isFolder);
}

/** The content of a folder, sorted, with links followed; broken links are listed in `skipped`. */
function entriesOf(folder: string, skipped: SkippedFile[] = []): Entry[] {
  let found: Dirent[];
  try {
    found = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw unreadable(folder, error);
  }
  const entries: Entry[] = [];
  for (const entry of found) {
    const { name } = entry;
    if (name.startsWith(".") || /^(__MACOSX|Thumbs\.db|desktop\.ini)$/i.test(name)) continue;
    const path = join(folder, name);
    try {
      const kind = entry.isSymbolicLink() ? statSync(path) : entry;
      if (kind.isDirectory() || kind.isFile()) entries.push({ name, path, isFolder: kind.isDirectory() });
    } catch (error) {
      skipped.push({ path, reason: `it is a broken link: ${systemReason(error)}` });
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function noClasses(folder: string): string {
  const pictures = entriesOf(folder).filter(({ name }) => isPictureName(name)).length;
  return pictures > 0
    ? `${folder} contains ${count(pictures, "file")} but no class folders: put the pictures of each class into a separate folder`
    : `${folder} contains no class folders: expected one folder of pictures per class`;
}
