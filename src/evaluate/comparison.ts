// What an evaluation shows: the arms' test accuracies, their differences over paired samples, and in one sentence what follows.
//
// Two arms are compared by d(s, i), for sample s and test image i: 1 if only the first is right, −1 if only the second, else 0.
// Trainings differ by chance, and so would another draw of test images. Both are counted, as in multi-reader studies of
// diagnostic tests with samples as readers and images as cases (Gallas 2006, "One-shot estimate of MRMC variance"): the
// variance of the mean of d is (MS_s + MS_i − MS_si) / (S · N) by the mean squares of a two-way table without replicates, and
// its degrees of freedom are approximated as by Satterthwaite (1946).

import { count } from "../common/count.ts";
import { meanOf, standardErrorOf } from "../common/mean.ts";
import { formatSignedPoints } from "../common/points.ts";
import { studentQuantile } from "../common/student.ts";
import type { ArmParts } from "../config/arms.ts";
import type { ArmTraining } from "./records.ts";

/** A difference of two arms' test accuracies; positive if the first is better. */
export interface Difference {
  readonly mean: number;
  /** The interval that covers the true difference in 95% of evaluations; null if there is one sample. */
  readonly low: number | null;
  readonly high: number | null;
  /** Of the mean; null if there is one sample. */
  readonly standardError: number | null;
  /** Paired samples. */
  readonly samples: number;
}

export interface ArmSummary {
  readonly arm: string;
  /** Trainings that have ended. */
  readonly samples: number;
  /** Of these, the ones whose loss is not a finite number. */
  readonly diverged: number;
  /** Mean test accuracy. */
  readonly accuracy: number;
  /** Of the mean, over samples; null if there is one. */
  readonly standardError: number | null;
  /** From arm `none`, and from the best recipe; missing if that arm is not there, or is this one. */
  readonly fromNone?: Difference;
  readonly fromBestRecipe?: Difference;
  /** The share of the errors of `none` that this arm avoids; negative if it makes more. */
  readonly errorReduction?: number;
  /** Mean training time of a sample. */
  readonly seconds: number;
}

export interface Comparison {
  readonly arms: readonly ArmSummary[];
  /** The recipe with the highest accuracy; missing if no arm is a recipe alone. */
  readonly bestRecipe?: string;
  /** What follows, in one sentence. */
  readonly conclusion: string;
  /** About how many samples of each arm would show which is better; missing if these do, or if no number would. */
  readonly samplesNeeded?: number;
  /** The arm to use, as far as these trainings show: the simpler one of two that cannot be distinguished. */
  readonly recommended?: string;
}

/** What follows from the difference of two arms. */
type Conclusion = Pick<Comparison, "conclusion" | "samplesNeeded" | "recommended">;

/** Below this difference of accuracies, in either direction, two arms count as equal. */
const NEGLIGIBLE = 0.005;

/** With none of N images, a share of more than 3 / N is ruled out with 95% probability (Hanley and Lippman-Hand 1983). */
const RULED_OUT = 3;

/** Fewer samples than this give no interval, or a very wide one; more than the other number are not worth advising. */
const FEWEST_SAMPLES = 3;
const MOST_SAMPLES = 200;

/**
 * @param trainings at least one of each arm.
 * @param labels of the test images.
 */
export function compareArms(
  arms: readonly ArmParts[],
  trainings: readonly ArmTraining[],
  labels: Int32Array,
): Comparison {
  const byArm = new Map(arms.map(({ name }) => [name, trainings.filter(({ arm }) => arm === name)] as const));
  const accuracyOf = (name: string) => meanOf(byArm.get(name)!.map(({ test }) => test.accuracy));
  const best = (candidates: readonly ArmParts[]) =>
    candidates.map(({ name }) => name).sort((a, b) => accuracyOf(b) - accuracyOf(a))[0];
  const bestRecipe = best(arms.filter(({ recipe, policies }) => recipe && !policies));
  const bestPolicies = best(arms.filter(({ policies }) => policies));
  const difference = (name: string, other: string | undefined) =>
    other === undefined || other === name || !byArm.has(other)
      ? undefined
      : differenceOf(byArm.get(name)!, byArm.get(other)!, labels);
  const summaries = arms.map(({ name }): ArmSummary => {
    const accuracies = byArm.get(name)!.map(({ test }) => test.accuracy);
    const accuracy = meanOf(accuracies);
    const fromNone = difference(name, "none");
    const fromBestRecipe = difference(name, bestRecipe);
    const errorsOfNone = fromNone && 1 - (accuracy - fromNone.mean);
    return {
      ...{ arm: name, samples: accuracies.length, accuracy },
      diverged: byArm.get(name)!.filter(({ test }) => !Number.isFinite(test.loss)).length,
      standardError: accuracies.length > 1 ? standardErrorOf(accuracies, accuracy) : null,
      ...(fromNone && { fromNone }),
      ...(fromBestRecipe && { fromBestRecipe }),
      ...(fromNone && errorsOfNone && { errorReduction: fromNone.mean / errorsOfNone }),
      seconds: meanOf(byArm.get(name)!.map(({ history }) => history.at(-1)!.seconds)),
    };
  });
  const conclusion = conclude({ arms: summaries, bestRecipe, bestPolicies, difference });
  return { arms: summaries, ...(bestRecipe && { bestRecipe }), ...conclusion };
}

/** The difference over the samples that both have; undefined if there is none. */
export function differenceOf(
  first: readonly ArmTraining[],
  second: readonly ArmTraining[],
  labels: Int32Array,
): Difference | undefined {
  const pairs = first.flatMap((training) => {
    const other = second.find(({ sample }) => sample === training.sample);
    return other ? [[training, other] as const] : [];
  });
  if (pairs.length === 0) return undefined;
  const rows = pairs.map(([a, b]) =>
    Int8Array.from(
      labels,
      (label, i) => Number(a.test.predictions[i] === label) - Number(b.test.predictions[i] === label),
    ),
  );
  return intervalOf(rows);
}

/** The mean of a table [samples][images] with its interval. */
function intervalOf(rows: readonly Int8Array[]): Difference {
  const samples = rows.length;
  const images = rows[0].length;
  const ofSamples = rows.map((row) => row.reduce((sum, value) => sum + value, 0) / images);
  const mean = meanOf(ofSamples);
  if (samples === 1) return { mean, low: null, high: null, standardError: null, samples };
  let squares = 0;
  let betweenImages = 0;
  for (let i = 0; i < images; i++) {
    let ofImage = 0;
    for (const row of rows) {
      ofImage += row[i] / samples;
      squares += (row[i] - mean) ** 2;
    }
    betweenImages += samples * (ofImage - mean) ** 2;
  }
  const betweenSamples = ofSamples.reduce((sum, value) => sum + images * (value - mean) ** 2, 0);
  const rest = Math.max(0, squares - betweenSamples - betweenImages);
  const ofSample = betweenSamples / (samples - 1);
  const ofImage = betweenImages / Math.max(1, images - 1);
  const ofRest = rest / Math.max(1, (samples - 1) * (images - 1));
  // The estimate may come out below what either source alone gives; the larger of the two is then the safe one.
  const sum = Math.max(ofSample + ofImage - ofRest, ofSample, ofImage);
  const spread = ofSample ** 2 / (samples - 1) + ofImage ** 2 / Math.max(1, images - 1);
  const degrees = spread > 0 ? sum ** 2 / spread : 1;
  const standardError = Math.sqrt(sum / (samples * images));
  // Images on which all agree may be followed by others: of N like ones, 3 / N is what they rule out (the rule of three).
  const half = Math.max(studentQuantile(0.95, degrees) * standardError, RULED_OUT / images);
  const [low, high] = [Math.max(-1, mean - half), Math.min(1, mean + half)];
  return { mean, low, high, standardError, samples };
}

interface Findings {
  readonly arms: readonly ArmSummary[];
  readonly bestRecipe: string | undefined;
  readonly bestPolicies: string | undefined;
  readonly difference: (name: string, other: string | undefined) => Difference | undefined;
}

/** What to use; no augmentation if nothing was shown to be better than it, and nothing if trainings diverged. */
function conclude(findings: Findings): Conclusion {
  const diverged = findings.arms.filter((arm) => arm.diverged > 0);
  if (diverged.length > 0) {
    const trainings = diverged.reduce((sum, arm) => sum + arm.diverged, 0);
    const names = diverged.map(({ arm }) => arm).join(", ");
    return {
      conclusion: `${count(trainings, "training")} diverged (${names}): the loss is not a number. Nothing follows from that; use a lower learning rate.`,
    };
  }
  const found = compareBest(findings);
  const { recommended } = found;
  const overNone =
    recommended && recommended !== "none" ? findings.difference(recommended, "none") : undefined;
  // Also without an interval, of one sample.
  const isShown = !overNone || (overNone.low !== null && overNone.low > 0);
  if (isShown) return found;
  const addition = findings.bestPolicies && findings.bestRecipe;
  const both = addition ? ` ${recommended} was not shown to be better than no augmentation either.` : "";
  return { ...found, conclusion: found.conclusion + both, recommended: "none" };
}

/** Compares the best policy arm with the best recipe, or what there is of them with `none`. */
function compareBest({ arms, bestRecipe, bestPolicies, difference }: Findings): Conclusion {
  const hasNone = arms.some(({ arm }) => arm === "none");
  const candidate = bestPolicies ?? bestRecipe;
  const reference = bestPolicies && bestRecipe ? bestRecipe : hasNone ? "none" : undefined;
  if (!candidate || !reference) {
    const fix = arms.length > 1 ? "add the arm none" : "give at least two arms";
    return { conclusion: `There is nothing to compare: ${fix}.` };
  }
  const found = difference(candidate, reference);
  if (!found) return { conclusion: "No sample has ended in both arms yet." };
  const isRecipe = reference !== "none";
  const over = isRecipe ? reference : "no augmentation";
  const simpler = isRecipe ? reference : "No augmentation";
  const { mean, low, high } = found;
  if (low === null || high === null) {
    const conclusion = `${candidate} differs from ${over} by ${points(mean)} in one sample, which does not show whether that is chance: use --samples ${FEWEST_SAMPLES} or more.`;
    return { conclusion, samplesNeeded: FEWEST_SAMPLES, recommended: reference };
  }
  if (low > 0) {
    const conclusion = `${candidate} is better than ${over}: by ${range(low, high)} points of test accuracy.`;
    return { conclusion, recommended: candidate };
  }
  const { text, samplesNeeded } = againstCandidate(candidate, low, high, found);
  return {
    conclusion: `${simpler} ${text}`,
    ...(samplesNeeded && { samplesNeeded }),
    recommended: reference,
  };
}

/** To be read after the name of the simpler arm, which the candidate was not shown to be better than. */
function againstCandidate(
  candidate: string,
  low: number,
  high: number,
  { mean, standardError, samples }: Difference,
): { text: string; samplesNeeded?: number } {
  if (high < 0) return { text: `is enough here: ${candidate} is worse by ${range(-high, -low)} points.` };
  if (high < NEGLIGIBLE && low > -NEGLIGIBLE) {
    const least = Math.max(high, -low, 0.001);
    return { text: `is enough here: ${candidate} differs by less than ${points(least)}.` };
  }
  // With many samples the interval is 2 standard errors to each side, which fall with the root of their number.
  const ratio = (2 * (standardError ?? 0)) / Math.max(Math.abs(mean), NEGLIGIBLE);
  const needed = Math.max(samples + 1, Math.ceil(samples * ratio ** 2));
  const start = `and ${candidate} cannot be distinguished (${formatSignedPoints(low)} to ${formatSignedPoints(high)} points): `;
  if (needed > MOST_SAMPLES) {
    return { text: `${start}the difference is too small for these test images to show.` };
  }
  return { text: `${start}more samples are needed: about ${needed}.`, samplesNeeded: needed };
}

/** In points: hundredths of accuracy. */
function points(value: number): string {
  const text = Math.abs(100 * value).toFixed(1);
  return `${text} ${text === "1.0" ? "point" : "points"}`;
}

function range(low: number, high: number): string {
  return `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`;
}
