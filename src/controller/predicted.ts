// What is to be expected of trials that have been judged, when their luck is taken out.

import type { Dimension, Judged } from "./controller.ts";
import { Surrogate } from "./surrogate.ts";

/**
 * The expected true rewards of judged points, in their order: each takes the rewards of similar points into account
 * besides its own, and so is less swayed by luck. Rankings go by them.
 */
export function predictedRewards(
  dimensions: readonly Dimension[],
  judged: readonly Judged[],
  seed: number,
): number[] {
  return judged.length === 0 ? [] : [...new Surrogate(dimensions, judged, seed).judgedMeans()];
}
