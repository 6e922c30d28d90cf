// The worker's side of a bench: one task after another, plain data in and plain data out. See bench.ts.

import { RunError } from "../common/errors.ts";
import { type ProcessMemory, processMemory } from "../common/memory.ts";
import type { EngineChoice, PrecisionChoice } from "../config/engines.ts";
import { startEngine } from "../engine/choose.ts";
import type { Engine, EngineIdentity } from "../engine/types.ts";
import { type Rate, TrainingMeter } from "./meter.ts";
import type { StepProfile } from "./profile.ts";

/** What is measured. */
export interface MeasuringSetup {
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  /** Of engine native. */
  readonly threads: number;
  readonly model: string;
  readonly batch: number;
}

export type MeasuringTask =
  /** Draws a fresh child and warms it up. Of one process it is always of the same engine. */
  | { readonly type: "prepare"; readonly setup: MeasuringSetup }
  | { readonly type: "train" | "validate" | "profile"; readonly seconds: number };

/** What comes back, by the task's type. */
export interface MeasuringResults {
  readonly prepare: EngineIdentity;
  readonly train: Rate & ProcessMemory;
  readonly validate: Rate & ProcessMemory;
  readonly profile: StepProfile;
}

let engine: Promise<Engine> | undefined;
let meter: TrainingMeter | undefined;

/** @throws UsageError where the engine, the precision or the model is not to be had; RunError where it is too large. */
export async function runMeasuring(task: MeasuringTask): Promise<MeasuringResults[keyof MeasuringResults]> {
  if (task.type === "prepare") return prepare(task.setup);
  if (!meter) throw new RunError("a measuring process died and was started again; measure again");
  if (task.type === "profile") return meter.profile(task.seconds);
  const rate = await meter[task.type](task.seconds);
  return { ...rate, ...processMemory() };
}

async function prepare({
  engine: choice,
  precision,
  threads,
  model,
  batch,
}: MeasuringSetup): Promise<EngineIdentity> {
  engine ??= startEngine(choice, precision, threads);
  const started = await engine;
  meter?.dispose();
  meter = await TrainingMeter.prepare({ model, batchSize: batch, engine: started });
  const { name, precision: computed, kernels } = started;
  return { name, precision: computed, kernels };
}
