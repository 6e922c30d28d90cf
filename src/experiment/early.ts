// Trainings that ended before one that comes earlier in the notebook: kept here until their turn, so that a crash
// does not lose them. One JSON line each.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { appendFlushed } from "./notebook.ts";
import type { TrainingRecord } from "./records.ts";

/** The file of trainings that ended early. It exists only while a search runs, or after it was cut off. */
export class EarlyTrainings {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Keeps a training, on disk when this returns. @throws RunError */
  append(record: TrainingRecord): void {
    appendFlushed(this.path, `${JSON.stringify(record)}\n`);
  }

  /** The trainings in the file; a last line that was cut is left out. */
  read(): TrainingRecord[] {
    if (!existsSync(this.path)) return [];
    const lines = readFileSync(this.path, "utf8").split("\n");
    lines.pop();
    return lines.map((line) => JSON.parse(line) as TrainingRecord);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
