// Engine `webgpu`: graphics cards, through Dawn.

import type { EngineDefinition } from "../types.ts";

export const webgpu: EngineDefinition = {
  name: "webgpu",
  merit: "there is a graphics card",
  // While one training puts its next step together, or augments images, the card computes the others'. `npm run bench:gpu`
  // measures it.
  deviceWorkers: 4,
  profilingObstacle: "steps run on the card while the program goes on",
  probe: async () => (await import("./probe.ts")).probeWebgpu(),
  start: async (identity) => (await import("./backend.ts")).startWebgpu(identity),
};
