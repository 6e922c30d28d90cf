// Measures how long the Bayesian controller takes to propose a point after 100, 300 and 1,000 reported trials with
// random rewards, for policies of one and of five chains (two operations each, from 20 techniques): medians of five
// proposals, in wall time and in CPU time (which other processes on the machine affect less).
//
//   npm run bench:ask                              # one JSON line each
//   npm run bench:ask -- --page docs/search.md     # also writes a table to the page

import { parseArgs } from "node:util";
import { describeMachine } from "../../src/common/machine.ts";
import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import { type Dimension, randomPoint } from "../../src/controller/controller.ts";
import { createSpace } from "../../src/policy/space.ts";
import { formatMachine } from "./training/machine.ts";
import { writePart } from "./training/page-part.ts";

const ASKS = 5;
const PENDING = 3;
const TOLD = [100, 300, 1000];

const { values } = parseArgs({ options: { page: { type: "string" } } });
const rows = [1, 5].map((chains) => {
  const { dimensions } = createSpace({ chains, operationsPerChain: 2, operations: TECHNIQUES });
  askTime(dimensions, 100, 0); // warm-up
  const times = TOLD.map((told) => {
    const asks = Array.from({ length: ASKS }, (_, seed) => askTime(dimensions, told, seed));
    const [milliseconds, processorMilliseconds] = [0, 1].map((clock) =>
      median(asks.map((time) => time[clock])),
    );
    const line = { bench: "ask", chains, told, pending: PENDING, milliseconds, processorMilliseconds };
    console.log(JSON.stringify(line));
    return line;
  });
  return [String(chains), ...times.map(({ processorMilliseconds }) => String(processorMilliseconds))];
});
if (values.page) {
  const head = ["chains", ...TOLD.map((told) => `after ${told.toLocaleString("en-US")} trials`)];
  const table = [head, head.map(() => "---:"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
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
): [wall: number, processor: number] {
  const controller = new BayesianController(dimensions, seed, 0);
  const random = new Random(seed, "bench");
  for (let trial = 0; trial < told; trial++) {
    controller.tell(trial, randomPoint(dimensions, random), random.normal(0.5, 0.05), 0.01);
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
