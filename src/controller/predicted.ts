// Expected rewards of judged trials, with luck removed.

import type { Dimension, Judged } from "./controller.ts";
import { fitModel } from "./fit.ts";

/**
 * The expected true rewards of judged points, in their order. Each takes the rewards of similar points into account
 * besides its own and so is less affected by luck. Used for rankings.
 */
export function predictedRewards(
  dimensions: readonly Dimension[],
  judged: readonly Judged[],
  seed: number,
): number[] {
  return judged.length === 0 ? [] : [...fitModel(dimensions, judged, seed).judgedMeans()];
}
