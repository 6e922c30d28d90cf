// Describes the machine of a benchmark in words.

import type { Machine } from "../../../src/common/machine.ts";

/** A noun phrase for one sentence, without a full stop. */
export function formatMachine({ cpu, cores, features, memoryGigabytes, node }: Machine): string {
  const core = cores === 1 ? "one core" : `${cores} cores`;
  const with_ = features.length > 0 ? ` with ${features.join(", ")}` : "";
  return `${core} of ${cpu}${with_}, ${memoryGigabytes} GB, Node ${node}`;
}
