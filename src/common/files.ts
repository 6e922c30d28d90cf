// Files are written whole: under a temporary name beside the target, then renamed. A reader, or a crash, sees
// the old file or the new one, never half of one.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { RunError, systemReason } from "./errors.ts";

let temporaryCount = 0;

/** A name beside `path` that no other writer uses, this process's or another's. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}.${temporaryCount++}.tmp`;
}

/**
 * Writes `content` as the whole file `path`; folders that are missing are made.
 * @throws RunError naming the file and the reason; the old file is then untouched.
 */
export function writeFileWhole(path: string, content: string | Uint8Array | readonly Uint8Array[]): void {
  const temporary = temporaryName(path);
  const parts = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  let isOpened = false;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, "wx");
    isOpened = true;
    try {
      for (const part of parts) writeAll(file, typeof part === "string" ? Buffer.from(part) : part);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    if (isOpened) rmSync(temporary, { force: true });
    throw new RunError(`cannot write ${path}: ${systemReason(error)}`);
  }
}

/** Writes all of `bytes`: one write call may take only a part of them. */
export function writeAll(file: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) offset += writeSync(file, bytes, offset);
}

/** Writes a value as indented JSON, whole, with a final newline. */
export function writeJson(path: string, value: unknown): void {
  writeFileWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}
