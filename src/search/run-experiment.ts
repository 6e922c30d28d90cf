// A whole experiment, from a configuration to ranked policies: what `optimize` and the library run. It settles what it runs
// on, then searches, confirms the best, and ranks them.

import { checkModel } from "../child/model.ts";
import { count } from "../common/count.ts";
import { RunError, UsageError } from "../common/errors.ts";
import { FolderLock } from "../common/folder-lock.ts";
import type { Config } from "../config/schema.ts";
import type { Dataset } from "../dataset/dataset.ts";
import type { EngineIdentity } from "../engine/types.ts";
import type { Guessing } from "../experiment/chance.ts";
import { Experiment } from "../experiment/experiment.ts";
import { MACHINES_FILE, trainingName } from "../experiment/machines.ts";
import type { Ranking } from "../experiment/ranking.ts";
import type { TrainingFailure, TrialRecord } from "../experiment/records.ts";
import { countTrials } from "../experiment/results.ts";
import type { ConfirmationObserver } from "./confirmation.ts";
import type { Executor } from "./executors/executor.ts";
import { ProcessExecutor } from "./executors/processes.ts";
import { listedWithOthers } from "./executors/queue/local.ts";
import type { Machine } from "./executors/queue/machines.ts";
import { RetryingExecutor, type RetryOptions } from "./executors/retrying.ts";
import { quietTimes } from "./executors/silence-limit.ts";
import { pretrain } from "./pretraining.ts";
import type { SearchObserver } from "./search.ts";
import { fixedPolicies, spaceOf, validatedEpochs } from "./settle/controller.ts";
import { checkBegun } from "./settle/experiment-facts.ts";
import { type ExperimentFiles, openFiles, rewardSettings } from "./settle/files.ts";
import { settleModel } from "./settle/model.ts";
import { type SettledRun, settleRun } from "./settle/run.ts";
import type { SetSizes, SizeChoice } from "./settle/sizes.ts";
import { settleStopRule } from "./settle/stopping.ts";
import { settleTask, type TaskSettings } from "./settle/task.ts";
import { settleWarmStart } from "./settle/warm-start.ts";
import {
  confirmBest,
  confirmedBefore,
  pacedConfirmation,
  predictedOf,
  rank,
  type Stage,
  searchPolicies,
} from "./stages.ts";

/** What an experiment reports while it runs: first the search, then the confirmation. */
export interface ExperimentObserver extends SearchObserver, ConfirmationObserver {
  /** The search has time for more trials than planned, and now has this many. */
  onMoreTrials?(iterations: number): void;
}

/** Where and how often trainings run. */
export interface ExecutorChoice {
  /**
   * Where trainings run; by default in processes of the run's own, as many as `workers` in the configuration. An executor
   * that is given decides how many run at the same time, and is not closed.
   */
  readonly executor?: Executor;
  /**
   * How trainings are watched that fail or hang, on any executor: by default each is run a second time, as
   * `RetryingExecutor` describes. With false, the executor does this itself: it throws a TrainingFailedError for a training
   * that the search should continue without; any other error ends the search.
   */
  readonly retry?: RetryOptions | false;
}

/** What decides, while an experiment runs, how much is trained. */
export interface Pacing {
  /** Trials that the search may have at most, perhaps more than its `iterations`. */
  readonly mostTrials: number;
  /**
   * Whether the search may have this trial, which no earlier run began; else it ends.
   * @param finished trials that have ended, the baseline among them.
   */
  mayAsk(trial: number, finished: number): boolean;
  /** Once the search of this many trials has ended: what is confirmed, and how often. */
  planConfirmation(iterations: number): Pick<Config, "confirm_top" | "confirm_samples">;
  /** This is in `config.yaml`. */
  onConfirmationPlanned(): void;
}

export interface ExperimentRequest extends ExecutorChoice {
  readonly config: Config;
  readonly dataset: Dataset;
  /** How the images' size was chosen, if it was; for a note. */
  readonly imageSize?: SizeChoice<number | null>;
  /** The folder of an experiment to resume, instead of a new one. */
  readonly resume?: string;
  readonly signal?: AbortSignal;
  readonly pacing?: Pacing;
  /** Called once all is checked and the folder exists, before the first training. */
  readonly onStart?: (start: ExperimentStart) => ExperimentObserver;
  /** Takes what the user should know of a queue while the experiment runs, a line each. */
  readonly onNote?: (line: string) => void;
  /** Takes the machines that train through a queue, every few seconds. */
  readonly onMachines?: (machines: readonly Machine[]) => void;
}

export interface ExperimentStart {
  readonly folder: string;
  /** How many trainings run at the same time. */
  readonly workers: number;
  readonly engine: EngineIdentity;
  /** The numbers of training and of validation images. */
  readonly sizes: SetSizes;
  /** What the user should know about the engine, the warm start and the sizes, a line each. */
  readonly notes: readonly string[];
  /** Trials that an earlier run has finished. */
  readonly finishedTrials: number;
  /** By which to judge whether the baseline has learnt anything. */
  readonly guessing: Guessing;
}

/** What `policies.json` contains, the policies best first; and where it came from. */
export interface ExperimentOutcome extends Ranking {
  readonly folder: string;
  /** The path of the notebook. */
  readonly notebook: string;
  /** The search's trials with the rewards that it saw, the baseline first. */
  readonly trials: readonly TrialRecord[];
  /** How many policies were trained again after the search, and how often each; null if none was. */
  readonly confirmation: { readonly policies: number; readonly samples: number } | null;
  /** Trainings that failed twice, and without which the search continued. */
  readonly failures: readonly TrainingFailure[];
  /** Share of the workers' time that was spent on trainings, in [0, 1]; null if nothing was left to train. */
  readonly utilization: number | null;
}

/**
 * Checks what can be checked before images are decoded: that the model exists and takes images of image_size, that trainings
 * can be stopped as asked for, and that the search can learn from the notebook of warm_start.
 * @param resume the folder of an experiment to resume.
 * @throws UsageError if it does not, or cannot.
 */
export function checkBeforeLoading(config: Config, resume?: string): void {
  if (resume !== undefined) checkResumable(config, resume);
  const { image_size } = config;
  const side = image_size === "auto" || image_size === null ? undefined : image_size; // otherwise the images decide
  checkModel(settleModel(config.model, resume), side, side);
  settleStopRule(config);
  settleWarmStart(config, spaceOf(config), resume);
}

/**
 * @throws UsageError if the experiment began with other settings, or has more trials than the configuration: a run would drop the
 *   others from the ranking.
 */
function checkResumable(config: Config, resume: string): void {
  const experiment = Experiment.open(resume);
  checkBegun(experiment, experiment.readAllFacts(), config);
  const trials = countTrials(resume, config);
  if (config.iterations >= trials) return;
  throw new UsageError(
    `iterations: ${resume} has ${count(trials, "trial")} already, more than ${config.iterations}; give ${trials} or more, or begin a new experiment`,
  );
}

/**
 * Runs the search that the configuration describes, or resumes one.
 * @throws UsageError before anything is written, if the configuration does not fit the data or the machine, or if another
 *   program works in the experiment's folder; RunError and InterruptedError while running, with all that ended on disk.
 */
export async function runExperiment(request: ExperimentRequest): Promise<ExperimentOutcome> {
  if (request.resume !== undefined) checkResumable(request.config, request.resume);
  const run = await settleRun(request);
  const { out, name, logging, queue, queue_prefix: prefix } = run.config;
  if (queue !== null && !request.executor) {
    const { checkQueue } = await import("./executors/queue/open.ts");
    await checkQueue({ url: queue, prefix });
  }
  const experiment = run.resumed?.experiment ?? Experiment.create(out, name, logging);
  const lock = await FolderLock.acquire(experiment.folder);
  try {
    return await runLocked(request, run, openFiles(run, experiment));
  } finally {
    lock.release();
  }
}

async function runLocked(
  request: ExperimentRequest,
  run: SettledRun,
  files: ExperimentFiles,
): Promise<ExperimentOutcome> {
  const { experiment } = files;
  const { task, notes } = settleTask(run, experiment);
  const note = (line: string) => {
    experiment.log("warn", line);
    request.onNote?.(line);
  };
  const { executor = await executorOf(run, experiment, note, request.onMachines), retry } = request;
  try {
    const watched =
      retry === false ? executor : new RetryingExecutor(executor, { quiet: quietTimesOf(run), ...retry });
    const noted = { ...run, notes: [...run.notes, ...notes] };
    return await runStages(await beginStages(request, noted, files, task, watched));
  } catch (error) {
    logFailure(experiment, error);
    throw error;
  } finally {
    if (!request.executor) await executor.close();
  }
}

/** Processes of this machine, or a queue through which others train. */
async function executorOf(
  { config, engine, workers, inFlight }: SettledRun,
  experiment: Experiment,
  onNote: (line: string) => void,
  onMachines: ExperimentRequest["onMachines"],
): Promise<Executor> {
  const placesPath = experiment.path(MACHINES_FILE);
  if (config.queue === null)
    return listedWithOthers(new ProcessExecutor(workers), trainingName, { engine, placesPath });
  const [{ openQueue }, { TRAINING_KIND }] = await Promise.all([
    import("./executors/queue/open.ts"),
    import("./executors/queue/training-kind.ts"),
  ]);
  return openQueue(TRAINING_KIND, {
    place: { url: config.queue, prefix: config.queue_prefix },
    facts: experiment.readAllFacts(),
    ...{ engine, isMixed: config.mixed, inFlight, workers, threads: config.threads, onNote },
    ...{ placesPath, onMachines },
  });
}

/** Of a training with averaged weights, which it measures and judges after an epoch. */
function quietTimesOf({ config, drawn }: SettledRun): number {
  if (!validatedEpochs(config)) return 0;
  const [trainImages, judgedImages] = [drawn.train.length, drawn.validation.length];
  const batchSize = config.child_batch_size;
  return quietTimes({ trainImages, batchSize, judgedImages, reportedImages: trainImages });
}

/** Reports the start, and trains the weights that all trainings start from, if the configuration asks for them. */
async function beginStages(
  request: ExperimentRequest,
  run: SettledRun,
  files: ExperimentFiles,
  task: TaskSettings,
  executor: Executor,
): Promise<Stage> {
  const { config, engine, sizes, notes } = run;
  const { experiment, recovered } = files;
  const { signal, pacing } = request;
  const { finishedTrials } = recovered;
  const { folder } = experiment;
  const guessing = { classes: run.dataset.classNames.length, validationImages: run.drawn.validation.length };
  const { workers } = executor;
  const observer = request.onStart?.({ folder, workers, engine, sizes, notes, finishedTrials, guessing });
  for (const note of notes) experiment.log("info", note);
  const start = run.resumed
    ? `resumed after ${count(finishedTrials, "trial")}`
    : `started on ${run.dataset.name}`;
  experiment.log("info", start);
  const fixed = fixedPolicies(config);
  const validatedAt = validatedEpochs(config);
  const initialWeights = await pretrain(config, { task, policy: fixed[0], experiment, executor, signal });
  return {
    ...{ run, files, reward: rewardSettings(config), fixed, executor, signal, pacing, observer },
    taskOf: (trial, sample, policy) => ({
      ...{ ...task, trial, sample, policy },
      epochs: config.child_epochs,
      ...(validatedAt && { validatedAt }),
      initialWeights,
    }),
  };
}

async function runStages(begun: Stage): Promise<ExperimentOutcome> {
  const { experiment, notebook } = begun.files;
  const searched = await searchPolicies(begun);
  const { trials, failures, utilization } = searched;
  const stage = pacedConfirmation(begun, searched);
  const predicted = predictedOf(stage, trials);
  // What a run leaves that is interrupted while it confirms.
  rank(stage, trials, { predicted, ...confirmedBefore(stage) });
  const { chosen, confirmed, gains } = await confirmBest(stage, trials, predicted);
  const ranking = rank(stage, trials, { predicted, confirmed, gains });
  // A training of the confirmation that failed is tried again by a resumed run.
  const isComplete = chosen.every(({ trial }) => confirmed.has(trial));
  experiment.log("info", isComplete ? "finished" : "finished, but not all fresh trainings succeeded");
  if (isComplete) experiment.markFinished(stage.run.config.iterations);
  const policies = chosen.filter(({ trial }) => confirmed.has(trial)).length;
  const samples = stage.run.config.confirm_samples;
  return {
    ...{ folder: experiment.folder, notebook: notebook.path, ...ranking, trials, failures, utilization },
    confirmation: policies > 0 && confirmed.has(0) ? { policies, samples } : null,
  };
}

/** Records an error in the log; if the log cannot be written either, the error itself is what is reported. */
function logFailure(experiment: Experiment, error: unknown): void {
  try {
    experiment.log("error", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } catch (logError) {
    if (!(logError instanceof RunError)) throw logError;
  }
}
