// Engine `tensorflow`: libtensorflow runs TensorFlow.js's operations, on the processor or on an NVIDIA card.

import { setBackend } from "@tensorflow/tfjs-core";
import { composedOptimizers } from "../composed.ts";
import type { Engine, EngineIdentity } from "../types.ts";
import { loadTfjsNode, TENSORFLOW_BACKEND } from "./tfjs-node.ts";

/**
 * Makes the package's backend TensorFlow.js's current one.
 * @throws Error if the package is not available.
 */
export async function startTensorflow(identity: EngineIdentity): Promise<Engine> {
  const found = await loadTfjsNode();
  if ("missing" in found) throw new Error(found.missing);
  if (!(await setBackend(TENSORFLOW_BACKEND))) throw new Error("the tensorflow backend did not start");
  return { ...identity, optimizers: composedOptimizers };
}
