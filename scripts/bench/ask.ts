// Measures how long the Bayesian controller takes to propose a point after 100, 300 and 1,000 reported trials with
// random rewards, for several forms of policies: means of proposals in turn, each after one more result, since some of the work
// is done only once for several results. In wall time and in CPU time, which other processes on the machine affect less.
//
//   npm run bench:ask                              # one JSON line each
//   npm run bench:ask -- --page docs/search.md     # also writes a table to the page

import { parseArgs } from "node:util";
import { describeMachine } from "../../src/common/machine.ts";
import { Random } from "../../src/common/random.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import { type Dimension, type Point, randomPoint } from "../../src/controller/controller.ts";
import { spaceOf } from "../../src/search/settle/controller.ts";
import { formatMachine } from "./training/machine.ts";
import { writePart } from "./training/page-part.ts";

const ASKS = 16;
const IN_FLIGHT = 3;
const TOLD = [100, 300, 1000];

/** Trials that are stopped after the first rung; the others are judged at both. */
const STOPPED_SHARE = 0.5;

interface Form {
  readonly name: string;
  readonly keys: ConfigInput;
  readonly stops?: boolean;
  readonly inFlight?: number;
}

const TWO_OF_20: ConfigInput = {
  ...{
    operations: "original",
    operations_per_chain: 2,
    bases: ["none"],
    redraw: "once",
    magnitudes: "fixed",
  },
};
const FORMS: readonly Form[] = [
  { name: "the original's: one chain of two operations", keys: { ...TWO_OF_20, policy_chains: 1 } },
  { name: "five chains of two operations", keys: { ...TWO_OF_20, policy_chains: 5 } },
  { name: "a recipe, and three operations of 30", keys: { families: "none" } },
  { name: "the default: a recipe, and five families", keys: {} },
  { name: "the default, half of the trials stopped early", keys: {}, stops: true },
  { name: "the default, 200 trials being judged", keys: {}, inFlight: 200 },
];

const { values } = parseArgs({ options: { page: { type: "string" } } });
const rows = FORMS.map(({ name, keys, stops = false, inFlight = IN_FLIGHT }) => {
  const { dimensions } = spaceOf(resolveConfig({ data: "photos", ...keys }));
  timeOf(dimensions, { told: 100, inFlight, stops }); // warm-up
  const times = TOLD.map((told) => {
    const line = {
      bench: "ask",
      form: name,
      told,
      inFlight,
      ...timeOf(dimensions, { told, inFlight, stops }),
    };
    console.log(JSON.stringify(line));
    return line;
  });
  return [name, ...times.map(({ processorMilliseconds }) => String(processorMilliseconds))];
});
if (values.page) {
  const head = ["form of policies", ...TOLD.map((told) => `after ${told.toLocaleString("en-US")} trials`)];
  const table = [head, head.map((_, column) => (column > 0 ? "---:" : "---")), ...rows].map(
    (cells) => `| ${cells.join(" | ")} |`,
  );
  const lines = [
    `Milliseconds of processor time for a proposal, with ${IN_FLIGHT} trials being judged unless more are given: means of ${ASKS} in`,
    "turn, each after one more result.",
    `Measured on ${formatMachine(describeMachine())}.`,
  ];
  writePart(values.page, "time of a proposal", [...lines, "", ...table], "The search");
}

interface Case {
  readonly told: number;
  readonly inFlight: number;
  readonly stops: boolean;
}

/** What a proposal takes after `told` trials, while others are judged. */
function timeOf(dimensions: readonly Dimension[], { told, inFlight, stops }: Case) {
  const controller = new BayesianController(dimensions, 0, 0);
  const random = new Random("bench");
  const points: Point[] = Array.from({ length: told + inFlight }, () => randomPoint(dimensions, random));
  const tell = (trial: number) => {
    const reward = random.normal(0.5, 0.05);
    if (!stops) controller.tell(trial, points[trial], reward);
    else if (random.uniform() < STOPPED_SHARE) controller.tell(trial, points[trial], reward, null, [reward]);
    else controller.tell(trial, points[trial], reward, null, [reward + random.normal(-0.1, 0.02), reward]);
  };
  for (let trial = 0; trial < told; trial++) tell(trial);
  for (const [trial, point] of points.entries()) if (trial >= told) controller.expect(trial, point);
  let [milliseconds, processorMilliseconds, asks] = [0, 0, 0];
  for (let trial = points.length; asks < ASKS; trial++) {
    const start = performance.now();
    const processorStart = process.cpuUsage();
    points.push(controller.ask(trial));
    const { user, system } = process.cpuUsage(processorStart);
    const wall = performance.now() - start;
    tell(trial - inFlight);
    if (trial % 10 === 0) continue; // drawn at random
    asks++;
    milliseconds += wall / ASKS;
    processorMilliseconds += (user + system) / 1000 / ASKS;
  }
  return {
    milliseconds: Math.round(milliseconds),
    processorMilliseconds: Math.round(processorMilliseconds),
  };
}
