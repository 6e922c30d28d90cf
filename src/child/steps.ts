// Which steps train and validate a child: an engine that compiles the model has its own, and so does one with a device of
// its own; on every other engine they are composed of TensorFlow.js operations.

import { CompiledSteps } from "./compiled-steps.ts";
import { DeviceSteps } from "./device-steps.ts";
import type { ChildModel } from "./model.ts";
import type { ChildSteps } from "./pass.ts";
import { TensorSteps } from "./tensor-steps.ts";

/** The steps of this child; batches have at most `batchSize` images. */
export function stepsOf(model: ChildModel, batchSize: number, classes: number): ChildSteps {
  const compiled = model.engine.compile?.(model.net, batchSize);
  if (compiled) return new CompiledSteps(model, compiled);
  const device = model.engine.onDevice?.(model.net);
  return device ? new DeviceSteps(model, device) : new TensorSteps(model, classes);
}
