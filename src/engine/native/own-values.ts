// Variables that are changed in place.

import { engine, type Variable } from "@tensorflow/tfjs-core";
import type { NativeBackend } from "./storage.ts";

/** The variable's values, for writing; moved to memory of their own first if a clone or the user shares them. */
export function ownValues(native: NativeBackend, variable: Variable): Float32Array {
  const values = native.floatsOf(variable);
  if (native.refCount(variable.dataId) === 1 && native.pool.holdersOf(values) === 1) return values;
  const own = native.makeFloats(variable.shape);
  own.values.set(values);
  const tensor = engine().makeTensorFromTensorInfo(own.tensor);
  variable.assign(tensor);
  tensor.dispose();
  return own.values;
}
