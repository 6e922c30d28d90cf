// Worker process of the benchmark that trains whole children; see trainers.ts.

import { buildModel, inspectionOf } from "../../../src/child/model.ts";
import { rewardOf } from "../../../src/child/reward.ts";
import { trainChild } from "../../../src/child/trainer.ts";
import { type ProcessMemory, processMemory } from "../../../src/common/memory.ts";
import { serveTasks } from "../../../src/common/worker-process.ts";
import { readSubsets } from "../../../src/dataset/subset-file.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import type { Engine, EngineIdentity } from "../../../src/engine/types.ts";
import type { MeasuringSetup } from "../../../src/measure/measuring.ts";

/** Trains one child on real images, from scratch. */
export interface ChildTask {
  readonly setup: MeasuringSetup;
  readonly subsetsPath: string;
  readonly epochs: number;
  readonly seed: number;
}

export interface TrainedChild extends ProcessMemory {
  /** Duration of building the model and of all epochs with their validations. */
  readonly seconds: number;
  readonly reward: number;
}

export interface ChildResult {
  readonly identity: EngineIdentity;
  readonly child: TrainedChild;
}

let engine: Promise<Engine> | undefined;

serveTasks(async ({ setup, subsetsPath, epochs, seed }: ChildTask): Promise<ChildResult> => {
  const { train, validation, classes } = readSubsets(subsetsPath);
  const { height, width } = train.images;
  const inspection = inspectionOf(setup.model, { height, width, classes });
  engine ??= startEngine(setup.engine, setup.precision, setup.threads, inspection);
  const started = await engine;
  const { name, precision, kernels } = started;
  const begin = performance.now();
  const child = buildModel(setup.model, { height, width, classes, seed, engine: started });
  const options = { epochs, batchSize: setup.batch, classes, seed };
  const history = await trainChild(child, train, validation, options);
  const seconds = (performance.now() - begin) / 1000;
  child.net.dispose();
  child.optimizer.dispose();
  const reward = rewardOf(history, { bestEpochs: 3, overfitMargin: 0.1 });
  return { identity: { name, precision, kernels }, child: { seconds, reward, ...processMemory() } };
});
