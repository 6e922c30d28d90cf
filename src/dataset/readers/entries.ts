// What is in a folder, but for what systems and programs put beside the user's files.

import { type Dirent, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { systemReason } from "../../common/errors.ts";
import { nameFromBytes, readablePath, systemPath } from "../../common/path-bytes.ts";
import type { SkippedFile } from "../dataset.ts";
import { unreadable } from "../reader.ts";

/** A file or a folder. Names that are not UTF-8 are as in path-bytes.ts. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
  /** Whether it is a link, which was followed. */
  readonly isLink?: boolean;
}

/** Names of files and folders that are passed over, besides hidden ones; in lower case. */
const JUNK = new Set([
  // Windows
  ...["thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler", "recycled", "found.000"],
  "system volume information",
  // macOS
  ...["__macosx", "icon\r", "network trash folder", "temporary items"],
  // Linux, Python
  ...["lost+found", "__pycache__"],
  // Network storage: Synology, QNAP
  ...["@eadir", "#recycle", "#snapshot", "~snapshot", "@recycle", "@recently-snapshot", "@tmp"],
]);

/**
 * Whether a file or folder of this name is passed over everywhere: hidden ones (`.git`, `.ipynb_checkpoints`, AppleDouble's
 * `._a.jpg`), and what systems keep in the user's folders (`@eaDir`, `$RECYCLE.BIN`, `Thumbs.db`).
 */
export function isJunk(name: string): boolean {
  return (
    name.startsWith(".") || name.startsWith("~$") || JUNK.has(name.toLowerCase()) || /@Syno\w+$/.test(name)
  );
}

/**
 * The content of a folder without junk, sorted by code unit, with links followed; broken links are listed in `skipped`.
 * @throws UsageError if the folder cannot be read.
 */
export function entriesOf(folder: string, skipped: SkippedFile[] = []): Entry[] {
  const entries: Entry[] = [];
  for (const entry of readFolder(folder)) {
    const name = typeof entry.name === "string" ? entry.name : nameFromBytes(entry.name);
    if (isJunk(name)) continue;
    const path = join(folder, name);
    try {
      const isLink = entry.isSymbolicLink();
      const kind = isLink ? statSync(systemPath(path)) : entry;
      if (kind.isDirectory() || kind.isFile())
        entries.push({ name, path, isFolder: kind.isDirectory(), isLink });
    } catch (error) {
      skipped.push({ path, reason: `it is a broken link: ${systemReason(error)}` });
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether there is nothing at all in a folder, not even junk. */
export function isEmptyFolder(folder: string): boolean {
  return readFolder(folder).length === 0;
}

export function subfolders(folder: string): Entry[] {
  return entriesOf(folder).filter(({ isFolder }) => isFolder);
}

/** The number of files of each kind, judged by their names: `3 .txt files and 1 .json file`. */
export function kindsOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    const extension = extname(name).toLowerCase();
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const kinds = [...counts].sort(([, a], [, b]) => b - a);
  const words = kinds.slice(0, 3).map(([extension, count]) => {
    const files = count === 1 ? "file" : "files";
    return extension === "" ? `${count} ${files} without an extension` : `${count} ${extension} ${files}`;
  });
  if (kinds.length > 3) words.push("others");
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function readFolder(folder: string): Dirent<string>[] | Dirent<Buffer>[] {
  const path = systemPath(folder);
  try {
    const found = readdirSync(path, { withFileTypes: true });
    // Bytes that are not UTF-8 become this character. Windows has no such names.
    const isText = process.platform === "win32" || !found.some(({ name }) => name.includes("\ufffd"));
    return isText ? found : readdirSync(path, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    throw unreadable(readablePath(folder), error);
  }
}
