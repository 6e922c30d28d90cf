// Engine `native`: TensorFlow.js's cpu backend with kernels in C++ for what training spends its time on.

import {
  copyRegisteredKernels,
  findBackendFactory,
  getKernel,
  registerBackend,
  registerKernel,
  setBackend,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients, of which some are replaced
import type { Engine, EngineIdentity } from "../engine.ts";
import { type Addon, findAddon } from "./addon.ts";
import { convolutionKernels } from "./convolution.ts";
import { depthwiseKernels } from "./depthwise.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { replaceGradients } from "./gradients.ts";
import type { NativeKernel } from "./kernels.ts";
import { matMulKernels } from "./matmul.ts";
import { moveKernels } from "./moves.ts";
import { normalizationKernels } from "./normalization.ts";
import { poolingKernels } from "./pooling.ts";
import { reductionKernels } from "./reductions.ts";
import { rmsProp } from "./rmsprop.ts";
import { NativeBackend } from "./storage.ts";

const NAME = "native";

/**
 * Starts the backend, with so many threads, and makes it TensorFlow.js's current one.
 * @throws Error where the addon is not to be had.
 */
export async function startNative(identity: EngineIdentity, _threads: number): Promise<Engine> {
  const found = findAddon();
  if ("missing" in found) throw new Error(found.missing);
  if (!findBackendFactory(NAME)) register(found.addon);
  if (!(await setBackend(NAME))) throw new Error("the native backend did not start");
  return { ...identity, rmsProp };
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
  replaceGradients(NAME);
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
