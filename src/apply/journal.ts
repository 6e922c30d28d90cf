// Records what a run has done, picture by picture, in the order of the listing: one line of JSON each, appended as
// results arrive. Interrupted runs resume from it, and the manifest is made from it in the end.

import { closeSync, fsync, ftruncateSync, openSync, readSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { RunError, systemReason } from "../common/errors.ts";
import { writeAll } from "../common/files.ts";
import type { PictureResult } from "./task.ts";

/** A picture's line; `index` is its position in the run. A record already has its final position. */
export type JournalEntry = { readonly index: number } & PictureResult;

/** How often entries are flushed to disk, in milliseconds. */
const SYNC_INTERVAL = 1000;

const CHUNK = 1 << 20;

const syncToDisk = promisify(fsync);

/**
 * The entries of a journal with the byte at which each ends. Reading stops at what a kill or a full disk may have left
 * at the end: an incomplete line, or one out of order. The file is read in pieces.
 */
export function* readJournal(
  path: string,
): Generator<{ readonly entry: JournalEntry; readonly end: number }> {
  let index = 0;
  for (const { line, end } of linesOf(path)) {
    const entry = parseEntry(line);
    if (entry?.index !== index) return;
    index++;
    yield { entry, end };
  }
}

function parseEntry(line: string): JournalEntry | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The complete lines of a file, without anything after the last line feed. */
function* linesOf(path: string): Generator<{ line: string; end: number }> {
  const file = openSync(path, "r");
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let start = 0;
    let rest: Buffer = Buffer.alloc(0);
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      let text = Buffer.concat([rest, chunk.subarray(0, count)]);
      for (let feed = text.indexOf(10); feed >= 0; feed = text.indexOf(10)) {
        start += feed + 1;
        yield { line: text.toString("utf8", 0, feed), end: start };
        text = text.subarray(feed + 1);
      }
      rest = text;
    }
  } finally {
    closeSync(file);
  }
}

/** Appends entries as they arrive: a kill loses none, a machine failure about those of the last second. */
export class Journal {
  readonly path: string;
  readonly #syncOutputs: () => Promise<void>;
  #file: number | undefined;
  #synced = performance.now();

  /**
   * Opens a journal, or creates one.
   * @param length the number of bytes to keep; the rest is cut off.
   * @param syncOutputs flushes the outputs of the entries to disk.
   * @throws RunError
   */
  constructor(path: string, length: number, syncOutputs: () => Promise<void>) {
    this.path = path;
    this.#syncOutputs = syncOutputs;
    try {
      this.#file = openSync(path, "a");
      ftruncateSync(this.#file, length);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** @throws RunError */
  async add(entries: readonly JournalEntry[]): Promise<void> {
    if (this.#file === undefined) return;
    try {
      writeAll(this.#file, Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join("")));
    } catch (error) {
      throw this.#failure(error);
    }
    if (performance.now() - this.#synced >= SYNC_INTERVAL) await this.sync();
  }

  /** Flushes outputs and entries to disk. @throws RunError */
  async sync(): Promise<void> {
    if (this.#file === undefined) return;
    await this.#syncOutputs();
    try {
      await syncToDisk(this.#file);
    } catch (error) {
      throw this.#failure(error);
    }
    this.#synced = performance.now();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  /** Nothing more is written after a failure, since the last line may be incomplete. */
  #failure(error: unknown): RunError {
    this.close();
    return new RunError(`cannot write ${this.path}: ${systemReason(error)}`);
  }
}
