// Engine `native`: TensorFlow.js's cpu backend, with kernels in C++ for the operations on which training spends its time.

import {
  copyRegisteredKernels,
  backend as currentBackend,
  findBackendFactory,
  registerBackend,
  setBackend,
} from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients, of which some are replaced
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { replaceGradients } from "../gradients.ts";
import type { Engine, EngineIdentity } from "../types.ts";
import { type Addon, findAddon, OPERANDS } from "./addon.ts";
import { compileModel } from "./compiled.ts";
import { convolutionKernels } from "./convolution.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { nativeGradients } from "./gradients.ts";
import { BACKEND, installKernels } from "./kernels.ts";
import { matMulKernels } from "./matmul.ts";
import { moveKernels } from "./moves.ts";
import { normalizationKernels } from "./normalization.ts";
import { nativeOptimizers } from "./optimizers.ts";
import { poolingKernels } from "./pooling.ts";
import { reductionKernels } from "./reductions.ts";
import { resizingKernels } from "./resizing.ts";
import { NativeBackend } from "./storage.ts";

/**
 * Starts the backend with this many threads, and makes it TensorFlow.js's current one.
 * @throws Error if the addon is not available.
 */
export async function startNative(identity: EngineIdentity, threads: number): Promise<Engine> {
  const found = findAddon();
  if ("missing" in found) throw new Error(found.missing);
  const { addon } = found;
  addon.setThreads(threads);
  if (!findBackendFactory(BACKEND)) register(addon);
  if (!(await setBackend(BACKEND))) throw new Error("the native backend did not start");
  const backend = currentBackend() as NativeBackend;
  const { precision } = identity;
  backend.operands = OPERANDS[precision];
  const compile = (net: LayersModel, batchSize: number) =>
    compileModel(net, { batchSize, precision, backend });
  return { ...identity, optimizers: nativeOptimizers, compile };
}

function register(addon: Addon): void {
  copyRegisteredKernels("cpu", BACKEND);
  installKernels([
    ...convolutionKernels,
    ...elementwiseKernels(addon),
    ...matMulKernels,
    ...moveKernels,
    ...normalizationKernels,
    ...poolingKernels,
    ...reductionKernels(addon),
    ...resizingKernels,
  ]);
  replaceGradients(BACKEND, nativeGradients);
  registerBackend(BACKEND, () => new NativeBackend(addon));
}
