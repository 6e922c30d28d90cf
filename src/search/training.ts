// One training as plain data in and plain data out: the same function runs in this process or in a worker.

import { augmentTrainingSet } from "../augment/policy.ts";
import { buildModel } from "../child/model.ts";
import type { EpochResult } from "../child/reward.ts";
import { trainChild } from "../child/trainer.ts";
import { loadWeights, saveWeights } from "../child/weights.ts";
import { seedOf } from "../common/random.ts";
import type { EngineChoice, PrecisionChoice } from "../config/engines.ts";
import { readSubsets, type SubsetImages } from "../dataset/subset-file.ts";
import { startEngine } from "../engine/choose.ts";
import type { Engine } from "../engine/types.ts";
import type { Policy } from "../policy/policy.ts";

/** What a training needs to know, and nothing else. */
export interface TrainingTask {
  readonly trial: number;
  /** From 0. Sample k of every trial shares weights, order and draws with sample k of every other. */
  readonly sample: number;
  readonly policy: Policy;
  /** The experiment's. */
  readonly seed: number;
  /** A name, or the path of the user's own. */
  readonly model: string;
  readonly replaceHead?: boolean;
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  /** Of engine native. */
  readonly threads: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** The file with the training and the validation subset. */
  readonly subsetsPath: string;
  /** Weights to start from, instead of random ones. */
  readonly initialWeightsPath?: string;
  /** Where to keep the trained weights. */
  readonly trainedWeightsPath?: string;
}

/** One for all trainings of an experiment. */
let started: { readonly choice: string; readonly engine: Promise<Engine> } | undefined;
let subsets: { path: string; data: SubsetImages } | undefined;

/** Trains one child. `onEpoch` hears of each epoch as it ends. */
export async function runTraining(
  task: TrainingTask,
  onEpoch?: (result: EpochResult) => void,
): Promise<EpochResult[]> {
  const engine = await engineOf(task);
  if (subsets?.path !== task.subsetsPath)
    subsets = { path: task.subsetsPath, data: readSubsets(task.subsetsPath) };
  const { train, validation, classes } = subsets.data;
  const augmented = augmentTrainingSet(train, task.policy, seedOf(task.seed, "augment", task.sample));
  const seed = seedOf(task.seed, "sample", task.sample);
  const { height, width } = train.images;
  const { replaceHead } = task;
  const model = buildModel(task.model, { height, width, classes, seed, engine, replaceHead });
  try {
    if (task.initialWeightsPath) loadWeights(model.net, task.initialWeightsPath);
    const { epochs, batchSize } = task;
    const history = await trainChild(model, augmented, validation, {
      epochs,
      batchSize,
      classes,
      seed,
      onEpoch,
    });
    if (task.trainedWeightsPath) await saveWeights(model.net, task.trainedWeightsPath);
    return history;
  } finally {
    model.net.dispose();
    model.optimizer.dispose();
  }
}

/** The engine of the training before, if this one asks for the same. */
function engineOf({ engine, precision, threads }: TrainingTask): Promise<Engine> {
  const choice = JSON.stringify([engine, precision, threads]);
  if (started?.choice !== choice) started = { choice, engine: startEngine(engine, precision, threads) };
  return started.engine;
}
