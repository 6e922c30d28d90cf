// What a report says about an evaluation: its arms with intervals, and their curves.

import { intervalOf } from "../common/interval.ts";
import { meanOf } from "../common/mean.ts";
import type { Difference } from "../evaluate/comparison.ts";
import type { ArmEpochs } from "../evaluate/records.ts";
import type { EvaluationResults } from "../evaluate/results.ts";
import type { ArmPart, EvaluationPart, Measured } from "./contents.ts";
import { armCurves } from "./curves.ts";

export function evaluationPart(results: EvaluationResults, trainings: readonly ArmEpochs[]): EvaluationPart {
  const { folder, status, done, planned, comparison, facts, arms } = results;
  return {
    ...{ folder, status, progress: `${done} of ${planned} trainings done` },
    conclusion: comparison?.conclusion ?? null,
    recommended: comparison?.recommended ?? null,
    bestRecipe: comparison?.bestRecipe ?? null,
    ...{ measured: facts.measured, trainImages: facts.trainImages, testImages: facts.testImages },
    arms: arms.map(({ arm, accuracies }): ArmPart => {
      const summary = comparison?.arms.find((other) => other.arm === arm);
      const own = trainings.filter((training) => training.arm === arm);
      return {
        ...{ arm, accuracies, accuracy: accuracyOf(accuracies) },
        fromNone: measured(summary?.fromNone),
        fromBestRecipe: measured(summary?.fromBestRecipe),
        seconds: own.reduce((sum, { history }) => sum + (history.at(-1)?.seconds ?? 0), 0),
      };
    }),
    curves: armCurves(trainings),
  };
}

function accuracyOf(accuracies: readonly number[]): Measured | null {
  if (accuracies.length === 0) return null;
  const interval = intervalOf(accuracies);
  if (!interval) return { mean: meanOf(accuracies), low: null, high: null };
  const { mean, low, high } = interval;
  return { mean, low: Math.max(0, low), high: Math.min(1, high) };
}

function measured(difference: Difference | undefined): Measured | null {
  return difference ? { mean: difference.mean, low: difference.low, high: difference.high } : null;
}
