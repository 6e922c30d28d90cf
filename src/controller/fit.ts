// Which model a space's rewards are predicted by.

import type { Dimension, Judged } from "./controller.ts";
import { hasCoordinates } from "./coordinates.ts";
import { GaussianProcess } from "./gaussian-process.ts";
import type { RewardModel } from "./model.ts";
import { Surrogate } from "./surrogate.ts";

/**
 * A Gaussian process if points have coordinates, since there are few of these then; otherwise, of techniques that are chosen by
 * name, an additive model with a forest.
 * @param judged at least one.
 * @param earlier a model of the same space, which saves time and does not change the result.
 */
export function fitModel(
  dimensions: readonly Dimension[],
  judged: readonly Judged[],
  seed: number,
  earlier?: RewardModel,
): RewardModel {
  if (!hasCoordinates(dimensions)) return new Surrogate(dimensions, judged, seed);
  return new GaussianProcess(dimensions, judged, earlier instanceof GaussianProcess ? earlier : undefined);
}
