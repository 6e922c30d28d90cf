// RMSprop on the backend's heap: one pass over each variable instead of TensorFlow.js's seven.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { backend, engine } from "@tensorflow/tfjs-core";
import type { RmsPropSettings, RmsPropVariable } from "../optimizers.ts";
import { floatsOf } from "./kernels.ts";

/**
 * See Optimizers.rmsProp. The new weights go to a new tensor: the backend keeps a packed copy of a filter for the lifetime of
 * its tensor, so weights changed in place would never reach the convolutions.
 */
export function rmsProp(trained: readonly RmsPropVariable[], settings: RmsPropSettings): void {
  const wasm = backend() as BackendWasm;
  for (const each of trained) step(wasm, each, settings);
}

function step(
  wasm: BackendWasm,
  { variable, gradient, meanSquare }: RmsPropVariable,
  settings: RmsPropSettings,
): void {
  const updated = wasm.makeOutput(variable.shape, "float32");
  const from = floatsOf(wasm, variable);
  const to = floatsOf(wasm, updated);
  const squares = floatsOf(wasm, meanSquare);
  const slopes = floatsOf(wasm, gradient);
  const { learningRate, rho, epsilon } = settings;
  for (let i = 0; i < from.length; i++) {
    const slope = slopes[i];
    const mean = rho * squares[i] + (1 - rho) * slope * slope;
    squares[i] = mean;
    to[i] = from[i] - (learningRate * slope) / (Math.sqrt(mean) + epsilon);
  }
  const { dataId, shape, dtype } = updated;
  const tensor = engine().makeTensorFromDataId(dataId, shape, dtype);
  variable.assign(tensor);
  tensor.dispose();
}
