// The library's main class: a search with its own experiment folder, from images in memory or from a dataset's name, that
// can be continued; after the original's class of this name.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BatchOptions, imagesWithTopPolicies } from "../augment/batches.ts";
import { type WithLayersModel, withModelFile } from "../child/own/layers-model.ts";
import { mismatch, UsageError } from "../common/errors.ts";
import { loadConfig, resolveConfig } from "../config/load.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import type { Dataset, LabelledImages } from "../dataset/dataset.ts";
import { datasetInMemory, IN_MEMORY, type ShapedImages, toImageBatch } from "../dataset/in-memory.ts";
import { dataSettings } from "../dataset/reader.ts";
import { datasetSizes, loadAtSize } from "../dataset/sizes.ts";
import { Experiment } from "../experiment/experiment.ts";
import { readNotebookText } from "../experiment/notebook.ts";
import { notebookAt, parsePastTrials } from "../experiment/past-trials.ts";
import { isWhole } from "../experiment/ranking.ts";
import type { TrialRecord } from "../experiment/records.ts";
import type { ImageBatch } from "../image/batch.ts";
import { type FoundPolicy, type PolicyFile, readPolicyFile } from "../policy/policy-file.ts";
import {
  checkBeforeLoading,
  type ExecutorChoice,
  type ExperimentObserver,
  type ExperimentOutcome,
  runExperiment,
} from "./run-experiment.ts";
import { chooseImageSize, loadSized } from "./settle/sizes.ts";

/** Of one `optimize`: trainings run in processes of its own, unless an executor is given. */
export interface OptimizeOptions extends ExecutorChoice {
  /**
   * Called when a trial has ended and is on disk, the baseline (trial 0) first, with the best one so far; both with the
   * rewards that the search saw. A trial that was stopped early has `stoppedAt`, and is never the best. What it throws ends the
   * search.
   */
  readonly onTrial?: (trial: TrialRecord, best: TrialRecord) => void;
  /** Abort ends the trainings; `optimize` then throws an InterruptedError, and continues when it is called again. */
  readonly signal?: AbortSignal;
}

/** Keys as in a configuration file; `model` may also be a `tf.LayersModel`, of which the weights are not used. */
export type DeepAugmentConfig = WithLayersModel<ConfigInput>;

/**
 * Searches for the augmentation policies that help most on images.
 *
 *     const deepAugment = new DeepAugment(images, labels, { model: "wrn_10_1" });
 *     const policies = await deepAugment.optimize(300);
 *     for await (const batch of deepAugment.imagesWithTopPolicies(images, labels)) train(batch);
 */
export class DeepAugment {
  #config: Config;
  #dataset: Dataset | undefined;
  #folder: string | undefined;
  #outcome: ExperimentOutcome | undefined;
  /** Number of trials that have ended, without the baseline. */
  #trials = 0;
  #isRunning = false;

  /**
   * @param images uint8, [count, height, width, 3], 0 to 255: a batch, or values with their `shape`. Not copied.
   * @param labels one whole number per image, 0 to classes − 1.
   * @param config keys as in a configuration file; `data` is the images. `model` may also be a `tf.LayersModel`.
   * @throws UsageError, one line, if one of them is not as described.
   */
  constructor(images: ImageBatch | ShapedImages, labels: ArrayLike<number>, config?: DeepAugmentConfig);
  /**
   * @param data a dataset's name, such as "cifar10", or a path; the first `optimize` loads it.
   * @param config keys as in a configuration file; `model` may also be a `tf.LayersModel`.
   */
  constructor(data: string, config?: DeepAugmentConfig);
  constructor(
    source: string | ImageBatch | ShapedImages,
    labelsOrConfig?: ArrayLike<number> | DeepAugmentConfig,
    config: DeepAugmentConfig = {},
  ) {
    const isNamed = typeof source === "string";
    const given = withModelFile<ConfigInput>(
      isNamed ? ((labelsOrConfig as DeepAugmentConfig | undefined) ?? {}) : config,
    );
    if (given.data !== undefined) {
      throw new UsageError(`data: it is the first argument already; leave it out of the configuration`);
    }
    this.#config = resolveConfig({ ...given, data: isNamed ? source : IN_MEMORY });
    if (isNamed) return;
    const { image_size } = this.#config;
    const load = (size?: number) => datasetInMemory(source, labelsOrConfig as ArrayLike<number>, size);
    this.#dataset = load(image_size === "auto" || image_size === null ? undefined : image_size);
    if (image_size !== "auto") return;
    const { value } = chooseImageSize(this.#config, datasetSizes(this.#dataset));
    if (value !== null) this.#dataset = load(value);
    this.#config = { ...this.#config, image_size: value };
  }

  /** The configuration, every key. Keys that are `auto` have their values once `optimize` has loaded the images. */
  get config(): Config {
    return this.#config;
  }

  /**
   * The experiment in a folder, as an earlier program left it: `optimize` continues it.
   * @param images and labels, the same ones again, if it began with images in memory.
   * @throws UsageError if the folder is not an experiment's, or images are missing.
   */
  static resume(
    folder: string,
    images?: ImageBatch | ShapedImages,
    labels: ArrayLike<number> = [],
  ): DeepAugment {
    const { data, ...config } = loadConfig({ file: Experiment.open(folder).configPath });
    if (!images && data === IN_MEMORY) {
      throw new UsageError(`${folder} began with images in memory; give them and their labels again`);
    }
    const resumed = images ? new DeepAugment(images, labels, config) : new DeepAugment(data, config);
    const notebook = config.notebook_path ?? notebookAt(folder);
    const { trials } = parsePastTrials(readNotebookText(notebook), notebook);
    resumed.#folder = folder;
    resumed.#trials = Math.max(0, ...trials.map(({ trial }) => trial));
    return resumed;
  }

  /**
   * Judges this many policies, and confirms the best as `confirm_top` and `confirm_samples` say. Called again it judges
   * more, as the original did: `optimize(300)` and then `optimize(200)` make 500 in all, the same trials as 500 at once. The
   * experiment's folder is like that of the command `optimize`. Processes that it started are ended; an executor that was
   * given is not closed.
   * @param iterations a whole number from 1 upwards; unless given, the configuration's `iterations`.
   * @returns the top policies.
   * @throws UsageError if the configuration does not fit the data or the machine; RunError or InterruptedError while running,
   *   with all that ended on disk.
   */
  async optimize(
    iterations = this.config.iterations,
    { onTrial, signal, executor, retry }: OptimizeOptions = {},
  ): Promise<readonly FoundPolicy[]> {
    if (!Number.isSafeInteger(iterations) || iterations < 1) {
      throw new UsageError(mismatch("optimize", "a whole number of trials from 1 upwards", iterations));
    }
    if (this.#isRunning)
      throw new UsageError("optimize: it is running already; await it before the next call");
    this.#isRunning = true;
    try {
      checkBeforeLoading(this.#config, this.#folder);
      const dataset = this.#dataset ?? (await this.#load(signal));
      const config = { ...this.#config, iterations: this.#trials + iterations };
      this.#outcome = await runExperiment({
        config,
        dataset,
        resume: this.#folder,
        ...{ signal, executor, retry },
        onStart: ({ folder, finishedTrials, sizes }) => {
          this.#folder = folder;
          this.#config = {
            ...this.#config,
            train_set_size: sizes.train.value,
            validation_set_size: sizes.validation.value,
            child_epochs: sizes.epochs.value,
          };
          return this.#observe(finishedTrials, onTrial);
        },
      });
      this.#trials = config.iterations;
      return this.#outcome.policies;
    } finally {
      this.#isRunning = false;
    }
  }

  /** The best policies so far, best first: those of `policies.json`. Empty before the first trial, or if none is good. */
  get topPolicies(): readonly FoundPolicy[] {
    return this.#policyFile?.policies ?? [];
  }

  get #policyFile(): PolicyFile | undefined {
    const path = this.#folder && join(this.#folder, "policies.json");
    return path && existsSync(path) ? readPolicyFile(path) : undefined;
  }

  /** The experiment's folder; undefined before the first `optimize`. */
  get folder(): string | undefined {
    return this.#folder;
  }

  /** All that the last finished `optimize` found. */
  get outcome(): ExperimentOutcome | undefined {
    return this.#outcome;
  }

  /**
   * One epoch of training batches of which some images are augmented by the top policies; see `imagesWithTopPolicies`.
   * Batches have `child_batch_size` images and use the configuration's seed, and techniques that count in pixels scale with
   * the images' side relative to the search's, unless the options say otherwise.
   * @throws UsageError at the call, if there is no policy; TypeError or RangeError if an argument is wrong.
   */
  imagesWithTopPolicies(
    images: ImageBatch | ShapedImages,
    labels: ArrayLike<number>,
    options: BatchOptions = {},
  ): AsyncGenerator<LabelledImages, void, void> {
    const file = this.#policyFile;
    if (!file || file.policies.length === 0) {
      throw new UsageError(
        "there is no policy that did better than the baseline; optimize finds some, or more trials",
      );
    }
    const { child_batch_size: batchSize, seed } = this.config;
    const own = { batchSize, seed, judgedShape: file.dataset.imageShape };
    return imagesWithTopPolicies(toImageBatch(images), labels, file.policies, { ...own, ...options });
  }

  async #load(signal: AbortSignal | undefined): Promise<Dataset> {
    const { config, dataset } = await loadSized(this.#config, (imageSize) =>
      loadAtSize(this.#config.data, imageSize, { signal, ...dataSettings(this.#config) }),
    );
    this.#config = config;
    this.#dataset = dataset;
    return dataset;
  }

  /** @param finished number of trials of earlier calls, which are reported again. */
  #observe(finished: number, onTrial: OptimizeOptions["onTrial"]): ExperimentObserver {
    let best: TrialRecord | undefined;
    return {
      onTrialFinished: (record) => {
        this.#trials = Math.max(this.#trials, record.trial);
        if (!best || (isWhole(record) && record.reward > best.reward)) best = record;
        if (record.trial >= finished) onTrial?.(record, best);
      },
      onTrialDropped: (trial) => {
        this.#trials = Math.max(this.#trials, trial);
      },
    };
  }
}
