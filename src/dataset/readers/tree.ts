// The pictures of a folder and of all folders in it.

import { extname, join } from "node:path";
import { systemPath } from "../../common/path-bytes.ts";
import { isPictureName, whyNoPicture } from "../../image/sniff.ts";
import type { SkippedFile } from "../dataset.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { FolderSearch, FolderWalk, isWithin, realPath } from "./folder-walk.ts";
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

/** A folder that is being read. */
interface Place {
  /** Its path without links. */
  readonly real: string;
  /** The folders, without links, from which links led here. */
  readonly sources: readonly string[];
}

/** What has been read so far. */
interface Reading {
  readonly skipped: SkippedFile[];
  /** Counts the folders that were reached through links. */
  readonly walk: FolderWalk;
}

/** Reads a folder with all that is below it; what is not read is listed in `skipped`. */
export function readTree(folder: Pick<Entry, "name" | "path">, skipped: SkippedFile[]): Tree {
  return readBelow(folder, { real: realPath(folder.path), sources: [] }, { skipped, walk: new FolderWalk() });
}

/** The same for some of the folders in a folder. @param path of the folder. */
export function readTrees(
  path: string,
  folders: readonly Pick<Entry, "name" | "path">[],
  skipped: SkippedFile[],
): Tree[] {
  const reading = { skipped, walk: new FolderWalk() };
  const place = { real: realPath(path), sources: [] };
  return folders.map((folder) => {
    const real = realPath(folder.path);
    const tree = isWithin(real, place.real)
      ? readBelow(folder, { ...place, real }, reading)
      : readLinked(folder, place, real, reading);
    return tree ?? { ...folder, pictures: [], others: [], folders: [] };
  });
}

/** The folder `real`, to which a link leads, unless it contains the link. */
function readLinked(
  folder: Pick<Entry, "name" | "path">,
  place: Place,
  real: string,
  reading: Reading,
): Tree | undefined {
  const all = [...place.sources, place.real];
  if (all.some((source) => isWithin(source, real))) {
    reading.skipped.push({ path: folder.path, reason: "it links to a folder that contains it" });
    return undefined;
  }
  return readBelow(folder, { real, sources: all }, reading);
}

function readBelow({ name, path }: Pick<Entry, "name" | "path">, place: Place, reading: Reading): Tree {
  const { skipped, walk } = reading;
  if (place.sources.length > 0) walk.enter(path, place.real);
  const pictures: string[] = [];
  const others: string[] = [];
  const folders: Tree[] = [];
  for (const entry of entriesOf(path, skipped)) {
    if (entry.isFolder) {
      const real = entry.isLink ? realPath(entry.path) : join(place.real, bytesOf(entry.name));
      const isLinked = entry.isLink || place.sources.length > 0;
      if (isLinked ? walk.once(real, () => isOwnOutput(entry)) : isOwnOutput(entry)) continue;
      const inner = { ...place, real };
      const folder = entry.isLink
        ? readLinked(entry, place, real, reading)
        : readBelow(entry, inner, reading);
      if (folder) folders.push(folder);
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
  return { name, path, pictures, others, folders };
}

/** The bytes of a name as Latin-1, as in the result of `realPath`. */
function bytesOf(name: string): string {
  return Buffer.from(systemPath(name)).toString("latin1");
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
export function holdsPictures(folder: string, levels = 4, search = new FolderSearch()): boolean {
  if (!search.isNew(folder, levels)) return false;
  const entries = entriesOf(folder);
  if (entries.some(({ name, isFolder }) => !isFolder && extname(name) !== "" && isPictureName(name)))
    return true;
  if (levels === 0) return false;
  return entries.some(({ isFolder, path }) => isFolder && holdsPictures(path, levels - 1, search));
}
