// Children that do not start from random weights: one is trained without augmentation first, and all others go on from its
// weights, as the original DeepAugment had it. The file can be another run's, on another engine.

import { existsSync } from "node:fs";
import { buildModel, type ModelOptions } from "../child/model.ts";
import { checkWeights } from "../child/weights.ts";
import { RunError } from "../common/errors.ts";
import type { Config } from "../config/schema.ts";
import { onOutline } from "../engine/outline.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Policy } from "../policy/policy.ts";
import { type Executor, TrainingFailedError } from "./executor.ts";
import type { TrainingTask } from "./training.ts";

type Settings = Pick<Config, "model" | "child_first_train_epochs" | "pre_aug_weights_path">;

/**
 * Before an experiment begins: whether weights that are there already fit its children.
 * @throws UsageError where they do not, or the file is none of weights.
 */
export async function checkPretrained(
  { model, child_first_train_epochs, pre_aug_weights_path: path }: Settings,
  images: Pick<ModelOptions, "height" | "width" | "classes" | "replaceHead">,
): Promise<void> {
  if (child_first_train_epochs === 0 || !path || !existsSync(path)) return;
  await onOutline((engine) => {
    const { net, optimizer } = buildModel(model, { ...images, seed: 0, engine, isOutline: true });
    try {
      checkWeights(net, path);
    } finally {
      net.dispose();
      optimizer.dispose();
    }
  });
}

export interface Pretraining {
  readonly task: Omit<TrainingTask, "trial" | "sample" | "policy" | "epochs">;
  /** That without augmentation. */
  readonly policy: Policy;
  readonly experiment: Experiment;
  readonly executor: Executor;
  readonly signal: AbortSignal | undefined;
}

/**
 * Trains the child without augmentation once, where the configuration asks for it and its weights are not there yet;
 * returns the file of the weights.
 * @throws RunError where that training fails: all others need its weights.
 */
export async function pretrain(
  { child_first_train_epochs: epochs, pre_aug_weights_path }: Settings,
  { task, policy, experiment, executor, signal }: Pretraining,
): Promise<string | undefined> {
  if (epochs === 0) return undefined;
  const path = pre_aug_weights_path ?? experiment.path("pre_aug_weights.safetensors");
  if (existsSync(path)) {
    experiment.log("info", `children start from the weights in ${path}`);
    return path;
  }
  experiment.log("info", `training ${epochs} epochs without augmentation first`);
  try {
    await executor.train(
      { ...task, trial: 0, sample: 0, policy, epochs, trainedWeightsPath: path },
      { signal },
    );
  } catch (error) {
    if (!(error instanceof TrainingFailedError)) throw error;
    throw new RunError(`the training before all others, for ${path}, failed twice: ${error.reason}`);
  }
  return path;
}
