// The result of an evaluation as text and as JSON.

import { basename, resolve } from "node:path";
import { parseArm } from "../config/arms.ts";
import type { ArmSummary, Difference } from "../evaluate/comparison.ts";
import type { EvaluationOutcome } from "../evaluate/evaluation.ts";
import { formatDuration, formatPoints, quoteForShell } from "./format.ts";
import type { Look } from "./paint.ts";
import { pad, widthOf, wrap } from "./text.ts";

/** What `evaluate` prints with --json. */
export function evaluationAsJson(outcome: EvaluationOutcome): unknown {
  const { folder, facts, failures, comparison, weights } = outcome;
  const { trainImages, testImages, measured } = facts;
  return { folder, trainImages, testImages, measured, ...comparison, failures, weights };
}

/** The table of the arms, what follows from it, the files, and the next command. */
export function formatEvaluation(outcome: EvaluationOutcome, look: Look): string {
  const { folder, facts, comparison, weights } = outcome;
  const paragraph = (text: string) => wrap(text, look.columns);
  const next = nextCommand(outcome);
  return [
    ...tableOf(outcome, look),
    "",
    ...paragraph(comparison.conclusion).map((line) => look.paint("bold", line)),
    "",
    ...paragraph(
      `Accuracy of the ${facts.measured} on ${facts.testImages.toLocaleString("en")} test ${facts.testImages === 1 ? "image" : "images"}, in percent, ± standard error over samples. Differences are in points, with 95% intervals over paired samples and test images.`,
    ),
    ...[reductionsOf(comparison.arms), timesOf(comparison.arms)].flatMap((text) =>
      text === undefined ? [] : paragraph(text),
    ),
    "",
    `Result       ${folder}/evaluation.json`,
    `Every epoch  ${folder}/evaluation.csv`,
    ...(weights ? [`Best model   ${weights}`] : []),
    ...(next ? ["", "Next:", `  ${next}`] : []),
  ].join("\n");
}

interface Column {
  readonly title: string;
  readonly cells: readonly string[];
}

/** Differences that do not fit beside the accuracies are on lines of their own. */
function tableOf({ comparison }: EvaluationOutcome, { columns, paint }: Look): string[] {
  const { arms, bestRecipe, recommended } = comparison;
  const first: Column[] = [
    { title: "arm", cells: arms.map(({ arm }) => arm) },
    { title: "accuracy", cells: arms.map(accuracyCell) },
  ];
  const differences: Column[] = [];
  if (arms.some(({ fromNone }) => fromNone)) {
    differences.push({ title: "over none", cells: arms.map(({ fromNone }) => differenceCell(fromNone)) });
  }
  if (bestRecipe && arms.some(({ fromBestRecipe }) => fromBestRecipe)) {
    const cells = arms.map(({ fromBestRecipe }) => differenceCell(fromBestRecipe));
    differences.push({ title: `over ${bestRecipe}`, cells });
  }
  const all = [...first, ...differences];
  const isWide = all.reduce((sum, column) => sum + columnWidth(column) + 2, -2) <= columns;
  const head = lineOf(isWide ? all : first, (column) => column.title);
  return [
    paint("bold", head),
    ...arms.flatMap(({ arm }, row) => {
      const line = lineOf(isWide ? all : first, ({ cells }) => cells[row]);
      const below = differences
        .filter(({ cells }) => cells[row] !== NOTHING)
        .map(({ title, cells }) => `  ${title} ${cells[row]}`);
      return [arm === recommended ? paint("green", line) : line, ...(isWide ? [] : below)];
    }),
  ];
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

function accuracyCell({ accuracy, standardError }: ArmSummary): string {
  return formatPoints(accuracy) + (standardError === null ? "" : ` ± ${formatPoints(standardError)}`);
}

function differenceCell(difference: Difference | undefined): string {
  if (!difference) return NOTHING;
  const { mean, low, high } = difference;
  return low === null || high === null ? signed(mean) : `${signed(mean)} (${signed(low)} to ${signed(high)})`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${formatPoints(value)}`;
}

function reductionsOf(arms: readonly ArmSummary[]): string | undefined {
  const known = arms.flatMap(({ arm, errorReduction }) =>
    errorReduction === undefined ? [] : [`${arm} ${wholePercent(errorReduction)}%`],
  );
  return known.length === 0 ? undefined : `Errors avoided, of those of none: ${known.join(", ")}.`;
}

function wholePercent(share: number): string {
  return String(Math.round(100 * share)).replace("-", "−");
}

function timesOf(arms: readonly ArmSummary[]): string {
  const seconds = arms.map((arm) => arm.seconds);
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)].map(formatDuration);
  return `A training took ${least === most ? least : `${least} to ${most}`}.`;
}

/** How to apply the recommended arm to the data; undefined if that is no augmentation. */
function nextCommand({ comparison, config }: EvaluationOutcome): string | undefined {
  const { recommended } = comparison;
  if (recommended === undefined || config.data === null) return undefined;
  const { recipe, policies } = parseArm(recommended);
  if (!recipe && !policies) return undefined;
  const { data, experiment, policy, top } = config;
  const from = policy ?? experiment;
  const out = `${basename(resolve(data)).replace(/\.[a-z.]+$/i, "")}-augmented`;
  return [
    "deepaugment apply",
    ...(recipe ? [`--recipe ${recipe}`] : []),
    ...(policies && from ? [`--policy ${quoteForShell(from)}`] : []),
    ...(policies === "top-policies" ? [`--top ${top}`] : []),
    `--data ${quoteForShell(data)} --out ${quoteForShell(out)}`,
  ].join(" ");
}
