// What all trainings of an experiment have in common, with the files that they need.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isPath } from "../../child/model.ts";
import { RunError } from "../../common/errors.ts";
import { homeFolder } from "../../common/home.ts";
import { type SubsetImages, selectSubsets, subsetsDigest, writeSubsets } from "../../dataset/subset-file.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { type ContentRef, contentRef } from "../content.ts";
import type { TrainingTask } from "../training.ts";
import type { SettledRun } from "./run.ts";

/** A training's task, but for what differs between trainings. */
export type TaskSettings = Omit<TrainingTask, "trial" | "sample" | "policy" | "epochs">;

/** Images in a file that worker processes read. */
export interface KeptImages {
  readonly file: ContentRef;
  /** Says that the file was damaged, if it was. */
  readonly notes: readonly string[];
}

/** @throws RunError if the images cannot be written for the workers. */
export function settleTask(
  run: SettledRun,
  experiment: Experiment,
): { readonly task: TaskSettings; readonly notes: readonly string[] } {
  const { config, engine, model, dataset, drawn } = run;
  const kept = keepImages(selectSubsets(dataset, drawn), dataset.digest, String(config.seed));
  const task = {
    seed: config.seed,
    model: isPath(model) ? contentRef(experiment.modelPath) : model,
    replaceHead: config.replace_head,
    engine: engine.name,
    precision: engine.precision,
    threads: config.threads,
    batchSize: config.child_batch_size,
    subsets: kept.file,
    ...(config.balanced_validation && { balancedValidation: true }),
  };
  return { task, notes: kept.notes };
}

/**
 * Puts images into a file that worker processes read; one of an earlier run is used again if it is whole.
 * @param data digest of the dataset.
 * @param draw how the images were drawn from it: with the sizes and the content, the file's name.
 */
export function keepImages(images: SubsetImages, data: string, draw: string): KeptImages {
  const sizes = `${images.train.labels.length}-${images.validation.labels.length}`;
  const digest = subsetsDigest(images);
  const name = `${data.slice(0, 32)}-${draw}-${sizes}-${digest.slice(0, 16)}.bin`;
  const path = join(homeFolder(), "subsets", name);
  const file = { digest, path: resolve(path) };
  const isThere = existsSync(path);
  if (isThere && digestOf(path) === digest) return { file, notes: [] };
  writeSubsets(path, images);
  return { file, notes: isThere ? [`${path} was damaged: it has been made again`] : [] };
}

function digestOf(path: string): string {
  try {
    return contentRef(path).digest;
  } catch (error) {
    throw error instanceof RunError ? new RunError(`${error.message}; remove it`) : error;
  }
}
