// Engine `webgpu`: graphics cards, through Dawn.

import type { EngineDefinition } from "../types.ts";

export const webgpu: EngineDefinition = {
  name: "webgpu",
  merit: "there is a graphics card",
  // While one training prepares its next step, or augments images, the card computes the steps of the others; measured by
  // `npm run bench:gpu`.
  deviceWorkers: 4,
  profilingObstacle: "steps run on the card while the program continues",
  probe: async () => (await import("./probe.ts")).probeWebgpu(),
  start: async (identity) => (await import("./backend.ts")).startWebgpu(identity),
};
