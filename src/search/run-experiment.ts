// A whole experiment, from a configuration to ranked policies: what `optimize` and the library run.

import { existsSync } from "node:fs";
import { availableParallelism, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { checkFit, checkModel, isPath } from "../child/model.ts";
import { RunError, UsageError } from "../common/errors.ts";
import { removeTemporaryFiles } from "../common/files.ts";
import { FolderLock } from "../common/folder-lock.ts";
import { homeFolder } from "../common/home.ts";
import { processorName } from "../common/machine.ts";
import { VERSION } from "../common/version.ts";
import { formatConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { BayesianController } from "../controller/bayesian.ts";
import { RandomController } from "../controller/random.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { selectSubsets, writeSubsets } from "../dataset/subset-file.ts";
import { drawSubsets, type Subsets } from "../dataset/subsets.ts";
import { type EngineIdentity, TENSORFLOW_JS_VERSION } from "../engine/engine.ts";
import { Experiment, type ExperimentFacts } from "../experiment/experiment.ts";
import { goodTrials, policyFileOf } from "../experiment/ranking.ts";
import type { TrainingFailure, TrialRecord } from "../experiment/records.ts";
import { NOTHING, recoverTrainings } from "../experiment/recovery.ts";
import { formatPolicy, noAugmentation } from "../policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../policy/space.ts";
import { settleEngine } from "./engine-of.ts";
import { type Executor, ProcessExecutor } from "./executor.ts";
import { keepModel, settleModel } from "./model-of.ts";
import { checkPretrained, pretrain } from "./pretraining.ts";
import { lagOf, runSearch, type SearchObserver } from "./search.ts";
import type { TrainingTask } from "./training.ts";

export interface ExperimentRequest {
  readonly config: Config;
  readonly dataset: Dataset;
  /** The folder of an experiment to go on with, instead of a new one. */
  readonly resume?: string;
  readonly signal?: AbortSignal;
  /** Where trainings run; processes of its own unless given. */
  readonly executor?: Executor;
  /** Called once all is checked and the folder is there, before the first training. */
  readonly onStart?: (start: ExperimentStart) => SearchObserver;
}

export interface ExperimentStart {
  readonly folder: string;
  readonly workers: number;
  readonly engine: EngineIdentity;
  /** What the user should know about the engine, a line each. */
  readonly notes: readonly string[];
  /** Trials that an earlier run has finished. */
  readonly finishedTrials: number;
}

export interface ExperimentOutcome {
  readonly folder: string;
  /** The path of the notebook. */
  readonly notebook: string;
  readonly baseline: TrialRecord;
  readonly trials: readonly TrialRecord[];
  /** What `policies.json` holds: better than the baseline, best first. */
  readonly good: readonly TrialRecord[];
  /** Trainings that failed twice, and without which the search went on. */
  readonly failures: readonly TrainingFailure[];
  /** Share of the workers' time that was spent on trainings, in [0, 1]; null where nothing was left to train. */
  readonly utilization: number | null;
}

/**
 * What can be told before images are decoded: whether there is such a model, and whether it takes images of image_size.
 * @param resume the folder of an experiment to go on with.
 * @throws UsageError where there is none, or it does not.
 */
export function checkBeforeLoading({ model, image_size }: Config, resume?: string): void {
  const side = image_size ?? undefined; // else the images tell
  checkModel(settleModel(model, resume), side, side);
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
  const { engine, workers, notes } = await settleEngine(config, resumed?.facts);
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
  const { failures } = experiment;
  const reward = { bestEpochs: config.opt_last_n_epochs, overfitMargin: config.opt_overfit_margin };
  if (!resume) {
    notebook.create();
    const ownModel = keepModel(model, experiment);
    experiment.writeFacts({ ...factsOf(config, dataset, drawn, engine, lag), ...ownModel });
  }
  experiment.writeConfig(formatConfig({ ...config, workers }));
  const { opt_samples: samples, operations } = config;
  const rules = { operations, reward };
  const recovered = resume ? recoverTrainings({ notebook, early, failures, samples, rules }) : NOTHING;
  const { finishedTrials } = recovered;
  if (!early.exists) early.create();

  const space = createSpace({
    chains: config.policy_chains,
    operationsPerChain: config.operations_per_chain,
    operations: config.operations,
  });
  const { dimensions } = space;
  const controller =
    config.method === "random"
      ? new RandomController(dimensions, config.seed)
      : new BayesianController(dimensions, config.seed, config.opt_initial_points);
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
      taskOf: (trial, sample, policy): TrainingTask => ({
        ...task,
        trial,
        sample,
        policy,
        epochs: config.child_epochs,
        initialWeightsPath,
      }),
      signal,
      observer: {
        ...forward(observer),
        onTrialFinished: (record) => {
          finished.push(record);
          // An earlier run has written all of its own, except perhaps those of its last trial.
          if (record.trial >= finishedTrials - 1) {
            const ranked = goodTrials(finished[0], finished);
            const fileOf = (records: readonly TrialRecord[]) =>
              policyFileOf(describe(dataset), finished[0], records);
            experiment.writePolicies(fileOf(ranked), fileOf(ranked.slice(0, 1)));
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
    experiment.log("info", `finished${busy}`);
    return {
      folder: experiment.folder,
      notebook: notebook.path,
      baseline: trials[0],
      trials,
      good: goodTrials(trials[0], trials),
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

/** An observer's methods as plain functions, so that one of them can be replaced. */
function forward(observer: SearchObserver | undefined): SearchObserver {
  return {
    onTrainingStarted: (trial, sample) => observer?.onTrainingStarted?.(trial, sample),
    onEpoch: (trial, sample, result) => observer?.onEpoch?.(trial, sample, result),
    onTrainingFinished: (record) => observer?.onTrainingFinished?.(record),
  };
}

function describe({ name, classNames, train }: Dataset) {
  const { height, width, channels } = train.images;
  return { name, classes: classNames.length, imageShape: [height, width, channels] as const };
}

/** An experiment to go on with, and its facts. @throws UsageError where it is none, or its data are not these. */
function openResumed(
  folder: string,
  config: Config,
  dataset: Dataset,
): { experiment: Experiment; facts: ExperimentFacts } {
  const experiment = Experiment.open(folder, config.logging);
  const facts = experiment.readFacts();
  if (facts.dataset.digest !== dataset.digest) {
    throw new UsageError(
      `the data are not those with which ${experiment.folder} began (${facts.dataset.name}, digest ${facts.dataset.digest.slice(0, 12)}…); restore them, or start a new experiment`,
    );
  }
  return { experiment, facts };
}

function factsOf(
  config: Config,
  dataset: Dataset,
  drawn: Subsets,
  engine: EngineIdentity,
  lag: number,
): ExperimentFacts {
  return {
    format: "deepaugment-experiment",
    version: 1,
    seed: config.seed,
    startedAt: new Date().toISOString(),
    versions: { deepaugment: VERSION, node: process.versions.node, "tensorflow.js": TENSORFLOW_JS_VERSION },
    engine: engine.name,
    precision: engine.precision,
    kernels: engine.kernels,
    machine: {
      cpu: processorName(),
      cores: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${type()} ${release()} ${process.arch}`,
    },
    dataset: { ...describe(dataset), digest: dataset.digest },
    lag,
    subsets: {
      train: [...drawn.train],
      validation: [...drawn.validation],
      validationFrom: drawn.validationFrom,
    },
  };
}

/** Puts the drawn images where worker processes find them; returns the path. */
function keepSubsets(dataset: Dataset, drawn: Subsets, seed: number): string {
  const sizes = `${drawn.train.length}-${drawn.validation.length}`;
  const path = join(homeFolder(), "subsets", `${dataset.digest.slice(0, 32)}-${seed}-${sizes}.bin`);
  if (!existsSync(path)) writeSubsets(path, selectSubsets(dataset, drawn));
  return path;
}
