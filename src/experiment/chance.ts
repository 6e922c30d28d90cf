// Whether a network has learnt anything: if not, no policy can be judged by it.

import type { MeasuredReward } from "../policy/policy-file.ts";

/** A difference of this many standard deviations is more than noise. */
const NOISE = 2;

/** What is needed to know how well guessing would do. */
export interface Guessing {
  readonly classes: number;
  /** Number of validation images. */
  readonly validationImages: number;
}

/**
 * Whether a validation accuracy is not above that of guessing, one in `classes`, by more than its noise: of the images that
 * were drawn, and of the trainings.
 */
export function isAtChance(
  { reward, standardError }: Pick<MeasuredReward, "reward" | "standardError">,
  { classes, validationImages }: Guessing,
): boolean {
  const chance = 1 / classes;
  const variance = (chance * (1 - chance)) / validationImages + (standardError ?? 0) ** 2;
  return reward <= chance + NOISE * Math.sqrt(variance);
}
