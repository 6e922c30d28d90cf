// Computes the reward of a training from its history.

import { meanOf } from "../common/mean.ts";

/** Results of one epoch of a training. */
export interface EpochResult {
  /** From 1. */
  readonly epoch: number;
  /** Mean cross-entropy over the epoch's training images, measured during training (dropout on). */
  readonly loss: number;
  /** Share of the training images classified correctly, measured during training, in [0, 1]. */
  readonly accuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  /** From the start of the training to the end of this epoch's validation. */
  readonly seconds: number;
}

/** What a training reports after an epoch: without validation if the child was not validated then. */
export type EpochReport = Omit<EpochResult, Validated> & Partial<Pick<EpochResult, Validated>>;

type Validated = "validationLoss" | "validationAccuracy";

/** The original's reward, or the validation accuracy of the averaged weights in the end. */
export type RewardSettings = OriginalReward | "averaged";

interface OriginalReward {
  /** K, the number of best qualifying epochs to average (`opt_last_n_epochs`). */
  readonly bestEpochs: number;
  /** How far training accuracy may exceed validation accuracy in a qualifying epoch (`opt_overfit_margin`). */
  readonly overfitMargin: number;
}

/**
 * The reward of averaged weights is the last validation accuracy.
 *
 * The original's: an epoch qualifies if its training accuracy exceeds its validation accuracy by at most the margin. The
 * reward is the mean of the K highest validation accuracies among the qualifying epochs (of all of them if there are fewer
 * than K). If none qualifies, it is the validation accuracy of the epoch with the smallest excess, the earliest one on a
 * tie. In [0, 1], never NaN.
 * @throws RangeError for an empty history.
 */
export function rewardOf(history: readonly EpochResult[], settings: RewardSettings): number {
  if (history.length === 0) throw new RangeError("a history without epochs has no reward");
  if (settings === "averaged") return history[history.length - 1].validationAccuracy;
  // Accuracies are ratios of counts: a small tolerance lets an excess of exactly the margin qualify despite rounding.
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
