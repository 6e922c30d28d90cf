// Engine `native`: our own kernels in C++.

import type { EngineDefinition } from "../types.ts";

export const native: EngineDefinition = {
  name: "native",
  merit: "the fastest on a processor",
  isExpected: true,
  isThreaded: true,
  probe: async () => (await import("./probe.ts")).probeNative(),
  rankPrecisions: async (found, model) => (await import("./precision.ts")).rankPrecisions(found, model),
  noteOn: async (model) => (await import("./slow-models.ts")).noteOnSlowModel(model),
  start: async (identity, threads) => (await import("./backend.ts")).startNative(identity, threads),
};
