// Runs the test files: two at a time, since many a test waits for processes, then by themselves those that measure time.
//
//   node scripts/test.ts               # all of them, as npm test does
//   node scripts/test.ts --quick       # npm run test:quick, for the edit loop: all but those that are SLOW
//   node scripts/test.ts --coverage    # also counts the lines of src/ that tests run, and fails if these are too few
//
// A line counts as covered if a test's own process runs it; the programs that tests start, and tests that run alone, do not
// count.

import { globSync } from "node:fs";
import { Readable } from "node:stream";
import { type EventData, run } from "node:test";
import { spec, type TestEvent } from "node:test/reporters";
import { parseArgs } from "node:util";

const FILES_AT_A_TIME = 2;

/** Percentage of the lines of src/ that tests must run. */
const LEAST_COVERAGE = 0;

/** These expect to hear of their processes within tenths of a second. */
const ALONE = ["test/common/worker-pool.test.ts"];

/** These train for long, compile, or start many programs. The longest come first, so that none is left for the end. */
const SLOW = [
  "test/scripts/bench-train.test.ts",
  "test/engine/native-plan.test.ts",
  "test/child/trainer.test.ts",
  "test/cli/optimize.test.ts",
  "test/cli/doctor.test.ts",
  "test/cli/bench.test.ts",
  "test/search/executors/processes.test.ts",
  "test/child/own/training.test.ts",
  "test/search/deep-augment.test.ts",
  "test/cli/optimize-crash.test.ts",
  "test/apply/resume.test.ts",
  "test/engine/native-passes.test.ts",
  "test/cli/apply.test.ts",
  "test/cli/apply-resume.test.ts",
  "test/measure/bench.test.ts",
  "test/child/models/wide-resnet.test.ts",
  "test/apply/forms.test.ts",
  "test/child/models/imagenet-models.test.ts",
  "test/scripts/regret.test.ts",
  "test/scripts/build-native.test.ts",
];

const { values: options } = parseArgs({
  options: { quick: { type: "boolean", default: false }, coverage: { type: "boolean", default: false } },
});
const all = globSync("test/**/*.test.ts").sort();
const missing = [...ALONE, ...SLOW].filter((file) => !all.includes(file));
if (missing.length > 0)
  throw new Error(`scripts/test.ts lists files that do not exist: ${missing.join(", ")}`);
const others = all.filter((file) => !ALONE.includes(file) && !SLOW.includes(file));

// Each test file and each program that it starts would compile the same sources again.
process.env.NODE_COMPILE_CACHE ??= "node_modules/.cache/deepaugment-tests";
Readable.from(results()).compose(new spec()).pipe(process.stdout);

/** What is reported of all runs, as if they were one. */
async function* results(): AsyncGenerator<TestEvent> {
  const runs = options.quick
    ? [() => runTogether(others)]
    : [() => runTogether([...SLOW, ...others]), runAlone];
  const totals = new Map<string, number>();
  for (const start of runs) {
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

function runTogether(files: readonly string[]) {
  return run({
    files,
    concurrency: FILES_AT_A_TIME,
    coverage: options.coverage,
    coverageIncludeGlobs: "src/**",
    lineCoverage: LEAST_COVERAGE,
    // What a program leaves of its coverage when it is killed cannot be read.
    execArgv: ["--import", "data:text/javascript,delete process.env.NODE_V8_COVERAGE"],
  });
}

function runAlone() {
  return run({ files: ALONE, concurrency: 1 });
}

/** The name and the number of a line such as `tests 961`, with which a run ends. */
function totalIn({ type, data }: TestEvent): { name: string; count: number } | undefined {
  if (type !== "test:diagnostic" || data.nesting > 0) return undefined;
  const found = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message);
  return found ? { name: found[1], count: Number(found[2]) } : undefined;
}

function describeCoverage({ summary }: EventData.TestCoverage): TestEvent {
  const { coveredLinePercent } = summary.totals;
  return diagnostic(
    `lines of src/ covered: ${coveredLinePercent.toFixed(2)}%, at least ${LEAST_COVERAGE}% are expected`,
  );
}

function diagnostic(message: string): TestEvent {
  return { type: "test:diagnostic", data: { message, nesting: 0, level: "info" } };
}
