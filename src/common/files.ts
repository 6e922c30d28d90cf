// Files are written whole: under a temporary name beside the target, then renamed. A reader, or a crash, sees
// the old file or the new one, never half of one.

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { RunError, systemCode, systemReason, UsageError } from "./errors.ts";

let temporaryCount = 0;

/** So much of a file's own name (in UTF-16 units) is in its temporary one, which must stay below 255 bytes too. */
const NAME_KEPT = 60;

/** A name beside `path` that no other writer uses, this process's or another's. */
export function temporaryName(path: string): string {
  const start = basename(path).slice(0, NAME_KEPT);
  return join(dirname(path), `${start}.${process.pid}.${temporaryCount++}.tmp`);
}

/** What `temporaryName` gives, whatever the process. */
const TEMPORARY = /\.\d+\.\d+\.tmp$/;

/** Whether a file's name is a temporary one. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/**
 * Removes from a folder and all below it what processes that were killed while they wrote have left there.
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

/**
 * The text of a file that is to be there.
 * @param what names it in the error.
 * @throws UsageError with the reason where it cannot be read.
 */
export function readText(path: string, what = path): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${what}: ${systemReason(error)}`);
  }
}

export interface WriteOptions {
  /**
   * Whether the file is on the disk when the call returns (the default). Without, it is whole after whatever happens to
   * the program, but not if the machine itself fails; a thousand small files are written several times as fast.
   */
  readonly flush?: boolean;
}

/**
 * Writes `content` as the whole file `path`, parts as they come; folders that are missing are made.
 * @throws RunError naming the file and the reason; the old file is then untouched.
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
 * Appends text to a file; where that fails (no space), the file is as long as before.
 * @throws RunError naming the file and the reason.
 */
export function appendWhole(path: string, text: string, { flush = true }: WriteOptions = {}): void {
  try {
    const file = openSync(path, "a");
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

/** Takes what a failed write has left off a file. Where that fails too, whoever reads the file cuts the half line. */
function cutBack(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch {
    // The write's failure is what the caller hears of.
  }
}

/**
 * Makes a folder, and those above it that are missing. Node's own recursive way calls every failure ENOENT; here the
 * system's own error tells why, such as a read-only file system.
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

/** Writes all of `bytes`, from `place` on where it is given: one write call may take only a part of them. */
export function writeAll(file: number, bytes: Uint8Array, place?: number): void {
  let offset = 0;
  while (offset < bytes.length) {
    const at = place === undefined ? null : place + offset;
    offset += writeSync(file, bytes, offset, bytes.length - offset, at);
  }
}

/** Writes a value as indented JSON, whole, with a final newline. */
export function writeJson(path: string, value: unknown): void {
  writeFileWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}
