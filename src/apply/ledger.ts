// Stores a run's results in the order of the listing: records in their files, one line per picture in the journal, and
// counts. Interrupted runs resume from the journal, and the manifest is made from it.

import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { RunError, UsageError } from "../common/errors.ts";
import { removeTemporaryFiles } from "../common/files.ts";
import type { SplitName } from "../dataset/reader.ts";
import type { ArrangedPicture, ArrangedSource } from "./arrangement.ts";
import { cifarLayout, writeCifarNames } from "./cifar-layout.ts";
import { Journal, type JournalEntry, readJournal } from "./journal.ts";
import { type ManifestRow, writeManifest } from "./manifest.ts";
import { JOURNAL_NAME, MANIFEST_NAME, RUN_FILE_NAME } from "./names.ts";
import { npzLayout } from "./npz-layout.ts";
import { RecordFiles } from "./record-files.ts";
import type { TaskResult } from "./run.ts";
import { type RunFile, type RunResult, writeRunFile } from "./run-file.ts";
import { Tally } from "./tally.ts";
import type { PictureResult, WrittenPicture } from "./task.ts";

export class Ledger {
  readonly #out: string;
  readonly #source: ArrangedSource;
  readonly #run: RunFile;
  readonly #tally: Tally;
  readonly #records: RecordFiles | undefined;
  readonly #journal: Journal;

  /**
   * Starts a run in an empty or missing folder, or resumes one; finished work that still exists is counted.
   * @throws RunError if the folder cannot be written to.
   */
  constructor(out: string, source: ArrangedSource, run: RunFile) {
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

  /** Finished pictures, including skipped ones. */
  get done(): number {
    return this.#tally.done;
  }

  /** @throws UsageError if a picture does not fit the form; RunError if something cannot be written. */
  async take({ pictures, results, records }: TaskResult): Promise<void> {
    const placed = this.#records ? this.#place(this.#records, pictures, results, records) : results;
    await this.#journal.add(placed.map((result, i) => ({ index: pictures[i].position, ...result })));
    for (const [i, result] of placed.entries()) this.#tally.add(pictures[i], result);
  }

  /**
   * Finalises the output after all pictures have been taken. Each step can be repeated; the journal is removed last.
   * @throws UsageError if no picture at all could be decoded; RunError if something cannot be written.
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

  /** Leaves everything that a later run needs to resume. @throws RunError if the last results cannot be written. */
  async suspend(): Promise<void> {
    try {
      await this.#journal.sync();
    } finally {
      this.#records?.close();
      this.#journal.close();
      removeTemporaryFiles(this.#out);
    }
  }

  /** Leaves only complete pictures, so that the run cannot be resumed. */
  discard(): void {
    this.#records?.discard();
    this.#journal.remove();
    rmSync(join(this.#out, RUN_FILE_NAME), { force: true });
    removeTemporaryFiles(this.#out);
  }

  /** Counts the journal's entries whose outputs exist; returns the length of this part of the journal, in bytes. */
  #recount(path: string): number {
    let length = 0;
    for (const { picture, entry, end } of this.#entries(path)) {
      if (!this.#isThere(picture, entry)) break;
      this.#tally.add(picture, entry);
      length = end;
    }
    return length;
  }

  #isThere(picture: ArrangedPicture, entry: JournalEntry): boolean {
    if ("reason" in entry) return true;
    if (this.#records) {
      this.#records.check(shapeOf(entry), this.#source.nameOf(picture));
      return this.#records.recount(picture.split, entry.outputs.length);
    }
    // After a machine failure, files that had not been flushed to disk may be truncated or missing.
    return entry.outputs.every(({ output, bytes }) => {
      return statSync(join(this.#out, output), { throwIfNoEntry: false })?.size === bytes;
    });
  }

  /** Moves a task's records to their final position, which the returned results contain. */
  #place(
    files: RecordFiles,
    pictures: readonly ArrangedPicture[],
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

  *#entries(path: string): Generator<{ picture: ArrangedPicture; entry: JournalEntry; end: number }> {
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

  /** All entries of the journal, once all pictures have been taken. @throws RunError if one is not as it was written. */
  *#all(): Generator<{ picture: ArrangedPicture; entry: JournalEntry }> {
    const { path } = this.#journal;
    let count = 0;
    for (const each of this.#entries(path)) {
      count++;
      yield each;
    }
    if (count < this.done) throw new RunError(`${path}, line ${count + 1}: it is not as it was written`);
  }

  *#rows(): Generator<ManifestRow> {
    for (const { picture, entry } of this.#all()) {
      if ("reason" in entry) continue;
      const { index: imageIndex, source, split, className } = picture;
      for (const { output, augmentation } of entry.outputs) {
        yield { output, source, split, className, imageIndex, ...(augmentation && { augmentation }) };
      }
    }
  }

  *#labels(split: SplitName): Generator<number> {
    for (const { picture, entry } of this.#all()) {
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
