// How a search went: its trials in their order, with the best reward so far.

import { isWhole } from "../experiment/ranking.ts";
import type { TrialRecord } from "../experiment/records.ts";

/** A trial with the best reward until then. */
export interface HistoryPoint {
  readonly trial: TrialRecord;
  /**
   * The highest reward of the trials up to this one, the baseline among them, in [0, 1]. Trials that were stopped early do not
   * count: their rewards are those of shorter trainings.
   */
  readonly best: number;
}

/**
 * The best reward so far after each trial, in the order of their numbers. Rewards of single trainings are noisy: the highest of
 * many is partly luck.
 * @param trials in any order; the first of them by number was not stopped, as a baseline never is.
 */
export function bestSoFar(trials: readonly TrialRecord[]): HistoryPoint[] {
  let best = 0;
  return trials
    .toSorted((a, b) => a.trial - b.trial)
    .map((trial) => {
      if (isWhole(trial)) best = Math.max(best, trial.reward);
      return { trial, best };
    });
}
