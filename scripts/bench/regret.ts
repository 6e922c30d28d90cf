// How good the policies are that the controller finds, beside its peers: random search, a random forest alone
// (ml-random-forest, set up as the original DeepAugment's was), scikit-optimize's random forest with expected improvement
// (what the original used) and Optuna's tree-structured Parzen estimator, on objectives whose true rewards are known.
//
//   npm run bench:regret -- --seeds 0-49 --python python3 --results regret.jsonl --page docs/search.md
//   npm run bench:regret -- --methods ours,random --objectives synthetic --trials 30,100 --lag 3
//
// Objectives are made up (synthetic.ts, drawn.ts), or a table of real trials, smoothed (table.ts; `--table` names another one).
// Python needs scikit-optimize and optuna (pip install scikit-optimize==0.10.2 optuna); without `--python` the peers are
// left out. With `--results` each search becomes a line of that file when it is done, and what is there is not searched
// again: scikit-optimize takes minutes for one search of 300 trials, and the forest alone one for a search of 100. The
// table is of all that the file has; with `--only-tables` nothing more is searched. With `--keep-rows` the page's rows of
// methods that are not among `--methods` stay.

import { parseArgs } from "node:util";
import { UsageError } from "../../src/common/errors.ts";
import { runScript } from "../run-script.ts";
import { drawnObjective } from "./regret/drawn.ts";
import { keepOtherRows } from "./regret/kept-rows.ts";
import type { Objective } from "./regret/objective.ts";
import { appendResult, readResults, type SearchResult } from "./regret/results.ts";
import { runSearch } from "./regret/run.ts";
import { OURS, openSearcher, PEERS } from "./regret/searcher.ts";
import { syntheticObjective } from "./regret/synthetic.ts";
import { tableObjective } from "./regret/table.ts";
import { formatResults } from "./regret/tables.ts";
import { readPart, writePart } from "./training/page-part.ts";
import { readSeeds, wholeNumbers } from "./whole-numbers.ts";

const OBJECTIVES: Record<string, (table: string) => Objective> = {
  synthetic: () => syntheticObjective(1),
  "synthetic-5-chains": () => syntheticObjective(5),
  families: drawnObjective,
  trials: tableObjective,
};

await runScript(main);

async function main(): Promise<void> {
  const options = readOptions();
  const objectives = options.objectives.map((name) => OBJECTIVES[name](options.table));
  const results = readResults(options.results);
  const matching = () => results.filter((result) => isWanted(result, objectives, options));
  for (const method of options.onlyTables ? [] : options.methods) {
    if (PEERS.includes(method) && options.python === undefined) continue;
    const searcher = await openSearcher(method, options.python);
    if (typeof searcher === "string") {
      console.error(`${method} is left out: ${options.python} has no module ${searcher}`);
      continue;
    }
    try {
      for (const objective of objectives) {
        for (const seed of options.seeds) {
          if (matching().some((result) => isOf(result, objective, method, seed))) continue;
          const marks = await runSearch(searcher, objective, seed, options.lag, options.trials);
          const { name, digest } = objective;
          const { title } = searcher;
          const result = { objective: name, digest, method, title, seed, lag: options.lag, marks };
          if (options.results !== undefined) appendResult(options.results, result);
          results.push(result);
          console.error(JSON.stringify(result));
        }
      }
    } finally {
      searcher.close();
    }
  }
  const measured = formatResults(objectives, options.trials, matching(), options.methods);
  console.log(measured.join("\n"));
  if (!options.page) return;
  const lines = options.keepRows ? keepOtherRows(measured, readPart(options.page, options.part)) : measured;
  writePart(options.page, options.part, lines, "The search");
}

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "0-49" },
      methods: { type: "string", default: [...OURS, ...PEERS].join(",") },
      objectives: { type: "string", default: Object.keys(OBJECTIVES).join(",") },
      trials: { type: "string", default: "30,100,300" },
      lag: { type: "string", default: "0" },
      table: { type: "string", default: "test/fixtures/trials.jsonl" },
      python: { type: "string" },
      results: { type: "string" },
      page: { type: "string" },
      part: { type: "string", default: "regret" },
      "only-tables": { type: "boolean", default: false },
      "keep-rows": { type: "boolean", default: false },
    },
  });
  return {
    seeds: readSeeds(values.seeds),
    methods: choices(values.methods, "methods", [...OURS, ...PEERS]),
    objectives: choices(values.objectives, "objectives", Object.keys(OBJECTIVES)),
    trials: wholeNumbers(values.trials, "trials", 1).sort((a, b) => a - b),
    lag: wholeNumbers(values.lag, "lag", 0)[0],
    table: values.table,
    python: values.python,
    results: values.results,
    page: values.page,
    part: values.part,
    onlyTables: values["only-tables"],
    keepRows: values["keep-rows"],
  };
}

function isWanted(result: SearchResult, objectives: readonly Objective[], options: Options): boolean {
  const { methods, seeds, lag, trials } = options;
  const reached = result.marks.map((mark) => mark.trials);
  return (
    objectives.some(({ name, digest }) => name === result.objective && digest === result.digest) &&
    methods.includes(result.method) &&
    seeds.includes(result.seed) &&
    lag === result.lag &&
    trials.every((mark) => reached.includes(mark))
  );
}

function isOf(result: SearchResult, objective: Objective, method: string, seed: number): boolean {
  return result.objective === objective.name && result.method === method && result.seed === seed;
}

function choices(text: string, option: string, known: readonly string[]): string[] {
  const chosen = text.split(",");
  const unknown = chosen.find((each) => !known.includes(each));
  if (unknown !== undefined)
    throw new UsageError(`--${option}: expected ${known.join(", ")}, received "${unknown}"`);
  return chosen;
}
