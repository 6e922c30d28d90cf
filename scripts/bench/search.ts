// Benchmarks the search apart from its trainings: how busy it keeps its workers, how long an append to the notebook
// takes and how soon a large search resumes. Prints one JSON line each.
//
//   npm run bench:search                                  # about 7 minutes: the trainings last 10 seconds each
//   npm run bench:search -- --only append,resume          # a minute
//   npm run bench:search -- --data test/fixtures/cifar-10-sample.tar.gz     # resume on data other than CIFAR-10
//
// "utilization": real worker processes that sleep for 10 s ± 30% instead of training; the Bayesian controller already
// has 300 trials. Measured by the workers' clocks from the first training's start to the last one's end, and to the
// last one's start (at the end of a search some workers have nothing left to do); "reported" is the search's own
// figure.
// "append": milliseconds to append 50 epochs and flush them to the disk; "plain" is writing and flushing the same
// number of bytes to an open file, alternating with the appends.
// "resume": a search of 1,000 trials of 3 samples and 50 epochs: the time from the start of `deepaugment optimize
// --resume` to the start of its first training process, the part of it for loading the data, and the time in this
// process from reading the files to the first training.

import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rewardOf } from "../../src/child/reward.ts";
import { selfCommand } from "../../src/common/self.ts";
import { loadConfig, resolveConfig } from "../../src/config/load.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import { RandomController } from "../../src/controller/random.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { Checksums } from "../../src/experiment/checksums.ts";
import { FailureList } from "../../src/experiment/failures.ts";
import { Notebook } from "../../src/experiment/notebook.ts";
import type { TrainingRecord } from "../../src/experiment/records.ts";
import { recoverTrainings } from "../../src/experiment/recovery.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../../src/policy/space.ts";
import type { Executor } from "../../src/search/executors/executor.ts";
import { ProcessExecutor } from "../../src/search/executors/processes.ts";
import { runExperiment } from "../../src/search/run-experiment.ts";
import { lagOf, runSearch } from "../../src/search/search.ts";
import type { TrainingTask } from "../../src/search/training.ts";
import { childrenOf } from "../../test/cli/processes.ts";
import { ORIGINAL } from "../../test/config/original.ts";
import { runScript } from "../run-script.ts";
import { historyOf } from "./search/history.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "utilization,append,resume" },
    workers: { type: "string", default: "2,4" },
    data: { type: "string", default: "cifar10" },
  },
});

const EPOCHS = 50;
const SAMPLES = 3;
/** Number of trials reported to the controller before utilization is measured. */
const TOLD = 300;
/** Trainings measured per worker: two and a half minutes. */
const WATCHED = 15;
const APPENDS = 400;
const RESUMED = 1000;
const ROUNDS = 3;

const SHAPE = { chains: 1, operationsPerChain: 2, epochs: EPOCHS };
const REWARD = { bestEpochs: 3, overfitMargin: 0.1 };
const SPACE = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });

const root = mkdtempSync(join(tmpdir(), "deepaugment-bench-search-"));
const print = (result: object) => console.log(JSON.stringify(result));

/** The trainings of a random search of this number of trials, and of the baseline. */
function* trainings(trials: number): Generator<TrainingRecord> {
  const controller = new RandomController(SPACE.dimensions, 1);
  for (let trial = 0; trial <= trials; trial++) {
    const policy = trial === 0 ? noAugmentation(1, 2) : pointToPolicy(SPACE, controller.ask(trial));
    for (let sample = 0; sample < SAMPLES; sample++) {
      const history = historyOf({ trial, sample, epochs: EPOCHS });
      yield { trial, sample, policy, history, reward: rewardOf(history, REWARD) };
    }
  }
}

function filesIn(folder: string) {
  const sums = new Checksums(folder);
  return {
    notebook: new Notebook(join(folder, "notebook.csv"), SHAPE, sums),
    early: new Notebook(join(folder, "early.csv"), SHAPE, sums),
    failures: new FailureList(join(folder, "failures.csv")),
  };
}

const rules = { operations: TECHNIQUES, reward: REWARD };

/** Continues the search in a folder up to `iterations` trials. */
function continueSearch(folder: string, iterations: number, executor: Executor) {
  const files = filesIn(folder);
  if (!files.early.exists) files.early.create();
  return runSearch({
    ...files,
    iterations,
    samples: SAMPLES,
    lag: lagOf(executor.workers, SAMPLES),
    reward: REWARD,
    controller: new BayesianController(SPACE.dimensions, 1, 10),
    space: {
      fixed: [noAugmentation(1, 2)],
      pointToPolicy: (point) => pointToPolicy(SPACE, point),
      policyToPoint: (policy) => policyToPoint(SPACE, policy),
    },
    executor,
    recovered: recoverTrainings({ ...files, samples: SAMPLES, rules }),
    taskOf: (trial, sample, policy) => ({ trial, sample, policy, epochs: EPOCHS }) as TrainingTask,
  });
}

async function benchUtilization(workers: number): Promise<void> {
  const folder = mkdtempSync(join(root, "workers-"));
  const { notebook } = filesIn(folder);
  notebook.create();
  for (const record of trainings(TOLD)) notebook.append(record);
  const times = join(folder, "times.csv");
  process.env.SLEEPER_TIMES = times;
  const sleeper = fileURLToPath(new URL("search/sleeper.ts", import.meta.url));
  const executor = new ProcessExecutor(workers, { command: { file: process.execPath, args: [sleeper] } });
  const trials = Math.ceil((WATCHED * workers) / SAMPLES);
  const { utilization } = await continueSearch(folder, TOLD + trials, executor);
  await executor.close();
  const sleeps = readFileSync(times, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(",").map(Number));
  const first = Math.min(...sleeps.map(([start]) => start));
  const busyUntil = (moment: number) =>
    sleeps.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, moment) - start), 0) /
    (workers * (moment - first));
  print({
    bench: "utilization",
    workers,
    told: TOLD,
    trainings: sleeps.length,
    percentBusy: percent(busyUntil(Math.max(...sleeps.map(([, end]) => end)))),
    percentBusyUntilLastStart: percent(busyUntil(Math.max(...sleeps.map(([start]) => start)))),
    reported: percent(utilization ?? 0),
  });
}

function benchAppend(): void {
  const folder = mkdtempSync(join(root, "append-"));
  const { notebook } = filesIn(folder);
  notebook.create();
  const file = openSync(join(folder, "plain"), "a");
  const appends: number[] = [];
  const plain: number[] = [];
  let size = statSync(notebook.path).size;
  for (const record of trainings(Math.ceil(APPENDS / SAMPLES))) {
    appends.push(millisecondsOf(() => notebook.append(record)));
    const bytes = Buffer.alloc(statSync(notebook.path).size - size, "x");
    size += bytes.length;
    plain.push(
      millisecondsOf(() => {
        writeSync(file, bytes);
        fsyncSync(file);
      }),
    );
  }
  closeSync(file);
  const at = (times: number[], share: number) =>
    round(times.sort((a, b) => a - b)[Math.floor(share * (times.length - 1))]);
  print({
    bench: "append",
    epochs: EPOCHS,
    appends: appends.length,
    median: at(appends, 0.5),
    percentile99: at(appends, 0.99),
    plainMedian: at(plain, 0.5),
    plainPercentile99: at(plain, 0.99),
  });
}

function millisecondsOf(act: () => void): number {
  const start = performance.now();
  act();
  return performance.now() - start;
}

async function benchResume(): Promise<void> {
  const folder = await makeExperiment();
  const loading = performance.now();
  await loadDataset(values.data);
  const loaded = performance.now() - loading;
  const start: number[] = [];
  const whole: number[] = [];
  const here: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    start.push(await secondsOf(["--version"]));
    whole.push(
      await secondsUntilTraining(["optimize", "--resume", folder, "--iterations", String(2 * RESUMED)]),
    );
    here.push(await secondsHere(folder));
  }
  print({
    bench: "resume",
    trials: RESUMED,
    rows: (RESUMED + 1) * SAMPLES * EPOCHS,
    seconds: median(whole),
    ofTheseProgram: median(start),
    ofTheseData: round(loaded / 1000),
    searchAlone: median(here),
  });
}

/** A finished experiment of random search, whose configuration is then changed to Bayesian optimization. */
async function makeExperiment(): Promise<string> {
  const executor: Executor = {
    workers: 2,
    train: async (task) => ({ history: historyOf(task) }),
    close: async () => {},
  };
  const config = resolveConfig({
    ...ORIGINAL,
    data: values.data,
    method: "random",
    iterations: RESUMED,
    child_epochs: EPOCHS,
    opt_samples: SAMPLES,
    ...(values.data === "cifar10" ? {} : { train_set_size: 100, validation_set_size: 50 }),
    out: root,
  });
  const { folder } = await runExperiment({ config, dataset: await loadDataset(config.data), executor });
  const path = join(folder, "config.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace("method: random", "method: bayesian_optimization"));
  if (loadConfig({ file: path }).method !== "bayesian_optimization")
    throw new Error("the method did not change");
  return folder;
}

function startProgram(args: readonly string[]) {
  const { file, args: first } = selfCommand();
  return spawn(file, [...first, ...args], { stdio: ["ignore", "ignore", "inherit"] });
}

async function secondsOf(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const program = startProgram(args);
  await new Promise((resolve) => program.once("close", resolve));
  return (performance.now() - start) / 1000;
}

/** From the program's start to the start of its first training process. */
async function secondsUntilTraining(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const program = startProgram(args);
  const ended = new Promise((resolve) => program.once("close", resolve));
  const isTraining = (pid: number) => {
    const path = `/proc/${pid}/cmdline`;
    return existsSync(path) && readFileSync(path, "utf8").includes("__worker\0train");
  };
  while (program.exitCode === null && !childrenOf(program.pid!).some(isTraining)) await sleep(5);
  if (program.exitCode !== null) throw new Error(`the program ended with ${program.exitCode}`);
  const seconds = (performance.now() - start) / 1000;
  program.kill("SIGKILL");
  await ended;
  return seconds;
}

/** From reading the files to the first training, in this process. */
async function secondsHere(folder: string): Promise<number> {
  const start = performance.now();
  const stop = new Error("started");
  let seconds = 0;
  const executor: Executor = {
    workers: 2,
    train: async () => {
      seconds ||= (performance.now() - start) / 1000;
      throw stop;
    },
    close: async () => {},
  };
  await continueSearch(folder, 2 * RESUMED, executor).catch((error) => {
    if (error !== stop) throw error;
  });
  return seconds;
}

function median(numbers: number[]): number {
  return round(numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]);
}

const round = (value: number) => Math.round(value * 100) / 100;
const percent = (share: number) => Math.round(share * 1000) / 10;

await runScript(async () => {
  try {
    const only = values.only.split(",");
    if (only.includes("append")) benchAppend();
    if (only.includes("resume")) await benchResume();
    if (only.includes("utilization")) {
      for (const workers of values.workers.split(",").map(Number)) await benchUtilization(workers);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
