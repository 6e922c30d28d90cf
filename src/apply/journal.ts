// Records what a run has done, picture by picture, in the order of the listing: one line of JSON each with its checksum,
// appended as results arrive. Interrupted runs resume from it, and the manifest is made from it in the end.

import { closeSync, fsync, ftruncateSync, openSync, readSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { z } from "zod";
import { CHECKSUM_DIGITS, checksumOf } from "../common/checksum.ts";
import { RunError, systemReason, UsageError } from "../common/errors.ts";
import { writeAll } from "../common/files.ts";
import { parseJson } from "../common/json.ts";
import { openOrdinaryFile } from "../common/ordinary-files.ts";
import type { PictureResult } from "./task.ts";

/** A picture's line; `index` is its position in the run. A record already has its final position. */
export type JournalEntry = { readonly index: number } & PictureResult;

const count = z.int().nonnegative();

const AUGMENTATION = z.object({
  ...{ copy: z.int().positive(), trial: count.nullable(), chain: z.int().positive().nullable(), seed: count },
  parameters: z.array(z.looseObject({ type: z.string(), parameters: z.looseObject({}) })),
});

const ENTRY = z.union([
  z.object({ index: count, reason: z.string() }),
  z.object({
    ...{ index: count, height: z.int().positive(), width: z.int().positive() },
    ...{ grey: z.literal(true).optional(), animated: z.literal(true).optional() },
    unchanged: count.optional(),
    outputs: z.array(z.object({ output: z.string(), bytes: count, augmentation: AUGMENTATION.optional() })),
  }),
]);

/** How often entries are flushed to disk, in milliseconds. */
const SYNC_INTERVAL = 1000;

const CHUNK = 1 << 20;

/** No picture has this many copies. */
const LONGEST_LINE = 1 << 28;

const syncToDisk = promisify(fsync);

/**
 * The entries of a journal with the byte at which each ends. Reading stops at what a kill, a full disk or a damaged disk may have
 * left: a line that is incomplete, out of order, or not as it was written. The file is read in pieces.
 * @throws UsageError if there is no file that can be read.
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

/** What precedes the checksum in a line, and the line's end after it. */
const SUM = ',"sum":"';
const END = '"}';

/** An entry as a line: an object whose last key is the CRC-32 of all that precedes it. */
function formatEntry(entry: JournalEntry): string {
  const json = JSON.stringify(entry).slice(0, -1);
  return `${json}${SUM}${checksumOf(json)}${END}\n`;
}

/** Undefined if it is not as `formatEntry` wrote it. */
function parseEntry(line: string): JournalEntry | undefined {
  const json = line.slice(0, -(SUM.length + CHECKSUM_DIGITS + END.length));
  if (line !== `${json}${SUM}${checksumOf(json)}${END}`) return undefined;
  try {
    const entry = parseJson(line);
    return ENTRY.safeParse(entry).success ? (entry as JournalEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** The complete lines of a file, without anything after the last line feed. */
function* linesOf(path: string): Generator<{ line: string; end: number }> {
  const file = openJournal(path);
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let start = 0;
    let rest: Buffer[] = [];
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      let text = chunk.subarray(0, count);
      for (let feed = text.indexOf(10); feed >= 0; feed = text.indexOf(10)) {
        const line = Buffer.concat([...rest, text.subarray(0, feed)]);
        rest = [];
        start += line.length + 1;
        if (line.length > LONGEST_LINE) return;
        yield { line: line.toString("utf8"), end: start };
        text = text.subarray(feed + 1);
      }
      rest.push(Buffer.from(text));
      if (rest.length * CHUNK > LONGEST_LINE) return;
    }
  } finally {
    closeSync(file);
  }
}

function openJournal(path: string): number {
  try {
    return openOrdinaryFile(path).file;
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${systemReason(error)}; remove it to begin again`);
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
      writeAll(this.#file, Buffer.from(entries.map(formatEntry).join("")));
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
