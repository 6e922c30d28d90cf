// A whole experiment, from a configuration to ranked policies: what `optimize` and the library run.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkFit, checkModel, isPath } from "../child/model.ts";
import { RunError, UsageError } from "../common/errors.ts";
import { removeTemporaryFiles, writeFileWhole } from "../common/files.ts";
import { FolderLock } from "../common/folder-lock.ts";
import { homeFolder } from "../common/home.ts";
import { formatConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { selectSubsets, writeSubsets } from "../dataset/subset-file.ts";
import { drawSubsets, type Subsets } from "../dataset/subsets.ts";
import type { EngineIdentity } from "../engine/types.ts";
import { Experiment } from "../experiment/experiment.ts";
import { type Knowledge, mostPromising, type Ranking, rankPolicies } from "../experiment/ranking.ts";
import type { TrainingFailure, TrialRecord } from "../experiment/records.ts";
import { NOTHING, recoverTrainings } from "../experiment/recovery.ts";
import { formatPolicy, noAugmentation, type Policy } from "../policy/policy.ts";
import type { PolicyDataset } from "../policy/policy-file.ts";
import { pointToPolicy, policyToPoint } from "../policy/space.ts";
import { type ConfirmationObserver, confirmedTrials, confirmTrials } from "./confirmation.ts";
import { type Executor, ProcessExecutor } from "./executor.ts";
import { checkPretrained, pretrain } from "./pretraining.ts";
import { lagOf, runSearch, type SearchObserver } from "./search.ts";
import { createController, predictRewards, spaceOf } from "./settle/controller.ts";
import { settleEngine } from "./settle/engine.ts";
import { describeDataset, factsOf, openResumed } from "./settle/experiment-facts.ts";
import { keepModel, settleModel } from "./settle/model.ts";
import { settleWarmStart, warmStartPath } from "./settle/warm-start.ts";
import type { TrainingTask } from "./training.ts";

/** What an experiment tells while it runs: first the search, then the confirmation. */
export interface ExperimentObserver extends SearchObserver, ConfirmationObserver {}

export interface ExperimentRequest {
  readonly config: Config;
  readonly dataset: Dataset;
  /** The folder of an experiment to go on with, instead of a new one. */
  readonly resume?: string;
  readonly signal?: AbortSignal;
  /** Where trainings run; processes of its own unless given. */
  readonly executor?: Executor;
  /** Called once all is checked and the folder is there, before the first training. */
  readonly onStart?: (start: ExperimentStart) => ExperimentObserver;
}

export interface ExperimentStart {
  readonly folder: string;
  readonly workers: number;
  readonly engine: EngineIdentity;
  /** What the user should know about the engine and the warm start, a line each. */
  readonly notes: readonly string[];
  /** Trials that an earlier run has finished. */
  readonly finishedTrials: number;
}

/** What `policies.json` holds, the policies best first; and where it came from. */
export interface ExperimentOutcome extends Ranking {
  readonly folder: string;
  /** The path of the notebook. */
  readonly notebook: string;
  /** The search's trials with the rewards that it saw, the baseline first. */
  readonly trials: readonly TrialRecord[];
  /** How many policies were trained anew after the search, and how often each; null where none was. */
  readonly confirmation: { readonly policies: number; readonly samples: number } | null;
  /** Trainings that failed twice, and without which the search went on. */
  readonly failures: readonly TrainingFailure[];
  /** Share of the workers' time that was spent on trainings, in [0, 1]; null where nothing was left to train. */
  readonly utilization: number | null;
}

/**
 * What can be told before images are decoded: whether there is such a model, whether it takes images of image_size, and
 * whether the search can learn from the notebook of warm_start.
 * @param resume the folder of an experiment to go on with.
 * @throws UsageError where there is none, or it does not.
 */
export function checkBeforeLoading(config: Config, resume?: string): void {
  const side = config.image_size ?? undefined; // else the images tell
  checkModel(settleModel(config.model, resume), side, side);
  settleWarmStart(config, spaceOf(config), resume);
}

/**
 * Runs the search that the configuration describes, or goes on with one.
 * @throws UsageError before anything is written, where the configuration does not fit the data or the machine, or where
 *   another program works in the experiment's folder; RunError and InterruptedError while running, with all that ended on disk.
 */
export async function runExperiment(request: ExperimentRequest): Promise<ExperimentOutcome> {
  let lock: FolderLock | undefined;
  try {
    return await runLocked(request, async (folder) => {
      lock = await FolderLock.acquire(folder);
    });
  } finally {
    lock?.release();
  }
}

/** @param acquire takes the experiment's folder for this process; called before anything is written there. */
async function runLocked(
  request: ExperimentRequest,
  acquire: (folder: string) => Promise<void>,
): Promise<ExperimentOutcome> {
  const { config, dataset, resume, signal } = request;
  const resumed = resume ? openResumed(resume, config, dataset) : undefined;
  const { engine, workers, notes: engineNotes } = await settleEngine(config, resumed?.facts);
  const { height, width } = dataset.train.images;
  const model = settleModel(config.model, resume);
  checkModel(model, height, width);
  const images = { height, width, classes: dataset.classNames.length, replaceHead: config.replace_head };
  await checkFit(model, images);
  await checkPretrained({ ...config, model }, images);
  const drawn = drawSubsets(dataset, {
    trainSize: config.train_set_size,
    validationSize: config.validation_set_size,
    seed: config.seed,
  });
  const space = spaceOf(config);
  const warm = settleWarmStart(config, space, resume);
  if (!resume && config.notebook_path && existsSync(config.notebook_path)) {
    throw new UsageError(`notebook_path ${config.notebook_path} exists already; remove it, or give another`);
  }
  const experiment = resumed?.experiment ?? Experiment.create(config.out, config.name, config.logging);
  await acquire(experiment.folder);
  if (resume) removeTemporaryFiles(experiment.folder);
  const lag = resumed?.facts.lag ?? lagOf(workers, config.opt_samples);
  const shape = {
    chains: config.policy_chains,
    operationsPerChain: config.operations_per_chain,
    epochs: config.child_epochs,
  };
  const notebook = experiment.notebook(shape, config.notebook_path);
  const early = experiment.earlyNotebook(shape);
  const confirmations = experiment.confirmations(shape);
  const { failures } = experiment;
  const reward = { bestEpochs: config.opt_last_n_epochs, overfitMargin: config.opt_overfit_margin };
  if (!resume) {
    notebook.create();
    if (warm) writeFileWhole(warmStartPath(experiment), warm.text);
    const ownModel = keepModel(model, experiment);
    experiment.writeFacts({ ...factsOf(config, dataset, drawn, engine, lag), ...ownModel });
  }
  experiment.writeConfig(formatConfig({ ...config, workers }));
  const { opt_samples: samples, operations } = config;
  const rules = { operations, reward };
  const recovered = resume ? recoverTrainings({ notebook, early, failures, samples, rules }) : NOTHING;
  const { finishedTrials } = recovered;
  if (!early.exists) early.create();
  let confirmed = confirmations.exists ? confirmations.recover(rules) : [];

  const controller = createController(config, space);
  if (warm) controller.warmStart(warm.gains);
  const task = {
    seed: config.seed,
    model: isPath(model) ? experiment.modelPath : model,
    replaceHead: config.replace_head,
    engine: engine.name,
    precision: engine.precision,
    threads: config.threads,
    batchSize: config.child_batch_size,
    subsetsPath: keepSubsets(dataset, drawn, config.seed),
  };
  const baseline = noAugmentation(config.policy_chains, config.operations_per_chain);
  const executor = request.executor ?? new ProcessExecutor(workers);
  try {
    const notes = [...engineNotes, ...(warm?.notes ?? [])];
    const start = {
      folder: experiment.folder,
      workers: executor.workers,
      engine,
      notes,
      finishedTrials,
    };
    const observer = request.onStart?.(start);
    for (const note of notes) experiment.log("warn", note);
    experiment.log("info", resume ? `resumed after ${finishedTrials} trials` : `started on ${dataset.name}`);
    const initialWeightsPath = await pretrain(config, {
      task,
      policy: baseline,
      experiment,
      executor,
      signal,
    });
    const taskOf = (trial: number, sample: number, policy: Policy): TrainingTask => ({
      ...{ ...task, trial, sample, policy },
      epochs: config.child_epochs,
      initialWeightsPath,
    });
    const fresh = { first: config.opt_samples, count: config.confirm_samples };
    /** Ranks what is known by now, and puts it into the experiment's folder. */
    const handOn = (known: readonly TrialRecord[], predicted?: Knowledge["predicted"]) => {
      const ranking = rankPolicies(known, { predicted, confirmed: confirmedTrials(confirmed, fresh) });
      writeRanking(experiment, describeDataset(dataset), ranking);
      return ranking;
    };

    const finished: TrialRecord[] = [];
    const { trials, ...outcome } = await runSearch({
      iterations: config.iterations,
      samples,
      lag,
      reward,
      controller,
      space: {
        baseline,
        pointToPolicy: (point) => pointToPolicy(space, point),
        policyToPoint: (policy) => policyToPoint(space, policy),
      },
      executor,
      notebook,
      early,
      failures,
      recovered,
      taskOf,
      signal,
      observer: {
        ...forward(observer),
        onTrialFinished: (record) => {
          finished.push(record);
          // An earlier run has written all of its own, except perhaps those of its last trial.
          if (record.trial >= finishedTrials - 1) {
            handOn(finished);
            const policy = formatPolicy(record.policy);
            experiment.log("info", `trial ${record.trial}: reward ${record.reward}, ${policy}`);
          }
          observer?.onTrialFinished?.(record);
        },
        onTrainingFailed: (failure) => {
          const { trial, sample, reason } = failure;
          experiment.log("warn", `trial ${trial}, sample ${sample} failed twice: ${reason}`);
          observer?.onTrainingFailed?.(failure);
        },
        onTrialDropped: (trial) => {
          if (trial >= finishedTrials) experiment.log("warn", `trial ${trial}: no sample is left`);
          observer?.onTrialDropped?.(trial);
        },
      },
    });
    const busy =
      outcome.utilization === null
        ? ""
        : `; workers were busy ${(100 * outcome.utilization).toFixed(1)}% of the time`;
    experiment.log("info", `the search has finished${busy}`);
    const predicted = predictRewards(trials, space, config.seed);
    let ranking = handOn(trials, predicted);

    const chosen = fresh.count > 0 ? mostPromising(trials, predicted, config.confirm_top) : [];
    if (chosen.length > 0) {
      confirmed = await confirmTrials({
        trials: [trials[0], ...chosen],
        ...{ fresh, reward, executor, taskOf, signal },
        notebook: confirmations,
        recorded: confirmed,
        observer: {
          ...forward(observer),
          onConfirmationStarted: (plan) => {
            const trials = chosen.map(({ trial }) => trial).join(", ");
            experiment.log("info", `confirming trials 0, ${trials}: ${plan.trainings} trainings to be done`);
            observer?.onConfirmationStarted?.(plan);
          },
          onTrainingFailed: (failure) => {
            const { trial, sample, reason } = failure;
            experiment.log("warn", `confirming trial ${trial}, sample ${sample} failed twice: ${reason}`);
            observer?.onTrainingFailed?.(failure);
          },
          onConfirmed: (record) => {
            experiment.log("info", `trial ${record.trial}: confirmed reward ${record.reward}`);
            observer?.onConfirmed?.(record);
          },
        },
      });
      ranking = handOn(trials, predicted);
    }
    const anew = confirmedTrials(confirmed, fresh);
    const policies = chosen.filter(({ trial }) => anew.has(trial)).length;
    experiment.log("info", "finished");
    return {
      folder: experiment.folder,
      notebook: notebook.path,
      ...ranking,
      trials,
      confirmation: policies > 0 && anew.has(0) ? { policies, samples: fresh.count } : null,
      ...outcome,
    };
  } catch (error) {
    logFailure(experiment, error);
    throw error;
  } finally {
    if (!request.executor) await executor.close();
  }
}

/** Leaves word of a failure in the log; where the log cannot be written either, the failure itself is the news. */
function logFailure(experiment: Experiment, error: unknown): void {
  try {
    experiment.log("error", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } catch (logError) {
    if (!(logError instanceof RunError)) throw logError;
  }
}

function writeRanking(experiment: Experiment, dataset: PolicyDataset, { baseline, policies }: Ranking): void {
  experiment.writePolicies(
    { dataset, baseline, policies },
    { dataset, baseline, policies: policies.slice(0, 1) },
  );
}

/** An observer's methods on trainings as plain functions, so that others can be put beside them. */
function forward(
  observer: SearchObserver | undefined,
): Pick<SearchObserver, "onTrainingStarted" | "onEpoch" | "onTrainingFinished"> {
  return {
    onTrainingStarted: (trial, sample) => observer?.onTrainingStarted?.(trial, sample),
    onEpoch: (trial, sample, result) => observer?.onEpoch?.(trial, sample, result),
    onTrainingFinished: (record) => observer?.onTrainingFinished?.(record),
  };
}

/** Puts the drawn images where worker processes find them; returns the path. */
function keepSubsets(dataset: Dataset, drawn: Subsets, seed: number): string {
  const sizes = `${drawn.train.length}-${drawn.validation.length}`;
  const path = join(homeFolder(), "subsets", `${dataset.digest.slice(0, 32)}-${seed}-${sizes}.bin`);
  if (!existsSync(path)) writeSubsets(path, selectSubsets(dataset, drawn));
  return path;
}
