// The rows of a notebook: how a training becomes text, one row per epoch, and is read again. If trainings may be stopped early,
// they have different numbers of rows, and each row says with which epoch its training ends.

import type { EpochResult } from "../child/reward.ts";
import { messageOf } from "../common/errors.ts";
import { parsePolicyCells, policyCells, policyColumns } from "../policy/columns.ts";
import type { PolicyForm } from "../policy/form.ts";
import type { Policy } from "../policy/policy.ts";
import { mayStop, rungsOf, type TrainingRecord } from "./records.ts";

export interface NotebookShape extends PolicyForm {
  /**
   * The epochs of which a training has a row, ascending; or their number, if each has one. A training may have been stopped
   * after any of several epochs that are listed: it has the rows until then, and there is a column `last_epoch`.
   */
  readonly epochs: number | readonly number[];
}

/** The column of a training's last epoch. */
export const LAST_EPOCH = "last_epoch";

/** What is wrong with a row that has another checksum than in notebook.sums. */
export const CHANGED = "it is not as it was written (its checksum in notebook.sums differs)";

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

/** An error of the file, with the line (from 1) of what is wrong. */
type Wrong = (line: number, what: string) => Error;

/** The lines of one training: the first one's place in the file's (from 0, the header), and the epochs of all. */
interface TrainingLines {
  readonly start: number;
  readonly epochs: readonly number[];
}

/** The rows of trainings of a shape. What a row has that this would not write is thrown as `wrong`. */
export class RowFormat {
  readonly header: string;
  readonly #shape: NotebookShape;
  readonly #wrong: Wrong;
  readonly #epochs: readonly number[];
  readonly #columns: readonly string[];
  /** Whether trainings may be stopped. */
  readonly #mayStop: boolean;
  /** The first column of the policy. */
  readonly #policy: number;
  /** All but the policy's. */
  readonly #numberColumns: readonly number[];
  /** Of the row that is being read, reused: a large notebook has a hundred thousand rows. */
  readonly #numbers: number[];

  constructor(shape: NotebookShape, wrong: Wrong) {
    const { epochs } = shape;
    this.#shape = shape;
    this.#wrong = wrong;
    this.#epochs =
      typeof epochs === "number" ? Array.from({ length: epochs }, (_, index) => index + 1) : epochs;
    this.#mayStop = mayStop(epochs);
    const own = [...EPOCH_COLUMNS, ...(this.#mayStop ? [LAST_EPOCH] : [])];
    this.#columns = [...own, ...policyColumns(shape), "seconds"];
    this.header = this.#columns.join(",");
    this.#policy = own.length;
    this.#numberColumns = [...own.keys(), this.#columns.length - 1];
    this.#numbers = new Array(this.#columns.length).fill(0);
  }

  /** Numbers are written in full: JavaScript's shortest form that reads back as the same number. */
  format({ trial, sample, policy, history, reward }: TrainingRecord): string[] {
    const last = this.#mayStop ? [history[history.length - 1].epoch] : [];
    const cells = policyCells(policy, this.#shape);
    return history.map(({ epoch, loss, accuracy, validationLoss, validationAccuracy, seconds }) => {
      const overfit = accuracy - validationAccuracy;
      const numbers = [
        ...[trial, sample, epoch, loss, accuracy, validationLoss, validationAccuracy, overfit, reward],
        ...last,
      ];
      return [...numbers.map(String), ...cells, seconds.toFixed(3)].join(",");
    });
  }

  /** The trainings whose rows are all there, in order. @param lines the file's, the header first. */
  wholeIn(lines: readonly string[]): TrainingLines[] {
    const found: TrainingLines[] = [];
    for (let start = 1; start < lines.length; ) {
      const epochs = this.#epochsFrom(lines[start], start + 1);
      if (start + epochs.length > lines.length) break;
      found.push({ start, epochs });
      start += epochs.length;
    }
    return found;
  }

  /** @param isSame whether the training's row at an index (from 0) is as it was written. */
  parse(
    lines: readonly string[],
    { start, epochs }: TrainingLines,
    isSame: (trial: number, sample: number, index: number, row: string) => boolean,
  ): TrainingRecord {
    const history: EpochResult[] = [];
    const head = lines[start].split(",");
    const [trial, sample] = head.map(Number);
    for (const [i, epoch] of epochs.entries()) {
      const line = start + i + 1;
      const row = lines[start + i];
      const cells = this.#cellsOf(row, line);
      const result = this.#parseEpoch(cells, line);
      if (result.epoch !== epoch || cells[0] !== head[0] || cells[1] !== head[1]) {
        throw this.#wrong(
          line,
          `expected epoch ${epoch} of trial ${head[0]}, sample ${head[1]}, found epoch ${cells[2]} of trial ${cells[0]}, sample ${cells[1]}`,
        );
      }
      for (let c = REWARD; i > 0 && c < this.#columns.length - 1; c++) {
        if (cells[c] === head[c]) continue;
        throw this.#wrong(
          line,
          `${this.#columns[c]} is ${cells[c]}, and ${head[c]} in the training's first row`,
        );
      }
      if (!isSame(trial, sample, i, row)) {
        throw this.#wrong(line, CHANGED);
      }
      history.push(result);
    }
    const policy = this.#parsePolicy(head.slice(this.#policy, -1), start + 1);
    const reached = rungsOf(history, this.#shape.epochs);
    return { trial, sample, policy, history, reward: Number(head[REWARD]), ...reached };
  }

  /** The epochs of the training whose first row this is. */
  #epochsFrom(row: string, line: number): readonly number[] {
    if (!this.#mayStop) return this.#epochs;
    const cell = this.#cellsOf(row, line)[EPOCH_COLUMNS.length];
    const last = this.#epochs.findIndex((epoch) => String(epoch) === cell);
    if (last >= 0) return this.#epochs.slice(0, last + 1);
    throw this.#wrong(line, `${LAST_EPOCH} is ${cell}, not one of ${this.#epochs.join(", ")}`);
  }

  #cellsOf(row: string, line: number): string[] {
    const cells = row.split(",");
    if (cells.length === this.#columns.length) return cells;
    throw this.#wrong(line, `expected ${this.#columns.length} cells, found ${cells.length}`);
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
        throw this.#wrong(line, `${this.#columns[c]}: expected a number, found "${cells[c]}"`);
      }
    }
    for (const c of COUNTS) {
      if (!Number.isSafeInteger(numbers[c]) || numbers[c] < 0) {
        throw this.#wrong(line, `${this.#columns[c]} is ${cells[c]}, not a count`);
      }
    }
    for (const c of SHARES) {
      if (numbers[c] < 0 || numbers[c] > 1) {
        throw this.#wrong(line, `${this.#columns[c]} is ${cells[c]}, outside of 0 to 1`);
      }
    }
    const [, , epoch, loss, accuracy, validationLoss, validationAccuracy, overfit] = numbers;
    if (overfit !== accuracy - validationAccuracy) {
      throw this.#wrong(
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
      throw this.#wrong(line, messageOf(error));
    }
  }
}
