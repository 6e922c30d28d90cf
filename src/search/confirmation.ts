// The search's last stage: the policies that promise most, and the baseline, are trained anew. The best of many noisy
// rewards is the luckiest one, too (the winner's curse; Smith and Winkler 2006, "The optimizer's curse"); rewards of
// trainings that chose nothing have no such luck. Sample k of all of them shares its weights and its order, as in the
// search, so that they differ by their policy alone.

import { type EpochResult, type RewardSettings, rewardOf } from "../child/reward.ts";
import { UsageError } from "../common/errors.ts";
import type { Notebook } from "../experiment/notebook.ts";
import { type TrainingRecord, type TrialRecord, trialOf } from "../experiment/records.ts";
import { formatPolicy, type Policy } from "../policy/policy.ts";
import { type Executor, TrainingFailedError } from "./executor.ts";
import type { SearchObserver } from "./search.ts";
import type { TrainingTask } from "./training.ts";

/** What the confirmation tells while it runs. */
export interface ConfirmationObserver
  extends Pick<SearchObserver, "onTrainingStarted" | "onEpoch" | "onTrainingFinished" | "onTrainingFailed"> {
  onConfirmationStarted?(plan: ConfirmationPlan): void;
  /** All fresh trainings of a policy, or of the baseline (trial 0), have ended well; not called where they were there already. */
  onConfirmed?(record: TrialRecord): void;
}

export interface ConfirmationPlan {
  /** Besides the baseline. */
  readonly policies: number;
  /** Fresh trainings of each. */
  readonly samples: number;
  /** Those that are still to be done, of all. */
  readonly trainings: number;
}

/** The samples that belong to the confirmation: numbers that no trial of the search has. */
export interface FreshSamples {
  readonly first: number;
  readonly count: number;
}

export interface ConfirmationOptions {
  /** What to train anew, the baseline first. */
  readonly trials: readonly TrialRecord[];
  readonly fresh: FreshSamples;
  readonly reward: RewardSettings;
  readonly executor: Executor;
  /** `confirmations.csv`: a training is appended as it ends; in the end they stand in the order of trials and samples. */
  readonly notebook: Notebook;
  /** What the notebook holds already. */
  readonly recorded: readonly TrainingRecord[];
  readonly taskOf: (trial: number, sample: number, policy: Policy) => TrainingTask;
  readonly signal?: AbortSignal;
  readonly observer?: ConfirmationObserver;
}

/**
 * Does the trainings that are missing, all side by side; returns all that the notebook then holds. A policy of which one
 * fails for good stays unconfirmed, until a run that goes on tries it again.
 * @throws InterruptedError on abort, RunError where nothing can be written; what ended before is in the notebook.
 *   UsageError where the notebook has a trial under another policy.
 */
export async function confirmTrials(options: ConfirmationOptions): Promise<TrainingRecord[]> {
  const { trials, fresh, notebook, recorded, observer } = options;
  checkPolicies(options);
  const held = new Set(recorded.map(keyOf));
  const missing = trials.flatMap(({ trial, policy }) =>
    samplesOf(fresh)
      .map((sample) => ({ trial, sample, policy }))
      .filter((training) => !held.has(keyOf(training))),
  );
  observer?.onConfirmationStarted?.({
    policies: trials.length - 1,
    samples: fresh.count,
    trainings: missing.length,
  });

  if (!notebook.exists) notebook.create();
  const records = [...recorded];
  const failure = new AbortController();
  const { signal } = options;
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const train = async ({ trial, sample, policy }: (typeof missing)[number]) => {
    let history: EpochResult[];
    try {
      history = await options.executor.train(options.taskOf(trial, sample, policy), {
        signal: stop,
        onStart: () => observer?.onTrainingStarted?.(trial, sample),
        onEpoch: (result) => observer?.onEpoch?.(trial, sample, result),
      });
    } catch (error) {
      if (!(error instanceof TrainingFailedError)) throw error;
      observer?.onTrainingFailed?.({ trial, sample, reason: error.reason });
      return;
    }
    // Nothing is written any more once something could not be.
    if (failure.signal.aborted) return;
    const record = { trial, sample, policy, history, reward: rewardOf(history, options.reward) };
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

/** Trials of which all fresh samples are there, by number. */
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

function samplesOf({ first, count }: FreshSamples): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

function checkPolicies({ trials, notebook, recorded }: ConfirmationOptions): void {
  const policies = new Map(trials.map(({ trial, policy }) => [trial, policy]));
  for (const { trial, policy } of recorded) {
    const expected = policies.get(trial);
    if (expected && JSON.stringify(policy) !== JSON.stringify(expected)) {
      throw new UsageError(
        `${notebook.path}: trial ${trial} is ${formatPolicy(policy)} there, but ${formatPolicy(expected)} in the search; remove the file to confirm anew`,
      );
    }
  }
}

function keyOf({ trial, sample }: { readonly trial: number; readonly sample: number }): string {
  return `${trial}/${sample}`;
}
