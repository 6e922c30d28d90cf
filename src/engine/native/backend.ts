// Engine `native`: TensorFlow.js's cpu backend with kernels in C++ for what training spends its time on.

import {
  copyRegisteredKernels,
  backend as currentBackend,
  findBackendFactory,
  getKernel,
  registerBackend,
  registerKernel,
  setBackend,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients, of which some are replaced
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Engine, EngineIdentity } from "../types.ts";
import { type Addon, findAddon, OPERANDS } from "./addon.ts";
import { compileModel } from "./compiled.ts";
import { convolutionKernels } from "./convolution.ts";
import { depthwiseKernels } from "./depthwise.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { replaceNativeGradients } from "./gradients.ts";
import type { NativeKernel } from "./kernels.ts";
import { matMulKernels } from "./matmul.ts";
import { moveKernels } from "./moves.ts";
import { normalizationKernels } from "./normalization.ts";
import { nativeOptimizers } from "./optimizers.ts";
import { poolingKernels } from "./pooling.ts";
import { reductionKernels } from "./reductions.ts";
import { NativeBackend } from "./storage.ts";

const NAME = "native";

/**
 * Starts the backend, with so many threads, and makes it TensorFlow.js's current one.
 * @throws Error where the addon is not to be had.
 */
export async function startNative(identity: EngineIdentity, threads: number): Promise<Engine> {
  const found = findAddon();
  if ("missing" in found) throw new Error(found.missing);
  const { addon } = found;
  addon.setThreads(threads);
  if (!findBackendFactory(NAME)) register(addon);
  if (!(await setBackend(NAME))) throw new Error("the native backend did not start");
  const backend = currentBackend() as NativeBackend;
  const { precision } = identity;
  backend.operands = OPERANDS[precision];
  const compile = (net: LayersModel, batchSize: number) =>
    compileModel(net, { batchSize, precision, backend });
  return { ...identity, optimizers: nativeOptimizers, compile };
}

function register(addon: Addon): void {
  copyRegisteredKernels("cpu", NAME);
  const kernels = [
    ...convolutionKernels,
    ...depthwiseKernels,
    ...elementwiseKernels(addon),
    ...matMulKernels,
    ...moveKernels,
    ...normalizationKernels,
    ...poolingKernels,
    ...reductionKernels(addon),
  ];
  for (const kernel of kernels) install(kernel);
  replaceNativeGradients(NAME);
  registerBackend(NAME, () => new NativeBackend(addon));
}

/** Puts a kernel in the place of the cpu backend's, which still runs where this one passes. */
function install({ name, run }: NativeKernel): void {
  const plain = getKernel(name, NAME);
  if (plain) unregisterKernel(name, NAME);
  registerKernel({
    kernelName: name,
    backendName: NAME,
    kernelFunc: (args) => {
      const result = run(args.backend as NativeBackend, args.inputs, args.attrs ?? {});
      if (result) return result;
      if (!plain) throw new Error(`the native backend's kernel ${name} does not take these inputs`);
      return plain.kernelFunc(args);
    },
  });
}
