// Whether this machine has engine `native`: the addon, and a processor that runs it.

import { processorName } from "../../common/machine.ts";
import { VERSION } from "../../common/version.ts";
import type { EngineProbe } from "../types.ts";
import { findAddon } from "./addon.ts";

export async function probeNative(): Promise<EngineProbe> {
  const found = findAddon();
  if ("missing" in found) return found;
  const { addon, kernels } = found;
  return {
    version: VERSION,
    device: processorName(),
    isSoftware: false,
    precisions: addon.multipliesBfloat16() ? ["bfloat16", "float32"] : ["float32", "bfloat16"],
    kernels,
  };
}
