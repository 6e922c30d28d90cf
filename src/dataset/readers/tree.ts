// The pictures of a folder and of all folders in it.

import { realpathSync } from "node:fs";
import { extname } from "node:path";
import { systemPath } from "../../common/path-bytes.ts";
import { isPictureName, whyNoPicture } from "../../image/sniff.ts";
import type { SkippedFile } from "../dataset.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { isOwnOutput, isSheet } from "./own-output.ts";

/** A folder with what it contains, without junk and our own outputs. */
export interface Tree {
  readonly name: string;
  readonly path: string;
  /** Paths of pictures directly in it, sorted. */
  readonly pictures: readonly string[];
  /** Names of its other files. */
  readonly others: readonly string[];
  readonly folders: readonly Tree[];
}

/** Reads a folder with all that is below it; what is not read is listed in `skipped`. */
export function readTree(folder: Pick<Entry, "name" | "path">, skipped: SkippedFile[]): Tree {
  return readBelow(folder, skipped, []);
}

function readBelow(
  { name, path }: Pick<Entry, "name" | "path">,
  skipped: SkippedFile[],
  above: readonly string[],
): Tree {
  const empty = { name, path, pictures: [], others: [], folders: [] };
  const real = realpathSync.native(systemPath(path), { encoding: "buffer" }).toString("latin1");
  if (above.includes(real)) {
    skipped.push({ path, reason: "it links to a folder that contains it" });
    return empty;
  }
  const pictures: string[] = [];
  const others: string[] = [];
  const folders: Tree[] = [];
  for (const entry of entriesOf(path, skipped)) {
    if (entry.isFolder) {
      if (!isOwnOutput(entry)) folders.push(readBelow(entry, skipped, [...above, real]));
      continue;
    }
    const reason = whyNoPicture(entry.path);
    if (reason === undefined) {
      if (!(SHEET_NAME.test(entry.name) && isSheet(entry))) pictures.push(entry.path);
    } else {
      others.push(entry.name);
      skipped.push({ path: entry.path, reason });
    }
  }
  return { ...empty, pictures, others, folders };
}

/** Usual names of preview's sheets. Only files with such a name are opened. */
const SHEET_NAME = /preview|sheet|techniques|policy|recipe|rank/i;

/** The paths of all pictures of a tree: in the order of names, files and folders alike. */
export function allPictures({ pictures, folders }: Tree): string[] {
  const parts = [
    ...pictures.map((path) => ({ path, files: [path] })),
    ...folders.map((folder) => ({ path: folder.path, files: allPictures(folder) })),
  ];
  return parts.sort((a, b) => (a.path < b.path ? -1 : 1)).flatMap(({ files }) => files);
}

/** Whether there are pictures in it or further down. */
export function hasPictures({ pictures, folders }: Tree): boolean {
  return pictures.length > 0 || folders.some(hasPictures);
}

/** The names of all files that are not pictures. */
export function allOthers({ others, folders }: Tree): string[] {
  return [...others, ...folders.flatMap(allOthers)];
}

/** Whether it contains folders and no pictures directly. */
export function hasOnlyFolders({ pictures, folders }: Tree): boolean {
  return pictures.length === 0 && folders.length > 0;
}

/** The first folder that contains pictures or several folders: `a/b/` if `b/` is all that is in `a/`. */
export function withoutWrappers(tree: Tree): Tree {
  return hasOnlyFolders(tree) && tree.folders.length === 1 ? withoutWrappers(tree.folders[0]) : tree;
}

/** Whether a file with the extension of a picture is on the first levels of a folder. It stops at the first one. */
export function holdsPictures(folder: string, levels = 4): boolean {
  const entries = entriesOf(folder);
  if (entries.some(({ name, isFolder }) => !isFolder && extname(name) !== "" && isPictureName(name)))
    return true;
  return levels > 0 && entries.some(({ isFolder, path }) => isFolder && holdsPictures(path, levels - 1));
}
