// Engine `tensorflow`: TensorFlow itself, through the package `tfjs-node` that the user installs.

import type { EngineDefinition } from "../types.ts";

export const tensorflow: EngineDefinition = {
  name: "tensorflow",
  probe: async () => (await import("./probe.ts")).probeTensorflow(),
  start: async (identity) => (await import("./backend.ts")).startTensorflow(identity),
};
