// Which precision trains a model faster, by the kernels and by the model's convolutions.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { EngineFound, ModelInspection, Precisions } from "../types.ts";
import { type Addon, findAddon } from "./addon.ts";
import { describePlan } from "./describe-plan.ts";
import type { PlanOperation } from "./plan-description.ts";

/**
 * Kernels that multiply bfloat16 about twice as fast as float32. Winograd's method, which is for float32 alone, saves about
 * as much. With other kernels one precision is faster for all models: bfloat16 with AMX, float32 without instructions for
 * bfloat16.
 */
const CLOSE_KERNELS = "avx512bf16";

/** The share of multiply-adds by Winograd's method from which float32 is faster; measured in docs/performance.md. */
const WINOGRAD_SHARE = 0.88;

/** See EngineDefinition. Both precisions, the faster first. */
export async function rankPrecisions(found: EngineFound, model: ModelInspection): Promise<Precisions> {
  const loaded = findAddon();
  if (found.kernels !== CLOSE_KERNELS || "missing" in loaded) return found.precisions;
  const share = await model((net) => winogradShare(net, loaded.addon));
  return share >= WINOGRAD_SHARE ? ["float32", "bfloat16"] : ["bfloat16", "float32"];
}

/**
 * The share, in [0, 1], of a training's multiply-adds that Winograd's method serves in float32; 0 for a model that is not
 * compiled, which does without it.
 */
export function winogradShare(net: LayersModel, { suitsWinograd }: Pick<Addon, "suitsWinograd">): number {
  const plan = describePlan(net);
  if (typeof plan === "string") return 0;
  let all = 0;
  let byWinograd = 0;
  for (const operation of plan.operations) {
    const count = multiplyAdds(operation);
    all += count;
    if (operation.kind === "convolution" && suitsWinograd(Int32Array.of(1, ...operation.shape)))
      byWinograd += count;
  }
  return byWinograd / all;
}

/** Of one image in a training step: forward, for the filter's gradient, and for the input's. */
function multiplyAdds(operation: PlanOperation): number {
  if (operation.kind !== "convolution" && operation.kind !== "depthwise") return 0;
  const [, , inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth] = operation.shape;
  const products = operation.kind === "depthwise" ? outChannels : inChannels * outChannels;
  const forward = outHeight * outWidth * filterHeight * filterWidth * products;
  return forward * (operation.wantsInputGradient ? 3 : 2);
}
