// How long the Bayesian controller takes to propose a point, on the usual space (two operations of 20 techniques) with
// random rewards: the medians of five asks, for 30, 100 and 300 told trials, in wall time and in processor time (which
// other processes on the machine disturb less). One JSON line each.
//   node scripts/bench/ask.ts

import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import { randomPoint } from "../../src/controller/controller.ts";
import { createSpace } from "../../src/policy/space.ts";

const ASKS = 5;
const PENDING = 3;

const { dimensions } = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });

/** Milliseconds of one ask after `told` trials, wall and processor; `pending` others are being judged. */
function askTime(told: number, pending: number, seed: number): [wall: number, processor: number] {
  const controller = new BayesianController(dimensions, seed, 0);
  const random = new Random(seed, "bench");
  for (let trial = 0; trial < told; trial++) {
    controller.tell(trial, randomPoint(dimensions, random), random.normal(0.5, 0.05));
  }
  for (let trial = told; trial < told + pending; trial++) {
    controller.expect(trial, randomPoint(dimensions, random));
  }
  const start = performance.now();
  const processorStart = process.cpuUsage();
  controller.ask(1001); // no multiple of five: those are random
  const { user, system } = process.cpuUsage(processorStart);
  return [performance.now() - start, (user + system) / 1000];
}

askTime(100, PENDING, 0); // warms the compiler up
for (const told of [30, 100, 300]) {
  const times = Array.from({ length: ASKS }, (_, seed) => askTime(told, PENDING, seed));
  const [milliseconds, processorMilliseconds] = [0, 1].map((clock) =>
    median(times.map((time) => time[clock])),
  );
  console.log(JSON.stringify({ bench: "ask", told, pending: PENDING, milliseconds, processorMilliseconds }));
}

function median(values: number[]): number {
  return Math.round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)]);
}
