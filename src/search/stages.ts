// The stages of a run, each on what the one before it found: the search, the confirmation of its best, the ranking.

import type { RewardSettings } from "../child/reward.ts";
import { count } from "../common/count.ts";
import { formatConfig } from "../config/load.ts";
import { confirmedGains } from "../experiment/gains.ts";
import { type Knowledge, mostPromising, type Ranking, rankPolicies } from "../experiment/ranking.ts";
import type { FreshSamples, TrainingRecord, TrialRecord } from "../experiment/records.ts";
import { formatPolicy, type Policy } from "../policy/policy.ts";
import { pointToPolicy, policyToPoint } from "../policy/space.ts";
import { type ConfirmationObserver, confirmedTrials, confirmTrials } from "./confirmation.ts";
import type { Executor } from "./executors/executor.ts";
import type { ExperimentObserver, Pacing } from "./run-experiment.ts";
import { runSearch, type SearchObserver, type SearchOptions, type SearchOutcome } from "./search.ts";
import { createController, predictRewards } from "./settle/controller.ts";
import { policyDatasetOf } from "./settle/experiment-facts.ts";
import type { ExperimentFiles } from "./settle/files.ts";
import type { SettledRun } from "./settle/run.ts";
import type { TrainingTask } from "./training.ts";

/** What all stages of a run share. */
export interface Stage {
  readonly run: SettledRun;
  readonly files: ExperimentFiles;
  readonly reward: RewardSettings;
  /** The policies of the first trials, no augmentation first. */
  readonly fixed: readonly Policy[];
  readonly executor: Executor;
  readonly taskOf: (trial: number, sample: number, policy: Policy) => TrainingTask;
  readonly signal: AbortSignal | undefined;
  readonly pacing: Pacing | undefined;
  readonly observer: ExperimentObserver | undefined;
}

/** What fresh trainings show, those of earlier runs included. */
type Fresh = Required<Pick<Knowledge, "confirmed" | "gains">>;

/** What the confirmation leaves. */
export interface Confirmed extends Fresh {
  /** The trials that were chosen for it, best first. */
  readonly chosen: readonly TrialRecord[];
}

/** Judges the policies. Whenever a trial ends, `policies.json` and `best.json` are written again. */
export async function searchPolicies(stage: Stage): Promise<SearchOutcome> {
  const { run, files, reward, fixed, executor, taskOf, signal } = stage;
  const { config, space, warm, lag, stopRule } = run;
  const { experiment, notebook, early, failures, recovered } = files;
  const controller = createController(config, space);
  if (warm) controller.warmStart(warm.gains);
  const outcome = await runSearch({
    ...{ iterations: config.iterations, samples: config.opt_samples, lag, reward, controller, executor },
    ...{ notebook, early, failures, recovered, taskOf, stopRule, signal, ...paced(stage) },
    space: {
      fixed,
      pointToPolicy: (point) => pointToPolicy(space, point),
      policyToPoint: (policy) => policyToPoint(space, policy),
    },
    observer: searchObserver(stage),
  });
  const { utilization } = outcome;
  const busy =
    utilization === null ? "" : `; workers were busy ${(100 * utilization).toFixed(1)}% of the time`;
  experiment.log("info", `the search has finished${busy}`);
  return outcome;
}

/**
 * How many trials a search with a pacing has: perhaps more than planned. `config.yaml` always has those that were asked for, so
 * that a resumed run has them too.
 */
function paced({
  run,
  files,
  pacing,
  observer,
}: Stage): Partial<Pick<SearchOptions, "iterations" | "mayAsk">> {
  if (!pacing) return {};
  let planned = run.config.iterations;
  return {
    iterations: Math.max(planned, pacing.mostTrials),
    mayAsk: (trial, finished) => {
      const may = pacing.mayAsk(trial, finished);
      if (may && trial > planned) {
        planned = trial;
        files.experiment.writeConfig(
          formatConfig({ ...run.config, iterations: planned, workers: run.workers }),
        );
        observer?.onMoreTrials?.(planned);
      }
      return may;
    },
  };
}

/**
 * The stage after the search, with what its pacing decides now; kept in `config.yaml`, so that a run by it makes the same
 * trainings.
 */
export function pacedConfirmation(stage: Stage, { asked }: Pick<SearchOutcome, "asked">): Stage {
  const { run, files, pacing } = stage;
  if (!pacing) return stage;
  const config = { ...run.config, iterations: asked, ...pacing.planConfirmation(asked) };
  files.experiment.writeConfig(formatConfig({ ...config, workers: run.workers }));
  pacing.onConfirmationPlanned();
  return { ...stage, run: { ...run, config } };
}

/** Trains the most promising policies, and the baseline, again with fresh seeds, if the configuration asks for it. */
export async function confirmBest(
  stage: Stage,
  trials: readonly TrialRecord[],
  predicted: ReadonlyMap<number, number>,
): Promise<Confirmed> {
  const { run, files, reward, executor, taskOf, signal } = stage;
  const fresh = freshSamples(stage);
  const chosen =
    fresh.count > 0 ? mostPromising(trials, predicted, run.config.confirm_top, stage.fixed.length - 1) : [];
  if (chosen.length === 0) return { chosen, ...confirmedBefore(stage) };
  const records = await confirmTrials({
    trials: [trials[0], ...chosen],
    ...{ fresh, reward, executor, taskOf, signal },
    notebook: files.confirmations,
    recorded: files.confirmed,
    observer: confirmationObserver(stage, chosen),
  });
  return { chosen, ...freshOf(stage, records) };
}

/** Ranks what is known, and writes it to `policies.json` and `best.json`. */
export function rank({ run, files }: Stage, trials: readonly TrialRecord[], knowledge: Knowledge): Ranking {
  const ranking = rankPolicies(trials, knowledge);
  const { baseline, policies } = ranking;
  const dataset = policyDatasetOf(run.dataset);
  files.experiment.writePolicies(
    { dataset, baseline, policies },
    { dataset, baseline, policies: policies.slice(0, 1) },
  );
  return ranking;
}

/** What an earlier run has confirmed. */
export function confirmedBefore(stage: Stage): Fresh {
  return freshOf(stage, stage.files.confirmed);
}

function freshOf(stage: Stage, records: readonly TrainingRecord[]): Fresh {
  const fresh = freshSamples(stage);
  const validationImages = stage.run.drawn.validation.length;
  return {
    confirmed: confirmedTrials(records, fresh),
    gains: confirmedGains(records, fresh, validationImages),
  };
}

/** The rewards that are predicted of a search's trials in the end, by their numbers. */
export function predictedOf({ run }: Stage, trials: readonly TrialRecord[]): ReadonlyMap<number, number> {
  return predictRewards(trials, run.space, run.config.seed);
}

/** The samples of the confirmation come after those of the search. */
function freshSamples({ run: { config } }: Stage): FreshSamples {
  return { first: config.opt_samples, count: config.confirm_samples };
}

/** Logs and ranks what the search reports, and passes it on. */
function searchObserver(stage: Stage): SearchObserver {
  const { files, observer } = stage;
  const { experiment, recovered } = files;
  const fresh = confirmedBefore(stage);
  const finished: TrialRecord[] = [];
  return {
    ...forwardTrainings(observer),
    onTrialFinished: (record) => {
      finished.push(record);
      // An earlier run has ranked all of its own trials, except perhaps the last one.
      if (record.trial >= recovered.finishedTrials - 1) {
        rank(stage, finished, fresh);
        const { trial, reward, stoppedAt, policy } = record;
        const what =
          stoppedAt === undefined
            ? `reward ${logged(reward)}`
            : `stopped after epoch ${stoppedAt} with ${logged(reward)}`;
        experiment.log("info", `trial ${trial}: ${what}, ${formatPolicy(policy)}`);
      }
      observer?.onTrialFinished?.(record);
    },
    onTrainingFailed: (failure) => {
      const { trial, sample, reason } = failure;
      experiment.log("warn", `trial ${trial}, sample ${sample} failed twice: ${reason}`);
      observer?.onTrainingFailed?.(failure);
    },
    onTrialDropped: (trial) => {
      if (trial >= recovered.finishedTrials) experiment.log("warn", `trial ${trial}: no sample is left`);
      observer?.onTrialDropped?.(trial);
    },
  };
}

/** A number in [0, 1] without digits that mean nothing: 0.54, not 0.5399999999999999. */
function logged(value: number): number {
  return Number(value.toFixed(6));
}

/** Logs what the confirmation reports, and passes it on. */
function confirmationObserver(
  { run, files: { experiment }, observer }: Stage,
  chosen: readonly TrialRecord[],
): ConfirmationObserver {
  return {
    ...forwardTrainings(observer),
    onConfirmationStarted: (plan) => {
      const trials = [0, ...chosen.map(({ trial }) => trial)];
      experiment.markConfirming({ iterations: run.config.iterations, trials });
      experiment.log(
        "info",
        `confirming trials ${trials.join(", ")}: ${count(plan.trainings, "training")} to be done`,
      );
      observer?.onConfirmationStarted?.(plan);
    },
    onTrainingFailed: (failure) => {
      const { trial, sample, reason } = failure;
      experiment.log("warn", `confirming trial ${trial}, sample ${sample} failed twice: ${reason}`);
      observer?.onTrainingFailed?.(failure);
    },
    onConfirmed: (record) => {
      experiment.log("info", `trial ${record.trial}: confirmed reward ${logged(record.reward)}`);
      observer?.onConfirmed?.(record);
    },
  };
}

/** An observer's methods for trainings as plain functions, so that others can be added. */
function forwardTrainings(
  observer: SearchObserver | undefined,
): Pick<SearchObserver, "onTrainingStarted" | "onEpoch" | "onTrainingFinished"> {
  return {
    onTrainingStarted: (trial, sample) => observer?.onTrainingStarted?.(trial, sample),
    onEpoch: (trial, sample, result) => observer?.onEpoch?.(trial, sample, result),
    onTrainingFinished: (record) => observer?.onTrainingFinished?.(record),
  };
}
