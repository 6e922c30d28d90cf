// A whole evaluation: trainings of every arm on the same images, measured on test images that no search used, and what
// follows from them. Resumable and repeatable like a search.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FinalProgress } from "../child/final-trainer.ts";
import { isPath } from "../child/model.ts";
import { readModelFile } from "../child/own/model-file.ts";
import { saveModel } from "../child/saved-model.ts";
import { RunError, UsageError } from "../common/errors.ts";
import { makeFolder, readText, removeTemporaryFiles, writeFileWhole, writeJson } from "../common/files.ts";
import { FolderLock } from "../common/folder-lock.ts";
import { EVALUATION, type EvaluationConfig } from "../config/evaluation.ts";
import { formatKeys, loadKeys } from "../config/load.ts";
import type { Dataset } from "../dataset/dataset.ts";
import type { EngineIdentity } from "../engine/types.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { contentRef } from "../search/content.ts";
import { type Executor, TrainingFailedError } from "../search/executors/executor.ts";
import { ProcessExecutor } from "../search/executors/processes.ts";
import { type RetryOptions, WatchingExecutor } from "../search/executors/retrying.ts";
import { Occupancy } from "../search/occupancy.ts";
import { runFactsOf } from "../search/settle/experiment-facts.ts";
import { keepImages } from "../search/settle/task.ts";
import { augmentationOf } from "./arms.ts";
import { type Comparison, compareArms } from "./comparison.ts";
import type { FinalResult, FinalTask, TrainingRecipe } from "./final-task.ts";
import { type EvaluationFacts, EvaluationFolder } from "./folder.ts";
import { type ArmTraining, EvaluationRecords, keyOf } from "./records.ts";
import { type SettledEvaluation, settleEvaluation } from "./settle.ts";
import { type EvaluationSource, findSource } from "./source.ts";
import { selectSplit } from "./split.ts";

/** What an evaluation reports while it runs. */
export interface EvaluationObserver {
  onTrainingStarted?(arm: string, sample: number): void;
  onProgress?(arm: string, sample: number, progress: FinalProgress): void;
  onTrainingFinished?(training: ArmTraining): void;
  /** A training failed twice; the evaluation continues without it. */
  onTrainingFailed?(failure: EvaluationFailure): void;
}

export interface EvaluationFailure {
  readonly arm: string;
  readonly sample: number;
  /** On one line. */
  readonly reason: string;
}

/** An evaluation before its images are decoded. */
export interface PreparedEvaluation {
  readonly config: EvaluationConfig;
  readonly source: EvaluationSource;
  /** Of the evaluation to resume; undefined for a new one. */
  readonly resumed: { readonly folder: EvaluationFolder; readonly facts: EvaluationFacts } | undefined;
}

export interface EvaluationRequest extends PreparedEvaluation {
  /** What `source` names, at its image size. */
  readonly dataset: Dataset;
  readonly signal?: AbortSignal;
  /** Called once all is checked and the folder exists, before the first training. */
  readonly onStart?: (start: EvaluationStart) => EvaluationObserver;
  /** Where trainings run; by default in processes of the run's own. One that is given is not closed. */
  readonly executor?: EvaluationExecutor;
  /** How trainings are watched that fail or hang. */
  readonly retry?: RetryOptions;
}

export type EvaluationExecutor = Executor<FinalTask, FinalResult, FinalProgress>;

export interface EvaluationStart {
  readonly folder: string;
  readonly config: SettledEvaluation["config"];
  readonly engine: EngineIdentity;
  /** How many trainings run at the same time. */
  readonly workers: number;
  /** Trainings in all, and those that an earlier run has done. */
  readonly trainings: number;
  readonly done: number;
  readonly trainImages: number;
  readonly testImages: number;
  /** What the user should know, a line each. */
  readonly notes: readonly string[];
}

export interface EvaluationOutcome {
  readonly folder: string;
  readonly facts: EvaluationFacts;
  readonly comparison: Comparison;
  readonly failures: readonly EvaluationFailure[];
  /** The folder of the best arm's weights, if the configuration asks for them. */
  readonly weights?: string;
  /** Share of the workers' time that was spent on trainings, in [0, 1]; null if nothing was left to train. */
  readonly utilization: number | null;
}

/** A new evaluation. @throws UsageError if its experiment, policies or model cannot be used. */
export function prepareEvaluation(config: EvaluationConfig): PreparedEvaluation {
  return { config, source: findSource(config), resumed: undefined };
}

/**
 * An evaluation to resume, as its folder keeps it.
 * @param overrides keys that may change: engine, threads, workers.
 * @throws UsageError if the folder is not one.
 */
export function reopenEvaluation(path: string, overrides: Record<string, unknown> = {}): PreparedEvaluation {
  const folder = EvaluationFolder.open(path);
  const config = loadKeys(EVALUATION, { file: folder.configPath, overrides });
  return { config, source: sourceOf(folder, config), resumed: { folder, facts: folder.readFacts() } };
}

/**
 * Runs or resumes an evaluation.
 * @throws UsageError before anything is written, if the configuration does not fit the data or the machine; RunError and
 *   InterruptedError while running, with all that ended on disk.
 */
export async function runEvaluation(request: EvaluationRequest): Promise<EvaluationOutcome> {
  const { config, source, dataset, resumed } = request;
  const settled = await settleEvaluation(config, source, dataset, resumed);
  const folder = resumed?.folder ?? EvaluationFolder.create(config.out, config.name);
  const lock = await FolderLock.acquire(folder.path, "evaluation");
  try {
    const evaluation = new Evaluation(request, settled, folder);
    return await evaluation.run();
  } finally {
    lock.release();
  }
}

/** Consecutive failures after which we assume a cause outside the arms and stop. */
const MOST_FAILURES = 6;

class Evaluation {
  readonly #request: EvaluationRequest;
  readonly #settled: SettledEvaluation;
  readonly #folder: EvaluationFolder;
  readonly #images: ReturnType<typeof selectSplit>;
  readonly #records: EvaluationRecords;
  readonly #trainings: ArmTraining[];
  readonly #failures: EvaluationFailure[] = [];
  readonly #stop = new AbortController();
  #failedInRow = 0;
  #facts: EvaluationFacts;

  constructor(request: EvaluationRequest, settled: SettledEvaluation, folder: EvaluationFolder) {
    this.#request = request;
    this.#settled = settled;
    this.#folder = folder;
    this.#images = selectSplit(settled.dataset, settled.split);
    const { config, arms, dataset } = settled;
    this.#records = new EvaluationRecords(folder.file("evaluation.csv"), folder.file("predictions.csv"), {
      arms: arms.map(({ name }) => name),
      ...{ samples: config.samples, epochs: config.epochs },
      ...{ labels: this.#images.validation.labels, classes: dataset.classNames.length },
    });
    this.#facts = request.resumed ? request.resumed.facts : this.#begin();
    removeTemporaryFiles(folder.path);
    this.#trainings = this.#records.recover();
  }

  async run(): Promise<EvaluationOutcome> {
    const { engine, workers, notes, config } = this.#settled;
    const executor =
      this.#request.executor ??
      new ProcessExecutor<FinalTask, FinalResult, FinalProgress>(workers, { kind: "evaluate" });
    const { trainImages, testImages } = this.#facts;
    const tasks = this.#missingTasks();
    const done = this.#trainings.length;
    const observer = this.#request.onStart?.({
      ...{ folder: this.#folder.path, config, engine, workers: executor.workers },
      ...{ trainings: done + tasks.length, done, trainImages, testImages, notes },
    });
    const occupancy = new Occupancy(executor.workers);
    try {
      await this.#trainAll(tasks, executor, occupancy, observer ?? {});
    } finally {
      if (!this.#request.executor) await executor.close();
    }
    const finished = this.#finish();
    const saved = await this.#saveBest(finished.comparison);
    return { ...finished, ...saved, failures: this.#failures, utilization: occupancy.share };
  }

  /** Writes what a new evaluation keeps of how it began. */
  #begin(): EvaluationFacts {
    const { config, dataset, engine, split, source } = this.#settled;
    const { train, validation } = this.#images;
    const ownModel = isPath(source.model) ? readModelFile(source.model) : undefined;
    if (ownModel) writeFileWhole(this.#folder.modelPath, ownModel.text);
    if (source.policyPath) writeFileWhole(this.#folder.policyPath, readText(source.policyPath));
    const facts: EvaluationFacts = {
      format: "deepaugment-evaluation",
      version: 1,
      ...runFactsOf(config.seed, dataset, engine),
      ...(ownModel && { model: { file: source.model, digest: ownModel.digest } }),
      trainImages: config.train_size === "auto" ? train.labels.length : config.train_size,
      testImages: validation.labels.length,
      split,
      measured: config.recipe === "child" ? "averaged weights" : "final weights",
    };
    this.#folder.writeFacts(facts);
    this.#folder.writeConfig(formatKeys(EVALUATION, config));
    return facts;
  }

  /** Sample by sample, so that arms can be compared early. */
  #missingTasks(): FinalTask[] {
    const { config, arms, source, engine, threads } = this.#settled;
    const use = { policies: source.policies, top: config.top, chance: config.augment_chance };
    const augmentations = arms.map((arm) => augmentationOf(arm, use));
    const settings = {
      ...{ seed: config.seed, model: this.#model(), replaceHead: config.replace_head },
      ...{ engine: engine.name, precision: engine.precision, threads },
      ...{ recipe: recipeOf(config), epochs: config.epochs, batchSize: config.batch_size },
      images: keepImages(this.#images, this.#settled.dataset.digest, `evaluation-${config.seed}`),
      trainSize: config.train_size === "auto" ? null : config.train_size,
    };
    const have = new Set(this.#trainings.map(keyOf));
    return Array.from({ length: config.samples }, (_, sample) =>
      augmentations.map((arm): FinalTask => {
        const path = resolve(this.#folder.checkpointPath({ arm: arm.name, sample }));
        const checkpoint = { path, everySeconds: config.checkpoint_seconds };
        const returnsWeights = config.save_weights && sample === SAVED_SAMPLE;
        return { ...settings, arm, sample, returnsWeights, checkpoint };
      }),
    )
      .flat()
      .filter(({ arm, sample }) => !have.has(keyOf({ arm: arm.name, sample })));
  }

  #model(): FinalTask["model"] {
    const { model } = this.#settled.source;
    return isPath(model) ? contentRef(this.#folder.modelPath) : model;
  }

  async #trainAll(
    tasks: readonly FinalTask[],
    executor: EvaluationExecutor,
    occupancy: Occupancy,
    observer: EvaluationObserver,
  ): Promise<void> {
    const { signal, retry } = this.#request;
    const stop = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    const watched = new WatchingExecutor(executor, TRAITS, retry);
    if (tasks.length > 0) makeFolder(this.#folder.file("checkpoints"));
    const train = async (task: FinalTask) => {
      const place = { arm: task.arm.name, sample: task.sample };
      const { arm, sample } = place;
      let result: FinalResult;
      try {
        result = await watched.train(task, {
          signal: stop,
          onStart: () => {
            occupancy.start(keyOf(place));
            this.#report(() => observer.onTrainingStarted?.(arm, sample));
          },
          onEpoch: (progress) => this.#report(() => observer.onProgress?.(arm, sample, progress)),
        });
      } catch (error) {
        if (!(error instanceof TrainingFailedError)) throw error;
        this.#fail({ ...place, reason: error.reason }, observer);
        return;
      } finally {
        occupancy.end(keyOf(place));
      }
      // Once something could not be written, nothing more is.
      if (!this.#stop.signal.aborted) this.#succeed(place, result, observer);
    };
    await Promise.all(tasks.map((task) => train(task).catch((error) => this.#stop.abort(error))));
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
  }

  #succeed(
    { arm, sample }: Pick<ArmTraining, "arm" | "sample">,
    { history, test, lastEpoch, weights }: FinalResult,
    observer: EvaluationObserver,
  ): void {
    this.#failedInRow = 0;
    const training = { arm, sample, history, test, ...(lastEpoch && { lastEpoch }) };
    if (weights) writeFileWhole(this.#weightsPath(arm), weights);
    this.#records.append(training);
    this.#trainings.push(training);
    this.#folder.removeCheckpoint(training);
    observer.onTrainingFinished?.(training);
  }

  #fail(failure: EvaluationFailure, observer: EvaluationObserver): void {
    this.#failures.push(failure);
    if (++this.#failedInRow >= MOST_FAILURES) {
      throw new RunError(
        `${MOST_FAILURES} trainings in a row failed, the last one because: ${failure.reason}; fix that: they are tried again when the evaluation is resumed`,
      );
    }
    observer.onTrainingFailed?.(failure);
  }

  /** An error of the observer is no failure of a training: it ends the evaluation. */
  #report(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#stop.abort(error);
    }
  }

  #finish(): Pick<EvaluationOutcome, "folder" | "facts" | "comparison"> {
    const sorted = this.#records.sorted(this.#trainings);
    const arms = this.#settled.arms.filter(({ name }) => sorted.some(({ arm }) => arm === name));
    if (arms.length === 0) {
      throw new RunError(
        "all trainings failed; see the messages above, fix the cause, and resume the evaluation",
      );
    }
    this.#records.rewrite(sorted);
    const comparison = compareArms(arms, sorted, this.#images.validation.labels);
    this.#facts = { ...this.#facts, results: comparison };
    this.#folder.writeFacts(this.#facts);
    return { folder: this.#folder.path, facts: this.#facts, comparison };
  }

  /** Writes the best arm's model; the weights of every arm's first sample stay in weights/. */
  async #saveBest({ arms }: Comparison): Promise<Pick<EvaluationOutcome, "weights">> {
    const { config, source, dataset } = this.#settled;
    if (!config.save_weights) return {};
    const [{ arm }] = [...arms].sort((a, b) => b.accuracy - a.accuracy);
    if (!existsSync(this.#weightsPath(arm))) return {};
    const { height, width } = dataset.train.images;
    const images = {
      ...{ height, width, classes: dataset.classNames.length },
      replaceHead: config.replace_head,
    };
    const weights = readFileSync(this.#weightsPath(arm));
    const saved = await saveModel(source.model, images, weights, "weights.bin");
    const folder = this.#folder.file("best-model");
    const about = { arm, sample: SAVED_SAMPLE, classNames: dataset.classNames };
    writeFileWhole(join(folder, "weights.safetensors"), weights);
    writeFileWhole(join(folder, "weights.bin"), saved.weights);
    writeFileWhole(join(folder, "model.json"), saved.json);
    writeJson(join(folder, "about.json"), about);
    return { weights: folder };
  }

  #weightsPath(arm: string): string {
    return this.#folder.file(`weights/${arm}.safetensors`);
  }
}

/** The sample whose weights are saved: the first, since the best one of several would be chosen by the test images. */
const SAVED_SAMPLE = 0;

const TRAITS = {
  nameOf: ({ arm, sample }: FinalTask) => `arm ${arm.name}, sample ${sample}`,
  // Parts of an epoch are reported, which all have about the same size.
  imagesOf: () => 1,
};

function recipeOf({ recipe, learning_rate, weight_decay, warmup_epochs }: EvaluationConfig): TrainingRecipe {
  if (recipe === "child") return { kind: "child" };
  return {
    kind: "sgd",
    learningRate: learning_rate,
    weightDecay: weight_decay,
    warmupEpochs: warmup_epochs,
  };
}

/** Of an evaluation that is resumed: all that it needs is in its folder. */
function sourceOf(folder: EvaluationFolder, config: EvaluationConfig): EvaluationSource {
  const hasPolicies = existsSync(folder.policyPath);
  const { data, image_size, model } = config;
  if (data === null || image_size === "auto" || model === "auto") {
    throw new UsageError(
      `${folder.configPath}: data, image_size and model must be given in it; restore the file`,
    );
  }
  return {
    data,
    imageSize: image_size ?? undefined,
    model: isPath(model) ? checkedModel(folder) : model,
    policies: hasPolicies ? readPolicyFile(folder.policyPath).policies : [],
    policyPath: hasPolicies ? folder.policyPath : undefined,
    foundBy: undefined,
  };
}

/** The copy of the user's own model. @throws UsageError if it is not what the evaluation began with. */
function checkedModel(folder: EvaluationFolder): string {
  const { digest } = readModelFile(folder.modelPath);
  if (folder.readFacts().model?.digest === digest) return folder.modelPath;
  throw new UsageError(
    `${folder.modelPath} is not the model with which the evaluation began; restore the file as it was written`,
  );
}
