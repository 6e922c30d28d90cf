// The reward of one training, from its history.

import { meanOf } from "../common/mean.ts";

/** What is known of a training after one epoch. */
export interface EpochResult {
  /** From 1. */
  readonly epoch: number;
  /** Mean cross-entropy over the epoch's training images, measured while training (dropout on). */
  readonly loss: number;
  /** Share of the training images classified rightly, measured while training, in [0, 1]. */
  readonly accuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  /** From the start of the training to the end of this epoch's validation. */
  readonly seconds: number;
}

export interface RewardSettings {
  /** K: how many of the best qualifying epochs are averaged (`opt_last_n_epochs`). */
  readonly bestEpochs: number;
  /** By how much training accuracy may exceed validation accuracy (`opt_overfit_margin`). */
  readonly overfitMargin: number;
}

/**
 * The mean of the K highest validation accuracies among the epochs whose training accuracy exceeds their validation
 * accuracy by at most the margin; of fewer where fewer qualify; where none does, the validation accuracy of the epoch
 * with the smallest excess (the earliest of equals). In [0, 1], never NaN.
 * @throws RangeError for an empty history.
 */
export function rewardOf(history: readonly EpochResult[], settings: RewardSettings): number {
  if (history.length === 0) throw new RangeError("a history without epochs has no reward");
  // Accuracies are ratios of counts: a hair of tolerance keeps "at most 0.10" true where rounding says 0.1 + 1e-17.
  const qualifying = history
    .filter((epoch) => excess(epoch) <= settings.overfitMargin + 1e-9)
    .map((epoch) => epoch.validationAccuracy)
    .sort((a, b) => b - a)
    .slice(0, settings.bestEpochs);
  if (qualifying.length > 0) return meanOf(qualifying);
  return history.reduce((best, epoch) => (excess(epoch) < excess(best) ? epoch : best)).validationAccuracy;
}

function excess(epoch: EpochResult): number {
  return epoch.accuracy - epoch.validationAccuracy;
}
