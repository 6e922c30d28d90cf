// Optimizers in one pass over each variable, where it lies; Adam with one more over the gradients, for their norm.

import { backend, engine, type Variable } from "@tensorflow/tfjs-core";
import type { Optimizers } from "../optimizers.ts";
import type { NativeBackend } from "./storage.ts";

export const nativeOptimizers: Optimizers = {
  rmsProp(trained, { learningRate, rho, epsilon }) {
    const native = backend() as NativeBackend;
    for (const { variable, gradient, meanSquare } of trained) {
      native.addon.passes.rmsProp(
        variable.size,
        ownValues(native, variable),
        ownValues(native, meanSquare),
        native.floatsOf(gradient),
        learningRate,
        rho,
        epsilon,
      );
    }
  },

  adam(trained, { learningRate, beta1, beta2, epsilon, clipNorm }) {
    const native = backend() as NativeBackend;
    const { passes } = native.addon;
    let squares = 0;
    for (const { gradient } of trained)
      squares += passes.sumSquares(gradient.size, native.floatsOf(gradient));
    // What float32 cannot hold is infinite, as in operations on tensors.
    const norm = Math.sqrt(Math.fround(squares));
    const factor = Math.min(1, clipNorm / norm);
    for (const { variable, gradient, mean, meanSquare } of trained) {
      passes.adam(
        variable.size,
        ownValues(native, variable),
        ownValues(native, mean),
        ownValues(native, meanSquare),
        native.floatsOf(gradient),
        factor,
        learningRate,
        beta1,
        beta2,
        epsilon,
      );
    }
  },
};

/** The variable's values, to be written to; they are moved where somebody else can see them: a clone, the user. */
function ownValues(native: NativeBackend, variable: Variable): Float32Array {
  const values = native.floatsOf(variable);
  if (native.refCount(variable.dataId) === 1 && native.pool.holdersOf(values) === 1) return values;
  const own = native.makeFloats(variable.shape);
  own.values.set(values);
  const tensor = engine().makeTensorFromTensorInfo(own.tensor);
  variable.assign(tensor);
  tensor.dispose();
  return own.values;
}
