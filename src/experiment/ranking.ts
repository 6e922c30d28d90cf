// Which policies an experiment reports, and which of them are worth training again.

import { areNearEqual } from "../policy/near-equal.ts";
import { plainPolicy } from "../policy/policy.ts";
import type { Confirmation, FoundPolicy, MeasuredReward, PolicyFile } from "../policy/policy-file.ts";
import type { TrialRecord } from "./records.ts";

/** The largest number of policies that are reported. */
const MOST_POLICIES = 20;

/** What is known of a search's trials besides their own rewards, by the trials' numbers. */
export interface Knowledge {
  /** Their predicted rewards, from which the luck of single trainings is removed; only at the search's end. */
  readonly predicted?: ReadonlyMap<number, number>;
  /** Their trainings with fresh seeds; they count only if those of the baseline, trial 0, are among them. */
  readonly confirmed?: ReadonlyMap<number, TrialRecord>;
  /** What those trainings say about the gains. */
  readonly gains?: ReadonlyMap<number, Confirmation>;
}

/** `policies.json` without the dataset. */
export type Ranking = Omit<PolicyFile, "dataset">;

/**
 * The trials to train again, at most `most`: of the promising ones, those of the highest predicted reward, best first. A trial
 * is passed over if its policy is a near-equal of one that was chosen before it, so that they are different policies. If none
 * of several is a recipe, the last one gives way to the best recipe, since that is what a found policy has to beat.
 * @param trials the baseline first.
 * @param recipes the number of trials after the baseline that judge recipes.
 */
export function mostPromising(
  trials: readonly TrialRecord[],
  predicted: ReadonlyMap<number, number>,
  most: number,
  recipes = 0,
): TrialRecord[] {
  const chosen: TrialRecord[] = [];
  for (const trial of promisingTrials(trials, predicted)) {
    if (chosen.length >= most) break;
    if (!chosen.some(({ policy }) => areNearEqual(policy, trial.policy))) chosen.push(trial);
  }
  const isRecipe = ({ trial }: TrialRecord) => trial > 0 && trial <= recipes;
  const [recipe] = byExpected(trials.filter(isRecipe), predicted);
  if (!recipe || most < 2 || chosen.length === 0 || chosen.some(isRecipe)) return chosen;
  return [...chosen.slice(0, most - 1), recipe];
}

/** A trial's predicted reward, or its own if none is predicted. */
function expectedBy(predicted: ReadonlyMap<number, number> | undefined): (trial: TrialRecord) => number {
  return ({ trial, reward }) => predicted?.get(trial) ?? reward;
}

/** By what is expected of them, best first. */
function byExpected(
  trials: readonly TrialRecord[],
  predicted: ReadonlyMap<number, number> | undefined,
): TrialRecord[] {
  const expected = expectedBy(predicted);
  return [...trials].sort((a, b) => expected(b) - expected(a) || a.trial - b.trial);
}

/**
 * The trials that are better than the baseline by their predicted reward or by their own, by predicted reward, best first.
 * Those that were stopped early are not among them.
 * @param trials the baseline first.
 */
function promisingTrials(
  trials: readonly TrialRecord[],
  predicted: ReadonlyMap<number, number> | undefined,
): TrialRecord[] {
  const [baseline] = trials;
  const expected = expectedBy(predicted);
  const promising = trials
    .slice(1)
    .filter(isWhole)
    .filter((trial) => expected(trial) > expected(baseline) || trial.reward > baseline.reward);
  return byExpected(promising, predicted);
}

/**
 * The policies better than the baseline, at most 20, without those of trials that were stopped early. Confirmed ones come first,
 * by their confirmed reward, without those that did no better than the baseline in the fresh trainings; each has the number of
 * other promising trials whose policies are its near-equals. The others follow by their predicted reward, or by their own if
 * none is predicted. The earlier of equals comes first.
 * @param trials the baseline first.
 */
export function rankPolicies(
  trials: readonly TrialRecord[],
  { predicted, confirmed, gains }: Knowledge = {},
): Ranking {
  const [baseline] = trials;
  const confirmedBaseline = confirmed?.get(baseline.trial);
  const promising = confirmedBaseline ? promisingTrials(trials, predicted) : [];
  const whole = trials.slice(1).filter(isWhole);
  const found = whole.map(({ trial, policy, reward, standardError }): FoundPolicy => {
    const fresh = confirmedBaseline && confirmed?.get(trial);
    if (fresh) {
      const isNearEqual = (other: TrialRecord) => other.trial !== trial && areNearEqual(other.policy, policy);
      const nearEquals = promising.filter(isNearEqual).length;
      const expectedAccuracyIncrease = fresh.reward - confirmedBaseline.reward;
      const confirmation = gains?.get(trial);
      return {
        ...{ trial, ...confirmedAs(fresh, reward), nearEquals, expectedAccuracyIncrease },
        ...(confirmation && { confirmation }),
        ...plainPolicy(policy),
      };
    }
    const predictedReward = predicted?.get(trial);
    return {
      ...{ trial, reward, standardError, confirmed: false },
      ...(predictedReward !== undefined && { predictedReward }),
      ...{ expectedAccuracyIncrease: reward - baseline.reward, confirmation: null },
      ...plainPolicy(policy),
    };
  });
  const policies = found
    .filter(({ expectedAccuracyIncrease }) => expectedAccuracyIncrease > 0)
    .sort((a, b) => +b.confirmed - +a.confirmed || expected(b) - expected(a) || a.trial - b.trial);
  return {
    baseline: confirmedBaseline
      ? confirmedAs(confirmedBaseline, baseline.reward)
      : { reward: baseline.reward, standardError: baseline.standardError, confirmed: false },
    policies: policies.slice(0, MOST_POLICIES),
  };
}

/** Whether none of the trial's trainings was stopped early. */
export function isWhole({ stoppedAt }: Pick<TrialRecord, "stoppedAt">): boolean {
  return stoppedAt === undefined;
}

/** Rounded, so that equal rewards which were summed in another order are equal here, too. */
function expected({ reward, predictedReward = reward }: FoundPolicy): number {
  return Number(predictedReward.toFixed(12));
}

function confirmedAs({ reward, standardError }: TrialRecord, searchReward: number): MeasuredReward {
  return { reward, standardError, confirmed: true, searchReward };
}
