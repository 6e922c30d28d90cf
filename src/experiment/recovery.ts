// What an earlier run of a search left: the notebook, the trainings that ended before their turn, and those that failed;
// repaired if a crash cut them, and checked against each other.

import { count } from "../common/count.ts";
import { UsageError } from "../common/errors.ts";
import type { FailureList } from "./failures.ts";
import type { Notebook, NotebookRules } from "./notebook.ts";
import type { TrainingFailure, TrainingRecord } from "./records.ts";
import { placeOf, turnOf } from "./turns.ts";

export interface RecoverOptions {
  readonly notebook: Notebook;
  readonly early: Notebook;
  readonly failures: FailureList;
  /** Trainings of a trial. */
  readonly samples: number;
  readonly rules: NotebookRules;
}

export interface Recovered {
  /** The notebook's, in order. */
  readonly recorded: readonly TrainingRecord[];
  /** Those that ended before their turn; some may be in the notebook too by now. */
  readonly recordedEarly: readonly TrainingRecord[];
  readonly failures: readonly TrainingFailure[];
  /** Trials whose trainings have all ended or failed, counted from 0 without a gap. */
  readonly finishedTrials: number;
}

/** What a new search starts with. */
export const NOTHING: Recovered = { recorded: [], recordedEarly: [], failures: [], finishedTrials: 0 };

/** @throws UsageError naming the file and the line that no search would have left. */
export function recoverTrainings(options: RecoverOptions): Recovered {
  const { notebook, early, samples, rules } = options;
  const failures = options.failures.recover();
  const failed = checkFailures(options, failures);
  const recorded = notebook.recover(rules);
  const recordedEarly = early.exists ? early.recover(rules) : [];
  const policies = new Map<number, string>();
  const isFailed = (turn: number) => failed.has(turn);
  let turn = 0;
  for (const [index, record] of recorded.entries()) {
    while (isFailed(turn)) turn++;
    const { trial, sample } = placeOf(turn, samples);
    if (record.trial !== trial || record.sample !== sample) {
      throw notebook.wrong(
        notebook.lineOf(index),
        `expected trial ${trial}, sample ${sample}, found trial ${record.trial}, sample ${record.sample}`,
      );
    }
    checkPolicy(notebook, index, record, policies);
    turn++;
  }
  while (isFailed(turn)) turn++;
  const inNotebook = new Map(recorded.map((record) => [turnOf(record, samples), record]));
  const seen = new Set<number>();
  for (const [index, record] of recordedEarly.entries()) {
    const place = turnOf(record, samples);
    const line = early.lineOf(index);
    const name = `trial ${record.trial}, sample ${record.sample}`;
    if (record.sample >= samples) throw early.wrong(line, `${name}: a trial has ${count(samples, "sample")}`);
    if (seen.has(place)) throw early.wrong(line, `${name} is there twice`);
    if (isFailed(place)) throw early.wrong(line, `${name} has failed, says ${options.failures.path}`);
    seen.add(place);
    const same = inNotebook.get(place);
    if (same && JSON.stringify(same) !== JSON.stringify(record)) {
      throw early.wrong(line, `${name} differs from ${notebook.path}`);
    }
    checkPolicy(early, index, record, policies);
  }
  return { recorded, recordedEarly, failures, finishedTrials: placeOf(turn, samples).trial };
}

/** The turns of failed trainings. */
function checkFailures(
  { failures: { path }, samples }: RecoverOptions,
  failures: readonly TrainingFailure[],
): ReadonlySet<number> {
  const failed = new Set<number>();
  for (const [index, failure] of failures.entries()) {
    const { trial, sample } = failure;
    const turn = turnOf(failure, samples);
    const isThere = trial >= 0 && sample >= 0 && sample < samples;
    if (isThere && !failed.has(turn)) failed.add(turn);
    else {
      const what = isThere ? "is there twice" : "is not part of this search";
      throw new UsageError(
        `${path}, line ${index + 2}: trial ${trial}, sample ${sample} ${what}; restore the file as it was written`,
      );
    }
  }
  for (let sample = 0; failed.has(sample); sample++) {
    if (sample < samples - 1) continue;
    throw new UsageError(
      `${path}: all trainings of the baseline have failed, without which no search continues; restore the file as it was written`,
    );
  }
  return failed;
}

/** All samples of a trial have its policy. */
function checkPolicy(
  notebook: Notebook,
  index: number,
  { trial, policy }: TrainingRecord,
  policies: Map<number, string>,
): void {
  const cells = notebook.policyCells(policy).join();
  const known = policies.get(trial) ?? cells;
  if (cells !== known) {
    throw notebook.wrong(notebook.lineOf(index), `trial ${trial} has the policy ${known} in another sample`);
  }
  policies.set(trial, cells);
}
