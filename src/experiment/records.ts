// What an experiment keeps of its trainings and trials.

import type { EpochResult } from "../child/reward.ts";
import { meanOf, standardErrorOf } from "../common/mean.ts";
import type { Policy } from "../policy/policy.ts";

/** One training that has ended. */
export interface TrainingRecord {
  readonly trial: number;
  readonly sample: number;
  readonly policy: Policy;
  readonly history: readonly EpochResult[];
  readonly reward: number;
}

/** The samples of the confirmation: numbers that no trial of the search uses. */
export interface FreshSamples {
  readonly first: number;
  readonly count: number;
}

/** One training that failed twice. */
export interface TrainingFailure {
  readonly trial: number;
  readonly sample: number;
  /** On one line. */
  readonly reason: string;
}

/** One trial whose samples have all ended, at least one of them with a result. */
export interface TrialRecord {
  readonly trial: number;
  readonly policy: Policy;
  /** Mean over the samples with a result. */
  readonly reward: number;
  /** Of the mean; null if there is one sample. */
  readonly standardError: number | null;
}

/** A trial from its samples with a result, at least one, all of the same policy. */
export function trialOf(samples: readonly TrainingRecord[]): TrialRecord {
  const { trial, policy } = samples[0];
  const rewards = samples.map((sample) => sample.reward);
  const reward = meanOf(rewards);
  const standardError = rewards.length > 1 ? standardErrorOf(rewards, reward) : null;
  return { trial, policy, reward, standardError };
}
