// Whether this machine has engine `tensorflow`. Only when it is loaded does the package look for a card.

import { version_core } from "@tensorflow/tfjs-core";
import { processorName } from "../../common/machine.ts";
import type { EngineProbe } from "../types.ts";
import { loadTfjsNode } from "./tfjs-node.ts";

export async function probeTensorflow(): Promise<EngineProbe> {
  const found = await loadTfjsNode();
  if ("missing" in found) return found;
  return {
    version: `${version_core}, libtensorflow ${found.tensorflow}`,
    device: found.isOnGraphicsCard ? "an NVIDIA card (CUDA)" : processorName(),
    isSoftware: false,
    precisions: ["float32"],
    kernels: null,
  };
}
