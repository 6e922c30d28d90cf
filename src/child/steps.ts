// Chooses the steps that train and validate a child. Engines that compile the model or run it on their own device bring
// their own steps; on all other engines the steps consist of TensorFlow.js operations.

import { CompiledSteps } from "./compiled-steps.ts";
import { DeviceSteps } from "./device-steps.ts";
import type { ChildSteps } from "./pass.ts";
import { TensorSteps } from "./tensor-steps.ts";
import type { ChildModel } from "./types.ts";

/** The steps for this child; batches have at most `batchSize` images. */
export function stepsOf(model: ChildModel, batchSize: number, classes: number): ChildSteps {
  const compiled = model.engine.compile?.(model.net, batchSize);
  if (compiled) return new CompiledSteps(model, compiled);
  const device = model.engine.onDevice?.(model.net);
  return device ? new DeviceSteps(model, device) : new TensorSteps(model, classes);
}
