// The result of an evaluation as a table of Markdown.

import { formatSignedPoints } from "../../src/common/points.ts";
import type { ArmSummary, Comparison, Difference } from "../../src/evaluate/comparison.ts";

/** A number of points of accuracy, without a sign. */
export const points = (value: number, digits = 1) => (100 * value).toFixed(digits).replace("-", "−");

/** The table, an empty line, and the sentence that follows. */
export function tableOf({ arms, bestRecipe, conclusion }: Comparison): string[] {
  const best = bestRecipe ?? "the best recipe";
  return [
    `| arm | test accuracy, % | over \`none\` | over \`${best}\` | wrong answers, than \`none\` | seconds |`,
    "|---|---:|---:|---:|---:|---:|",
    ...arms.map(rowOf),
    "",
    `> ${conclusion}`,
  ];
}

function differenceCell(difference: Difference | undefined): string {
  if (!difference) return "";
  const { mean, low, high } = difference;
  return low === null || high === null
    ? formatSignedPoints(mean)
    : `${formatSignedPoints(mean)} (${formatSignedPoints(low)} to ${formatSignedPoints(high)})`;
}

function rowOf({
  arm,
  accuracy,
  standardError,
  fromNone,
  fromBestRecipe,
  errorReduction,
  seconds,
}: ArmSummary) {
  const error = standardError === null ? "" : ` ± ${points(standardError, 2)}`;
  const percent = Math.round(100 * (errorReduction ?? 0));
  const wrong = percent === 0 ? "" : `${Math.abs(percent)}% ${percent > 0 ? "fewer" : "more"}`;
  const cells = [`\`${arm}\``, `${points(accuracy, 2)}${error}`, differenceCell(fromNone)];
  return `| ${[...cells, differenceCell(fromBestRecipe), wrong, Math.round(seconds)].join(" | ")} |`;
}
