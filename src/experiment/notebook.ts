// The notebook: one row per epoch of every training, in the order of trials and samples. Appended and flushed as each
// training ends; read again when a search is resumed.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, rmSync } from "node:fs";
import type { EpochResult } from "../child/reward.ts";
import { messageOf, RunError, systemReason, UsageError } from "../common/errors.ts";
import { writeAll, writeFileWhole } from "../common/files.ts";
import { parsePolicyCells, policyCells, policyColumns } from "../policy/columns.ts";
import type { Policy } from "../policy/policy.ts";
import type { TrainingRecord } from "./records.ts";

export interface NotebookShape {
  readonly chains: number;
  readonly operationsPerChain: number;
  /** Rows of one training. */
  readonly epochs: number;
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

/** A file of an experiment with a row per epoch: `notebook.csv`. */
export class Notebook {
  readonly path: string;
  readonly #shape: NotebookShape;

  constructor(path: string, shape: NotebookShape) {
    this.path = path;
    this.#shape = shape;
  }

  /** Begins an empty notebook. @throws RunError */
  create(): void {
    writeFileWhole(this.path, `${columnsOf(this.#shape).join(",")}\n`);
  }

  get exists(): boolean {
    return existsSync(this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  /** Adds a training's rows, on disk when this returns. @throws RunError */
  append(record: TrainingRecord): void {
    appendFlushed(this.path, formatRows(record));
  }

  /** Writes all anew, whole: these trainings in this order. @throws RunError */
  rewrite(records: readonly TrainingRecord[]): void {
    writeFileWhole(this.path, [`${columnsOf(this.#shape).join(",")}\n`, ...records.map(formatRows)]);
  }

  /**
   * The trainings that are whole, in order. Rows of a training that was cut off while it was written are removed from
   * the file: it is trained again.
   * @throws UsageError naming the line that no notebook of this experiment would have.
   */
  recover(): TrainingRecord[] {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8");
    } catch (error) {
      throw new UsageError(`cannot read the notebook ${this.path}: ${systemReason(error)}`);
    }
    const lines = text.split("\n");
    // What follows the last line end is a line that was cut, or nothing.
    const isCut = lines.pop() !== "";
    const header = columnsOf(this.#shape).join(",");
    if (lines[0] !== header) {
      throw new UsageError(
        `${this.path}, line 1: expected the columns ${header}; is this another experiment's notebook?`,
      );
    }
    const { epochs } = this.#shape;
    const wholeCount = Math.floor((lines.length - 1) / epochs);
    const records = Array.from({ length: wholeCount }, (_, i) => this.#parse(lines, 1 + i * epochs));
    if (isCut || lines.length > 1 + wholeCount * epochs) {
      writeFileWhole(this.path, `${lines.slice(0, 1 + wholeCount * epochs).join("\n")}\n`);
    }
    return records;
  }

  /** The training whose rows begin at `lines[start]`. */
  #parse(lines: readonly string[], start: number): TrainingRecord {
    const { epochs } = this.#shape;
    const columnCount = columnsOf(this.#shape).length;
    const history: EpochResult[] = [];
    const head = lines[start].split(",");
    for (let i = 0; i < epochs; i++) {
      const cells = lines[start + i].split(",");
      const wrong = (what: string) =>
        new UsageError(`${this.path}, line ${start + i + 1}: ${what}; restore the file as it was written`);
      if (cells.length !== columnCount) throw wrong(`expected ${columnCount} cells, found ${cells.length}`);
      const [trial, sample, epoch, loss, accuracy, validationLoss, validationAccuracy] = cells.map(Number);
      if (epoch !== i + 1 || cells[0] !== head[0] || cells[1] !== head[1]) {
        throw wrong(
          `expected epoch ${i + 1} of trial ${head[0]}, sample ${head[1]}, found epoch ${epoch} of trial ${trial}, sample ${sample}`,
        );
      }
      const seconds = Number(cells[columnCount - 1]);
      if ([trial, sample, accuracy, validationAccuracy, seconds].some(Number.isNaN))
        throw wrong("a cell is no number");
      history.push({ epoch, loss, accuracy, validationLoss, validationAccuracy, seconds });
    }
    const policy = this.#parsePolicy(head.slice(EPOCH_COLUMNS.length, -1), start + 1);
    return {
      trial: Number(head[0]),
      sample: Number(head[1]),
      policy,
      history,
      reward: Number(head[EPOCH_COLUMNS.indexOf("reward")]),
    };
  }

  #parsePolicy(cells: readonly string[], line: number): Policy {
    try {
      return parsePolicyCells(cells, this.#shape.chains, this.#shape.operationsPerChain);
    } catch (error) {
      throw new UsageError(
        `${this.path}, line ${line}: ${messageOf(error)}; restore the file as it was written`,
      );
    }
  }
}

/** Appends text and waits until it is on the disk. @throws RunError */
function appendFlushed(path: string, text: string): void {
  try {
    const file = openSync(path, "a");
    try {
      writeAll(file, Buffer.from(text));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new RunError(`cannot write ${path}: ${systemReason(error)}`);
  }
}

function columnsOf({ chains, operationsPerChain }: NotebookShape): string[] {
  return [...EPOCH_COLUMNS, ...policyColumns(chains, operationsPerChain), "seconds"];
}

/** Numbers are written in full: JavaScript's shortest form that reads back as the same number. */
function formatRows({ trial, sample, policy, history, reward }: TrainingRecord): string {
  const cells = policyCells(policy);
  return history
    .map((epoch) => {
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
      return `${[...numbers.map(String), ...cells, seconds.toFixed(3)].join(",")}\n`;
    })
    .join("");
}
