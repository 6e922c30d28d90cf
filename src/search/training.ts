// One training as plain data in and plain data out: the same function runs in this process, in a worker process, and on
// another machine.

import { augmentTrainingSet } from "../augment/policy.ts";
import { buildModel } from "../child/model.ts";
import type { EpochResult } from "../child/reward.ts";
import { trainChild } from "../child/trainer.ts";
import { loadWeights, serializeWeights } from "../child/weights.ts";
import { seedOf } from "../common/random.ts";
import type { EngineChoice, PrecisionChoice } from "../config/engines.ts";
import type { Policy } from "../policy/policy.ts";
import { type ContentRef, type LocateContent, locateByHint, locateVerified } from "./content.ts";
import { keptEngine, keptSubsets } from "./kept.ts";

/** What a training needs to know, and nothing else. Plain data: as JSON it is the same training. */
export interface TrainingTask {
  /** From 0, the baseline. */
  readonly trial: number;
  /** From 0. Sample k of every trial shares weights, order and draws with sample k of every other. */
  readonly sample: number;
  readonly policy: Policy;
  /** The experiment's. */
  readonly seed: number;
  /** A model's name, or the file of the user's own. */
  readonly model: string | ContentRef;
  /** Of the user's own model: whether a last layer for another number of classes is replaced. */
  readonly replaceHead?: boolean;
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  /** Of engine native. */
  readonly threads: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** The file with the training and the validation images. */
  readonly subsets: ContentRef;
  /** The file of the weights to start from, instead of random ones. */
  readonly initialWeights?: ContentRef;
  /** Whether the result has the trained weights. */
  readonly returnsWeights?: boolean;
}

/** What a training measured. Plain data. */
export interface TrainingResult {
  /** One result per epoch, in order. */
  readonly history: readonly EpochResult[];
  /** If the task asks for them: the trained weights, as the bytes of a safetensors file. */
  readonly weights?: Uint8Array;
}

/**
 * Trains one child.
 * @param onEpoch is called after each epoch.
 * @param locate finds the files that the task names; unless given, they are at the paths that the task has as hints.
 * @throws UsageError if a file is not the one that the task names, or the engine is not available here; RunError if a file
 *   cannot be read.
 */
export async function runTraining(
  task: TrainingTask,
  onEpoch?: (result: EpochResult) => void,
  locate: LocateContent = locateByHint,
): Promise<TrainingResult> {
  const engine = await keptEngine(task);
  const { train, validation, classes } = await keptSubsets(task.subsets, locate);
  const name = typeof task.model === "string" ? task.model : await locateVerified(task.model, locate);
  const weights = task.initialWeights && (await locateVerified(task.initialWeights, locate));
  const augmented = augmentTrainingSet(train, task.policy, seedOf(task.seed, "augment", task.sample));
  const seed = seedOf(task.seed, "sample", task.sample);
  const { height, width } = train.images;
  const { replaceHead, epochs, batchSize } = task;
  const model = buildModel(name, { height, width, classes, seed, engine, replaceHead });
  try {
    if (weights) loadWeights(model.net, weights);
    const history = await trainChild(model, augmented, validation, {
      epochs,
      batchSize,
      classes,
      seed,
      onEpoch,
    });
    return task.returnsWeights ? { history, weights: await serializeWeights(model.net) } : { history };
  } finally {
    model.net.dispose();
    model.optimizer.dispose();
  }
}
