// What the fresh trainings of a search's best policies say about their gains over the baseline, and over the best recipe.

import { type Interval, intervalOf } from "../common/interval.ts";
import { meanOf } from "../common/mean.ts";
import type { RecipeName } from "../config/recipes.ts";
import { recipeAlone } from "../policy/policy.ts";
import type { Confirmation } from "../policy/policy-file.ts";
import { luckOf } from "./chance.ts";
import type { FreshSamples, TrainingRecord } from "./records.ts";

/** What one fresh training, or one of the search, says here. */
type FreshTraining = Pick<TrainingRecord, "trial" | "sample" | "reward">;

/**
 * The gains of the policies whose fresh trainings are complete, by trial, with 95% intervals from the differences sample by
 * sample and the number of validation images; empty if those of the baseline are not.
 * @param reference the trial over which they are gains: the baseline, or another one.
 */
export function confirmedGains(
  records: readonly FreshTraining[],
  samples: FreshSamples,
  validationImages: number,
  reference = 0,
): Map<number, Confirmation> {
  const rewards = freshRewards(records, samples);
  const gains = new Map<number, Confirmation>();
  const compared = rewards.get(reference);
  if (!compared) return gains;
  const accuracy = meanOf(compared);
  const luck = luckOf(accuracy, validationImages, samples.count);
  for (const [trial, ofTrial] of rewards) {
    if (trial === 0 || trial === reference) continue;
    const interval = intervalOf(ofTrial.map((reward, sample) => reward - compared[sample]));
    const gain = meanOf(ofTrial) - accuracy;
    const widest = interval ? widened(interval, luck, gain) : null;
    gains.set(trial, { gain, interval: widest, trainings: samples.count });
  }
  return gains;
}

/** How the best policy that a search found compares with the best recipe that was trained beside it. */
export interface BesideRecipe {
  /** The trials of both. */
  readonly policy: number;
  readonly recipe: number;
  readonly name: RecipeName;
  /** The mean difference of validation accuracy: above 0 if the policy is better. */
  readonly gain: number;
  /** As that of a gain over the baseline. */
  readonly interval: Confirmation["interval"];
}

/**
 * The comparison of the best confirmed policy that is more than a recipe with the best confirmed recipe, both by their fresh
 * trainings; undefined if one of the two is missing.
 * @param isConfirmed whether the trial's fresh trainings count.
 */
export function besideRecipe(
  records: readonly (FreshTraining & Pick<TrainingRecord, "policy">)[],
  samples: FreshSamples,
  validationImages: number,
  isConfirmed: (trial: number) => boolean,
): BesideRecipe | undefined {
  const names = new Map(records.map(({ trial, policy }) => [trial, recipeAlone(policy)]));
  const ranked = [...freshRewards(records, samples)]
    .filter(([trial]) => trial > 0 && isConfirmed(trial))
    .map(([trial, rewards]) => ({ trial, name: names.get(trial), accuracy: meanOf(rewards) }))
    .sort((a, b) => b.accuracy - a.accuracy || a.trial - b.trial);
  const recipe = ranked.find(({ name }) => name !== undefined);
  const policy = ranked.find(({ name }) => name === undefined);
  if (!recipe?.name || !policy) return undefined;
  const gains = confirmedGains(records, samples, validationImages, recipe.trial);
  const { gain, interval } = gains.get(policy.trial)!;
  return { policy: policy.trial, recipe: recipe.trial, name: recipe.name, gain, interval };
}

/** The rewards of the fresh trainings, by sample, of the trials that have all of them. */
function freshRewards(
  records: readonly FreshTraining[],
  { first, count }: FreshSamples,
): Map<number, readonly number[]> {
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
  return new Map([...rewards].filter(([, ofTrial]) => isWhole(ofTrial)));
}

/**
 * At least as wide as the luck of the validation images alone: a few trainings may agree by chance, and all of them are
 * validated on the same images. The gain is in it, also if it differs from the mean by a rounding error.
 */
function widened({ mean, low, high }: Interval, luck: number, gain: number): Confirmation["interval"] {
  return { low: Math.min(low, mean - luck, gain), high: Math.max(high, mean + luck, gain) };
}
