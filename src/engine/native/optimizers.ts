// Optimizers in one pass over each variable, in place; Adam with one more over the gradients, for their norm.

import { backend } from "@tensorflow/tfjs-core";
import type { Optimizers } from "../optimizers.ts";
import { ownValues } from "./own-values.ts";
import type { NativeBackend } from "./storage.ts";

export const nativeOptimizers: Optimizers = {
  sgd(trained, { learningRate, momentum, isNesterov }) {
    const native = backend() as NativeBackend;
    for (const { variable, gradient, velocity } of trained) {
      native.addon.passes.sgd(
        variable.size,
        ownValues(native, variable),
        velocity ? ownValues(native, velocity) : undefined,
        native.floatsOf(gradient),
        learningRate,
        momentum,
        isNesterov,
      );
    }
  },

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
    // Beyond the range of float32 it is infinite, as in operations on tensors.
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
