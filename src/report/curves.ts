// Learning curves: of all trainings there would be too many, so a few that say most are chosen.

import { groupBy } from "../common/group.ts";
import { meanOf } from "../common/mean.ts";
import type { ArmEpochs } from "../evaluate/records.ts";
import type { TrainingEpochs } from "../experiment/epochs.ts";
import type { ConfirmationPart, CurveLine, CurvePoint, CurvesPart, TrialPoint } from "./contents.ts";

/** Whole policies with the best rewards, and stopped trials, that have a curve. */
const BEST = 5;
const STOPPED = 10;

const VALIDATED_ONCE =
  "Each child was validated only once, at the end of its training (reward: averaged), so the search has no learning curves.";

/**
 * Of the baseline, the recipes, the confirmed and the best policies, and the last of those that were stopped; the mean of the
 * samples of each.
 */
export function searchCurves(
  trainings: readonly TrainingEpochs[],
  trials: readonly TrialPoint[],
  confirmation: ConfirmationPart | null,
): CurvesPart {
  if (trainings.length === 0) return { missing: "No training has ended yet.", lines: [] };
  if (trainings.every(({ epochs }) => epochs.length < 2)) return { missing: VALIDATED_ONCE, lines: [] };
  const byTrial = groupBy(trainings, ({ trial }) => trial);
  const lines = chosenTrials(trials, confirmation).flatMap(({ trial, group }): CurveLine[] => {
    const samples = byTrial.get(trial.trial) ?? [];
    const points = meanCurve(
      samples.map(({ epochs }) =>
        epochs.map(({ epoch, accuracy, validationAccuracy }) => ({
          ...{ epoch, training: accuracy, validation: validationAccuracy },
        })),
      ),
    );
    const label = trial.trial === 0 ? "baseline" : `trial ${trial.trial}: ${trial.policy}`;
    return [{ group, label, points }];
  });
  return { missing: lines.length > 0 ? null : VALIDATED_ONCE, lines };
}

function chosenTrials(
  trials: readonly TrialPoint[],
  confirmation: ConfirmationPart | null,
): { readonly trial: TrialPoint; readonly group: string }[] {
  const confirmed = new Set(confirmation?.policies.map(({ trial }) => trial));
  const whole = trials.filter(({ kind, stoppedAt }) => kind === "policy" && stoppedAt === null);
  const best = whole.toSorted((a, b) => b.reward - a.reward).slice(0, BEST);
  const stopped = trials.filter(({ stoppedAt }) => stoppedAt !== null).slice(-STOPPED);
  return [
    ...stopped.map((trial) => ({ trial, group: "stopped" })),
    ...trials
      .filter((trial) => confirmed.has(trial.trial) || best.includes(trial))
      .filter(({ kind }) => kind === "policy")
      .map((trial) => ({ trial, group: "best policies" })),
    ...trials.filter(({ kind }) => kind === "recipe").map((trial) => ({ trial, group: "recipes" })),
    ...trials.filter(({ kind }) => kind === "baseline").map((trial) => ({ trial, group: "baseline" })),
  ];
}

/** Mean training accuracy by epoch of each arm; test images are classified only once, in the end. */
export function armCurves(trainings: readonly ArmEpochs[]): CurvesPart {
  const lines = [...groupBy(trainings, ({ arm }) => arm)].map(([arm, samples]) => ({
    ...{ group: arm, label: arm },
    points: meanCurve(
      samples.map(({ history }) =>
        history.map(({ epoch, accuracy }) => ({ epoch, training: accuracy, validation: null })),
      ),
    ),
  }));
  const shown = lines.filter(({ points }) => points.length > 1);
  return { missing: shown.length > 0 ? null : "No training has ended yet.", lines: shown };
}

/** The mean of curves at each epoch that all of them have. */
function meanCurve(curves: readonly (readonly CurvePoint[])[]): CurvePoint[] {
  const shortest = Math.min(...curves.map(({ length }) => length));
  if (curves.length === 0) return [];
  return Array.from({ length: shortest }, (_, i) => {
    const all = curves.map((curve) => curve[i]);
    const validations = all.flatMap(({ validation }) => validation ?? []);
    return {
      epoch: all[0].epoch,
      training: meanOf(all.map(({ training }) => training ?? 0)),
      validation: validations.length === all.length ? meanOf(validations) : null,
    };
  });
}
