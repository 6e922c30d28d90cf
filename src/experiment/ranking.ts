// Which policies an experiment hands on, and which of them are worth training anew.

import type { FoundPolicy, MeasuredReward, PolicyFile } from "../policy/policy-file.ts";
import type { TrialRecord } from "./records.ts";

/** At most so many policies are handed on. */
const MOST_POLICIES = 20;

/** What is known of a search's trials besides their own rewards, by the trials' numbers. */
export interface Knowledge {
  /** Rewards to be expected of them when luck is taken out; only at the search's end. */
  readonly predicted?: ReadonlyMap<number, number>;
  /** Their trainings with fresh seeds; nothing counts without those of the baseline, trial 0. */
  readonly confirmed?: ReadonlyMap<number, TrialRecord>;
}

/** What is handed on: `policies.json` without the dataset. */
export type Ranking = Omit<PolicyFile, "dataset">;

/**
 * The trials to train anew: of those that are better than the baseline by their predicted reward or by the one that they
 * had, the `most` of the highest predicted reward, best first.
 * @param trials the baseline first.
 */
export function mostPromising(
  trials: readonly TrialRecord[],
  predicted: ReadonlyMap<number, number>,
  most: number,
): TrialRecord[] {
  const [baseline] = trials;
  const expected = ({ trial, reward }: TrialRecord) => predicted.get(trial) ?? reward;
  return trials
    .slice(1)
    .filter((trial) => expected(trial) > expected(baseline) || trial.reward > baseline.reward)
    .sort((a, b) => expected(b) - expected(a) || a.trial - b.trial)
    .slice(0, most);
}

/**
 * The policies better than the baseline, at most 20. Confirmed ones come first, by their confirmed reward, and without
 * those that then did no better than the baseline; the others follow by their predicted reward, or by their own where
 * none is predicted. The earlier of equals comes first.
 * @param trials the baseline first.
 */
export function rankPolicies(
  trials: readonly TrialRecord[],
  { predicted, confirmed }: Knowledge = {},
): Ranking {
  const [baseline] = trials;
  const confirmedBaseline = confirmed?.get(baseline.trial);
  const found = trials.slice(1).map(({ trial, policy, reward, standardError }): FoundPolicy => {
    const { portion, chains } = policy;
    const fresh = confirmedBaseline && confirmed?.get(trial);
    if (fresh) {
      const expectedAccuracyIncrease = fresh.reward - confirmedBaseline.reward;
      return { trial, ...confirmedAs(fresh, reward), expectedAccuracyIncrease, portion, chains };
    }
    const predictedReward = predicted?.get(trial);
    return {
      ...{ trial, reward, standardError, confirmed: false },
      ...(predictedReward !== undefined && { predictedReward }),
      ...{ expectedAccuracyIncrease: reward - baseline.reward, portion, chains },
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

function expected({ reward, predictedReward = reward }: FoundPolicy): number {
  return predictedReward;
}

function confirmedAs({ reward, standardError }: TrialRecord, searchReward: number): MeasuredReward {
  return { reward, standardError, confirmed: true, searchReward };
}
