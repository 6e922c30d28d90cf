// Children that do not start from random weights: one is trained without augmentation first, and all others start from its
// weights, as in the original DeepAugment. The file can be of another run, on another engine.

import { existsSync } from "node:fs";
import { inspectModel } from "../child/model.ts";
import type { ModelImages } from "../child/types.ts";
import { areFinite, checkWeights } from "../child/weights.ts";
import { count } from "../common/count.ts";
import { RunError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import type { Config } from "../config/schema.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Policy } from "../policy/policy.ts";
import { type ContentRef, contentRef } from "./content.ts";
import { type Executor, TrainingFailedError } from "./executors/executor.ts";
import type { TrainingTask } from "./training.ts";

type Settings = Pick<Config, "model" | "child_first_train_epochs" | "pre_aug_weights_path">;

/**
 * Before an experiment begins: checks that weights which exist already fit its children.
 * @throws UsageError if they do not, or the file is not one of weights.
 */
export async function checkPretrained(
  { model, child_first_train_epochs, pre_aug_weights_path: path }: Settings,
  images: ModelImages,
): Promise<void> {
  if (child_first_train_epochs === 0 || !path || !existsSync(path)) return;
  await inspectModel(model, images, ({ net }) => checkWeights(net, path));
}

export interface Pretraining {
  readonly task: Omit<TrainingTask, "trial" | "sample" | "policy" | "epochs">;
  /** Of no augmentation. */
  readonly policy: Policy;
  readonly experiment: Experiment;
  readonly executor: Executor;
  readonly signal: AbortSignal | undefined;
}

/**
 * Trains the child once without augmentation, if the configuration asks for it and its weights do not exist yet; returns the
 * file of the weights.
 * @throws RunError if that training fails or diverges, since all others need its weights, or they cannot be written.
 */
export async function pretrain(
  { child_first_train_epochs: epochs, pre_aug_weights_path }: Settings,
  { task, policy, experiment, executor, signal }: Pretraining,
): Promise<ContentRef | undefined> {
  if (epochs === 0) return undefined;
  const path = pre_aug_weights_path ?? experiment.path("pre_aug_weights.safetensors");
  if (existsSync(path)) {
    experiment.log("info", `children start from the weights in ${path}`);
    return contentRef(path);
  }
  experiment.log("info", `training ${count(epochs, "epoch")} without augmentation first`);
  const first = { ...task, trial: 0, sample: 0, policy, epochs, returnsWeights: true };
  let weights: Uint8Array | undefined;
  try {
    ({ weights } = await executor.train(first, { signal }));
  } catch (error) {
    if (!(error instanceof TrainingFailedError)) throw error;
    throw new RunError(`the training before all others, for ${path}, failed twice: ${error.reason}`);
  }
  if (!(weights instanceof Uint8Array)) {
    throw new RunError(
      `the executor returned no weights of the training before all others, for ${path}; it must return what runTraining does`,
    );
  }
  if (!areFinite(weights)) {
    throw new RunError(
      `the training before all others, for ${path}, diverged: its weights are not finite numbers; set child_first_train_epochs to another number, or 0`,
    );
  }
  writeFileWhole(path, [weights]);
  return contentRef(path);
}
