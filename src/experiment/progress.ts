// Which trainings an experiment has on disk, without checking or changing its files: also while it runs.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { readText } from "../common/files.ts";
import { LAST_EPOCH } from "./rows.ts";
import { keyOf } from "./turns.ts";

/** Trainings by their keys (see keyOf). */
export interface RecordedTrainings {
  /** Of the search, those that failed for good included. */
  readonly search: ReadonlySet<string>;
  readonly confirmation: ReadonlySet<string>;
}

/**
 * What is recorded in an experiment's folder.
 * @param notebook the path of its notebook.
 * @param rows of each training, if none is stopped early.
 */
export function recordedTrainings(folder: string, notebook: string, rows: number): RecordedTrainings {
  return {
    search: new Set([
      ...wholeTrainings(notebook, rows),
      ...wholeTrainings(join(folder, "early.csv"), rows),
      ...wholeTrainings(join(folder, "failures.csv"), 1),
    ]),
    confirmation: new Set(wholeTrainings(join(folder, "confirmations.csv"), rows)),
  };
}

/**
 * The trainings that have this many rows, or the row of their last epoch, in a table that begins with the columns trial and
 * sample.
 */
function wholeTrainings(path: string, rows: number): string[] {
  if (!existsSync(path)) return [];
  const counts = new Map<string, number>();
  // What follows the last line end is a line that was cut, or nothing.
  const [header, ...lines] = readText(path).split("\n").slice(0, -1);
  const columns = header?.split(",") ?? [];
  const [epoch, last] = [columns.indexOf("epoch"), columns.indexOf(LAST_EPOCH)];
  for (const line of lines) {
    const cells = line.split(",");
    const [trial, sample] = cells.map(Number);
    const key = keyOf({ trial, sample });
    const isLast = last >= 0 && cells[epoch] === cells[last];
    counts.set(key, isLast ? rows : (counts.get(key) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count >= rows).map(([key]) => key);
}
