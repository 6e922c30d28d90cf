// The files of an evaluation that grow with each training: `evaluation.csv`, a row per epoch, and `predictions.csv`, a row per
// training with the class that each test image was given.

import { existsSync } from "node:fs";
import type { TrainedEpoch } from "../child/final-trainer.ts";
import { mismatch, UsageError } from "../common/errors.ts";
import { appendWhole, readText, writeFileWhole } from "../common/files.ts";
import type { FinalResult } from "./final-task.ts";

/** One training that has ended. */
export interface ArmTraining extends Pick<FinalResult, "history" | "test" | "lastEpoch"> {
  readonly arm: string;
  /** From 0. */
  readonly sample: number;
}

/** What is known of the trainings that a file may have. */
export interface RecordRules {
  /** In their order. */
  readonly arms: readonly string[];
  readonly samples: number;
  readonly epochs: number;
  /** Of the test images. */
  readonly labels: Int32Array;
  readonly classes: number;
}

const COLUMNS = [
  ...["arm", "sample_no", "epoch", "loss", "acc"],
  ...["test_loss", "test_acc", "last_test_loss", "last_test_acc", "seconds"],
];
const HEADER = `${COLUMNS.join(",")}\n`;
const PREDICTIONS_HEADER = "arm,sample_no,predictions\n";

export class EvaluationRecords {
  readonly #path: string;
  readonly #predictionsPath: string;
  readonly #rules: RecordRules;
  #isLost = false;

  constructor(path: string, predictionsPath: string, rules: RecordRules) {
    this.#path = path;
    this.#predictionsPath = predictionsPath;
    this.#rules = rules;
  }

  /** Adds a training, on disk when this returns. @throws RunError */
  append(training: ArmTraining): void {
    if (!existsSync(this.#path)) this.rewrite([]);
    // A training counts once its last row is there, and then its predictions are, too.
    appendWhole(this.#predictionsPath, formatPredictions(training));
    appendWhole(this.#path, formatRows(training));
  }

  /** Makes these trainings the files' content. @throws RunError */
  rewrite(trainings: readonly ArmTraining[]): void {
    writeFileWhole(this.#predictionsPath, PREDICTIONS_HEADER + trainings.map(formatPredictions).join(""));
    writeFileWhole(this.#path, HEADER + trainings.map(formatRows).join(""));
  }

  /** What the user should know of the files that `recover` has found; a line each. */
  get notes(): string[] {
    return this.#isLost ? [`${this.#path} is missing or empty: all trainings are run again`] : [];
  }

  /** In the order of arms and samples. */
  sorted(trainings: readonly ArmTraining[]): ArmTraining[] {
    const { arms } = this.#rules;
    return [...trainings].sort((a, b) => arms.indexOf(a.arm) - arms.indexOf(b.arm) || a.sample - b.sample);
  }

  /**
   * The trainings that the files have; one whose rows were cut while they were written is removed from the files.
   * @throws UsageError naming the line that this program would not have written, or the file that is missing.
   */
  recover(): ArmTraining[] {
    if (isAbsent(this.#path)) {
      this.#isLost = existsSync(this.#path) || this.#readPredictions().predictions.size > 0;
      if (this.#isLost) this.rewrite([]);
      return [];
    }
    const { lines, isCut } = wholeLines(this.#path, HEADER);
    if (lines.length >= this.#rules.epochs && isAbsent(this.#predictionsPath)) {
      throw new UsageError(
        `${this.#predictionsPath} is missing or empty; restore the file, or remove ${this.#path} to run all trainings again`,
      );
    }
    const { predictions, isCut: arePredictionsCut } = this.#readPredictions();
    const trainings: ArmTraining[] = [];
    const { epochs } = this.#rules;
    const places = new Set<string>();
    for (let start = 0; start + epochs <= lines.length; start += epochs) {
      const place = keyOf(this.#place(lines[start], this.#path, start + 2));
      if (places.has(place)) throw this.#wrong(this.#path, start + 2, "this training is there twice");
      places.add(place);
      trainings.push(this.#parse(lines.slice(start, start + epochs), start + 2, predictions));
    }
    const isWhole = !isCut && !arePredictionsCut && lines.length === trainings.length * epochs;
    if (!isWhole || predictions.size !== places.size) this.rewrite(trainings);
    return trainings;
  }

  #parse(lines: readonly string[], first: number, predictions: ReadonlyMap<string, Int32Array>): ArmTraining {
    const rows = lines.map((line, i) => this.#cells(line, first + i));
    const history: TrainedEpoch[] = rows.map(([, , epoch, loss, accuracy, , , , , seconds]) => {
      return { epoch, loss, accuracy, seconds };
    });
    const { arm, sample } = this.#place(lines[0], this.#path, first);
    const last = rows.at(-1)!;
    const end = first + lines.length - 1;
    for (const [i, { epoch }] of history.entries()) {
      const place = this.#place(lines[i], this.#path, first + i);
      if (epoch !== i + 1 || place.arm !== arm || place.sample !== sample) {
        const expected = `expected epoch ${i + 1} of arm ${arm}, sample ${sample}`;
        throw this.#wrong(this.#path, first + i, expected);
      }
    }
    const [loss, accuracy, lastLoss, lastAccuracy] = last.slice(5, 9);
    const predicted = predictions.get(keyOf({ arm, sample }));
    if (!predicted || Math.abs(this.#accuracyOf(predicted) - accuracy) > 1e-9) {
      const what = `test_acc is ${accuracy}, but ${this.#predictionsPath} gives ${predicted ? this.#accuracyOf(predicted) : "none"}`;
      throw this.#wrong(this.#path, end, what);
    }
    const isAveraged = !Number.isNaN(lastAccuracy);
    return {
      ...{ arm, sample, history, test: { loss, accuracy, predictions: predicted } },
      ...(isAveraged && { lastEpoch: { loss: lastLoss, accuracy: lastAccuracy } }),
    };
  }

  /** A row's cells as numbers; NaN for an empty cell and for the arm. */
  #cells(line: string, number: number): number[] {
    const cells = line.split(",");
    if (cells.length !== COLUMNS.length) {
      throw this.#wrong(this.#path, number, `expected ${COLUMNS.length} cells, found ${cells.length}`);
    }
    return cells.map((cell, column) => {
      const name = COLUMNS[column];
      if (name === "arm" || (cell === "" && /test/.test(name))) return Number.NaN;
      const value = cell.trim() === "" ? Number.NaN : Number(cell);
      // A training may diverge: its loss is then infinite or no number.
      const isValid = /loss/.test(name) ? ["NaN", "Infinity"].includes(cell) || value >= 0 : value >= 0;
      if (!isValid) throw this.#wrong(this.#path, number, mismatch(name, "a number from 0 upwards", cell));
      return value;
    });
  }

  #readPredictions(): { predictions: Map<string, Int32Array>; isCut: boolean } {
    const path = this.#predictionsPath;
    const predictions = new Map<string, Int32Array>();
    if (isAbsent(path)) return { predictions, isCut: false };
    const { labels, classes } = this.#rules;
    const { lines, isCut } = wholeLines(path, PREDICTIONS_HEADER);
    for (const [i, line] of lines.entries()) {
      const place = this.#place(line, path, i + 2);
      const cell = line.slice(line.lastIndexOf(",") + 1);
      const values = Int32Array.from(cell.split(" "), Number);
      const isValid =
        /^[\d ]+$/.test(cell) && values.length === labels.length && values.every((value) => value < classes);
      if (!isValid) {
        throw this.#wrong(
          path,
          i + 2,
          `expected a class from 0 to ${classes - 1} for ${labels.length} images`,
        );
      }
      predictions.set(keyOf(place), values);
    }
    return { predictions, isCut };
  }

  #place(line: string, path: string, number: number): { arm: string; sample: number } {
    const [arm, sample] = line.split(",", 2);
    const { arms, samples } = this.#rules;
    if (!arms.includes(arm)) throw this.#wrong(path, number, `"${arm}" is not an arm of this evaluation`);
    if (!/^\d+$/.test(sample ?? "") || Number(sample) >= samples) {
      throw this.#wrong(
        path,
        number,
        mismatch("sample_no", `a whole number from 0 to ${samples - 1}`, sample),
      );
    }
    return { arm, sample: Number(sample) };
  }

  #accuracyOf(predictions: Int32Array): number {
    const { labels } = this.#rules;
    return labels.reduce((sum, label, i) => sum + (predictions[i] === label ? 1 : 0), 0) / labels.length;
  }

  #wrong(path: string, line: number, what: string): UsageError {
    return new UsageError(`${path}, line ${line}: ${what}; restore the file as it was written`);
  }
}

/** What is known of a training that has ended without the data's labels. */
export interface EndedTraining extends Pick<ArmTraining, "arm" | "sample"> {
  /** On the test images. */
  readonly accuracy: number;
}

/**
 * The trainings in `evaluation.csv`, in the order in which they ended. Only reads, also while others are added.
 * @throws UsageError naming the line that this program would not have written.
 */
export function readEnded(path: string): EndedTraining[] {
  if (isAbsent(path)) return [];
  return wholeLines(path, HEADER).lines.flatMap((line, i) => {
    const wrong = (what: string) =>
      new UsageError(`${path}, line ${i + 2}: ${what}; restore the file as it was written`);
    const cells = line.split(",");
    const [arm, sample, , , , , accuracy] = cells;
    if (cells.length !== COLUMNS.length) {
      throw wrong(`expected ${COLUMNS.length} cells, found ${cells.length}`);
    }
    if (accuracy === "") return [];
    if (!/^\d+$/.test(sample)) throw wrong(mismatch("sample_no", "a whole number from 0 upwards", sample));
    const ended = { arm, sample: Number(sample), accuracy: Number(accuracy) };
    if (ended.accuracy >= 0 && ended.accuracy <= 1) return [ended];
    throw wrong(mismatch("test_acc", "a number from 0 to 1", accuracy));
  });
}

/** The epochs of a training. */
export interface ArmEpochs {
  readonly arm: string;
  readonly sample: number;
  readonly history: readonly Pick<TrainedEpoch, "epoch" | "accuracy" | "seconds">[];
}

/** The trainings in `evaluation.csv` with their epochs, for curves and times; of one that was cut, those that there are. */
export function readArmEpochs(path: string): ArmEpochs[] {
  if (isAbsent(path)) return [];
  const trainings = new Map<string, ArmEpochs & { history: ArmEpochs["history"][number][] }>();
  for (const line of wholeLines(path, HEADER).lines) {
    const cells = line.split(",");
    const [arm] = cells;
    const [sample, epoch, accuracy, seconds] = [1, 2, 4, 9].map((column) => Number(cells[column]));
    if (![sample, epoch, accuracy, seconds].every(Number.isFinite)) continue;
    const training = trainings.get(keyOf({ arm, sample })) ?? { arm, sample, history: [] };
    trainings.set(keyOf({ arm, sample }), training);
    training.history.push({ epoch, accuracy, seconds });
  }
  return [...trainings.values()];
}

/** A training as the key of a map. */
export function keyOf({ arm, sample }: Pick<ArmTraining, "arm" | "sample">): string {
  return `${arm}/${sample}`;
}

/** The trainings that have not ended: sample by sample, so that arms can be compared early. */
export function missingOf<Arm extends { readonly name: string }>(
  arms: readonly Arm[],
  samples: number,
  ended: readonly Pick<ArmTraining, "arm" | "sample">[],
): { readonly arm: Arm; readonly sample: number }[] {
  const have = new Set(ended.map(keyOf));
  const all = Array.from({ length: samples }, (_, sample) => arms.map((arm) => ({ arm, sample }))).flat();
  return all.filter(({ arm, sample }) => !have.has(keyOf({ arm: arm.name, sample })));
}

/** Whether a file is missing or empty. */
function isAbsent(path: string): boolean {
  return !existsSync(path) || readText(path) === "";
}

/** The lines below the header, without a last one that was cut. */
function wholeLines(path: string, header: string): { lines: string[]; isCut: boolean } {
  const lines = readText(path).split("\n");
  const isCut = lines.pop() !== "";
  if (`${lines.shift()}\n` !== header) {
    throw new UsageError(`${path}, line 1: expected ${header.trim()}; restore the file as it was written`);
  }
  return { lines, isCut };
}

function formatRows({ arm, sample, history, test, lastEpoch }: ArmTraining): string {
  return history
    .map(({ epoch, loss, accuracy, seconds }, i) => {
      const isLast = i === history.length - 1;
      const tested = isLast
        ? [test.loss, test.accuracy, lastEpoch?.loss ?? "", lastEpoch?.accuracy ?? ""]
        : ["", "", "", ""];
      return `${[arm, sample, epoch, loss, accuracy, ...tested, seconds].join(",")}\n`;
    })
    .join("");
}

function formatPredictions({ arm, sample, test }: ArmTraining): string {
  return `${arm},${sample},${test.predictions.join(" ")}\n`;
}
