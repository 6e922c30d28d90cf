// Engine `webgpu`: TensorFlow.js's WebGPU backend on Dawn, made fast for training: gradients as tiled products and in few
// passes, optimizers in one pass, and steps that are recorded once and then replayed without TensorFlow.js.

import "@tensorflow/tfjs-layers"; // registers the gradients, of which some are replaced
import { env, findBackendFactory, registerBackend, setBackend } from "@tensorflow/tfjs-core";
import { replaceGradients } from "../gradients.ts";
import type { Engine, EngineIdentity } from "../types.ts";
import { convolutionKernels } from "./convolution.ts";
import { requestDevice } from "./dawn.ts";
import { depthwiseKernels } from "./depthwise.ts";
import { dropoutKernels, registerDropoutGradient } from "./dropout.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { GpuBackend } from "./gpu-backend.ts";
import { gpuGradients } from "./gradients.ts";
import { BACKEND, installKernels } from "./kernels.ts";
import { matMulKernels } from "./matmul.ts";
import { GpuModel } from "./model.ts";
import { normalizationKernels } from "./normalization.ts";
import { gpuOptimizers } from "./optimizers.ts";
import { poolingKernels } from "./pooling.ts";
import { reductionKernels } from "./reductions.ts";

let started: GpuBackend | undefined;

/**
 * Starts the backend and makes it TensorFlow.js's current one. A process has one device.
 * @throws RunError if there is no graphics adapter.
 */
export async function startWebgpu(identity: EngineIdentity): Promise<Engine> {
  started ??= await createBackend();
  const backend = started;
  if (!findBackendFactory(BACKEND)) register(backend);
  if (!(await setBackend(BACKEND))) throw new Error("the WebGPU backend did not start");
  return { ...identity, optimizers: gpuOptimizers, onDevice: (net) => new GpuModel(backend, net) };
}

async function createBackend(): Promise<GpuBackend> {
  const { device, info, gpu } = await requestDevice();
  // TensorFlow.js's backend looks for a browser's WebGPU.
  globalThis.navigator ??= {} as Navigator;
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
  return new GpuBackend(device, info);
}

function register(backend: GpuBackend): void {
  // Computes nothing on the processor, however small it is: it would be missing in a recording.
  env().set("WEBGPU_CPU_FORWARD", false);
  installKernels([
    ...convolutionKernels,
    ...depthwiseKernels,
    ...dropoutKernels,
    ...elementwiseKernels,
    ...matMulKernels,
    ...normalizationKernels,
    ...poolingKernels,
    ...reductionKernels,
  ]);
  replaceGradients(BACKEND, gpuGradients);
  registerDropoutGradient();
  registerBackend(BACKEND, () => backend);
}
