// The trials in another experiment's notebook. Unlike an experiment's own notebook it may have any number of epochs, and may
// still be written while it is read. If its trainings may have been stopped early, those whose last row is missing are left out.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf, mismatch, UsageError } from "../common/errors.ts";
import { isFolder } from "../common/files.ts";
import { formOfColumns, parsePolicyCells, policyColumns } from "../policy/columns.ts";
import type { PolicyForm } from "../policy/form.ts";
import { Checksums } from "./checksums.ts";
import { readNotebookText } from "./notebook.ts";
import { type TrainingRecord, type TrialRecord, trialOf } from "./records.ts";
import { CHANGED, LAST_EPOCH } from "./rows.ts";

export interface PastTrials {
  /** Of all its policies; with every base that there is. */
  readonly form: PolicyForm;
  /** In the order of the notebook; the baseline, trial 0, among them. */
  readonly trials: readonly TrialRecord[];
  /** The trials' trainings, without their histories. */
  readonly trainings: readonly TrainingRecord[];
}

/** The notebook that a path means: the file itself, or the notebook in an experiment's folder. */
export function notebookAt(path: string): string {
  return isFolder(path) ? join(path, "notebook.csv") : path;
}

/**
 * The trials in a notebook's text; a last line without a line end was cut, and is left out.
 * @param path names the file in errors.
 * @throws UsageError naming the line that is not one of a notebook.
 */
export function parsePastTrials(text: string, path: string): PastTrials {
  const lines = text.split("\n").slice(0, -1);
  const header = (lines[0] ?? "").split(",");
  const { form, columns } = shapeOf(header, lines[1]?.split(","), path);
  const sums = Checksums.of(path);
  const samples = new Map<number, Map<number, PastTraining>>();
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const cells = line.split(",");
    const wrong = (what: string) => new UsageError(`${path}, line ${index + 1}: ${what}`);
    if (cells.length !== header.length) throw wrong(`expected ${header.length} cells, found ${cells.length}`);
    const [trial, sample, reward] = [columns.trial, columns.sample, columns.reward].map((column) =>
      numberIn(cells[column]),
    );
    if (!Number.isInteger(trial) || !Number.isInteger(sample))
      throw wrong("trial or sample is not a whole number");
    if (!(reward >= 0 && reward <= 1))
      throw wrong(mismatch("reward", "a number from 0 to 1", cells[columns.reward]));
    const ofTrial = samples.get(trial) ?? new Map<number, PastTraining>();
    samples.set(trial, ofTrial);
    const rows = (ofTrial.get(sample)?.rows ?? 0) + 1;
    if (sums?.matches(trial, sample, rows - 1, line) === false)
      throw wrong(`${CHANGED}; restore the file as it was written`);
    const rungs = columns.rungs && [
      ...(ofTrial.get(sample)?.rungs ?? []),
      rungIn(cells, columns.rungs, wrong),
    ];
    // Every row of a training has its policy and its reward.
    const known = ofTrial.get(sample)?.record;
    try {
      const end = columns.policy + policyColumns(form).length;
      const policy = known?.policy ?? parsePolicyCells(cells.slice(columns.policy, end), form);
      ofTrial.set(sample, { record: known ?? { trial, sample, policy, history: [], reward }, rows, rungs });
    } catch (error) {
      throw wrong(messageOf(error));
    }
  }
  const groups = recordsOf([...samples.values()].map((ofTrial) => [...ofTrial.values()]));
  return { form, trials: groups.map(trialOf), trainings: groups.flat() };
}

/** Those of a notebook, or of confirmations; none if the file is missing, or has no line yet. @throws like `parsePastTrials` */
export function readTrainings(path: string): Pick<PastTrials, "trials" | "trainings"> {
  const text = existsSync(path) ? readNotebookText(path) : "";
  return text.includes("\n") ? parsePastTrials(text, path) : { trials: [], trainings: [] };
}

/** What the rows of a training say. */
interface PastTraining {
  readonly record: TrainingRecord;
  readonly rows: number;
  /** One per row, if trainings may have been stopped. */
  readonly rungs: readonly Rung[] | undefined;
}

interface Rung {
  readonly epoch: number;
  /** The training's. */
  readonly last: number;
  readonly accuracy: number;
}

/** The trainings of each trial that are whole, with how far they came. */
function recordsOf(trials: readonly (readonly PastTraining[])[]): TrainingRecord[][] {
  // The baseline is never stopped.
  const end = Math.max(...trials.flat().map(({ rungs }) => rungs?.[0].last ?? 0));
  return trials
    .map((trainings) =>
      trainings.flatMap(({ record, rungs }) => {
        if (!rungs) return [record];
        const { epoch, last } = rungs[rungs.length - 1];
        const reached = {
          rungs: rungs.map(({ accuracy }) => accuracy),
          ...(last < end && { stoppedAt: last }),
        };
        return epoch === last ? [{ ...record, ...reached }] : [];
      }),
    )
    .filter((trainings) => trainings.length > 0);
}

/** NaN for an empty cell. */
function numberIn(cell: string): number {
  return cell.trim() === "" ? Number.NaN : Number(cell);
}

function rungIn(
  cells: readonly string[],
  columns: Readonly<Record<keyof Rung, number>>,
  wrong: (what: string) => UsageError,
): Rung {
  const [epoch, last, accuracy] = [columns.epoch, columns.last, columns.accuracy].map((column) =>
    numberIn(cells[column]),
  );
  if (!(epoch <= last)) {
    throw wrong(`the row is of epoch ${cells[columns.epoch]}, but ${LAST_EPOCH} is ${cells[columns.last]}`);
  }
  if (accuracy >= 0 && accuracy <= 1) return { epoch, last, accuracy };
  throw wrong(mismatch("val_acc", "a number from 0 to 1", cells[columns.accuracy]));
}

/** The form of the policies, and which columns hold what. */
function shapeOf(header: readonly string[], row: readonly string[] | undefined, path: string) {
  const found = formOfColumns(header, row);
  const columns = {
    trial: header.indexOf("trial_no"),
    sample: header.indexOf("sample_no"),
    reward: header.indexOf("reward"),
    policy: found?.first ?? -1,
  };
  const rungs = header.includes(LAST_EPOCH)
    ? {
        epoch: header.indexOf("epoch"),
        last: header.indexOf(LAST_EPOCH),
        accuracy: header.indexOf("val_acc"),
      }
    : undefined;
  if (!found || Object.values({ ...columns, ...rungs }).includes(-1)) {
    throw new UsageError(
      `${path} is not a notebook of a search: its first line does not name a notebook's columns`,
    );
  }
  return { form: found.form, columns: { ...columns, rungs } };
}
