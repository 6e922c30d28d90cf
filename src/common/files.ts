// Writes files atomically: under a temporary name beside the target, then renamed. Readers and crashes see either the
// old file or the new one, never a partial one. What is read is in ordinary-files.ts.

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { z } from "zod";
import { RunError, systemCode, systemReason, UsageError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { readOrdinaryFile } from "./ordinary-files.ts";
import { problemIn } from "./schema.ts";

let temporaryCount = 0;

/** Number of UTF-16 units of a file's name to keep in its temporary name, which must stay below 255 bytes too. */
const NAME_KEPT = 60;

/** A path beside `path` that no other writer uses, in this process or another. */
export function temporaryName(path: string): string {
  const start = basename(path).slice(0, NAME_KEPT);
  return join(dirname(path), `${start}.${process.pid}.${temporaryCount++}.tmp`);
}

/** Matches the names that `temporaryName` gives in any process. */
const TEMPORARY = /\.\d+\.\d+\.tmp$/;

/** Whether a file's name comes from `temporaryName`. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/**
 * Removes the temporary files that killed processes have left in a folder and its subfolders.
 * @throws RunError
 */
export function removeTemporaryFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeTemporaryFiles(path);
    else if (isTemporaryName(entry.name)) remove(path);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw new RunError(`cannot remove ${path}: ${systemReason(error)}`);
  }
}

/** The text of a file that must exist; see `readBytes`. */
export function readText(path: string, what = path): string {
  return readBytes(path, what).toString("utf8");
}

/**
 * The bytes of a file that must exist.
 * @param what names the file in the error message.
 * @throws UsageError with the reason if it cannot be read.
 */
export function readBytes(path: string, what = path): Buffer {
  try {
    return readOrdinaryFile(path);
  } catch (error) {
    throw new UsageError(`cannot read ${what}: ${systemReason(error)}`);
  }
}

export interface WriteOptions {
  /**
   * Whether the file is flushed to the disk before the call returns (the default). Without, it survives a crash of the
   * program but not of the machine, and many small files are written several times as fast.
   */
  readonly flush?: boolean;
}

/**
 * Writes `content` to the file `path` atomically, part by part; creates missing folders.
 * @throws RunError with the file and the reason; the old file is then unchanged.
 */
export function writeFileWhole(
  path: string,
  content: string | Uint8Array | Iterable<string | Uint8Array>,
  { flush = true }: WriteOptions = {},
): void {
  const temporary = temporaryName(path);
  const parts = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  let isOpened = false;
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, "wx");
    isOpened = true;
    try {
      for (const part of parts) writeAll(file, typeof part === "string" ? Buffer.from(part) : part);
      if (flush) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    if (isOpened) rmSync(temporary, { force: true });
    throw new RunError(`cannot write ${path}: ${systemReason(error)}`);
  }
}

/**
 * Appends text to a file; if that fails (no space), the file keeps its old length.
 * @throws RunError with the file and the reason.
 */
export function appendWhole(path: string, text: string, { flush = true }: WriteOptions = {}): void {
  try {
    // Without a reader, a named pipe is an error then, instead of waiting for one.
    const { O_APPEND, O_CREAT, O_NONBLOCK = 0, O_WRONLY } = constants;
    const file = openSync(path, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY);
    try {
      const { size } = fstatSync(file);
      try {
        writeAll(file, Buffer.from(text));
        if (flush) fsyncSync(file);
      } catch (error) {
        cutBack(file, size);
        throw error;
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new RunError(`cannot write ${path}: ${systemReason(error)}`);
  }
}

/** Removes what a failed write has appended. If that fails too, readers of the file discard the incomplete line. */
function cutBack(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch {
    // The caller reports the failed write.
  }
}

/**
 * Creates a folder and its missing parents. Node's recursive mkdir reports every failure as ENOENT; this throws the
 * system's own error, such as that of a read-only file system.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}

/** Creates a folder of the user's and its missing parents. @throws RunError with the folder and the reason. */
export function createFolder(path: string): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw new RunError(`cannot make the folder ${path}: ${systemReason(error)}`);
  }
}

/**
 * Whether there is a folder with this path. Like `existsSync` it never throws: a path that the system refuses (too long, a circle
 * of links) is not a folder; opening it reports the reason.
 */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Writes all of `bytes`, at offset `place` if given; a single write call may write only part of them. */
export function writeAll(file: number, bytes: Uint8Array, place?: number): void {
  let offset = 0;
  while (offset < bytes.length) {
    const at = place === undefined ? null : place + offset;
    offset += writeSync(file, bytes, offset, bytes.length - offset, at);
  }
}

/**
 * The value of a file that `writeJson` wrote.
 * @param schema all that is used of it.
 * @throws UsageError in one line if the file cannot be read, or does not have that; it names the key.
 */
export function readJson<Value>(path: string, schema: z.ZodType<Value>): Value {
  try {
    const value = parseJson(readOrdinaryFile(path).toString("utf8"));
    const problem = problemIn(value, schema);
    if (problem === undefined) return value as Value;
    throw new Error(problem);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}; restore the file as it was written`);
  }
}

/** Writes a value as indented JSON with a final newline, atomically. */
export function writeJson(path: string, value: unknown): void {
  writeFileWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}
