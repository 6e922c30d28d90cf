// What a report says about a search: its trials, their confirmation, what they say about techniques, and learning curves.

import { effectsOf } from "../analysis/effects.ts";
import { bestSoFar } from "../analysis/history.ts";
import { importanceOf } from "../analysis/importance.ts";
import type { SizedConfig } from "../config/schema.ts";
import type { TrainingEpochs } from "../experiment/epochs.ts";
import { secondsOf } from "../experiment/epochs.ts";
import { confirmedGains } from "../experiment/gains.ts";
import type { TrainingFailure, TrainingRecord, TrialRecord } from "../experiment/records.ts";
import { trialOf } from "../experiment/records.ts";
import type { ExperimentResults } from "../experiment/results.ts";
import { formatPolicy, recipeAlone } from "../policy/policy.ts";
import { spaceOf } from "../search/settle/controller.ts";
import type { ConfirmationPart, SearchPart, TrialPoint } from "./contents.ts";
import { searchCurves } from "./curves.ts";

/** What was read of an experiment. */
export interface ReadSearch {
  readonly config: SizedConfig;
  readonly results: ExperimentResults;
  readonly trials: readonly TrialRecord[];
  readonly epochs: readonly TrainingEpochs[];
  /** The trainings that confirm the best policies. */
  readonly fresh: readonly TrainingRecord[];
  readonly failures: readonly TrainingFailure[];
}

export function searchPart(read: ReadSearch): SearchPart {
  const { config, results, trials, epochs, failures } = read;
  const { planned, trials: done, better, stopped } = results;
  const { effects, joint } =
    trials.length > 0 ? effectsOf(trials, spaceOf(config), config.seed) : { effects: [], joint: [] };
  const points = trialPoints(trials, epochs);
  const confirmation = confirmationPart(read);
  return {
    ...{ reward: rewardInWords(results), planned, done, better, stopped, trials: points, confirmation },
    failures: failures.map(({ trial, sample, reason }) => ({ trial, sample, reason })),
    ...{ effects, importance: importanceOf(effects), joint },
    curves: searchCurves(epochs, points, confirmation),
  };
}

function rewardInWords({ reward, balanced }: ExperimentResults): string {
  const what = balanced ? "mean recall of the classes on the validation images" : "validation accuracy";
  return reward === "original"
    ? `${what} in a training's best epochs`
    : `${what} at the end of a training, of weights averaged over its last quarter`;
}

function trialPoints(trials: readonly TrialRecord[], epochs: readonly TrainingEpochs[]): TrialPoint[] {
  const seconds = new Map<number, number>();
  for (const training of epochs)
    seconds.set(training.trial, (seconds.get(training.trial) ?? 0) + secondsOf(training));
  return bestSoFar(trials).map(({ trial: { trial, policy, reward, standardError, stoppedAt }, best }) => ({
    trial,
    kind: trial === 0 ? "baseline" : recipeAlone(policy) ? "recipe" : "policy",
    policy: trial === 0 ? "no augmentation" : formatPolicy(policy),
    ...{ reward, standardError, best, stoppedAt: stoppedAt ?? null, seconds: seconds.get(trial) ?? 0 },
  }));
}

/** The trials whose fresh trainings are complete, as far as those of the baseline are, too; null before that. */
function confirmationPart({ config, results, trials, fresh }: ReadSearch): ConfirmationPart | null {
  const samples = { first: config.opt_samples, count: config.confirm_samples };
  const gains = confirmedGains(fresh, samples, results.guessing.validationImages);
  if (gains.size === 0) return null;
  const recordOf = (trial: number) =>
    trialOf(
      fresh.filter(
        (record) =>
          record.trial === trial &&
          record.sample >= samples.first &&
          record.sample < samples.first + samples.count,
      ),
    );
  const searched = new Map(trials.map(({ trial, reward }) => [trial, reward]));
  const policies = [...gains].map(([trial, { gain, interval }]) => {
    const { policy, reward } = recordOf(trial);
    return {
      ...{ trial, policy: formatPolicy(policy), recipe: recipeAlone(policy) ?? null, reward },
      searchReward: searched.get(trial) ?? reward,
      gain: { mean: gain, low: interval?.low ?? null, high: interval?.high ?? null },
    };
  });
  policies.sort((a, b) => b.reward - a.reward || a.trial - b.trial);
  return { samples: samples.count, baseline: recordOf(0).reward, policies };
}
