// Models that engine native does not compile: their steps are TensorFlow.js's operations, on the engine's kernels.

import type { ModelInspection } from "../types.ts";
import { describePlan } from "./describe-plan.ts";

/** See EngineDefinition. The factor was measured on basiccnn and mobilenetv2, compiled and not. */
export async function noteOnSlowModel(model: ModelInspection): Promise<string | undefined> {
  const plan = await model((net) => describePlan(net));
  if (typeof plan !== "string") return undefined;
  return `engine native does not compile this model, since ${plan}: its trainings run layer by layer, which takes about 3 times as long`;
}
