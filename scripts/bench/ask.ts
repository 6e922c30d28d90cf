// Measures how long the Bayesian controller takes to propose a point after 100, 300 and 1,000 reported trials with
// random rewards, for several forms of policies: medians of five proposals, in wall time and in CPU time (which other
// processes on the machine affect less).
//
//   npm run bench:ask                              # one JSON line each
//   npm run bench:ask -- --page docs/search.md     # also writes a table to the page

import { parseArgs } from "node:util";
import { describeMachine } from "../../src/common/machine.ts";
import { Random } from "../../src/common/random.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import { type Dimension, randomPoint } from "../../src/controller/controller.ts";
import { spaceOf } from "../../src/search/settle/controller.ts";
import { formatMachine } from "./training/machine.ts";
import { writePart } from "./training/page-part.ts";

const ASKS = 5;
const PENDING = 3;
const TOLD = [100, 300, 1000];

/** Trials that are stopped after the first rung; the others are judged at both. */
const STOPPED_SHARE = 0.5;

interface Form {
  readonly name: string;
  readonly keys: ConfigInput;
  readonly stops?: boolean;
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
];

const { values } = parseArgs({ options: { page: { type: "string" } } });
const rows = FORMS.map(({ name, keys, stops = false }) => {
  const { dimensions } = spaceOf(resolveConfig({ data: "photos", ...keys }));
  askTime(dimensions, 100, 0, stops); // warm-up
  const times = TOLD.map((told) => {
    const asks = Array.from({ length: ASKS }, (_, seed) => askTime(dimensions, told, seed, stops));
    const [milliseconds, processorMilliseconds] = [0, 1].map((clock) =>
      median(asks.map((time) => time[clock])),
    );
    const line = { bench: "ask", form: name, told, pending: PENDING, milliseconds, processorMilliseconds };
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
    `Milliseconds of processor time for one proposal with ${PENDING} trials being judged: medians of ${ASKS}.`,
    `Measured on ${formatMachine(describeMachine())}.`,
  ];
  writePart(values.page, "time of a proposal", [...lines, "", ...table], "The search");
}

/** Milliseconds of one proposal after `told` trials, while others are pending. */
function askTime(
  dimensions: readonly Dimension[],
  told: number,
  seed: number,
  stops: boolean,
): [wall: number, processor: number] {
  const controller = new BayesianController(dimensions, seed, 0);
  const random = new Random(seed, "bench");
  for (let trial = 0; trial < told; trial++) {
    const point = randomPoint(dimensions, random);
    const reward = random.normal(0.5, 0.05);
    if (!stops) controller.tell(trial, point, reward, 0.01);
    else if (random.uniform() < STOPPED_SHARE) controller.tell(trial, point, reward, null, [reward]);
    else controller.tell(trial, point, reward, null, [reward + random.normal(-0.1, 0.02), reward]);
  }
  for (let trial = told; trial < told + PENDING; trial++) {
    controller.expect(trial, randomPoint(dimensions, random));
  }
  const start = performance.now();
  const processorStart = process.cpuUsage();
  controller.ask(told + PENDING + 1); // not a multiple of ten: those are random
  const { user, system } = process.cpuUsage(processorStart);
  return [performance.now() - start, (user + system) / 1000];
}

function median(values: number[]): number {
  return Math.round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)]);
}
