// A backend of TensorFlow.js that knows the shapes of tensors and stores no values: it builds models of any size at once, to
// inspect them. After PyTorch's meta device.

import { KernelBackend, registerBackend, setBackend, engine as tensorflow } from "@tensorflow/tfjs-core";
import { composedOptimizers } from "./composed.ts";
import type { Engine } from "./types.ts";

const SHAPE_ENGINE: Engine = {
  ...{ name: "shapes", precision: "float32", kernels: null },
  optimizers: composedOptimizers,
};

class ShapeBackend extends KernelBackend {
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

registerBackend(SHAPE_ENGINE.name, () => new ShapeBackend(), 0);

/** Runs `inspect` on this backend, on which every computation fails; then restores TensorFlow.js's backend. */
export async function onShapeBackend<T>(inspect: (engine: Engine) => T): Promise<T> {
  const before = tensorflow().backendName;
  if (!(await setBackend(SHAPE_ENGINE.name))) throw new Error("the backend of shapes did not start");
  try {
    return inspect(SHAPE_ENGINE);
  } finally {
    if (before) await setBackend(before);
  }
}
