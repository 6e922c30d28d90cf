// What the fresh trainings of a search's best policies say about their gains over the baseline.

import { type Interval, intervalOf } from "../common/interval.ts";
import { meanOf } from "../common/mean.ts";
import type { Confirmation } from "../policy/policy-file.ts";
import { luckOf } from "./chance.ts";
import type { FreshSamples, TrainingRecord } from "./records.ts";

/**
 * The gains of the policies whose fresh trainings are complete, by trial, with 95% intervals from the differences sample by
 * sample and the number of validation images; empty if those of the baseline are not.
 */
export function confirmedGains(
  records: readonly Pick<TrainingRecord, "trial" | "sample" | "reward">[],
  { first, count }: FreshSamples,
  validationImages: number,
): Map<number, Confirmation> {
  const rewards = new Map<number, number[]>();
  for (const { trial, sample, reward } of records) {
    // Samples of the search, or of other settings, do not count.
    if (sample < first || sample >= first + count) continue;
    const ofTrial = rewards.get(trial) ?? [];
    rewards.set(trial, ofTrial);
    ofTrial[sample - first] = reward;
  }
  const isWhole = (ofTrial: readonly number[]) =>
    ofTrial.length === count && Object.keys(ofTrial).length === count;
  const baseline = rewards.get(0);
  const gains = new Map<number, Confirmation>();
  if (!baseline || !isWhole(baseline)) return gains;
  const accuracy = meanOf(baseline);
  const luck = luckOf(accuracy, validationImages, count);
  for (const [trial, ofTrial] of rewards) {
    if (trial === 0 || !isWhole(ofTrial)) continue;
    const interval = intervalOf(ofTrial.map((reward, sample) => reward - baseline[sample]));
    const gain = meanOf(ofTrial) - accuracy;
    gains.set(trial, { gain, interval: interval ? widened(interval, luck, gain) : null, trainings: count });
  }
  return gains;
}

/**
 * At least as wide as the luck of the validation images alone: a few trainings may agree by chance, and all of them are
 * validated on the same images. The gain is in it, also if it differs from the mean by a rounding error.
 */
function widened({ mean, low, high }: Interval, luck: number, gain: number): Confirmation["interval"] {
  return { low: Math.min(low, mean - luck, gain), high: Math.max(high, mean + luck, gain) };
}
