// Whether the output folder may be written to: nothing of the user's is ever written over.

import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { systemCode, systemReason, UsageError } from "../common/errors.ts";
import { isTemporaryName } from "../common/files.ts";
import { JOURNAL_NAME, MANIFEST_NAME, RUN_FILE_NAME } from "./names.ts";
import { type RunFile, readRunFile } from "./run-file.ts";

/** What is in an output folder that may be written to, or was finished. */
export type OutState =
  | { readonly kind: "new" }
  | { readonly kind: "begun"; readonly run: RunFile }
  | { readonly kind: "finished"; readonly run: RunFile & Required<Pick<RunFile, "result">> };

/**
 * @param data the dataset's path, or its name where it is a named one.
 * @param resume whether a run that is in the folder may be gone on with.
 * @throws UsageError where `out` is no folder, lies in the data's folder, or has content that is not gone on with.
 */
export function checkOutFolder(out: string, data: string, resume: boolean): OutState {
  if (existsSync(data) && isWithin(realPath(out), realPath(data))) {
    throw new UsageError(`${out} is in the data's own folder ${data}; give an --out beside it`);
  }
  const names = contentOf(out);
  if (names.length === 0) return { kind: "new" };
  const isBegun = names.includes(RUN_FILE_NAME);
  // A run that was killed before it could say what it does.
  const isNothing = names.every(isTemporaryName);
  if (!resume) {
    const isInterrupted = isNothing || (isBegun && !isFinished(names));
    if (!isInterrupted) throw new UsageError(`${out} is not empty; give another --out`);
    throw new UsageError(`${out} holds an interrupted run: --resume goes on with it; or give another --out`);
  }
  if (isNothing) return { kind: "new" };
  if (!isBegun) throw new UsageError(`${out} is not empty and holds no interrupted run; give another --out`);
  const run = readRunFile(out);
  const { result } = run;
  return result && isFinished(names) ? { kind: "finished", run: { ...run, result } } : { kind: "begun", run };
}

/** The journal goes last. */
function isFinished(names: readonly string[]): boolean {
  return names.includes(MANIFEST_NAME) && !names.includes(JOURNAL_NAME);
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function contentOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
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
