// How well the surrogate predicts real trials that it was not fitted to, beside the original's random forest alone: R² on
// the trials that are left when some are drawn to fit to, as means over draws.
//
//   npm run bench:surrogate                                  # a JSON line per draw, then a table
//   npm run bench:surrogate -- --page docs/search.md         # and the table in the page
//   npm run bench:surrogate -- --trials 40 --draws 5         # less
//
// With `--results FILE` the lines are appended to that file, and the draws that it has are not made again: the package's
// forest takes half a minute to fit 320 trials.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UsageError } from "../../src/common/errors.ts";
import { runScript } from "../run-script.ts";
import { type Summary, summarize } from "./regret/results.ts";
import { smoothTable } from "./regret/smoothed.ts";
import { readTable } from "./regret/table.ts";
import { heldOutR2, PREDICTORS } from "./surrogate/held-out.ts";
import { writePart } from "./training/page-part.ts";

/** What one draw found: R² by the predictor's title. */
interface DrawResult {
  readonly bench: "surrogate";
  /** Of the trials' file. */
  readonly digest: string;
  readonly fitted: number;
  readonly draw: number;
  readonly r2: Readonly<Record<string, number>>;
}

await runScript(main);

async function main(): Promise<void> {
  const { trials, draws, table, results, page } = readOptions();
  const { space, rows, digest } = readTable(table);
  const known = results === undefined ? [] : readDraws(results);
  const most = Math.max(...trials);
  if (most > rows.length - 2) {
    throw new UsageError(
      `--trials: ${table} has ${rows.length} trials; at most ${rows.length - 2} may be fitted to`,
    );
  }
  const judged = rows.map((row) => ({ ...row, standardError: null }));
  const titles = Object.keys(PREDICTORS);
  const lines = trials.map((fitted) => {
    const found = Array.from({ length: draws }, (_, draw) => {
      const before = known.find(
        (each) => each.digest === digest && each.fitted === fitted && each.draw === draw,
      );
      if (before) return titles.map((title) => before.r2[title]);
      const rated = heldOutR2(Object.values(PREDICTORS), space.dimensions, judged, fitted, draw);
      const r2 = Object.fromEntries(titles.map((title, index) => [title, rated[index]]));
      const line = JSON.stringify({ bench: "surrogate", digest, fitted, draw, r2 } satisfies DrawResult);
      console.log(line);
      if (results !== undefined) appendFileSync(results, `${line}\n`);
      return rated;
    });
    const cells = [...titles.keys()].map((index) => format(summarize(found.map((rated) => rated[index]))));
    const difference = format(summarize(found.map(([first, second]) => first - second)));
    return [String(fitted), String(rows.length - fitted), ...cells, difference];
  });
  const attainable = attainableR2(rows);
  const head = ["fitted to", "predicted", ...titles, "difference"];
  const content = [
    `R² on the trials that were not fitted to, with standard errors over ${draws} draws of those that were. Predictions of the`,
    `true rewards would reach about ${attainable.toFixed(2)}: the rest of a single reward's variance is noise.`,
    "",
    ...[head, head.map(() => "---:"), ...lines].map((cells) => `| ${cells.join(" | ")} |`),
  ];
  console.log(content.join("\n"));
  if (page) writePart(page, "held-out R²", content, "The search");
}

/**
 * What R² the true rewards would have: the share of the rewards' variance that is not noise. The trials have one sample
 * each, which says nothing of its noise; its variance is estimated by the likelihood of the Gaussian process that
 * smooths the trials.
 */
function attainableR2(
  rows: readonly { readonly point: readonly number[]; readonly reward: number }[],
): number {
  return 1 - smoothTable(rows).parameters.noise;
}

/** @throws UsageError naming the line that is not one of this script's. */
function readDraws(file: string): DrawResult[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, index) => {
      if (line === "") return [];
      try {
        return [JSON.parse(line) as DrawResult];
      } catch {
        throw new UsageError(
          `${file}, line ${index + 1}: not JSON; delete the line, and its draw is made again`,
        );
      }
    });
}

function format({ mean, standardError }: Summary): string {
  return `${mean.toFixed(3).replace("-", "−")} ± ${standardError.toFixed(3)}`;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      trials: { type: "string", default: "40,100,320" },
      draws: { type: "string", default: "20" },
      table: { type: "string", default: "test/fixtures/trials.jsonl" },
      results: { type: "string" },
      page: { type: "string" },
    },
  });
  const trials = values.trials.split(",").map(Number);
  if (!trials.every((count) => Number.isInteger(count) && count >= 1)) {
    throw new UsageError(
      `--trials: "${values.trials}" must be whole numbers from 1 up, with commas between them`,
    );
  }
  const draws = Number(values.draws);
  if (!Number.isInteger(draws) || draws < 2) {
    throw new UsageError(`--draws: "${values.draws}" must be a whole number from 2 up`);
  }
  return { trials, draws, table: values.table, results: values.results, page: values.page };
}
