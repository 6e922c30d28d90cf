// The files of arrays at a path: one file, or those in a folder and in the folders of its splits.

import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { UsageError } from "../../../common/errors.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import type { SplitName } from "../../reader.ts";
import { entriesOf } from "../entries.ts";
import { isOwnOutput } from "../own-output.ts";
import { splitOfTable, splitsAmong } from "../split-names.ts";
import { type ArrayFileKind, hasArrayName, kindOfArrays, plainName } from "./kinds.ts";
import { parseArrayName } from "./names.ts";

export interface ArrayFile {
  readonly path: string;
  readonly kind: ArrayFileKind;
  /** The split that its name, or that of its folder, means. */
  readonly split: SplitName | undefined;
}

export function isFile(path: string): boolean {
  return statSync(systemPath(path), { throwIfNoEntry: false })?.isFile() ?? false;
}

export function isFolder(path: string): boolean {
  return statSync(systemPath(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Whether a folder has an archive that is named for the training split: no accident, also beside pictures. */
export function hasTrainingArchive(folder: string): boolean {
  return entriesOf(folder).some(({ name, isFolder: isInner }) => {
    return !isInner && /\.npz$/i.test(name) && splitOfFile(name) === "train";
  });
}

/** The files of arrays in a folder; none if `path` is not a folder. */
export function arrayFilesIn(path: string): ArrayFile[] {
  if (!isFolder(path)) return [];
  const entries = entriesOf(path);
  const folders = entries.filter((entry) => entry.isFolder && !isOwnOutput(entry));
  const splits = splitsAmong(folders.map(({ name }) => name));
  return [
    ...filesIn(path, undefined),
    ...folders.flatMap(({ name, path: folder }) => {
      const split = splits.get(name);
      return split ? filesIn(folder, split) : [];
    }),
  ];
}

function filesIn(folder: string, split: SplitName | undefined): ArrayFile[] {
  return entriesOf(folder).flatMap(({ name, path, isFolder: isInner }): ArrayFile[] => {
    if (isInner || !hasArrayName(name)) return [];
    const kind = kindOfArrays(path);
    return kind ? [{ path, kind, split: split ?? splitOfFile(name) }] : [];
  });
}

/** The name of a file without extensions. */
export function stemOf(path: string): string {
  return plainName(path).replace(/\.[^.]*$/, "");
}

function splitOfFile(name: string): SplitName | undefined {
  return splitOfTable(stemOf(name));
}

/** The files to read at a path. @throws UsageError if it is not clear which. */
export function findArrayFiles(path: string): ArrayFile[] {
  if (!isFolder(path)) {
    const kind = kindOfArrays(path);
    if (kind !== "npy") return kind ? [{ path, kind, split: undefined }] : [];
    // Its labels are in another file beside it.
    return filesIn(dirname(path), undefined).filter((file) => file.kind === "npy");
  }
  return chooseFiles(arrayFilesIn(path), path);
}

/** Of several files with all arrays of a split, one: those whose names say a split, or a single one. */
function chooseFiles(found: readonly ArrayFile[], path: string): ArrayFile[] {
  const alone = found.filter((file) => isSingle(file, found));
  const whole = found.filter((file) => !alone.includes(file));
  const ofSplits = whole.filter(({ split }) => split !== undefined);
  for (const { split } of ofSplits) {
    const own = ofSplits.filter((each) => each.split === split);
    if (own.length > 1) throw several(own, path);
  }
  if (ofSplits.length > 0) return [...ofSplits, ...alone];
  if (whole.length > 1) throw several(whole, path);
  return [...whole, ...alone];
}

/**
 * Whether a file is a single array: an `.npy` file, or an archive that is named for images or for labels beside one that is named
 * for the other (`kmnist-train-imgs.npz`, `kmnist-train-labels.npz`).
 */
export function isSingle(file: ArrayFile, found: readonly ArrayFile[]): boolean {
  if (file.kind !== "npz") return file.kind === "npy";
  const own = parseArrayName(stemOf(file.path));
  return found.some(({ path, kind, split }) => {
    const other = parseArrayName(stemOf(path));
    const isPair =
      own.role === "images" ? other.role === "labels" : own.role === "labels" && other.role === "images";
    return isPair && kind === "npz" && split === file.split && other.rest === own.rest;
  });
}

function several(files: readonly ArrayFile[], path: string): UsageError {
  const names = files.map((file) => basename(file.path)).join(", ");
  const split = files[0].split === undefined ? "" : ` for ${files[0].split}`;
  return new UsageError(
    `${readablePath(path)} contains several files of arrays${split} (${names}): give one of them`,
  );
}
