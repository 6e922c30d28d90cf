// What an experiment keeps of its trainings and trials.

import { type EpochResult, type RewardSettings, rewardOf } from "../child/reward.ts";
import { meanOf, standardErrorOf } from "../common/mean.ts";
import type { Policy } from "../policy/policy.ts";

/** How far a training or a trial came in a search that stops the worst ones early (`stop_epochs`); empty in others. */
export interface ReachedRungs {
  /** Validation accuracies at the rungs that it reached: after the epochs of `stop_epochs`, and in the end. The last is its reward. */
  readonly rungs?: readonly number[];
  /** The epoch, from 1, after which it was stopped; missing if it was not. */
  readonly stoppedAt?: number;
}

/** One training that has ended. */
export interface TrainingRecord extends ReachedRungs {
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

/**
 * One trial whose samples have all ended, at least one of them with a result. It was stopped if one of its samples was, and
 * then has the rungs that all of them reached.
 */
export interface TrialRecord extends ReachedRungs {
  readonly trial: number;
  readonly policy: Policy;
  /** Mean over the samples with a result; of a stopped trial, at its last rung. */
  readonly reward: number;
  /** Of the mean; null if there is one sample. */
  readonly standardError: number | null;
}

/** A trial from its samples with a result, at least one, all of the same policy. */
export function trialOf(samples: readonly TrainingRecord[]): TrialRecord {
  const { trial, policy } = samples[0];
  const reached = Math.min(...samples.map(({ rungs = [] }) => rungs.length));
  const rungs = Array.from({ length: reached }, (_, rung) =>
    meanOf(samples.map((sample) => sample.rungs![rung])),
  );
  const rewards = samples.map(({ reward, rungs }) => rungs?.[reached - 1] ?? reward);
  const reward = meanOf(rewards);
  const standardError = rewards.length > 1 ? standardErrorOf(rewards, reward) : null;
  const stops = samples.flatMap(({ stoppedAt }) => stoppedAt ?? []);
  return {
    ...{ trial, policy, reward, standardError },
    ...(reached > 0 && { rungs }),
    ...(stops.length > 0 && { stoppedAt: Math.min(...stops) }),
  };
}

/**
 * The record of a training from what it measured.
 * @param validatedAt the epochs after which it is validated, if not after each.
 */
export function recordOf(
  {
    trial,
    sample,
    policy,
    validatedAt,
  }: Pick<TrainingRecord, "trial" | "sample" | "policy"> & { validatedAt?: readonly number[] },
  history: readonly EpochResult[],
  reward: RewardSettings,
): TrainingRecord {
  const reached = rungsOf(history, validatedAt);
  return { trial, sample, policy, history, reward: rewardOf(history, reward), ...reached };
}

/**
 * Whether trainings that are validated after these epochs, listed or counted, may be stopped: after each listed one but the last,
 * their end.
 */
export function mayStop(epochs: readonly number[] | number | undefined): epochs is readonly number[] {
  return typeof epochs === "object" && epochs.length > 1;
}

/** How far a training came. @param epochs after which it is validated, as for `mayStop`. */
export function rungsOf(
  history: readonly EpochResult[],
  epochs: readonly number[] | number | undefined,
): ReachedRungs {
  if (!mayStop(epochs)) return {};
  const { epoch } = history[history.length - 1];
  return {
    rungs: history.map(({ validationAccuracy }) => validationAccuracy),
    ...(epoch < epochs[epochs.length - 1] && { stoppedAt: epoch }),
  };
}
