// Takes a run's results in the order of the listing and keeps them: records in their files, a line a picture in the
// journal, counts. From the journal an interrupted run goes on, and the manifest is made.

import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../common/errors.ts";
import { removeTemporaryFiles } from "../common/files.ts";
import type { SplitName } from "../dataset/reader.ts";
import { cifarLayout, writeCifarNames } from "./cifar-layout.ts";
import { Journal, type JournalEntry, readJournal } from "./journal.ts";
import { type ManifestRow, writeManifest } from "./manifest.ts";
import { JOURNAL_NAME, MANIFEST_NAME, RUN_FILE_NAME } from "./names.ts";
import { npzLayout } from "./npz-layout.ts";
import { RecordFiles } from "./record-files.ts";
import type { TaskResult } from "./run.ts";
import { type RunFile, type RunResult, writeRunFile } from "./run-file.ts";
import type { Picture, PictureSource } from "./source.ts";
import { Tally } from "./tally.ts";
import type { PictureResult, WrittenPicture } from "./task.ts";

export class Ledger {
  readonly #out: string;
  readonly #source: PictureSource;
  readonly #run: RunFile;
  readonly #tally: Tally;
  readonly #records: RecordFiles | undefined;
  readonly #journal: Journal;

  /**
   * Begins a run in an empty or missing folder, or goes on with one; what it has done and is still there is counted.
   * @throws RunError where the folder cannot be written to.
   */
  constructor(out: string, source: PictureSource, run: RunFile) {
    this.#out = out;
    this.#source = source;
    this.#run = run;
    this.#tally = new Tally(source, run.settings);
    const { as } = run.settings.form;
    if (as === "cifar10") this.#records = new RecordFiles(out, cifarLayout);
    if (as === "npz") {
      const layout = npzLayout(source.classNames, (split) => this.#labels(split));
      this.#records = new RecordFiles(out, layout);
    }
    if (existsSync(out)) removeTemporaryFiles(out);
    writeRunFile(out, run);
    const path = join(out, JOURNAL_NAME);
    const length = existsSync(path) ? this.#recount(path) : 0;
    this.#journal = new Journal(path, length, async () => this.#records?.sync());
  }

  /** Pictures that are done, skipped ones included. */
  get done(): number {
    return this.#tally.done;
  }

  /** @throws UsageError where a picture does not fit the form; RunError where something cannot be written. */
  async take({ pictures, results, records }: TaskResult): Promise<void> {
    const placed = this.#records ? this.#place(this.#records, pictures, results, records) : results;
    await this.#journal.add(placed.map((result, i) => ({ index: pictures[i].index, ...result })));
    for (const [i, result] of placed.entries()) this.#tally.add(pictures[i], result);
  }

  /**
   * Gives the output its final form, when all pictures are taken. Each step can be done again; the journal goes last.
   * @throws UsageError where no picture at all could be decoded; RunError where something cannot be written.
   */
  async finish(): Promise<RunResult> {
    this.#checkSome();
    await this.#journal.sync();
    await this.#records?.finish();
    if (this.#run.settings.form.as === "cifar10") writeCifarNames(this.#out, this.#source.classNames);
    writeManifest(join(this.#out, MANIFEST_NAME), this.#rows());
    const result = this.#tally.result();
    writeRunFile(this.#out, { ...this.#run, result });
    removeTemporaryFiles(this.#out);
    this.#journal.remove();
    return result;
  }

  /** Leaves what a later run goes on from. @throws RunError where the last results cannot be written. */
  async suspend(): Promise<void> {
    try {
      await this.#journal.sync();
    } finally {
      this.#records?.close();
      this.#journal.close();
      removeTemporaryFiles(this.#out);
    }
  }

  /** Leaves nothing but whole pictures: there is no going on. */
  discard(): void {
    this.#records?.discard();
    this.#journal.remove();
    rmSync(join(this.#out, RUN_FILE_NAME), { force: true });
    removeTemporaryFiles(this.#out);
  }

  /** Counts what the journal tells of and is there; the length of the journal that is true, in bytes. */
  #recount(path: string): number {
    let length = 0;
    for (const { picture, entry, end } of this.#entries(path)) {
      if (!this.#isThere(picture, entry)) break;
      this.#tally.add(picture, entry);
      length = end;
    }
    return length;
  }

  #isThere(picture: Picture, entry: JournalEntry): boolean {
    if ("reason" in entry) return true;
    if (this.#records) {
      this.#records.check(shapeOf(entry), this.#source.nameOf(picture));
      return this.#records.recount(picture.split, entry.outputs.length);
    }
    // Where the machine itself failed, files that were not yet on the disk are shorter, or missing.
    return entry.outputs.every(({ output, bytes }) => {
      return statSync(join(this.#out, output), { throwIfNoEntry: false })?.size === bytes;
    });
  }

  /** Puts a task's records where they belong; the results then tell where that is. */
  #place(
    files: RecordFiles,
    pictures: readonly Picture[],
    results: readonly PictureResult[],
    records: string,
  ): PictureResult[] {
    let count = 0;
    for (const [i, result] of results.entries()) {
      if ("reason" in result) continue;
      files.check(shapeOf(result), this.#source.nameOf(pictures[i]));
      count += result.outputs.length;
    }
    const names = files.append(pictures[0].split, records, count);
    rmSync(records, { force: true });
    let next = 0;
    return results.map((result) => {
      if ("reason" in result) return result;
      return { ...result, outputs: result.outputs.map((output) => ({ ...output, output: names[next++] })) };
    });
  }

  *#entries(path: string): Generator<{ picture: Picture; entry: JournalEntry; end: number }> {
    const lines = readJournal(path);
    try {
      for (const picture of this.#source.pictures()) {
        const { value } = lines.next();
        if (!value) return;
        yield { picture, ...value };
      }
    } finally {
      lines.return(undefined);
    }
  }

  *#rows(): Generator<ManifestRow> {
    for (const { picture, entry } of this.#entries(this.#journal.path)) {
      if ("reason" in entry) continue;
      const { index: imageIndex, source, split, className } = picture;
      for (const { output, augmentation } of entry.outputs) {
        yield { output, source, split, className, imageIndex, ...(augmentation && { augmentation }) };
      }
    }
  }

  *#labels(split: SplitName): Generator<number> {
    for (const { picture, entry } of this.#entries(this.#journal.path)) {
      if (picture.split !== split || "reason" in entry) continue;
      for (let i = 0; i < entry.outputs.length; i++) yield picture.label;
    }
  }

  #checkSome(): void {
    const { undecoded } = this.#tally;
    const { count } = this.#source;
    if (undecoded.length < count) return;
    const [{ path, reason }] = undecoded;
    const { source } = this.#run.data;
    throw new UsageError(`none of the ${count} pictures in ${source} can be decoded (${path}: ${reason})`);
  }
}

function shapeOf({ height, width, grey }: WrittenPicture) {
  return { height, width, channels: grey ? 1 : 3 } as const;
}
