// Prints the result of an evaluation as a table for docs/results.md, with how much chance is in it.
//
//   npm run docs:evaluation -- reports/evaluations/<time>

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { meanOf, standardErrorOf } from "../src/common/mean.ts";
import { formatSignedPoints } from "../src/common/points.ts";
import type { ArmSummary, Difference } from "../src/evaluate/comparison.ts";
import { EvaluationFolder } from "../src/evaluate/folder.ts";
import { runScript } from "./run-script.ts";

const points = (value: number, digits = 1) => (100 * value).toFixed(digits).replace("-", "−");

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

/** Standard deviations over samples, mean over the arms, of the averaged weights and of the last epoch's. */
function noiseOf(folder: string): string | undefined {
  const rows = readFileSync(join(folder, "evaluation.csv"), "utf8").trimEnd().split("\n").slice(1);
  const byArm = new Map<string, { averaged: number; last: number }[]>();
  for (const row of rows) {
    const [arm, , , , , , averaged, , last] = row.split(",");
    if (last) byArm.set(arm, [...(byArm.get(arm) ?? []), { averaged: Number(averaged), last: Number(last) }]);
  }
  const deviation = (values: number[]) => standardErrorOf(values, meanOf(values)) * Math.sqrt(values.length);
  const arms = [...byArm.values()].filter(({ length }) => length > 1);
  if (arms.length === 0) return undefined;
  const mean = (of: "averaged" | "last") => meanOf(arms.map((arm) => deviation(arm.map((each) => each[of]))));
  return `Standard deviation over samples, mean over the arms: ${points(mean("averaged"), 2)} points for averaged weights, ${points(mean("last"), 2)} for those of the last epoch.`;
}

await runScript(async () => {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Error("give the folder of an evaluation");
  const { results, engine, precision, machine } = EvaluationFolder.open(path).readFacts();
  if (!results) throw new Error(`${path} is not finished`);
  const noise = noiseOf(path);
  const best = results.bestRecipe ?? "the best recipe";
  console.log(
    [
      `| arm | test accuracy, % | over \`none\` | over \`${best}\` | wrong answers, than \`none\` | seconds |`,
      "|---|---:|---:|---:|---:|---:|",
      ...results.arms.map(rowOf),
      "",
      `> ${results.conclusion}`,
      ...(noise ? ["", noise] : []),
      "",
      `${machine.cores} cores of ${machine.cpu}, engine ${engine}, ${precision}.`,
    ].join("\n"),
  );
});
