// Engine `native`: TensorFlow.js's cpu backend with kernels in C++ for what training spends its time on.

import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { copyRegisteredKernels, registerBackend, setBackend } from "@tensorflow/tfjs-core";
import { composedRmsProp } from "../composed.ts";
import type { Engine, EngineIdentity } from "../engine.ts";
import { findAddon } from "./addon.ts";

/**
 * Starts the backend, with so many threads, and makes it TensorFlow.js's current one.
 * @throws Error where the addon is not to be had.
 */
export async function startNative(identity: EngineIdentity, _threads: number): Promise<Engine> {
  const found = findAddon();
  if ("missing" in found) throw new Error(found.missing);
  copyRegisteredKernels("cpu", "native");
  registerBackend("native", () => new MathBackendCPU());
  if (!(await setBackend("native"))) throw new Error("the native backend did not start");
  return { ...identity, rmsProp: composedRmsProp };
}
