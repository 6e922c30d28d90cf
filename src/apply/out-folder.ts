// Whether the output folder may be written to: nothing of the user's is ever written over, and one program writes to it at
// a time.

import { existsSync, readdirSync, realpathSync, rmdirSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { systemCode, systemReason, UsageError } from "../common/errors.ts";
import { isTemporaryName } from "../common/files.ts";
import { FolderLock, isLockName } from "../common/folder-lock.ts";
import { JOURNAL_NAME, MANIFEST_NAME, RUN_FILE_NAME } from "./names.ts";
import { type RunFile, readRunFile } from "./run-file.ts";

/** The state of an output folder that may be written to, or whose run is finished. */
export type OutState =
  | { readonly kind: "new" }
  | { readonly kind: "begun"; readonly run: RunFile }
  | { readonly kind: "finished"; readonly run: RunFile & Required<Pick<RunFile, "result">> };

/**
 * Runs `work` on the output folder while no other program can.
 * @param data the dataset's path, or its name if it is a named one.
 * @param resume whether to resume a run that is in the folder.
 * @throws UsageError if `out` is not a folder, is inside the data's folder, is in use by another program, or has content
 *   that is not to be resumed; and what `work` throws.
 */
export async function withOutFolder<Result>(
  { out, data, resume }: { readonly out: string; readonly data: string; readonly resume: boolean },
  work: (state: OutState) => Promise<Result>,
): Promise<Result> {
  if (existsSync(data) && isWithin(realPath(out), realPath(data))) {
    throw new UsageError(`${out} is inside the data's own folder ${data}; give an --out outside it`);
  }
  // No lock is put beside files that have nothing to do with this program.
  if (contentOf(out).length > 0 && !contentOf(out, true).some(isLockName)) stateOf(out, resume);
  const isNew = !existsSync(out);
  const lock = await FolderLock.acquire(out, "apply");
  let result: Result;
  try {
    result = await work(stateOf(out, resume));
  } catch (error) {
    try {
      lock.release();
      if (isNew && contentOf(out, true).length === 0) rmdirSync(out);
    } catch {
      // Of two failures the first is reported: the second may be its consequence.
    }
    throw error;
  }
  lock.release();
  return result;
}

/** @throws UsageError if the folder has content that is not to be resumed. */
function stateOf(out: string, resume: boolean): OutState {
  const names = contentOf(out);
  if (names.length === 0) return { kind: "new" };
  const isBegun = names.includes(RUN_FILE_NAME);
  // A run that was killed before it could write its run file.
  const isNothing = names.every(isTemporaryName);
  if (!resume) {
    const isInterrupted = isNothing || (isBegun && !isFinished(names));
    if (!isInterrupted) throw new UsageError(`${out} is not empty; give another --out`);
    throw new UsageError(
      `${out} contains an interrupted run: continue it with --resume, or give another --out`,
    );
  }
  if (isNothing) return { kind: "new" };
  if (!isBegun)
    throw new UsageError(`${out} is not empty and contains no interrupted run; give another --out`);
  const run = readRunFile(out);
  const { result } = run;
  return result && isFinished(names) ? { kind: "finished", run: { ...run, result } } : { kind: "begun", run };
}

/** The journal is removed last. */
function isFinished(names: readonly string[]): boolean {
  return names.includes(MANIFEST_NAME) && !names.includes(JOURNAL_NAME);
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** The names in a folder, those of locks only on request; none if there is no such folder. */
function contentOf(folder: string, withLocks = false): string[] {
  try {
    return readdirSync(folder).filter((name) => withLocks || !isLockName(name));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    const reason = systemCode(error) === "ENOTDIR" ? "it is not a folder" : systemReason(error);
    throw new UsageError(`cannot write to ${folder}: ${reason}; give another --out`);
  }
}

/** The path without links, even if its last parts do not exist yet. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(realPath(parent), basename(absolute));
  }
}
