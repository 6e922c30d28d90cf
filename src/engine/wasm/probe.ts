// Engine `wasm` is available on every machine.

import { version_wasm } from "@tensorflow/tfjs-backend-wasm";
import { processorName } from "../../common/machine.ts";
import type { EngineFound } from "../types.ts";

export async function probeWasm(): Promise<EngineFound> {
  return {
    version: version_wasm,
    device: processorName(),
    isSoftware: false,
    precisions: ["float32"],
    kernels: null,
  };
}
