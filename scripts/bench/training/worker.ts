// A process that trains and validates for the benchmark when its parent says so; see trainers.ts.

import { readFileSync } from "node:fs";
import { buildModel, type ChildModel } from "../../../src/child/model.ts";
import { rewardOf } from "../../../src/child/reward.ts";
import { type ChildSteps, stepsOf } from "../../../src/child/steps.ts";
import { trainChild } from "../../../src/child/trainer.ts";
import { UsageError } from "../../../src/common/errors.ts";
import { Random } from "../../../src/common/random.ts";
import { serveTasks } from "../../../src/common/worker-process.ts";
import type { LabelledImages } from "../../../src/dataset/dataset.ts";
import { readSubsets } from "../../../src/dataset/subset-file.ts";
import {
  type Engine,
  type EngineChoice,
  type EngineIdentity,
  type PrecisionChoice,
  startEngine,
} from "../../../src/engine/engine.ts";
import { createBatch } from "../../../src/image/batch.ts";

export interface StartTask {
  readonly type: "start";
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  readonly model: string;
  readonly batch: number;
  readonly threads: number;
}

export type WorkerTask =
  | StartTask
  /** Draws a fresh model and warms it up. */
  | { readonly type: "prepare" }
  | { readonly type: "train" | "validate"; readonly seconds: number }
  /** Trains one child on real images, from scratch. */
  | {
      readonly type: "child";
      readonly subsetsPath: string;
      readonly epochs: number;
      readonly seed: number;
    };

export interface Rate {
  readonly imagesPerSecond: number;
  /** By the machine's clock, in milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
}

export interface TrainedChild {
  /** All epochs with their validations, the model's making included. */
  readonly seconds: number;
  readonly reward: number;
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
}

const SIDE = 32;
const CLASSES = 10;
/** Before anything is timed, since the first steps compile code and allocate memory; fewer where they take too long. */
const WARM_UP_STEPS = 5;
const WARM_UP_MILLISECONDS = 2000;
const VALIDATION_IMAGES = 200;
/** An epoch of about so long, so that a slow engine's round ends in time and a fast one's has long epochs. */
const EPOCH_SECONDS = 0.4;
const MOST_BATCHES = 32;

let setup: { readonly task: StartTask; readonly engine: Engine };
let model: ChildModel | undefined;
let steps: ChildSteps | undefined;
let training: LabelledImages | undefined;
const validation = noise(VALIDATION_IMAGES);

serveTasks((task: WorkerTask): Promise<unknown> => {
  if (task.type === "start") return start(task);
  if (task.type === "prepare") return prepare();
  if (task.type === "child") return trainOneChild(task);
  const images = training!;
  return task.type === "train"
    ? rate(task.seconds, images.labels.length, () => trainOn(images))
    : rate(task.seconds, VALIDATION_IMAGES, () => steps!.evaluate(validation));
});

async function start(task: StartTask): Promise<EngineIdentity> {
  const engine = await startEngine(task.engine, task.precision, task.threads);
  setup = { task, engine };
  const { name, precision, kernels } = engine;
  if (task.precision !== "auto" && precision !== task.precision) {
    throw new UsageError(`engine ${name} computes in ${precision} here, not in ${task.precision}`);
  }
  return { name, precision, kernels };
}

async function prepare(): Promise<void> {
  const { task, engine } = setup;
  steps?.dispose();
  model?.net.dispose();
  model?.optimizer.dispose();
  model = buildModel(task.model, { height: SIDE, width: SIDE, classes: CLASSES, seed: 0, engine });
  steps = stepsOf(model, task.batch, CLASSES);
  const batch = noise(task.batch);
  const begin = performance.now();
  let stepSeconds = 0;
  for (let step = 0; step < WARM_UP_STEPS && performance.now() - begin < WARM_UP_MILLISECONDS; step++) {
    const start = performance.now();
    await trainOn(batch);
    stepSeconds = (performance.now() - start) / 1000;
  }
  await steps.evaluate(validation);
  // The same for all rounds, as that of a search is.
  training ??= noise(
    task.batch * Math.min(MOST_BATCHES, Math.max(1, Math.round(EPOCH_SECONDS / stepSeconds))),
  );
}

/** An epoch as the trainer makes it, without the shuffle and the validation. */
async function trainOn(images: LabelledImages): Promise<void> {
  const indices = Int32Array.from({ length: images.labels.length }, (_, i) => i);
  await steps!.train(images, indices, setup.task.batch);
}

/** Images per second over at least `seconds`, everything that happens meanwhile included. */
async function rate(seconds: number, images: number, pass: () => Promise<unknown>): Promise<Rate> {
  const clock = () => performance.timeOrigin + performance.now();
  const begin = clock();
  let passes = 0;
  while (clock() < begin + seconds * 1000) {
    await pass();
    passes++;
  }
  const end = clock();
  return { imagesPerSecond: (1000 * passes * images) / (end - begin), start: begin, end, ...memory() };
}

async function trainOneChild({
  subsetsPath,
  epochs,
  seed,
}: Extract<WorkerTask, { type: "child" }>): Promise<TrainedChild> {
  const { train, validation, classes } = readSubsets(subsetsPath);
  const { task, engine } = setup;
  const { height, width } = train.images;
  const begin = performance.now();
  const child = buildModel(task.model, { height, width, classes, seed, engine });
  const history = await trainChild(child, train, validation, {
    epochs,
    batchSize: task.batch,
    classes,
    seed,
  });
  const seconds = (performance.now() - begin) / 1000;
  child.net.dispose();
  child.optimizer.dispose();
  return { seconds, reward: rewardOf(history, { bestEpochs: 3, overfitMargin: 0.1 }), ...memory() };
}

/** Resident now and at most so far. */
function memory(): { residentMegabytes: number; peakMegabytes: number } {
  const residentMegabytes = Math.round(process.memoryUsage().rss / 1e6);
  if (process.platform !== "linux") {
    return { residentMegabytes, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1e3) };
  }
  // What resourceUsage tells on Linux begins with the size of the parent that started this process.
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return { residentMegabytes, peakMegabytes: Math.round((Number(peak) * 1024) / 1e6) };
}

function noise(count: number): LabelledImages {
  const random = new Random("noise", count);
  const images = createBatch(count, SIDE, SIDE);
  for (let i = 0; i < images.data.length; i++) images.data[i] = random.integer(0, 255);
  return { images, labels: Int32Array.from({ length: count }, () => random.integer(0, CLASSES - 1)) };
}
