// What may be chance: an accuracy that is no better than guessing, and a gain that the validation images do not show.

import type { MeasuredReward } from "../policy/policy-file.ts";

/** A difference of this many standard deviations is more than noise. */
const NOISE = 2;

/** What is needed to know how well guessing would do. */
export interface Guessing {
  readonly classes: number;
  /** Number of validation images. */
  readonly validationImages: number;
}

/** Two-sided 95% of a normal distribution. */
const Z = 1.96;

/**
 * How far two mean accuracies differ by the luck of their predictions alone, in 95 of 100 cases: both are `accuracy` in truth,
 * and are measured by this many trainings each on the same images. A rule of thumb: 1.96 √(2 a (1 − a) / (n s)), which takes
 * each prediction as an independent draw.
 */
export function luckOf(accuracy: number, images: number, samples: number): number {
  return Z * Math.sqrt((2 * accuracy * (1 - accuracy)) / (images * samples));
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
