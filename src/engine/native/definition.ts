// Engine `native`: our own kernels in C++.

import type { EngineDefinition } from "../types.ts";

export const native: EngineDefinition = {
  name: "native",
  merit: "the fastest on a processor",
  isExpected: true,
  isThreaded: true,
  probe: async () => (await import("./probe.ts")).probeNative(),
  start: async (identity, threads) => (await import("./backend.ts")).startNative(identity, threads),
};
