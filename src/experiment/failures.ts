// Trainings that failed for good, in `failures.csv`: the notebook has only epochs. The file exists only if one has failed.

import { existsSync, rmSync } from "node:fs";
import { quoteCell, splitLine } from "../common/csv.ts";
import { UsageError } from "../common/errors.ts";
import { appendWhole, readText, writeFileWhole } from "../common/files.ts";
import type { TrainingFailure } from "./records.ts";

const HEADER = "trial_no,sample_no,reason\n";

/** The file of an experiment that names its failed trainings. */
export class FailureList {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds a failure, on disk when this returns. @throws RunError */
  append(failure: TrainingFailure): void {
    if (existsSync(this.path)) appendWhole(this.path, formatRow(failure));
    else this.replace([failure]);
  }

  /** Makes these failures the file's content; without any, removes the file. @throws RunError */
  replace(failures: readonly TrainingFailure[]): void {
    if (failures.length === 0) rmSync(this.path, { force: true });
    else writeFileWhole(this.path, HEADER + failures.map(formatRow).join(""));
  }

  /**
   * The failures that the file names; a last line that was cut while it was written is removed from the file.
   * @throws UsageError naming the line that this program would not have written.
   */
  recover(): TrainingFailure[] {
    const { failures, isCut } = this.#read();
    if (isCut) this.replace(failures);
    return failures;
  }

  /** Like `recover`, but leaves the file as it is. */
  read(): TrainingFailure[] {
    return this.#read().failures;
  }

  #read(): { failures: TrainingFailure[]; isCut: boolean } {
    if (!existsSync(this.path)) return { failures: [], isCut: false };
    const lines = readText(this.path).split("\n");
    const isCut = lines.pop() !== "";
    if (`${lines[0]}\n` !== HEADER) {
      throw new UsageError(
        `${this.path}, line 1: expected ${HEADER.trim()}; restore the file as it was written`,
      );
    }
    return { failures: lines.slice(1).map((line, index) => this.#parse(line, index + 2)), isCut };
  }

  #parse(line: string, number: number): TrainingFailure {
    const cells = splitLine(line);
    const [trial, sample] = cells?.slice(0, 2).map((cell) => (/^\d+$/.test(cell) ? Number(cell) : -1)) ?? [];
    if (
      cells?.length !== 3 ||
      ![trial, sample].every((number) => Number.isSafeInteger(number) && number >= 0)
    ) {
      throw new UsageError(
        `${this.path}, line ${number}: expected the numbers of a trial and a sample and a reason; restore the file as it was written`,
      );
    }
    return { trial, sample, reason: cells[2] };
  }
}

function formatRow({ trial, sample, reason }: TrainingFailure): string {
  return `${trial},${sample},${quoteCell(reason.replace(/\s*\n\s*/g, " "))}\n`;
}
