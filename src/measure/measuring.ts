// The worker's side of a bench: one task after another, plain data in and plain data out. See bench.ts.

import { inspectionOf } from "../child/model.ts";
import { RunError } from "../common/errors.ts";
import { type ProcessMemory, processMemory } from "../common/memory.ts";
import type { EngineChoice, PrecisionChoice } from "../config/engines.ts";
import { startEngine } from "../engine/choose.ts";
import type { EngineIdentity } from "../engine/types.ts";
import { type MeasuredImages, type Rate, syntheticImages, TrainingMeter } from "./meter.ts";
import type { StepProfile } from "./profile.ts";

/** What to measure. */
export interface MeasuringSetup {
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  /** Of engine native. */
  readonly threads: number;
  readonly model: string;
  readonly batch: number;
  /** Synthetic images unless given. */
  readonly measured?: MeasuredImages;
}

export type MeasuringTask =
  /** Starts the engine, draws a fresh child and warms it up. */
  | { readonly type: "prepare"; readonly setup: MeasuringSetup }
  | { readonly type: "train" | "validate" | "profile"; readonly seconds: number };

/** The results, by the task's type. */
export interface MeasuringResults {
  readonly prepare: EngineIdentity;
  readonly train: Rate & ProcessMemory;
  readonly validate: Rate & ProcessMemory;
  readonly profile: StepProfile;
}

let meter: TrainingMeter | undefined;

/** @throws UsageError if the engine, the precision or the model is not available; RunError if the model is too large. */
export async function runMeasuring(task: MeasuringTask): Promise<MeasuringResults[keyof MeasuringResults]> {
  if (task.type === "prepare") return prepare(task.setup);
  if (!meter) throw new RunError("a measuring process died and was started again; measure again");
  if (task.type === "profile") return meter.profile(task.seconds);
  const rate = await meter[task.type](task.seconds);
  return { ...rate, ...processMemory() };
}

async function prepare({ model, batch, measured, ...setup }: MeasuringSetup): Promise<EngineIdentity> {
  meter?.dispose();
  meter = undefined;
  const inspection = inspectionOf(model, measured?.images ?? syntheticImages(model));
  const engine = await startEngine(setup.engine, setup.precision, setup.threads, inspection);
  meter = await TrainingMeter.prepare({ model, batchSize: batch, engine, measured });
  const { name, precision, kernels } = engine;
  return { name, precision, kernels };
}
