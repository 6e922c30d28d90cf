// Whether the output folder may be written to: nothing of the user's is ever written over.

import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { systemCode, systemReason, UsageError } from "../common/errors.ts";

/**
 * @param data the dataset's path, or its name where it is a named one.
 * @throws UsageError where `out` is no folder, has any content, or lies in the data's folder.
 */
export function checkOutFolder(out: string, data: string): void {
  if (existsSync(data) && isWithin(realPath(out), realPath(data))) {
    throw new UsageError(`${out} is in the data's own folder ${data}; give an --out beside it`);
  }
  if (!isEmptyOrMissing(out)) throw new UsageError(`${out} is not empty; give another --out`);
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function isEmptyOrMissing(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return true;
    const reason = systemCode(error) === "ENOTDIR" ? "it is not a folder" : systemReason(error);
    throw new UsageError(`cannot write to ${folder}: ${reason}; give another --out`);
  }
}

/** The path without links, also where its last parts do not exist yet. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}
