// A backend of TensorFlow.js that keeps no values and computes nothing: on it models of any size are put together, to be
// looked at, in no time.

import { KernelBackend, registerBackend, setBackend, engine as tensorflow } from "@tensorflow/tfjs-core";
import { composedOptimizers } from "./composed.ts";
import type { Engine } from "./types.ts";

const OUTLINE: Engine = {
  ...{ name: "outline", precision: "float32", kernels: null },
  optimizers: composedOptimizers,
};

class OutlineBackend extends KernelBackend {
  override write(): object {
    return {};
  }

  override incRef(): void {}

  override disposeData(): boolean {
    return true;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override dispose(): void {}
}

registerBackend(OUTLINE.name, () => new OutlineBackend(), 0);

/** Runs `look` on this backend, where whatever computes fails; then the backend before is TensorFlow.js's current one again. */
export async function onOutline<T>(look: (engine: Engine) => T): Promise<T> {
  const before = tensorflow().backendName;
  if (!(await setBackend(OUTLINE.name))) throw new Error("the outline backend did not start");
  try {
    return look(OUTLINE);
  } finally {
    if (before) await setBackend(before);
  }
}
