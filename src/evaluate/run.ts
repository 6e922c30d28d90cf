// The trainings of an evaluation: which are missing, how they run, and what is kept of each as it ends.

import { resolve } from "node:path";
import { CHUNK_BATCHES, type FinalProgress } from "../child/final-trainer.ts";
import { isPath } from "../child/model.ts";
import { readModelFile } from "../child/own/model-file.ts";
import { RunError } from "../common/errors.ts";
import { createFolder, removeTemporaryFiles, writeFileWhole } from "../common/files.ts";
import { EVALUATION, type EvaluationConfig } from "../config/evaluation.ts";
import { formatKeys } from "../config/load.ts";
import { armTrainingName, MACHINES_FILE } from "../experiment/machines.ts";
import { policyText } from "../pipelines/given.ts";
import { contentRef } from "../search/content.ts";
import { TrainingFailedError } from "../search/executors/executor.ts";
import { ProcessExecutor } from "../search/executors/processes.ts";
import { listedWithOthers } from "../search/executors/queue/local.ts";
import { WatchingExecutor } from "../search/executors/retrying.ts";
import { quietTimes } from "../search/executors/silence-limit.ts";
import { Occupancy } from "../search/occupancy.ts";
import { runFactsOf } from "../search/settle/experiment-facts.ts";
import { keepImages } from "../search/settle/task.ts";
import { augmentationOf } from "./arms.ts";
import { begunWith } from "./begun.ts";
import { SAVED_SAMPLE, saveBestModel } from "./best-model.ts";
import { compareArms } from "./comparison.ts";
import type {
  EvaluationExecutor,
  EvaluationFailure,
  EvaluationObserver,
  EvaluationOutcome,
  EvaluationRequest,
} from "./evaluation.ts";
import type { FinalResult, FinalTask, TrainingRecipe } from "./final-task.ts";
import type { EvaluationFacts, EvaluationFolder } from "./folder.ts";
import { type ArmTraining, EvaluationRecords, keyOf, missingOf } from "./records.ts";
import type { SettledEvaluation } from "./settle.ts";
import { selectSplit } from "./split.ts";

/** Consecutive failures after which we assume a cause outside the arms and stop. */
const MOST_FAILURES = 6;

/** One run of an evaluation, in a folder that this process has locked. */
export class EvaluationRun {
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

  constructor(request: EvaluationRequest, folder: EvaluationFolder) {
    const { settled } = request;
    this.#request = request;
    this.#settled = settled;
    this.#folder = folder;
    this.#images = selectSplit(settled.dataset, settled.split);
    const { config, arms, dataset } = settled;
    this.#records = new EvaluationRecords(folder.recordsPath, folder.file("predictions.csv"), {
      arms: arms.map(({ name }) => name),
      ...{ samples: config.samples, epochs: config.epochs },
      ...{ labels: this.#images.validation.labels, classes: dataset.classNames.length },
    });
    this.#facts = request.resumed ? this.#continue(request.resumed.facts) : this.#begin();
    removeTemporaryFiles(folder.path);
    this.#trainings = this.#records.recover();
    this.#keepCheckpoints();
  }

  async run(): Promise<EvaluationOutcome> {
    const { engine, notes, config } = this.#settled;
    const { trainImages, testImages } = this.#facts;
    const { tasks, notes: imageNotes } = this.#missingTasks();
    const executor = this.#request.executor ?? (await this.#ownExecutor());
    const done = this.#trainings.length;
    const observer = this.#request.onStart?.({
      ...{ folder: this.#folder.path, config, engine, workers: executor.workers },
      ...{
        trainings: done + tasks.length,
        done,
        finished: [...this.#trainings],
        trainImages,
        testImages,
        notes: [...notes, ...this.#records.notes, ...imageNotes],
      },
    });
    const occupancy = new Occupancy(executor.workers);
    try {
      await this.#trainAll(tasks, executor, occupancy, observer ?? {});
    } finally {
      if (!this.#request.executor) await executor.close();
    }
    return { ...(await this.#finish()), failures: this.#failures, utilization: occupancy.share };
  }

  /** Processes of this machine, or a queue through which others train. */
  async #ownExecutor(): Promise<EvaluationExecutor> {
    const { config, engine, workers, threads } = this.#settled;
    const { onMachines } = this.#request;
    const placesPath = this.#folder.file(MACHINES_FILE);
    if (config.queue === null) {
      const processes = new ProcessExecutor<FinalTask, FinalResult, FinalProgress>(workers, {
        kind: "evaluate",
      });
      return listedWithOthers(processes, TRAITS.nameOf, { engine, placesPath });
    }
    const [{ openQueue }, { EVALUATION_KIND }] = await Promise.all([
      import("../search/executors/queue/open.ts"),
      import("./queued-kind.ts"),
    ]);
    return openQueue(EVALUATION_KIND, {
      place: { url: config.queue, prefix: config.queue_prefix },
      facts: this.#facts,
      ...{ engine, isMixed: config.mixed, workers, threads },
      // Trainings of an evaluation do not depend on each other: all may be under way.
      inFlight: Math.max(1, this.#settled.arms.length * config.samples - this.#trainings.length),
      placesPath,
      onNote: (line) => this.#request.onNote?.(line),
      ...(onMachines && { onMachines }),
    });
  }

  /** Writes what a new evaluation keeps of how it began. */
  #begin(): EvaluationFacts {
    const { config, dataset, engine, split, source } = this.#settled;
    const { train, validation } = this.#images;
    const ownModel = isPath(source.model) ? readModelFile(source.model) : undefined;
    if (ownModel) writeFileWhole(this.#folder.modelPath, ownModel.text);
    const policies = source.policyPath === undefined ? undefined : policyText(source.policyPath);
    if (policies !== undefined) writeFileWhole(this.#folder.policyPath, policies);
    const facts: EvaluationFacts = {
      format: "deepaugment-evaluation",
      version: 1,
      ...runFactsOf(config.seed, dataset, engine),
      ...(ownModel && { model: { file: source.model, digest: ownModel.digest } }),
      trainImages: config.train_size === "auto" ? train.labels.length : config.train_size,
      testImages: validation.labels.length,
      split,
      begun: begunWith(config, policies, split),
      measured: config.recipe === "child" ? "averaged weights" : "final weights",
    };
    this.#folder.writeFacts(facts);
    this.#folder.writeConfig(formatKeys(EVALUATION, config));
    return facts;
  }

  /** Keeps what has changed of the configuration of a resumed evaluation, such as the number of samples. */
  #continue(facts: EvaluationFacts): EvaluationFacts {
    this.#folder.writeConfig(formatKeys(EVALUATION, this.#request.config));
    return facts;
  }

  /** With what the user should know of the images' file. */
  #missingTasks(): { readonly tasks: readonly FinalTask[]; readonly notes: readonly string[] } {
    const { config, arms, source, engine, threads } = this.#settled;
    const missing = missingOf(arms, config.samples, this.#trainings);
    if (missing.length === 0) return { tasks: [], notes: [] };
    const { seed } = config;
    const kept = keepImages(this.#images, this.#settled.dataset.digest, `evaluation-${seed}`);
    const use = { policies: source.policies, top: config.top, chance: config.augment_chance };
    const settings = {
      ...{ seed, model: this.#model(), replaceHead: config.replace_head },
      ...{ engine: engine.name, precision: engine.precision, threads },
      ...{ recipe: recipeOf(config), epochs: config.epochs, batchSize: config.batch_size },
      images: kept.file,
      ...(source.judgedShape && { judgedShape: source.judgedShape }),
      trainSize: config.train_size === "auto" ? null : config.train_size,
    };
    const tasks = missing.map(({ arm, sample }): FinalTask => {
      const path = resolve(this.#folder.checkpointPath({ arm: arm.name, sample }));
      const checkpoint = { path, everySeconds: config.checkpoint_seconds };
      const returnsWeights = config.save_weights && sample === SAVED_SAMPLE;
      return { ...settings, arm: augmentationOf(arm, use), sample, returnsWeights, checkpoint };
    });
    return { tasks, notes: kept.notes };
  }

  /** Those of the trainings that are missing: interrupted or failed ones. */
  #keepCheckpoints(): void {
    const { arms, config } = this.#settled;
    const missing = missingOf(arms, config.samples, this.#trainings);
    this.#folder.keepCheckpoints(missing.map(({ arm, sample }) => ({ arm: arm.name, sample })));
  }

  #model(): FinalTask["model"] {
    const { model } = this.#settled.source;
    return isPath(model) ? contentRef(this.#folder.modelPath) : model;
  }

  /** Of a training, whose final weights are measured and tested, perhaps the last ones too. */
  #quietTimes(): number {
    const { trainImages, testImages } = this.#facts;
    const batchSize = this.#settled.config.batch_size;
    const reportedImages = Math.min(trainImages, CHUNK_BATCHES * batchSize);
    return quietTimes({ trainImages, batchSize, judgedImages: 2 * testImages, reportedImages });
  }

  async #trainAll(
    tasks: readonly FinalTask[],
    executor: EvaluationExecutor,
    occupancy: Occupancy,
    observer: EvaluationObserver,
  ): Promise<void> {
    const { signal, retry } = this.#request;
    const stop = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    const watched = new WatchingExecutor(executor, TRAITS, { quiet: this.#quietTimes(), ...retry });
    if (tasks.length > 0) createFolder(this.#folder.file("checkpoints"));
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
    if (weights) writeFileWhole(this.#folder.weightsPath(arm), weights);
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

  async #finish(): Promise<Omit<EvaluationOutcome, "failures" | "utilization">> {
    const sorted = this.#records.sorted(this.#trainings);
    const arms = this.#settled.arms.filter(({ name }) => sorted.some(({ arm }) => arm === name));
    if (arms.length === 0) {
      throw new RunError(
        "all trainings failed; see the messages above, fix the cause, and resume the evaluation",
      );
    }
    this.#records.rewrite(sorted);
    this.#keepCheckpoints();
    const comparison = compareArms(arms, sorted, this.#images.validation.labels);
    const saved = await saveBestModel(this.#folder, this.#settled, comparison, this.#trainings);
    this.#facts = { ...this.#facts, results: comparison };
    // Last: an evaluation with its result has all files.
    this.#folder.writeFacts(this.#facts);
    const { config } = this.#settled;
    return { folder: this.#folder.path, config, facts: this.#facts, comparison, ...saved };
  }
}

const TRAITS = {
  nameOf: ({ arm, sample }: FinalTask) => armTrainingName(arm.name, sample),
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
