// Records of equal length, one after another in the files of their split, in the order of the listing. During a run the
// files have the extension `.part`. A record's position follows from its number, so that writing it again after an
// interruption changes nothing.

import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { RunError, systemReason, UsageError } from "../common/errors.ts";
import { writeAll } from "../common/files.ts";
import type { SplitName } from "../dataset/reader.ts";

const PART = ".part";

const CHUNK = 1 << 20;

const syncToDisk = promisify(fsync);

/** The shape of every picture of a run: [height, width, channels]. */
export interface RecordShape {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

/** The content of one file of records. */
export interface RecordFile {
  readonly split: SplitName;
  readonly count: number;
  readonly shape: RecordShape;
}

/** How a format stores records in files. */
export interface RecordLayout {
  /** Bytes before the first record of a file. */
  readonly start: number;
  /** The maximum number of records per file; a split has as many files as it needs. */
  readonly most: number;
  /** @param part index among the split's files, from 0. */
  fileName(split: SplitName, part: number): string;
  /** Size of a record in bytes. @throws UsageError naming `path` if the format does not support such a picture. */
  recordSize(shape: RecordShape, path: string): number;
  /** Writes what a file contains besides its records; the file ends with the last record. */
  complete(file: number, content: RecordFile): Promise<void> | void;
}

export class RecordFiles {
  readonly #out: string;
  readonly #layout: RecordLayout;
  readonly #counts = new Map<SplitName, number>();
  /** Shape and size of the first picture's record, and its path for messages. */
  #first: { readonly shape: RecordShape; readonly size: number; readonly path: string } | undefined;
  /** The file that was written last. */
  #current: { readonly path: string; readonly file: number } | undefined;

  constructor(out: string, layout: RecordLayout) {
    this.#out = out;
    this.#layout = layout;
  }

  /** @throws UsageError if a picture differs from the first one. */
  check(shape: RecordShape, path: string): void {
    this.#first ??= { shape, path, size: this.#layout.recordSize(shape, path) };
    const { height, width, channels } = this.#first.shape;
    if (shape.height !== height || shape.width !== width) {
      throw new UsageError(
        `pictures differ in size (${height} x ${width}: ${this.#first.path}; ${shape.height} x ${shape.width}: ` +
          `${path}): resize them, or use --as folders`,
      );
    }
    if (shape.channels !== channels) {
      const [grey, coloured] = channels === 1 ? [this.#first.path, path] : [path, this.#first.path];
      throw new UsageError(
        `${coloured} is in colour, ${grey} is grey: --grey needs all pictures to be grey here; leave it out`,
      );
    }
  }

  /**
   * Counts `count` more records of a split from an earlier run; returns whether they exist. A file that already has its
   * final name is renamed to that of an unfinished one.
   */
  recount(split: SplitName, count: number): boolean {
    if (count === 0) return true;
    const total = this.#count(split) + count;
    const { path, index } = this.#place(split, total - 1);
    this.#attempt(path, () => {
      if (existsSync(path)) renameSync(path, path + PART);
    });
    const length = statSync(path + PART, { throwIfNoEntry: false })?.size ?? 0;
    if (length < this.#layout.start + (index + 1) * this.#first!.size) return false;
    this.#counts.set(split, total);
    return true;
  }

  /**
   * Appends the first `count` records of a file to those of the split.
   * @returns the manifest's name of each, `train.npz#17`.
   * @throws RunError
   */
  append(split: SplitName, from: string, count: number): string[] {
    if (count === 0) return [];
    const names: string[] = [];
    const { size } = this.#first!;
    const source = this.#attempt(from, () => openSync(from, "r"));
    try {
      while (names.length < count) {
        const { path, name, index } = this.#place(split, this.#count(split));
        const some = Math.min(count - names.length, this.#layout.most - index);
        this.#attempt(path, () => {
          const place = this.#layout.start + index * size;
          copyBytes(source, names.length * size, this.#open(path), place, some * size);
        });
        for (let i = 0; i < some; i++) names.push(`${name}#${index + i}`);
        this.#counts.set(split, this.#count(split) + some);
      }
    } finally {
      closeSync(source);
    }
    return names;
  }

  /** Flushes all records to disk. @throws RunError */
  async sync(): Promise<void> {
    if (!this.#current) return;
    const { path, file } = this.#current;
    try {
      await syncToDisk(file);
    } catch (error) {
      throw failure(path, error);
    }
  }

  /** Completes every file and gives it its final name. @throws RunError */
  async finish(): Promise<void> {
    const { most } = this.#layout;
    for (const [split, total] of this.#counts) {
      for (let start = 0; start < total; start += most) {
        await this.#complete(split, start, Math.min(total - start, most));
      }
    }
    this.discard();
  }

  /** Removes everything unfinished. */
  discard(): void {
    this.close();
    for (const name of readdirSync(this.#out)) {
      if (name.endsWith(PART)) rmSync(join(this.#out, name), { force: true });
    }
  }

  close(): void {
    if (this.#current) closeSync(this.#current.file);
    this.#current = undefined;
  }

  async #complete(split: SplitName, start: number, count: number): Promise<void> {
    const { path } = this.#place(split, start);
    const { shape, size } = this.#first!;
    try {
      const file = this.#open(path);
      ftruncateSync(file, this.#layout.start + count * size);
      await this.#layout.complete(file, { split, count, shape });
      fsyncSync(file);
      this.close();
      renameSync(path + PART, path);
    } catch (error) {
      throw error instanceof RunError ? error : failure(path, error);
    }
  }

  #count(split: SplitName): number {
    return this.#counts.get(split) ?? 0;
  }

  /** The file of a split's record `number`, and the record's index in it. */
  #place(split: SplitName, number: number): { path: string; name: string; index: number } {
    const { most } = this.#layout;
    const name = this.#layout.fileName(split, Math.floor(number / most));
    return { path: join(this.#out, name), name, index: number % most };
  }

  /** Opens the unfinished file; the previous one is flushed to disk. */
  #open(path: string): number {
    if (this.#current?.path === path) return this.#current.file;
    if (this.#current) fsyncSync(this.#current.file);
    this.close();
    const part = path + PART;
    const file = openSync(part, existsSync(part) ? "r+" : "wx+");
    this.#current = { path, file };
    return file;
  }

  #attempt<T>(path: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw failure(path, error);
    }
  }
}

function failure(path: string, error: unknown): RunError {
  return new RunError(`cannot write ${path}: ${systemReason(error)}`);
}

/** Shared by all copies: they run one at a time, and each new allocation would wait for the garbage collector. */
let chunk: Buffer | undefined;

function copyBytes(from: number, start: number, to: number, place: number, length: number): void {
  chunk ??= Buffer.allocUnsafeSlow(CHUNK);
  for (let done = 0; done < length; ) {
    const read = readSync(from, chunk, 0, Math.min(chunk.length, length - done), start + done);
    if (read === 0) throw new Error("the records end too early");
    writeAll(to, chunk.subarray(0, read), place + done);
    done += read;
  }
}
