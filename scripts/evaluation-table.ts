// Prints the result of an evaluation as a table for docs/results.md, with how much chance is in it.
//
//   npm run docs:evaluation -- reports/evaluations/<time>

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { meanOf, standardErrorOf } from "../src/common/mean.ts";
import { EvaluationFolder } from "../src/evaluate/folder.ts";
import { points, tableOf } from "./evaluations/table.ts";
import { runScript } from "./run-script.ts";

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
  console.log(
    [
      ...tableOf(results),
      ...(noise ? ["", noise] : []),
      "",
      `${machine.cores} cores of ${machine.cpu}, engine ${engine}, ${precision}.`,
    ].join("\n"),
  );
});
