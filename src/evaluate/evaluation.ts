// A whole evaluation: trainings of every arm on the same images, measured on test images that no search used, and what
// follows from them. Resumable and repeatable like a search.

import { existsSync } from "node:fs";
import type { FinalProgress } from "../child/final-trainer.ts";
import { isPath } from "../child/model.ts";
import { type WithLayersModel, withModelFile } from "../child/own/layers-model.ts";
import { readModelFile } from "../child/own/model-file.ts";
import { count } from "../common/count.ts";
import { UsageError } from "../common/errors.ts";
import { FolderLock } from "../common/folder-lock.ts";
import { EVALUATION, type EvaluationConfig, type EvaluationInput } from "../config/evaluation.ts";
import { loadKeys } from "../config/load.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { loadDataset } from "../dataset/load.ts";
import { dataSettings } from "../dataset/reader.ts";
import { type ImageSizeOption, loadAtSize } from "../dataset/sizes.ts";
import type { EngineIdentity } from "../engine/types.ts";
import type { Executor } from "../search/executors/executor.ts";
import type { Machine } from "../search/executors/queue/machines.ts";
import type { RetryOptions } from "../search/executors/retrying.ts";
import { loadSized, type SizeChoice } from "../search/settle/sizes.ts";
import { checkBegun } from "./begun.ts";
import type { Comparison } from "./comparison.ts";
import type { FinalResult, FinalTask } from "./final-task.ts";
import { type EvaluationFacts, EvaluationFolder } from "./folder.ts";
import { type ArmTraining, readEnded } from "./records.ts";
import { EvaluationRun } from "./run.ts";
import { findUse, type SearchUse } from "./searches.ts";
import { type SettledEvaluation, settleEvaluation } from "./settle.ts";
import { type EvaluationSource, findSource, policiesIn } from "./source.ts";

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

/** With its images, at their size. */
export interface LoadedEvaluation extends PreparedEvaluation {
  /** What `source` names. */
  readonly dataset: Dataset;
  /** How the images' size was chosen, if it was; for a note. */
  readonly imageSize: SizeChoice<number | null>;
  /** Which of the images searches used. */
  readonly use: Partial<SearchUse> & Pick<SearchUse, "notes">;
}

export interface EvaluationRequest extends Pick<PreparedEvaluation, "config" | "resumed"> {
  /** What `settleEvaluation` has checked. */
  readonly settled: SettledEvaluation;
  /** Where a new evaluation is kept; by default in a new folder in `out`. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
  /** Called once all is checked and the folder exists, before the first training. */
  readonly onStart?: (start: EvaluationStart) => EvaluationObserver;
  /** Takes what the user should know of a queue while the evaluation runs, a line each. */
  readonly onNote?: (line: string) => void;
  /** Takes the machines that train through a queue, every few seconds. */
  readonly onMachines?: (machines: readonly Machine[]) => void;
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
  /** Trainings in all, and the number of those that an earlier run has done. */
  readonly trainings: number;
  readonly done: number;
  readonly finished: readonly ArmTraining[];
  readonly trainImages: number;
  readonly testImages: number;
  /** What the user should know, a line each. */
  readonly notes: readonly string[];
}

export interface EvaluationOutcome {
  readonly folder: string;
  readonly config: SettledEvaluation["config"];
  readonly facts: EvaluationFacts;
  readonly comparison: Comparison;
  readonly failures: readonly EvaluationFailure[];
  /** The folder of the best arm's weights, if the configuration asks for them. */
  readonly weights?: string;
  /** What the user should know about the result, a line each. */
  readonly notes: readonly string[];
  /** Share of the workers' time that was spent on trainings, in [0, 1]; null if nothing was left to train. */
  readonly utilization: number | null;
}

/** A new evaluation. @throws UsageError if its experiment, policies or model cannot be used. */
export function prepareEvaluation(config: EvaluationConfig): PreparedEvaluation {
  return { config, source: findSource(config), resumed: undefined };
}

/**
 * An evaluation to resume, as its folder keeps it.
 * @param overrides keys that may change: samples, engine, threads, workers.
 * @throws UsageError if the folder is not one, has trainings of more samples, or if a file of it is damaged or was changed.
 */
export function reopenEvaluation(path: string, overrides: Record<string, unknown> = {}): PreparedEvaluation {
  const folder = EvaluationFolder.open(path);
  const config = loadKeys(EVALUATION, { file: folder.configPath, overrides });
  const facts = folder.readFacts();
  checkBegun(folder, config, facts);
  checkSamples(folder, config);
  return { config, source: sourceOf(folder, config), resumed: { folder, facts } };
}

/** @throws UsageError if the folder has trainings of more samples than the configuration: a run would have to drop them. */
function checkSamples(folder: EvaluationFolder, { samples }: EvaluationConfig): void {
  const begun = Math.max(0, ...readEnded(folder.recordsPath).map(({ sample }) => sample + 1));
  if (samples >= begun) return;
  throw new UsageError(
    `samples: ${folder.path} has trainings of ${count(begun, "sample")} already, more than ${samples}; give ${begun} or more, or begin a new evaluation`,
  );
}

/**
 * Loads an evaluation's images by `load`, at the size that the configuration or the data decide, and finds out which of them
 * a search used.
 * @param signal for what is loaded besides.
 * @throws what `load` throws.
 */
export async function loadEvaluation(
  prepared: PreparedEvaluation,
  load: (imageSize: ImageSizeOption) => Promise<Dataset>,
  signal?: AbortSignal,
): Promise<LoadedEvaluation> {
  const { config, source } = prepared;
  const given = {
    ...{ model: source.model, image_size: source.imageSize },
    ...{ train_set_size: config.train_size, validation_set_size: "auto" as const },
  };
  const { dataset, imageSize } = await loadSized(given, load);
  return {
    ...prepared,
    source: { ...source, imageSize: imageSize.value },
    ...{ dataset, imageSize },
    use: await useOf(prepared, dataset, signal),
  };
}

/** Which images searches used, as far as it is known. */
async function useOf(
  { source: { data, settings, foundBy, policyPath, judgedShape }, resumed }: PreparedEvaluation,
  dataset: Dataset,
  signal?: AbortSignal,
): Promise<LoadedEvaluation["use"]> {
  // What is known of the images of a resumed evaluation was said at its beginning.
  if (resumed) return { notes: [] };
  if (foundBy)
    return findUse(foundBy, dataset, (imageSize) => loadDataset(data, { imageSize, signal, ...settings }));
  const isJudged = policyPath !== undefined && judgedShape !== undefined;
  if (!isJudged || dataset.test) return { notes: [] };
  const note = `it is not known which images judged the policies in ${policyPath}: if the search used these images, its policies look better here than they are`;
  return { notes: [note] };
}

/**
 * Runs or resumes an evaluation.
 * @throws UsageError if another program works in its folder; RunError and InterruptedError while running, with all that ended
 *   on disk.
 */
export async function runEvaluation(request: EvaluationRequest): Promise<EvaluationOutcome> {
  const { queue, queue_prefix: prefix } = request.settled.config;
  if (queue !== null && !request.executor) {
    const { checkQueue } = await import("../search/executors/queue/open.ts");
    await checkQueue({ url: queue, prefix });
  }
  const folder = request.resumed?.folder ?? newFolder(request);
  const lock = await FolderLock.acquire(folder.path, "evaluation");
  try {
    return await new EvaluationRun(request, folder).run();
  } finally {
    lock.release();
  }
}

function newFolder({ config, folder }: EvaluationRequest): EvaluationFolder {
  if (folder !== undefined) return EvaluationFolder.createAt(folder);
  return EvaluationFolder.create(config.out, config.name);
}

/** How an evaluation of the library runs. */
export type EvaluateOptions = Pick<EvaluationRequest, "signal" | "onStart" | "executor" | "retry">;

/**
 * Trains with found policies and with recipes, and compares them on test images, as the command `evaluate` does.
 *
 *     const { comparison } = await evaluate({ data: "photos/", arms: ["none", "flip-crop"], samples: 3 });
 *     comparison.conclusion; // "flip-crop is better than no augmentation: by 3.1 to 5.0 points of test accuracy."
 *
 * @param config keys as in a configuration file; `model` may also be a `tf.LayersModel`.
 * @throws UsageError before anything is written, if the configuration does not fit the data or the machine; RunError and
 *   InterruptedError while running, with all that ended on disk.
 */
export async function evaluate(
  config: WithLayersModel<EvaluationInput>,
  options: EvaluateOptions = {},
): Promise<EvaluationOutcome> {
  const overrides = withModelFile<EvaluationInput>(config);
  return runPrepared(prepareEvaluation(loadKeys(EVALUATION, { overrides })), options);
}

/**
 * Continues the evaluation in a folder, or gives the result of a finished one.
 * @param options.samples a higher number than it has adds samples of each arm, the same as if it had begun with them.
 * @throws UsageError if the folder is not one, or has trainings of more samples; RunError or InterruptedError like `evaluate`.
 */
export async function resumeEvaluation(
  folder: string,
  { samples, ...options }: EvaluateOptions & { readonly samples?: number } = {},
): Promise<EvaluationOutcome> {
  return runPrepared(reopenEvaluation(folder, samples === undefined ? {} : { samples }), options);
}

async function runPrepared(
  prepared: PreparedEvaluation,
  options: EvaluateOptions,
): Promise<EvaluationOutcome> {
  const { signal } = options;
  const loaded = await loadEvaluation(
    prepared,
    (size) => loadAtSize(prepared.source.data, size, { signal, ...prepared.source.settings }),
    signal,
  );
  return runEvaluation({ ...loaded, settled: await settleEvaluation(loaded), ...options });
}

/** Of an evaluation that is resumed: all that it needs is in its folder. */
function sourceOf(folder: EvaluationFolder, config: EvaluationConfig): EvaluationSource {
  const policyPath = existsSync(folder.policyPath) ? folder.policyPath : undefined;
  const { data, image_size, model } = config;
  if (data === null || image_size === "auto" || model === "auto") {
    throw new UsageError(
      `${folder.configPath}: data, image_size and model must be given in it; restore the file`,
    );
  }
  return {
    data,
    settings: dataSettings(config),
    imageSize: image_size,
    model: isPath(model) ? checkedModel(folder) : model,
    ...policiesIn(policyPath),
    policyPath,
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
