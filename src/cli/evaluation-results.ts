// The results of an evaluation as text and as JSON: what `evaluate` prints in the end, and `show` at any time.

import { basename, resolve } from "node:path";
import { meanOf, standardErrorOf } from "../common/mean.ts";
import { freePath } from "../common/run-folder.ts";
import { parseArm } from "../config/arms.ts";
import type { EvaluationConfig } from "../config/evaluation.ts";
import { dataFlags } from "../dataset/flags.ts";
import type { DataConfig } from "../dataset/reader.ts";
import type { ArmSummary, Comparison, Difference } from "../evaluate/comparison.ts";
import type { EvaluationOutcome } from "../evaluate/evaluation.ts";
import type { ArmSoFar, EvaluationResults } from "../evaluate/results.ts";
import { SO_FAR } from "./evaluation-frame.ts";
import {
  count,
  formatDuration,
  formatPoints,
  formatSignedPoints,
  programName,
  quoteForShell,
} from "./format.ts";
import type { Look } from "./paint.ts";
import { fit, pad, widthOf, wrap } from "./text.ts";

/** A finished evaluation, or one in which trainings failed. */
export interface ShownEvaluation
  extends Pick<EvaluationOutcome, "folder" | "facts" | "comparison" | "failures" | "weights"> {
  readonly config: Pick<EvaluationConfig, "data" | "experiment" | "policy" | "top" | "samples"> & DataConfig;
}

/** The command that continues an evaluation, to paste. */
export function resumeCommand(folder: string, samples?: number): string {
  const more = samples === undefined ? "" : ` --samples ${samples}`;
  return `${programName()} evaluate --resume ${quoteForShell(folder)}${more}`;
}

/** What `evaluate` prints with --json. */
export function evaluationAsJson(outcome: ShownEvaluation): unknown {
  const { folder, facts, failures, comparison, weights } = outcome;
  const { trainImages, testImages, measured } = facts;
  return { folder, trainImages, testImages, measured, ...comparison, failures, weights };
}

/** What `show` prints with --json. */
export function resultsAsJson({ arms, comparison, ...results }: EvaluationResults): unknown {
  const { folder, status, done, planned, facts, weights } = results;
  const { trainImages, testImages, measured } = facts;
  const soFar = arms.map(({ arm, accuracies }) => ({
    arm,
    samples: accuracies.length,
    ...meanWithError(accuracies),
  }));
  return {
    ...{ folder, status, trainings: done, planned, trainImages, testImages, measured },
    ...(comparison ?? { arms: soFar }),
    weights,
  };
}

/** How far an evaluation is, in one line. */
export function describeStatus(results: EvaluationResults): string {
  const { folder, status, user, isChanged } = results;
  const changed = isChanged
    ? "; the results in evaluation.json were changed: the arms must be compared again"
    : "";
  const progress = describeProgress(results) + changed;
  if (user) return `${folder} is running in process ${user.pid} on ${user.host}: ${progress}`;
  if (status === "finished") return `${folder} is finished: ${progress}`;
  return `${folder} is not finished: ${progress}; continue with: ${resumeCommand(folder)}`;
}

export function describeProgress({ done, planned }: Pick<EvaluationResults, "done" | "planned">): string {
  return `${done} of ${count(planned, "training")} done`;
}

/** What `show` prints below the status: the result, or the arms so far. */
export function formatResults({ comparison, arms, ...results }: EvaluationResults, look: Look): string {
  if (comparison) return formatEvaluation({ ...results, comparison, failures: [] }, look);
  return formatSoFar(arms, look).join("\n");
}

/** The arms of an evaluation that is not finished. */
export function formatSoFar(arms: readonly ArmSoFar[], { columns, paint }: Look): string[] {
  const width = Math.max(ARM.length, ...arms.map(({ arm }) => widthOf(arm)));
  const lines = arms.map(({ arm, accuracies }) => {
    const ended = accuracies.length > 0 ? `%  ${count(accuracies.length, "sample")}` : "";
    return `${pad(arm, width)}  ${accuracyCell(meanWithError(accuracies))}${ended}`;
  });
  return [paint("bold", `${pad(ARM, width)}  ${SO_FAR}`), ...lines].map((line) => fit(line, columns));
}

/** The mean of some accuracies, as in a comparison; null if there is none. */
function meanWithError(accuracies: readonly number[]): {
  accuracy: number | null;
  standardError: number | null;
} {
  if (accuracies.length === 0) return { accuracy: null, standardError: null };
  const accuracy = meanOf(accuracies);
  return { accuracy, standardError: accuracies.length > 1 ? standardErrorOf(accuracies, accuracy) : null };
}

/** The table of the arms, what follows from it, the files, and the next commands. */
export function formatEvaluation(outcome: ShownEvaluation, look: Look): string {
  const { folder, facts, comparison, weights } = outcome;
  const paragraph = (text: string) => wrap(text, look.columns);
  const next = nextCommands(outcome);
  return [
    ...tableOf(comparison, look),
    "",
    ...paragraph(comparison.conclusion).map((line) => look.paint("bold", line)),
    "",
    ...paragraph(
      `Accuracy of the ${facts.measured} on ${facts.testImages.toLocaleString("en")} test ${facts.testImages === 1 ? "image" : "images"}, in percent, ± standard error over samples. Differences are in points, with 95% intervals over paired samples and test images.`,
    ),
    ...[errorsOf(comparison.arms), timesOf(comparison.arms)].flatMap((text) =>
      text === undefined ? [] : paragraph(text),
    ),
    "",
    `Result       ${folder}/evaluation.json`,
    `Every epoch  ${folder}/evaluation.csv`,
    ...(weights ? [`Best model   ${weights}`] : []),
    ...(next.length > 0 ? ["", "Next:", ...next.map((command) => `  ${command}`)] : []),
  ].join("\n");
}

interface Column {
  readonly title: string;
  readonly cells: readonly string[];
}

const ARM = "arm";

/** In words if they fit beside each other, else with a sign; on lines of their own if that does not fit either. */
const SEPARATORS = [" to ", "…"] as const;

/** Differences that do not fit beside the accuracies are on lines of their own. */
function tableOf(comparison: Comparison, { columns, paint }: Look): string[] {
  const { arms, recommended } = comparison;
  const first: Column[] = [
    { title: ARM, cells: arms.map(({ arm }) => arm) },
    { title: "accuracy", cells: arms.map(accuracyCell) },
  ];
  const separator = SEPARATORS.find((each) => {
    const all = [...first, ...differencesOf(comparison, each)];
    return all.reduce((sum, column) => sum + columnWidth(column) + 2, -2) <= columns;
  });
  const isWide = separator !== undefined;
  const differences = differencesOf(comparison, separator ?? SEPARATORS[0]);
  const beside = isWide ? [...first, ...differences] : first;
  return [
    paint(
      "bold",
      lineOf(beside, (column) => column.title),
    ),
    ...arms.flatMap(({ arm }, row) => {
      const line = lineOf(beside, ({ cells }) => cells[row]);
      const below = differences
        .filter(({ cells }) => cells[row] !== NOTHING)
        .map(({ title, cells }) => `  ${title} ${cells[row]}`);
      return [arm === recommended ? paint("green", line) : line, ...(isWide ? [] : below)];
    }),
  ];
}

/** The columns of the differences from no augmentation and from the best recipe. */
function differencesOf({ arms, bestRecipe }: Comparison, separator: string): Column[] {
  const columns: Column[] = [];
  if (arms.some(({ fromNone }) => fromNone)) {
    const cells = arms.map(({ fromNone }) => differenceCell(fromNone, separator));
    columns.push({ title: "over none", cells });
  }
  if (bestRecipe && arms.some(({ fromBestRecipe }) => fromBestRecipe)) {
    const cells = arms.map(({ fromBestRecipe }) => differenceCell(fromBestRecipe, separator));
    columns.push({ title: `over ${bestRecipe}`, cells });
  }
  return columns;
}

function lineOf(columns: readonly Column[], cellOf: (column: Column) => string): string {
  return columns
    .map((column, index) => pad(cellOf(column), columnWidth(column), index > 0))
    .join("  ")
    .trimEnd();
}

function columnWidth({ title, cells }: Column): number {
  return Math.max(widthOf(title), ...cells.map(widthOf));
}

const NOTHING = "–";

function accuracyCell({
  accuracy,
  standardError,
}: Record<"accuracy" | "standardError", number | null>): string {
  if (accuracy === null) return NOTHING;
  return formatPoints(accuracy) + (standardError === null ? "" : ` ± ${formatPoints(standardError)}`);
}

function differenceCell(difference: Difference | undefined, separator: string): string {
  if (!difference) return NOTHING;
  const { mean, low, high } = difference;
  const interval =
    low === null || high === null
      ? ""
      : ` (${formatSignedPoints(low)}${separator}${formatSignedPoints(high)})`;
  return formatSignedPoints(mean) + interval;
}

/** In plain words: a newcomer does not read a reduction of −5% as more errors. */
function errorsOf(arms: readonly ArmSummary[]): string | undefined {
  const known = arms.flatMap(({ arm, errorReduction }) => {
    if (errorReduction === undefined) return [];
    const percent = Math.round(100 * errorReduction);
    if (percent === 0) return [`${arm} as many`];
    return [`${arm} ${Math.abs(percent)}% ${percent > 0 ? "fewer" : "more"}`];
  });
  return known.length === 0 ? undefined : `Wrong answers, compared with none: ${known.join(", ")}.`;
}

function timesOf(arms: readonly ArmSummary[]): string {
  const seconds = arms.map((arm) => arm.seconds);
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)].map(formatDuration);
  return `A training took ${least === most ? least : `${least} to ${most}`}, without the tests.`;
}

/** Commands to paste: how to add the samples that are needed, and how to apply the recommended arm to the data. */
function nextCommands(outcome: ShownEvaluation): string[] {
  const { folder, config, comparison } = outcome;
  const { samplesNeeded } = comparison;
  const apply = applyCommand(outcome);
  return [
    // Some samples may have failed in one of the arms, and are tried again.
    ...(samplesNeeded === undefined ? [] : [resumeCommand(folder, Math.max(samplesNeeded, config.samples))]),
    ...(apply === undefined ? [] : [apply]),
  ];
}

/** Undefined if no augmentation is recommended. */
function applyCommand({ comparison, config }: ShownEvaluation): string | undefined {
  const { recommended } = comparison;
  if (recommended === undefined || config.data === null) return undefined;
  const { recipe, policies } = parseArm(recommended);
  if (!recipe && !policies) return undefined;
  const { data, experiment, policy, top } = config;
  const from = policy ?? experiment;
  const out = `${basename(resolve(data)).replace(/\.[a-z.]+$/i, "")}-augmented`;
  return [
    `${programName()} apply`,
    ...(recipe ? [`--recipe ${recipe}`] : []),
    ...(policies && from ? [`--policy ${quoteForShell(from)}`] : []),
    ...(policies === "top-policies" ? [`--top ${top}`] : []),
    ...[`--data ${quoteForShell(data)}`, ...dataFlags(config)],
    `--out ${quoteForShell(freePath(out))}`,
  ].join(" ");
}
