// Damages files of every kind that this program reads, and reads them: each must be read, or refused with one clear line, within
// 20 seconds of computing and 500 MB, and nothing may be printed.
//
//   npm run check:fuzz -- --minutes 10 --seed 7   # as many inputs as that time allows; by default 10 minutes, seed 1
//   npm run check:fuzz -- --inputs 5000           # as many
//   npm run check:fuzz -- --class TIFF            # only the classes with this in their name
//   npm run check:fuzz -- --repeat <folder>       # one that failed, with its stack trace
//   npm run check:fuzz -- --keep <folder> --name <name>  # adds it to those that are read first (test/fixtures/fuzz.tar.gz)
//
// An input depends only on its class, its number and the seed. Inputs that failed once are read first. The result is a table on
// stdout; failures go to stderr and into a folder, and then the exit code is 1.

import { mkdtempSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../src/common/errors.ts";
import { CLASSES } from "../test/fuzz/classes.ts";
import { keepInput, readCorpus, readStored, storeInput } from "../test/fuzz/corpus.ts";
import { classOfTurn, type FuzzClass, makeInput } from "../test/fuzz/input.ts";
import { type Death, Reader } from "./fuzz/reader.ts";
import { Tally } from "./fuzz/tally.ts";
import type { Job, Report } from "./fuzz/worker.ts";
import { runScript } from "./run-script.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    inputs: { type: "string", default: "Infinity" },
    seed: { type: "string", default: "1" },
    class: { type: "string", default: "" },
    processes: { type: "string", default: String(availableParallelism()) },
    repeat: { type: "string" },
    keep: { type: "string" },
    name: { type: "string" },
  },
});

await runScript(async () => {
  if (values.repeat !== undefined) return repeat(values.repeat);
  if (values.keep !== undefined) return keepInput(values.keep, values.name ?? `${Date.now()}`);
  const classes = CLASSES.filter(({ name }) => name.toLowerCase().includes(values.class.toLowerCase()));
  if (classes.length === 0) throw new UsageError(`--class: there is none with "${values.class}" in its name`);
  await fuzz(classes);
});

async function repeat(folder: string): Promise<void> {
  const reader = new Reader();
  const { kind, text, took, memory } = await readFully(reader, readStored(folder));
  reader.end();
  console.log(`${kind} in ${Math.round(took)} ms with ${Math.round(memory / 2 ** 20)} MB: ${text}`);
  if (kind === "failed" || kind === "died") process.exitCode = 1;
}

/** An input that ends its process is read again by a new one: others before it may have been the cause. */
async function readFully(reader: Reader, job: Job): Promise<Report | Death> {
  const report = await reader.read(job);
  return report.kind === "died" ? reader.read(job) : report;
}

async function fuzz(classes: readonly FuzzClass[]): Promise<void> {
  const tally = new Tally(classes);
  const failures = { folder: "", count: 0 };
  const jobs = jobsOf(classes, await readCorpus());
  const work = async () => {
    const reader = new Reader();
    for (const job of jobs) {
      const report = await readFully(reader, job);
      tally.add(job.class, report);
      if (report.kind === "failed" || report.kind === "died") await store(job, report.text, failures);
    }
    reader.end();
  };
  await Promise.all(Array.from({ length: Number(values.processes) }, work));
  console.log(tally.table());
  if (failures.count > 0) process.exitCode = 1;
}

function* jobsOf(classes: readonly FuzzClass[], corpus: readonly Job[]): Generator<Job, void, void> {
  const end = performance.now() + 60_000 * Number(values.minutes);
  yield* corpus.filter(({ class: own }) => classes.some(({ name }) => name === own));
  const seed = Number(values.seed);
  for (let number = 0; number < Number(values.inputs) && performance.now() < end; number++)
    yield { class: classOfTurn(classes, number).name, seed, number };
}

async function store(job: Job, problem: string, failures: { folder: string; count: number }): Promise<void> {
  failures.folder ||= mkdtempSync(join(tmpdir(), "fuzz-failures-"));
  const folder = join(failures.folder, String(++failures.count));
  const fuzzClass = CLASSES.find(({ name }) => name === job.class)!;
  const input = "files" in job ? job : await makeInput(fuzzClass, job.seed, job.number);
  storeInput(folder, input, problem);
  console.error(
    `${job.class} ${job.number}: ${problem.slice(0, 1000)}\n  npm run check:fuzz -- --repeat ${folder}`,
  );
}
