// The notebook: one row per epoch of every training, in the order of trials and samples. Appended and flushed as each
// training ends; read again when a search is resumed.

import { existsSync, rmSync } from "node:fs";
import { type EpochResult, type RewardSettings, rewardOf } from "../child/reward.ts";
import { messageOf, UsageError } from "../common/errors.ts";
import { appendWhole, readText, writeFileWhole } from "../common/files.ts";
import type { TechniqueName } from "../config/techniques.ts";
import { parsePolicyCells, policyCells, policyColumns } from "../policy/columns.ts";
import { baseAlone, type PolicyForm } from "../policy/form.ts";
import type { Policy } from "../policy/policy.ts";
import type { Checksums } from "./checksums.ts";
import type { TrainingRecord } from "./records.ts";

export interface NotebookShape extends PolicyForm {
  /** The epochs of which a training has a row, ascending; or their number, if each has one. */
  readonly epochs: number | readonly number[];
}

/** The rules of the search that wrote a notebook. */
export interface NotebookRules {
  /** The techniques that a policy may use. */
  readonly operations: readonly TechniqueName[];
  readonly reward: RewardSettings;
}

const EPOCH_COLUMNS = [
  "trial_no",
  "sample_no",
  "epoch",
  "loss",
  "acc",
  "val_loss",
  "val_acc",
  "acc_overfit",
  "reward",
];

const LOSS = EPOCH_COLUMNS.indexOf("loss");
const VALIDATION_LOSS = EPOCH_COLUMNS.indexOf("val_loss");
const REWARD = EPOCH_COLUMNS.indexOf("reward");
const COUNTS = ["trial_no", "sample_no", "epoch"].map((name) => EPOCH_COLUMNS.indexOf(name));
const SHARES = ["acc", "val_acc", "reward"].map((name) => EPOCH_COLUMNS.indexOf(name));
const DIVERGED: ReadonlySet<string> = new Set(["NaN", "Infinity"]);

/** A recomputed reward may differ from a recorded one by this much: other versions summed in another order. */
const REWARD_TOLERANCE = 1e-9;

/** A file of an experiment with a row per epoch: `notebook.csv`. */
export class Notebook {
  readonly path: string;
  readonly #shape: NotebookShape;
  readonly #sums: Checksums | undefined;
  readonly #epochs: readonly number[];
  readonly #columns: readonly string[];
  /** All but the policy's. */
  readonly #numberColumns: readonly number[];
  /** Of the row that is being read, reused: a large notebook has a hundred thousand rows. */
  readonly #numbers: number[];

  constructor(path: string, shape: NotebookShape, sums?: Checksums) {
    this.path = path;
    this.#shape = shape;
    this.#sums = sums;
    const { epochs } = shape;
    this.#epochs =
      typeof epochs === "number" ? Array.from({ length: epochs }, (_, index) => index + 1) : epochs;
    this.#columns = columnsOf(shape);
    this.#numberColumns = [...EPOCH_COLUMNS.keys(), this.#columns.length - 1];
    this.#numbers = new Array(this.#columns.length).fill(0);
  }

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
    const rows = formatRows(record, this.#shape);
    appendWhole(this.path, linesOf(rows));
    this.#sums?.add(record.trial, record.sample, rows);
  }

  /** The line, counted from 1, at which the training at an index (from 0) begins. */
  lineOf(index: number): number {
    return 2 + index * this.#epochs.length;
  }

  /** Removes all trainings but the first `count` from the file. @throws RunError */
  keep(count: number): void {
    const lines = readNotebookText(this.path).split("\n");
    writeFileWhole(this.path, `${lines.slice(0, this.lineOf(count) - 1).join("\n")}\n`);
  }

  /** Replaces the whole file by these trainings in this order. @throws RunError */
  rewrite(records: readonly TrainingRecord[]): void {
    writeFileWhole(
      this.path,
      linesOf([this.#columns.join(","), ...records.flatMap((record) => formatRows(record, this.#shape))]),
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
    const header = this.#columns.join(",");
    if (lines[0] !== header) {
      throw new UsageError(
        `${this.path}, line 1: expected the columns ${header}; is this another experiment's notebook?`,
      );
    }
    const rows = this.#epochs.length;
    const wholeCount = Math.floor((lines.length - 1) / rows);
    const records = Array.from({ length: wholeCount }, (_, i) => this.#parse(lines, 1 + i * rows, rules));
    if (isCut || lines.length > 1 + wholeCount * rows) {
      writeFileWhole(this.path, `${lines.slice(0, 1 + wholeCount * rows).join("\n")}\n`);
    }
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

  /** The training whose rows begin at `lines[start]`. */
  #parse(lines: readonly string[], start: number, rules: NotebookRules | undefined): TrainingRecord {
    const epochs = this.#epochs;
    const columnCount = this.#columns.length;
    const history: EpochResult[] = [];
    const head = lines[start].split(",");
    const [trial, sample] = head.map(Number);
    for (const [i, epoch] of epochs.entries()) {
      const line = start + i + 1;
      const row = lines[start + i];
      const cells = row.split(",");
      if (cells.length !== columnCount) {
        throw this.wrong(line, `expected ${columnCount} cells, found ${cells.length}`);
      }
      const result = this.#parseEpoch(cells, line);
      if (result.epoch !== epoch || cells[0] !== head[0] || cells[1] !== head[1]) {
        throw this.wrong(
          line,
          `expected epoch ${epoch} of trial ${head[0]}, sample ${head[1]}, found epoch ${cells[2]} of trial ${cells[0]}, sample ${cells[1]}`,
        );
      }
      for (let c = REWARD; i > 0 && c < columnCount - 1; c++) {
        if (cells[c] === head[c]) continue;
        throw this.wrong(
          line,
          `${this.#columns[c]} is ${cells[c]}, and ${head[c]} in the training's first row`,
        );
      }
      if (this.#sums?.matches(trial, sample, i, row) === false) {
        throw this.wrong(line, "it is not as it was written (its checksum in notebook.sums differs)");
      }
      history.push(result);
    }
    const policy = this.#parsePolicy(head.slice(EPOCH_COLUMNS.length, -1), start + 1);
    const record = { trial, sample, policy, history, reward: Number(head[REWARD]) };
    if (rules) this.#check(record, start + 1, rules);
    return record;
  }

  #parseEpoch(cells: readonly string[], line: number): EpochResult {
    const numbers = this.#numbers;
    for (const c of this.#numberColumns) {
      const value = Number(cells[c]);
      numbers[c] = value;
      // A training that diverged has losses that are not numbers.
      const isNumber =
        Number.isFinite(value) || ((c === LOSS || c === VALIDATION_LOSS) && DIVERGED.has(cells[c]));
      if (!isNumber || (value === 0 && cells[c].trim() === "")) {
        throw this.wrong(line, `${this.#columns[c]}: expected a number, found "${cells[c]}"`);
      }
    }
    for (const c of COUNTS) {
      if (!Number.isSafeInteger(numbers[c]) || numbers[c] < 0) {
        throw this.wrong(line, `${this.#columns[c]} is ${cells[c]}, not a count`);
      }
    }
    for (const c of SHARES) {
      if (numbers[c] < 0 || numbers[c] > 1) {
        throw this.wrong(line, `${this.#columns[c]} is ${cells[c]}, outside of 0 to 1`);
      }
    }
    const [, , epoch, loss, accuracy, validationLoss, validationAccuracy, overfit] = numbers;
    if (overfit !== accuracy - validationAccuracy) {
      throw this.wrong(
        line,
        `acc_overfit is ${overfit}, but acc − val_acc is ${accuracy - validationAccuracy}`,
      );
    }
    const seconds = numbers[numbers.length - 1];
    return { epoch, loss, accuracy, validationLoss, validationAccuracy, seconds };
  }

  #parsePolicy(cells: readonly string[], line: number): Policy {
    try {
      return parsePolicyCells(cells, this.#shape);
    } catch (error) {
      throw this.wrong(line, messageOf(error));
    }
  }

  /** Checks that a training, which begins at that line, is one of this search. */
  #check({ trial, policy, history, reward }: TrainingRecord, line: number, rules: NotebookRules): void {
    const given = rewardOf(history, rules.reward);
    if (Math.abs(given - reward) > REWARD_TOLERANCE) {
      throw this.wrong(line, `the reward is ${reward}, but this training's rows give ${given}`);
    }
    if (trial === 0) {
      const none = this.policyCells(baseAlone(this.#shape));
      if (this.policyCells(policy).join() !== none.join()) {
        throw this.wrong(line, `trial 0 is the one without augmentation, whose policy is ${none.join(",")}`);
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

function columnsOf(form: PolicyForm): string[] {
  return [...EPOCH_COLUMNS, ...policyColumns(form), "seconds"];
}

/** Numbers are written in full: JavaScript's shortest form that reads back as the same number. */
function formatRows({ trial, sample, policy, history, reward }: TrainingRecord, form: PolicyForm): string[] {
  const cells = policyCells(policy, form);
  return history.map((epoch) => {
    const { loss, accuracy, validationLoss, validationAccuracy, seconds } = epoch;
    const overfit = accuracy - validationAccuracy;
    const numbers = [
      trial,
      sample,
      epoch.epoch,
      loss,
      accuracy,
      validationLoss,
      validationAccuracy,
      overfit,
      reward,
    ];
    return [...numbers.map(String), ...cells, seconds.toFixed(3)].join(",");
  });
}
