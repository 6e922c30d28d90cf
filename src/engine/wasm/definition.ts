// Engine `wasm`: TensorFlow.js's WebAssembly backend.

import type { EngineDefinition } from "../types.ts";

export const wasm: EngineDefinition = {
  name: "wasm",
  merit: "it runs anywhere",
  probe: async () => (await import("./probe.ts")).probeWasm(),
  start: async (identity) => (await import("./backend.ts")).startWasm(identity),
};
