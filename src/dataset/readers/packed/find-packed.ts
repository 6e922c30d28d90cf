// Finds the larger files, Parquet files or tar archives, in which the pictures of a dataset are, with their splits.

import { statSync } from "node:fs";
import { basename, dirname, join, posix, relative, sep } from "node:path";
import { count } from "../../../common/count.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { isPictureName } from "../../../image/sniff.ts";
import type { SkippedFile } from "../../dataset.ts";
import { SPLITS, type SplitName } from "../../reader.ts";
import { type Entry, entriesOf } from "../entries.ts";
import { FolderSearch, FolderWalk, realPath } from "../folder-walk.ts";
import { folderNames, LayoutError } from "../layout-error.ts";
import { isOwnOutput } from "../own-output.ts";
import { splitOfTable, splitsAmong } from "../split-names.ts";

/** A larger file with its split. */
export interface PackedFile {
  readonly path: string;
  readonly split: SplitName;
}

export interface FoundFiles {
  /** The folder that contains all of them. */
  readonly root: string;
  /** Those of training first, sorted by path. */
  readonly files: readonly PackedFile[];
  readonly skipped: readonly SkippedFile[];
  readonly notes: readonly string[];
}

/** A kind of larger files. */
export interface PackedKind {
  /** In the plural, for messages: `Parquet files`. */
  readonly called: string;
  /** By the name. */
  readonly isNamed: (name: string) => boolean;
}

/** Levels of folders below the given one in which the files may be: `default/train/0000.parquet`. */
const DEEPEST = 3;

/** Folders with larger files may have a few pictures beside them, such as those of a README. */
const FEW_PICTURES = 10;

/** The first file of this kind in a folder, unless the folder is one of pictures. */
export function firstPacked(folder: string, kind: PackedKind): string | undefined {
  const [first] = filesBelow(folder, kind, DEEPEST);
  return first !== undefined && !isOfPictures(folder) ? first : undefined;
}

/**
 * The files of a path: itself, or those in a folder.
 * @throws LayoutError if they are not of one dataset, some are missing, or there are none for training.
 */
export function findPacked(path: string, kind: PackedKind): FoundFiles {
  if (!statSync(path).isDirectory()) {
    const root = dirname(path);
    return { root, files: [{ path, split: "train" }], skipped: [], notes: noteOnPart(path) };
  }
  const paths = filesBelow(path, kind, DEEPEST).sort();
  checkSeries(path, paths);
  const splits = splitsOfFiles(path, paths);
  checkOneDataset(path, paths, splits, kind);
  if (![...splits.values()].some((split) => split !== undefined)) {
    const files = paths.map((file) => ({ path: file, split: "train" as const }));
    return { root: path, files, skipped: [], notes: [] };
  }
  const files = SPLITS.flatMap((split) => {
    return paths.filter((file) => splits.get(file) === split).map((file) => ({ path: file, split }));
  });
  const skipped = paths
    .filter((file) => !splits.get(file))
    .map((file) => ({
      path: file,
      reason: "its name is not that of a split (train, val or test), unlike the others'",
    }));
  if (!files.some(({ split }) => split === "train")) {
    const names = files.slice(0, 3).map((file) => inFolder(path, file.path));
    throw new LayoutError(
      `${readablePath(path)} has ${kind.called} for ${[...new Set(files.map(({ split }) => split))].join(" and ")} ` +
        `(${names.join(", ")}) but none for training: name those train-…, or give one of them alone`,
      path,
    );
  }
  return { root: path, files, skipped, notes: [] };
}

function filesBelow(folder: string, kind: PackedKind, levels: number, walk = new FolderWalk()): string[] {
  walk.enter(folder, realPath(folder));
  const entries = entriesOf(folder);
  const own = entries.filter(({ name, isFolder }) => !isFolder && kind.isNamed(name)).map(({ path }) => path);
  if (levels === 0) return own;
  const isOutput = (entry: Entry) => walk.once(realPath(entry.path), () => isOwnOutput(entry));
  const folders = entries.filter((entry) => entry.isFolder && !isOutput(entry));
  return [...own, ...folders.flatMap(({ path }) => filesBelow(path, kind, levels - 1, walk))];
}

/** Whether several folders contain pictures, or one contains more than a few. */
function isOfPictures(folder: string): boolean {
  let folders = 0;
  const search = new FolderSearch();
  const isFull = (path: string, levels: number): boolean => {
    if (!search.isNew(path, levels)) return false;
    const entries = entriesOf(path);
    const own = entries.filter(
      ({ name, isFolder }) => !isFolder && name.includes(".") && isPictureName(name),
    ).length;
    if (own > 0) folders++;
    if (own > FEW_PICTURES || folders > 1) return true;
    return levels > 0 && entries.some((entry) => entry.isFolder && isFull(entry.path, levels - 1));
  };
  return isFull(folder, DEEPEST);
}

/** The split of each file by its name, else by the folders around it. */
function splitsOfFiles(root: string, paths: readonly string[]): Map<string, SplitName | undefined> {
  const folders = new Map<string, SplitName | undefined>();
  for (const names of siblings(root, paths)) {
    const found = splitsAmong(names.map(plainName));
    for (const name of names) folders.set(name, found.get(plainName(name)));
  }
  return new Map(
    paths.map((path) => {
      const inner = inFolder(root, path);
      const byFolder = foldersAround(inner).flatMap((folder) => folders.get(folder) ?? []);
      const stem = posix.basename(inner).replace(/\..*$/, "");
      return [path, splitOfTable(stem) ?? byFolder[0]];
    }),
  );
}

/** A folder's name. Spark writes folders with the names of files, such as `train.parquet`. */
function plainName(folder: string): string {
  return posix.basename(folder).replace(/\.(parquet|pq|parq)$/i, "");
}

/** The folders around the files, grouped by the folder that contains them. */
function siblings(root: string, paths: readonly string[]): string[][] {
  const groups = new Map<string, Set<string>>();
  for (const folder of paths.flatMap((path) => foldersAround(inFolder(root, path)))) {
    const above = posix.dirname(folder);
    groups.set(above, (groups.get(above) ?? new Set()).add(folder));
  }
  return [...groups.values()].map((group) => [...group]);
}

/** The folders of a path, the innermost first: `a/b` and `a` of `a/b/c.tar`. */
function foldersAround(path: string): string[] {
  const above = posix.dirname(path);
  return above === "." ? [] : [above, ...foldersAround(above)];
}

/** @throws LayoutError if the files are of several datasets, each in a folder of its own. */
function checkOneDataset(
  root: string,
  paths: readonly string[],
  splits: ReadonlyMap<string, SplitName | undefined>,
  kind: PackedKind,
): void {
  // Folders of splits, and those that differ in their numbers alone, are parts of one dataset.
  const keyOf = (path: string) => {
    const names = foldersAround(inFolder(root, path)).map(plainName);
    return names
      .filter((name) => splitsAmong([name]).size === 0)
      .map((name) => name.replace(/\d+/g, ""))
      .join("/");
  };
  const keys = new Map(paths.map((path) => [keyOf(path), path]));
  if (keys.size < 2 || splits.size < 2) return;
  const folders = [...keys.values()].map((path) => dirname(path));
  throw new LayoutError(
    `${readablePath(root)} has ${kind.called} in several folders, which may be several datasets ` +
      `(${folderNames(folders.map((folder) => inFolder(root, folder) || "."))}): give one of them, such as ${readablePath(folders[0])}`,
    root,
    folders[0],
  );
}

/** `train-00000-of-00002`: one of several files. */
const PART = /^(.*?)-?(\d{4,})-of-(\d{4,})/;

function noteOnPart(path: string): string[] {
  const [, , , parts] = PART.exec(basename(path)) ?? [];
  if (parts === undefined || Number(parts) < 2) return [];
  return [`${readablePath(path)} is one of ${Number(parts)} files; give its folder to read all of them`];
}

/** Files of one series in a folder, by their numbers. */
interface Series {
  readonly first: string;
  readonly parts: number;
  readonly found: Map<number, string>;
}

/** @throws LayoutError if files of a series are missing, or there twice: the data are not what they were. */
function checkSeries(root: string, paths: readonly string[]): void {
  const all = new Map<string, Series>();
  for (const path of paths) {
    const [, name, part, parts] = PART.exec(basename(path)) ?? [];
    if (part === undefined) continue;
    const key = JSON.stringify([dirname(path), name]);
    const own = all.get(key) ?? { first: path, parts: Number(parts), found: new Map<number, string>() };
    all.set(key, own);
    const other = own.parts === Number(parts) ? own.found.get(Number(part)) : own.first;
    if (other !== undefined) {
      throw new LayoutError(
        `${readablePath(root)}: ${inFolder(root, other)} and ${inFolder(root, path)} are of different versions of the same data: remove those of one`,
        root,
      );
    }
    own.found.set(Number(part), path);
  }
  for (const series of all.values()) checkComplete(root, series);
}

function checkComplete(root: string, { first, parts, found }: Series): void {
  // Some programs count from 1.
  const from = found.has(0) || !found.has(parts) ? 0 : 1;
  const missing = parts - [...found.keys()].filter((part) => part >= from && part < from + parts).length;
  if (missing === 0) return;
  let example = from;
  while (found.has(example)) example++;
  const name = basename(first).replace(PART, (text, _: string, part: string) => {
    return text.replace(`${part}-of-`, `${String(example).padStart(part.length, "0")}-of-`);
  });
  const path = join(dirname(first), name);
  const others = missing === 1 ? "" : `, and ${count(missing - 1, "other")}`;
  throw new LayoutError(
    `${readablePath(root)}: ${inFolder(root, path)} is missing${others}, of ${parts} files: fetch ${missing === 1 ? "it" : "them"}, or remove ` +
      '"-of-" from the names of the others to use these alone',
    root,
  );
}

/** The readable path below a folder, with `/`. */
export function inFolder(folder: string, path: string): string {
  return readablePath(relative(folder, path).split(sep).join("/"));
}
