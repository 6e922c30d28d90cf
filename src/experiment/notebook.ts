// The notebook: one row per epoch of every training, in the order of trials and samples. Appended and flushed as each
// training ends; read again when a search is resumed.

import { existsSync, rmSync } from "node:fs";
import { type RewardSettings, rewardOf } from "../child/reward.ts";
import { UsageError } from "../common/errors.ts";
import { appendWhole, readText, writeFileWhole } from "../common/files.ts";
import type { TechniqueName } from "../config/techniques.ts";
import { policyCells } from "../policy/columns.ts";
import { baseAlone } from "../policy/form.ts";
import type { Policy } from "../policy/policy.ts";
import type { Checksums } from "./checksums.ts";
import type { TrainingRecord } from "./records.ts";
import { LAST_EPOCH, type NotebookShape, RowFormat } from "./rows.ts";

/** The rules of the search that wrote a notebook. */
export interface NotebookRules {
  /** The techniques that a policy may use. */
  readonly operations: readonly TechniqueName[];
  readonly reward: RewardSettings;
}

/** A recomputed reward may differ from a recorded one by this much: other versions summed in another order. */
const REWARD_TOLERANCE = 1e-9;

/** A file of an experiment with a row per epoch: `notebook.csv`. */
export class Notebook {
  readonly path: string;
  readonly #shape: NotebookShape;
  readonly #sums: Checksums | undefined;
  readonly #rows: RowFormat;
  /** The lines, counted from 1, at which the recovered trainings begin. */
  #lines: readonly number[] = [];

  constructor(path: string, shape: NotebookShape, sums?: Checksums) {
    this.path = path;
    this.#shape = shape;
    this.#sums = sums;
    this.#rows = new RowFormat(shape, (line, what) => this.wrong(line, what));
  }

  /** Whether a row is as it was written; true if that is not known. */
  readonly #isSame: Checksums["matches"] = (...row) => this.#sums?.matches(...row) ?? true;

  /** Begins an empty notebook. @throws RunError */
  create(): void {
    this.rewrite([]);
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  /** Adds a training's rows, on disk when this returns. @throws RunError */
  append(record: TrainingRecord): void {
    const rows = this.#rows.format(record);
    appendWhole(this.path, linesOf(rows));
    this.#sums?.add(record.trial, record.sample, rows);
  }

  /** The line, counted from 1, at which the recovered training at an index (from 0) begins. */
  lineOf(index: number): number {
    return this.#lines[index];
  }

  /** Removes all trainings but the first `count` from the file. @throws RunError */
  keep(count: number): void {
    const lines = readNotebookText(this.path).split("\n").slice(0, -1);
    const next = this.#rows.wholeIn(lines).at(count);
    if (next) writeFileWhole(this.path, linesOf(lines.slice(0, next.start)));
  }

  /** Replaces the whole file by these trainings in this order. @throws RunError */
  rewrite(records: readonly TrainingRecord[]): void {
    writeFileWhole(
      this.path,
      linesOf([this.#rows.header, ...records.flatMap((record) => this.#rows.format(record))]),
    );
  }

  /**
   * The trainings that are whole, in order. Rows of a training that was cut while it was written are removed from the
   * file: it is trained again.
   * @throws UsageError naming the line that no notebook of this experiment would have.
   */
  recover(rules?: NotebookRules): TrainingRecord[] {
    const lines = readNotebookText(this.path).split("\n");
    // What follows the last line end is a line that was cut, or nothing.
    const isCut = lines.pop() !== "";
    const { header } = this.#rows;
    if (lines[0] !== header) {
      throw new UsageError(
        `${this.path}, line 1: expected the columns ${header}; is this another experiment's notebook?`,
      );
    }
    const whole = this.#rows.wholeIn(lines);
    const records = whole.map((training) => {
      const record = this.#rows.parse(lines, training, this.#isSame);
      if (rules) this.#check(record, training.start + 1, rules);
      return record;
    });
    const end = whole.reduce((_, { start, epochs }) => start + epochs.length, 1);
    if (isCut || end < lines.length) writeFileWhole(this.path, linesOf(lines.slice(0, end)));
    this.#lines = whole.map(({ start }) => start + 1);
    return records;
  }

  /** The cells of a policy in the notebook's columns. */
  policyCells(policy: Policy): string[] {
    return policyCells(policy, this.#shape);
  }

  /** An error at a line, counted from 1. */
  wrong(line: number, what: string): UsageError {
    return new UsageError(`${this.path}, line ${line}: ${what}; restore the file as it was written`);
  }

  /** Checks that a training, which begins at that line, is one of this search. */
  #check(
    { trial, policy, history, reward, stoppedAt }: TrainingRecord,
    line: number,
    rules: NotebookRules,
  ): void {
    const given = rewardOf(history, rules.reward);
    if (Math.abs(given - reward) > REWARD_TOLERANCE) {
      throw this.wrong(line, `the reward is ${reward}, but this training's rows give ${given}`);
    }
    if (trial === 0) {
      const none = this.policyCells(baseAlone(this.#shape));
      if (this.policyCells(policy).join() !== none.join()) {
        throw this.wrong(line, `trial 0 is the one without augmentation, whose policy is ${none.join(",")}`);
      }
      if (stoppedAt !== undefined) {
        throw this.wrong(line, `trial 0 is never stopped, but its ${LAST_EPOCH} is ${stoppedAt}`);
      }
      return;
    }
    if (policy.portion === 0) return;
    const other = policy.chains.flat().find(({ type }) => !rules.operations.includes(type));
    if (other) throw this.wrong(line, `this search has no operation ${other.type}`);
  }
}

/** A notebook's text. @throws UsageError, one line, if it cannot be read. */
export function readNotebookText(path: string): string {
  return readText(path, `the notebook ${path}`);
}

function linesOf(rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join("");
}
