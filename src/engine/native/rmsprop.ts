// RMSprop in one pass over each variable, where it lies.

import { backend, engine, type Tensor, type Variable } from "@tensorflow/tfjs-core";
import type { RmsPropSettings } from "../engine.ts";
import type { NativeBackend } from "./storage.ts";

/** See Engine.rmsProp. */
export function rmsProp(
  variable: Variable,
  meanSquare: Variable,
  gradient: Tensor,
  settings: RmsPropSettings,
): void {
  const native = backend() as NativeBackend;
  const { learningRate, rho, epsilon } = settings;
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
