// The library's main class: a search with its own experiment folder, from images in memory or from a dataset's name, that
// can be gone on with; after the original's class of this name.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BatchOptions, imagesWithTopPolicies } from "../augment/batches.ts";
import { UsageError } from "../common/errors.ts";
import { loadConfig, resolveConfig } from "../config/load.ts";
import type { Config, ConfigInput } from "../config/schema.ts";
import type { Dataset, LabelledImages } from "../dataset/dataset.ts";
import { datasetInMemory, IN_MEMORY, type ShapedImages, toImageBatch } from "../dataset/in-memory.ts";
import { loadDataset } from "../dataset/load.ts";
import { Experiment } from "../experiment/experiment.ts";
import { readNotebookText } from "../experiment/notebook.ts";
import { notebookAt, parsePastTrials } from "../experiment/past-trials.ts";
import type { TrialRecord } from "../experiment/records.ts";
import type { ImageBatch } from "../image/batch.ts";
import { type FoundPolicy, readPolicyFile } from "../policy/policy-file.ts";
import {
  checkBeforeLoading,
  type ExperimentObserver,
  type ExperimentOutcome,
  runExperiment,
} from "./run-experiment.ts";

export interface OptimizeOptions {
  /**
   * Hears of each trial as it ends and is on disk, the baseline (trial 0) first, with the best one so far; both with the
   * rewards that the search saw. What it throws ends the search.
   */
  readonly onTrial?: (trial: TrialRecord, best: TrialRecord) => void;
  /** Abort ends the trainings; `optimize` then throws an InterruptedError, and may be called again to go on. */
  readonly signal?: AbortSignal;
}

/**
 * Searches for the augmentation policies that help most on images.
 *
 *     const deepAugment = new DeepAugment(images, labels, { model: "wrn_10_1" });
 *     const policies = await deepAugment.optimize(300);
 *     for await (const batch of deepAugment.imagesWithTopPolicies(images, labels)) train(batch);
 */
export class DeepAugment {
  /** Every key as resolved. */
  readonly config: Config;
  #dataset: Dataset | undefined;
  #folder: string | undefined;
  #outcome: ExperimentOutcome | undefined;
  /** Those that have ended, the baseline not counted. */
  #trials = 0;
  #isRunning = false;

  /**
   * @param images uint8, [count, height, width, 3], 0 to 255: a batch, or values with their `shape`. Not copied.
   * @param labels one whole number per image, 0 to classes − 1.
   * @param config keys as in a configuration file; `data` is the images.
   * @throws UsageError, one line, where one of them is not like that.
   */
  constructor(images: ImageBatch | ShapedImages, labels: ArrayLike<number>, config?: ConfigInput);
  /**
   * @param data a dataset's name, such as "cifar10", or a path; it is loaded by the first `optimize`.
   * @param config keys as in a configuration file.
   */
  constructor(data: string, config?: ConfigInput);
  constructor(
    source: string | ImageBatch | ShapedImages,
    labelsOrConfig?: ArrayLike<number> | ConfigInput,
    config: ConfigInput = {},
  ) {
    const isNamed = typeof source === "string";
    const given = isNamed ? ((labelsOrConfig as ConfigInput | undefined) ?? {}) : config;
    if (given.data !== undefined) {
      throw new UsageError(`data: it is the first argument already; leave it out of the configuration`);
    }
    this.config = resolveConfig({ ...given, data: isNamed ? source : IN_MEMORY });
    if (isNamed) return;
    const { image_size } = this.config;
    this.#dataset = datasetInMemory(source, labelsOrConfig as ArrayLike<number>, image_size ?? undefined);
  }

  /**
   * The experiment in a folder, as another run of a program left it: `optimize` goes on with it.
   * @param images and labels, the same ones again, where it began with images in memory.
   * @throws UsageError where the folder is no experiment's, or images are missing.
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
   * Judges so many policies, and confirms the best as `confirm_top` and `confirm_samples` say. Called again it goes on
   * with as many more, as the original did: `optimize(300)` and then `optimize(200)` make 500 in all, and the same trials
   * as 500 at once. The experiment's folder is as that of the command `optimize`; the workers are ended.
   * @param iterations a whole number from 1 upwards; the configuration's `iterations` where it is missing.
   * @returns the top policies.
   * @throws UsageError where the configuration does not fit the data or the machine; RunError or InterruptedError while
   *   running, with all that ended on disk.
   */
  async optimize(
    iterations = this.config.iterations,
    { onTrial, signal }: OptimizeOptions = {},
  ): Promise<readonly FoundPolicy[]> {
    if (!Number.isSafeInteger(iterations) || iterations < 1) {
      throw new UsageError(
        `optimize: expected a whole number of trials from 1 upwards, received ${iterations}`,
      );
    }
    if (this.#isRunning)
      throw new UsageError("optimize: it is running already; await it before the next call");
    this.#isRunning = true;
    try {
      const config = { ...this.config, iterations: this.#trials + iterations };
      checkBeforeLoading(config, this.#folder);
      this.#dataset ??= await loadDataset(config.data, { imageSize: config.image_size ?? undefined, signal });
      this.#outcome = await runExperiment({
        config,
        dataset: this.#dataset,
        resume: this.#folder,
        signal,
        onStart: ({ folder, finishedTrials }) => {
          this.#folder = folder;
          return this.#observe(finishedTrials, onTrial);
        },
      });
      this.#trials = config.iterations;
      return this.#outcome.policies;
    } finally {
      this.#isRunning = false;
    }
  }

  /** The best policies by now, best first: what `policies.json` holds. Empty before the first trial, or where none is good. */
  get topPolicies(): readonly FoundPolicy[] {
    const path = this.#folder && join(this.#folder, "policies.json");
    return path && existsSync(path) ? readPolicyFile(path).policies : [];
  }

  /** The experiment's folder, once there is one. */
  get folder(): string | undefined {
    return this.#folder;
  }

  /** All that the last `optimize` that ended found. */
  get outcome(): ExperimentOutcome | undefined {
    return this.#outcome;
  }

  /**
   * One epoch of training batches of which some images are augmented by the top policies; see `imagesWithTopPolicies`.
   * Batches are of `child_batch_size` images and by the configuration's seed, where the options do not say otherwise.
   * @throws UsageError at the call, where there is no policy; TypeError or RangeError where an argument is wrong.
   */
  imagesWithTopPolicies(
    images: ImageBatch | ShapedImages,
    labels: ArrayLike<number>,
    options: BatchOptions = {},
  ): AsyncGenerator<LabelledImages, void, void> {
    const policies = this.topPolicies;
    if (policies.length === 0) {
      throw new UsageError(
        "there is no policy that did better than the baseline; optimize finds some, or more trials",
      );
    }
    const { child_batch_size: batchSize, seed } = this.config;
    return imagesWithTopPolicies(toImageBatch(images), labels, policies, { batchSize, seed, ...options });
  }

  /** @param finished trials of earlier calls, which are told again. */
  #observe(finished: number, onTrial: OptimizeOptions["onTrial"]): ExperimentObserver {
    let best: TrialRecord | undefined;
    return {
      onTrialFinished: (record) => {
        this.#trials = Math.max(this.#trials, record.trial);
        if (!best || record.reward > best.reward) best = record;
        if (record.trial >= finished) onTrial?.(record, best);
      },
      onTrialDropped: (trial) => {
        this.#trials = Math.max(this.#trials, trial);
      },
    };
  }
}
