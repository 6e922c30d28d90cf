// What all trainings of an experiment have in common, with the files that they need.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { isPath } from "../../child/model.ts";
import { homeFolder } from "../../common/home.ts";
import { type SubsetImages, selectSubsets, subsetsDigest, writeSubsets } from "../../dataset/subset-file.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { type ContentRef, contentRef } from "../content.ts";
import type { TrainingTask } from "../training.ts";
import type { SettledRun } from "./run.ts";

/** A training's task, but for what differs between trainings. */
export type TaskSettings = Omit<TrainingTask, "trial" | "sample" | "policy" | "epochs">;

/** @throws RunError if the images cannot be written for the workers. */
export function settleTask(run: SettledRun, experiment: Experiment): TaskSettings {
  const { config, engine, model } = run;
  return {
    seed: config.seed,
    model: isPath(model) ? contentRef(experiment.modelPath) : model,
    replaceHead: config.replace_head,
    engine: engine.name,
    precision: engine.precision,
    threads: config.threads,
    batchSize: config.child_batch_size,
    subsets: keepSubsets(run),
    ...(config.balanced_validation && { balancedValidation: true }),
  };
}

/** Puts the drawn images into a file that worker processes read; one of an earlier run is used again if it is whole. */
function keepSubsets({ dataset, drawn, config: { seed } }: SettledRun): ContentRef {
  return keepImages(selectSubsets(dataset, drawn), dataset.digest, String(seed));
}

/**
 * Puts images into a file that worker processes read; one of an earlier run is used again if it is whole.
 * @param data digest of the dataset.
 * @param draw how the images were drawn from it: with the sizes, part of the file's name.
 */
export function keepImages(images: SubsetImages, data: string, draw: string): ContentRef {
  const sizes = `${images.train.labels.length}-${images.validation.labels.length}`;
  const path = join(homeFolder(), "subsets", `${data.slice(0, 32)}-${draw}-${sizes}.bin`);
  const digest = subsetsDigest(images);
  if (!existsSync(path) || contentRef(path).digest !== digest) writeSubsets(path, images);
  return { digest, path: resolve(path) };
}
