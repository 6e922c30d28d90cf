// The keys with which a search is that of the original, and the policies have its form: for tests of what was first built for it.

import type { ConfigInput } from "../../src/config/schema.ts";

export const ORIGINAL = {
  ...{ model: "basiccnn", child_epochs: 50, opt_samples: 3, reward: "original" },
  ...{ families: "none", policy_chains: 1, operations_per_chain: 2, operations: "original" },
  ...{ redraw: "once", bases: ["none"], magnitudes: "fixed" },
} as const satisfies ConfigInput;

/** The same as options of the command line. */
export const ORIGINAL_FLAGS: readonly string[] = Object.entries(ORIGINAL).flatMap(([key, value]) => [
  "--set",
  `${key}=${JSON.stringify(value)}`,
]);
