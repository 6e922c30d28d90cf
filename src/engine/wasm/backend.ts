// Engine `wasm`: TensorFlow.js's WebAssembly backend (XNNPACK, 128-bit SIMD), made to train.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import {
  env,
  getKernel,
  type KernelConfig,
  registerKernel,
  setBackend,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import { assetPath } from "../../common/assets.ts";
import { composedOptimizers } from "../composed.ts";
import type { Engine, EngineIdentity } from "../types.ts";
import { convolutionGradientKernels } from "./convolution-gradients.ts";
import { depthwiseGradientKernels } from "./depthwise-gradients.ts";
import { matMulKernel } from "./matmul.ts";
import { maxPoolGradientKernel } from "./max-pool-gradient.ts";
import { rmsProp } from "./rmsprop.ts";

/** Starts the backend and makes it TensorFlow.js's current one. One thread: parallel trainings are processes. */
export async function startWasm(identity: EngineIdentity): Promise<Engine> {
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths({
    "tfjs-backend-wasm.wasm": assetPath("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm"),
    "tfjs-backend-wasm-simd.wasm": assetPath(
      "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    ),
    "tfjs-backend-wasm-threaded-simd.wasm": assetPath(
      "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
    ),
  });
  for (const kernel of [
    ...convolutionGradientKernels,
    ...depthwiseGradientKernels,
    maxPoolGradientKernel,
    matMulKernel(),
  ])
    replaceKernel(kernel);
  if (!(await setBackend("wasm"))) throw new Error("the WebAssembly backend did not start");
  return { ...identity, optimizers: { ...composedOptimizers, rmsProp } };
}

function replaceKernel(kernel: KernelConfig): void {
  const { kernelName, backendName } = kernel;
  if (getKernel(kernelName, backendName)) unregisterKernel(kernelName, backendName);
  registerKernel(kernel);
}
