// The last stage of a run: the most promising policies, and the baseline, are trained again with fresh seeds. The best of
// many noisy rewards is also the luckiest one (the winner's curse; Smith and Winkler 2006, "The optimizer's curse"); rewards
// by which nothing was chosen have no such luck. Sample k of all of them shares its weights and its order, as in the search,
// so that they differ by their policy alone.

import type { RewardSettings } from "../child/reward.ts";
import { UsageError } from "../common/errors.ts";
import type { Notebook } from "../experiment/notebook.ts";
import {
  type FreshSamples,
  recordOf,
  type TrainingRecord,
  type TrialRecord,
  trialOf,
} from "../experiment/records.ts";
import { keyOf } from "../experiment/turns.ts";
import { formatPolicy, type Policy } from "../policy/policy.ts";
import { type Executor, TrainingFailedError } from "./executors/executor.ts";
import type { SearchObserver } from "./search.ts";
import type { TrainingResult, TrainingTask } from "./training.ts";

/** What the confirmation reports while it runs. */
export interface ConfirmationObserver
  extends Pick<SearchObserver, "onTrainingStarted" | "onEpoch" | "onTrainingFinished" | "onTrainingFailed"> {
  onConfirmationStarted?(plan: ConfirmationPlan): void;
  /** All fresh trainings of a policy, or of the baseline (trial 0), have succeeded; not called for those of an earlier run. */
  onConfirmed?(record: TrialRecord): void;
}

export interface ConfirmationPlan {
  /** Besides the baseline. */
  readonly policies: number;
  /** Fresh trainings of each. */
  readonly samples: number;
  /** In all, without those that an earlier run has done. */
  readonly trainings: number;
}

export interface ConfirmationOptions {
  /** What to train again, the baseline first. */
  readonly trials: readonly TrialRecord[];
  readonly fresh: FreshSamples;
  readonly reward: RewardSettings;
  readonly executor: Executor;
  /** `confirmations.csv`: a training is appended as it ends; in the end they are sorted by trial and sample. */
  readonly notebook: Notebook;
  /** What the notebook already contains. */
  readonly recorded: readonly TrainingRecord[];
  readonly taskOf: (trial: number, sample: number, policy: Policy) => TrainingTask;
  readonly signal?: AbortSignal;
  readonly observer?: ConfirmationObserver;
}

/**
 * Does the trainings that are missing, all at the same time; returns all that the notebook then contains. If one of a
 * policy's trainings fails for good, the policy stays unconfirmed; a resumed run tries that training again.
 * @throws InterruptedError on abort, RunError if something cannot be written; what ended before is in the notebook.
 *   UsageError if the notebook has a trial with another policy.
 */
export async function confirmTrials(options: ConfirmationOptions): Promise<TrainingRecord[]> {
  const { trials, fresh, notebook, recorded, observer, signal } = options;
  checkPolicies(options);
  const missing = missingTrainings(options);
  observer?.onConfirmationStarted?.({
    policies: trials.length - 1,
    samples: fresh.count,
    trainings: missing.length,
  });

  if (!notebook.exists) notebook.create();
  const records = [...recorded];
  const failure = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  /** An error of the observer is no failure of a training: it ends the confirmation. */
  const report = (act: () => void) => {
    try {
      act();
    } catch (error) {
      failure.abort(error);
    }
  };
  const train = async ({ trial, sample, policy }: Missing) => {
    const task = options.taskOf(trial, sample, policy);
    let result: TrainingResult;
    try {
      result = await options.executor.train(task, {
        signal: stop,
        onStart: () => report(() => observer?.onTrainingStarted?.(trial, sample)),
        onEpoch: (epoch) => report(() => observer?.onEpoch?.(trial, sample, epoch)),
      });
    } catch (error) {
      if (!(error instanceof TrainingFailedError)) throw error;
      observer?.onTrainingFailed?.({ trial, sample, reason: error.reason });
      return;
    }
    // Once something could not be written, nothing more is.
    if (failure.signal.aborted) return;
    const record = recordOf(task, result.history, options.reward);
    notebook.append(record);
    records.push(record);
    observer?.onTrainingFinished?.(record);
    const confirmed = confirmedTrials(records, fresh).get(trial);
    if (confirmed) observer?.onConfirmed?.(confirmed);
  };
  const running = missing.map((training) => train(training).catch((error) => failure.abort(error)));
  await Promise.all(running);
  if (failure.signal.aborted) throw failure.signal.reason;

  records.sort((a, b) => a.trial - b.trial || a.sample - b.sample);
  notebook.rewrite(records);
  return records;
}

/** Trials whose fresh samples are complete, by number. */
export function confirmedTrials(
  records: readonly TrainingRecord[],
  fresh: FreshSamples,
): Map<number, TrialRecord> {
  const found = new Map(records.map((record) => [keyOf(record), record]));
  const confirmed = new Map<number, TrialRecord>();
  for (const trial of new Set(records.map((record) => record.trial))) {
    const samples = samplesOf(fresh).flatMap((sample) => found.get(keyOf({ trial, sample })) ?? []);
    if (samples.length === fresh.count && fresh.count > 0) confirmed.set(trial, trialOf(samples));
  }
  return confirmed;
}

interface Missing {
  readonly trial: number;
  readonly sample: number;
  readonly policy: Policy;
}

/** The trainings that the notebook does not have yet. */
function missingTrainings({ trials, fresh, recorded }: ConfirmationOptions): Missing[] {
  const held = new Set(recorded.map(keyOf));
  return trials.flatMap(({ trial, policy }) =>
    samplesOf(fresh)
      .map((sample) => ({ trial, sample, policy }))
      .filter((training) => !held.has(keyOf(training))),
  );
}

function samplesOf({ first, count }: FreshSamples): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function checkPolicies({ trials, notebook, recorded }: ConfirmationOptions): void {
  const policies = new Map(trials.map(({ trial, policy }) => [trial, policy]));
  for (const { trial, policy } of recorded) {
    const expected = policies.get(trial);
    if (expected && JSON.stringify(policy) !== JSON.stringify(expected)) {
      throw new UsageError(
        `${notebook.path}: trial ${trial} is ${formatPolicy(policy)} there, but ${formatPolicy(expected)} in the search; remove the file to confirm again`,
      );
    }
  }
}
