// How well the surrogate predicts real trials that it was not fitted to, beside the original's random forest alone: R² on
// the trials that are left when some are drawn to fit to, as means over draws.
//
//   npm run bench:surrogate                                  # a JSON line per draw, then a table
//   npm run bench:surrogate -- --page docs/search.md         # and the table in the page
//   npm run bench:surrogate -- --trials 40 --draws 5         # less

import { parseArgs } from "node:util";
import { UsageError } from "../../src/common/errors.ts";
import { runScript } from "../run-script.ts";
import { type Summary, summarize } from "./regret/results.ts";
import { SmoothedTable } from "./regret/smoothed.ts";
import { readTable } from "./regret/table.ts";
import { heldOutR2, PREDICTORS } from "./surrogate/held-out.ts";
import { writePart } from "./training/page-part.ts";

await runScript(main);

async function main(): Promise<void> {
  const { trials, draws, table, page } = readOptions();
  const { space, rows } = readTable(table);
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
      const rated = heldOutR2(Object.values(PREDICTORS), space.dimensions, judged, fitted, draw);
      const r2 = Object.fromEntries(titles.map((title, index) => [title, rated[index]]));
      console.log(JSON.stringify({ bench: "surrogate", fitted, draw, r2 }));
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
  return 1 - new SmoothedTable(rows).parameters.noise;
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
  return { trials, draws, table: values.table, page: values.page };
}
