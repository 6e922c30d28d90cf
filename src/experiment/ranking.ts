// Which policies an experiment hands on.

import type { PolicyFile } from "../policy/policy-file.ts";
import type { TrialRecord } from "./records.ts";

/** At most so many policies are handed on. */
const MOST_POLICIES = 20;

/** The trials whose reward exceeds the baseline's, best first (the earlier of equals first), at most 20. */
export function goodTrials(baseline: TrialRecord, trials: readonly TrialRecord[]): TrialRecord[] {
  return trials
    .filter((trial) => trial.trial > 0 && trial.reward > baseline.reward)
    .sort((a, b) => b.reward - a.reward || a.trial - b.trial)
    .slice(0, MOST_POLICIES);
}

/** Ranked trials in the form of `policies.json`. */
export function policyFileOf(
  dataset: PolicyFile["dataset"],
  baseline: TrialRecord,
  ranked: readonly TrialRecord[],
): PolicyFile {
  return {
    dataset,
    baseline: { reward: baseline.reward, standardError: baseline.standardError },
    policies: ranked.map(({ trial, reward, standardError, policy }) => ({
      trial,
      reward,
      standardError,
      expectedAccuracyIncrease: reward - baseline.reward,
      portion: policy.portion,
      chains: policy.chains,
    })),
  };
}
