// Checks that a search through a queue loses nothing: two workers, the Redis server, the network and the coordinator are disturbed
// at random moments while it trains on the test images. It must end as an undisturbed search on one machine does, and leave
// nothing in Redis that does not expire.
//
//   npm run check:queue                         # 30 disturbances: about 20 minutes on two cores
//   npm run check:queue -- --disturbances 5     # fewer
//   npm run check:queue -- --seed 7             # at other moments, in another order
//   npm run check:queue -- --stops              # a search that stops trainings early
//
// Progress goes to stderr, a table of the disturbances to stdout; the exit code is 1 if something was lost or is left.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RunError } from "../src/common/errors.ts";
import { groupBy } from "../src/common/group.ts";
import { Random } from "../src/common/random.ts";
import { run } from "../test/cli/run.ts";
import { SKIPPED } from "../test/search/executors/redis-server.ts";
import { check } from "./crash/disturb.ts";
import { experimentIn, optimizeSubject } from "./crash/optimize.ts";
import { DisturbedQueue, disturbanceKinds, type LeftKey, type QueueDisturbance } from "./crash/queue.ts";
import type { Subject } from "./crash/subject.ts";
import { runScript } from "./run-script.ts";

const { values } = parseArgs({
  options: {
    disturbances: { type: "string", default: "30" },
    seed: { type: "string", default: "0" },
    stops: { type: "boolean", default: false },
  },
});
const COUNT = Number(values.disturbances);
/** Both searches have the same number of trainings under way, on which their proposals depend. */
const SETTINGS = { in_flight: 4, iterations: 89, child_epochs: 12 };

const root = mkdtempSync(join(tmpdir(), "deepaugment-check-queue-"));

/** What must be the same: all results, and the files, but for those that only a queue has. */
function resultOf(subject: Subject, out: string): Record<string, string> {
  const { files, ...results } = subject.result(out);
  const others = files.split(" ").filter((name) => name !== "machines.csv");
  return { ...results, files: others.join(" ") };
}

function formatTable(disturbances: readonly QueueDisturbance[]): string[] {
  const width = Math.max(...disturbances.map(({ kind }) => kind.length));
  const rows = disturbances.map(({ kind, what, at, trainings }, index) =>
    [
      String(index + 1).padStart(2),
      `${at.toFixed(1)} s`.padStart(8),
      String(trainings).padStart(9),
      kind.padEnd(width),
      what,
    ].join("  "),
  );
  return [["  ", "      at", "trainings", "disturbance"].join("  "), ...rows];
}

/** The keys by their first parts, with the longest time after which they expire. */
function formatLeft(left: readonly LeftKey[]): string[] {
  // The names of blobs and runs are alike; of what stays, each name is shown.
  const groups = groupBy(left, ({ key, seconds }) =>
    seconds === undefined ? key : key.replace(/[\da-f-]{12,}.*/, "…"),
  );
  return [...groups].map(([name, keys]) => {
    const isKept = keys.some(({ seconds }) => seconds === undefined);
    const longest = Math.max(...keys.map(({ seconds }) => seconds ?? 0));
    return `  ${keys.length} × ${name}: ${isKept ? "DOES NOT EXPIRE" : `at most ${longest} s`}`;
  });
}

async function checkQueue(): Promise<void> {
  const local = optimizeSubject(values.stops, SETTINGS);
  const undisturbed = join(root, "undisturbed");
  const started = performance.now();
  check(await run(local.args(undisturbed), { DEEPAUGMENT_HOME: join(root, "home") }));
  const seconds = (performance.now() - started) / 1000;
  const trainings = local.progress(undisturbed);
  console.log(`undisturbed, on this machine: ${trainings} trainings in ${Math.round(seconds)} s`);

  const random = new Random(Number(values.seed), "queue");
  const queue = await DisturbedQueue.start(root, random);
  try {
    const subject = optimizeSubject(values.stops, { ...SETTINGS, queue: queue.url, workers: "auto" });
    const out = join(root, "disturbed");
    const kinds = disturbanceKinds(COUNT, random);
    const wait = (2000 * seconds) / trainings;
    const begun = performance.now();
    const disturbances = await queue.search(subject, out, kinds, { trainings, wait });
    console.log(`disturbed: ${Math.round((performance.now() - begun) / 1000)} s`);
    const left = await queue.leave();
    for (const line of formatTable(disturbances)) console.log(line);
    const places =
      readFileSync(join(experimentIn(out)!, "machines.csv"), "utf8")
        .trimEnd()
        .split("\n").length - 1;
    console.log(
      `workers began ${queue.counts.begun} trainings and finished ${queue.counts.finished}; machines.csv has ${places}`,
    );
    console.log(
      `programs that could not reach the server when they started: ${queue.restarts}, started again`,
    );
    console.log(left.length === 0 ? "nothing is left in Redis" : "left in Redis:");
    for (const line of formatLeft(left)) console.log(line);
    const [result, expected] = [resultOf(subject, out), resultOf(local, undisturbed)];
    const differing = Object.keys(expected).filter((name) => result[name] !== expected[name]);
    const kept = left.filter(({ seconds }) => seconds === undefined);
    console.log(
      differing.length === 0
        ? `the same as undisturbed: ${Object.keys(expected).join(", ")}`
        : `SOMETHING WAS LOST: ${differing.join(", ")}`,
    );
    if (differing.length > 0 || kept.length > 0) process.exitCode = 1;
    if (disturbances.length === COUNT) return;
    console.log(`it ended after ${disturbances.length} of ${COUNT} disturbances`);
    process.exitCode = 1;
  } finally {
    await queue.end();
  }
}

await runScript(async () => {
  if (SKIPPED) throw new RunError(`check:queue ${SKIPPED}`);
  try {
    await checkQueue();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
