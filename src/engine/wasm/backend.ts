// Engine `wasm`: TensorFlow.js's WebAssembly backend (XNNPACK, 128-bit SIMD), with what it lacks for training.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { env, setBackend } from "@tensorflow/tfjs-core";
import { assetPath } from "../../common/assets.ts";
import { composedOptimizers } from "../composed.ts";
import type { Engine, EngineIdentity } from "../types.ts";
import { convolutionGradientKernels } from "./convolution-gradients.ts";
import { depthwiseGradientKernels } from "./depthwise-gradients.ts";
import { BACKEND, installKernels } from "./kernels.ts";
import { matMulKernel } from "./matmul.ts";
import { maxPoolGradientKernel } from "./max-pool-gradient.ts";
import { rmsProp } from "./rmsprop.ts";

let isPrepared = false;

/** Starts the backend and makes it TensorFlow.js's current one. One thread: parallel trainings are processes. */
export async function startWasm(identity: EngineIdentity): Promise<Engine> {
  if (!isPrepared) prepare();
  isPrepared = true;
  if (!(await setBackend(BACKEND))) throw new Error("the WebAssembly backend did not start");
  return { ...identity, optimizers: { ...composedOptimizers, rmsProp } };
}

function prepare(): void {
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths({
    "tfjs-backend-wasm.wasm": assetPath("deepaugment/tensorflow/tfjs-backend-wasm.wasm"),
    "tfjs-backend-wasm-simd.wasm": assetPath("deepaugment/tensorflow/tfjs-backend-wasm-simd.wasm"),
    "tfjs-backend-wasm-threaded-simd.wasm": assetPath(
      "deepaugment/tensorflow/tfjs-backend-wasm-threaded-simd.wasm",
    ),
  });
  installKernels([
    ...convolutionGradientKernels,
    ...depthwiseGradientKernels,
    maxPoolGradientKernel,
    matMulKernel,
  ]);
}
