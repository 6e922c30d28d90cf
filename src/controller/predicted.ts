// What is to be expected of trials that have been judged, when their luck is taken out.

import type { Dimension, Judged } from "./controller.ts";
import { meanAndVariance, Surrogate } from "./surrogate.ts";

/**
 * The surrogate's predictions at the judged points themselves, in their order: each takes the rewards of similar points
 * into account, and so is less swayed by luck than its own reward. Rankings go by them.
 */
export function predictedRewards(
  dimensions: readonly Dimension[],
  judged: readonly Judged[],
  seed: number,
): number[] {
  if (judged.length === 0) return [];
  const points = judged.map(({ point }) => point);
  const rewards = judged.map(({ reward }) => reward);
  const predictions = new Surrogate(dimensions, points, rewards, seed).predict(points);
  return points.map((_, row) => meanAndVariance(predictions, row)[0]);
}
