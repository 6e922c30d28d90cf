// Runs the test files: two at a time, then alone those that measure time.
//
//   node scripts/test.ts               # all of them, as npm test does
//   node scripts/test.ts --quick       # npm run test:quick, for the edit loop: all but those that are SLOW or ALONE
//   node scripts/test.ts --coverage    # also counts the lines of src/ that are covered, and fails if these are too few
//
// A line is covered if the process of a test file that is quick runs it. Counting would make the slow ones three times
// as slow, since much of what they run is TensorFlow.js's own loops. Programs that tests start do not count either.

import { globSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { type EventData, run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { parseArgs } from "node:util";

const FILES_AT_A_TIME = 2;

/** Percentage of the lines of src/ that must be covered. */
const LEAST_COVERAGE = 92;

/** Their processes must measure at the same time, which other tests would disturb. */
const ALONE = ["test/scripts/bench-train.test.ts", "test/cli/bench.test.ts", "test/measure/bench.test.ts"];

/** These train for long, compile, or start many programs. The longest come first, so that none is left for the end. */
const SLOW = [
  "test/engine/native-plan.test.ts",
  "test/child/trainer.test.ts",
  "test/cli/optimize.test.ts",
  "test/cli/queue.test.ts",
  "test/search/executors/queue.test.ts",
  "test/search/executors/queue-hostile.test.ts",
  "test/cli/doctor.test.ts",
  "test/search/executors/processes.test.ts",
  "test/child/own/training.test.ts",
  "test/search/deep-augment.test.ts",
  "test/search/stopped-search.test.ts",
  "test/cli/optimize-crash.test.ts",
  "test/report/browser.test.ts",
  "test/apply/resume.test.ts",
  "test/apply/shares.test.ts",
  "test/engine/native-passes.test.ts",
  "test/cli/apply.test.ts",
  "test/cli/apply-resume.test.ts",
  "test/cli/terminal.test.ts",
  "test/child/models/wide-resnet.test.ts",
  "test/apply/forms.test.ts",
  "test/child/models/imagenet-models.test.ts",
  "test/scripts/regret.test.ts",
  "test/scripts/forest.test.ts",
  "test/engine/native-arithmetic.test.ts",
  "test/scripts/build-native.test.ts",
];

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, coverage: { type: "boolean", default: false } },
});
const all = globSync("test/**/*.test.ts").sort();
const gone = [...SLOW, ...ALONE].filter((file) => !all.includes(file));
if (gone.length > 0) throw new Error(`scripts/test.ts lists files that do not exist: ${gone.join(", ")}`);
const others = all.filter((file) => !SLOW.includes(file) && !ALONE.includes(file));

// Each test file and each program that it starts would compile the same sources again.
process.env.NODE_COMPILE_CACHE ??= resolve("node_modules/.cache/deepaugment-tests");
Readable.from(results()).compose(new spec()).pipe(process.stdout);

/** What is reported of all runs, as if they were one. */
async function* results(): AsyncGenerator<TestEvent> {
  const totals = new Map<string, number>();
  for (const start of runs()) {
    for await (const event of start() as AsyncIterable<TestEvent>) {
      const total = totalIn(event);
      if (total) totals.set(total.name, (totals.get(total.name) ?? 0) + total.count);
      else if (event.type === "test:coverage") yield describeCoverage(event.data);
      else if (event.type !== "test:summary") yield event;
      else if (!event.data.success) process.exitCode = 1;
    }
  }
  for (const [name, count] of totals) yield diagnostic(`${name} ${count}`);
}

function runs(): (() => ReturnType<typeof run>)[] {
  const concurrency = FILES_AT_A_TIME;
  const counting = {
    coverage: true,
    coverageIncludeGlobs: "src/**",
    lineCoverage: LEAST_COVERAGE,
    // A program that is killed leaves a report that cannot be read.
    execArgv: ["--import", "data:text/javascript,delete process.env.NODE_V8_COVERAGE"],
  };
  const quick = () => run({ files: others, concurrency, ...(options.coverage && counting) });
  if (options.quick) return [quick];
  const alone = () => run({ files: ALONE, concurrency: 1 });
  if (options.coverage) return [() => run({ files: SLOW, concurrency }), quick, alone];
  return [() => run({ files: [...SLOW, ...others], concurrency }), alone];
}

/** The name and the number of a line such as `tests 961`, with which a run ends. */
function totalIn({ type, data }: TestEvent): { name: string; count: number } | undefined {
  if (type !== "test:diagnostic" || data.nesting > 0) return undefined;
  const found = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message);
  return found ? { name: found[1], count: Number(found[2]) } : undefined;
}

function describeCoverage({ summary }: EventData.TestCoverage): TestEvent {
  const percent = summary.totals.coveredLinePercent.toFixed(2);
  return diagnostic(`${percent}% of the lines of src/ are covered; at least ${LEAST_COVERAGE}% are expected`);
}

function diagnostic(message: string): TestEvent {
  return { type: "test:diagnostic", data: { message, nesting: 0, level: "info" } };
}
