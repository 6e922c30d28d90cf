// Checks that crashes do not lose anything, with real searches of 20 trials on the test images. In one, the program is
// killed at random moments (with or without its workers) and resumed each time; in another, its workers are killed and
// stopped while it continues by itself. Both must end with the notebook and policies of an undisturbed search.
//
//   npm run check:crash                            # 30 kills, then 10 killed and 3 hung workers; about 15 minutes
//   npm run check:crash -- --kills 5 --hung 0      # fewer
//   npm run check:crash -- --seed 7                # at other moments
//   npm run check:crash -- --stops                 # searches that stop trainings early and redraw images for every epoch
//
// Progress goes to stderr, a JSON line with the verdict to stdout; the exit code is 1 if something was lost.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Random } from "../src/common/random.ts";
import { childrenOf, kill, signal } from "../test/cli/processes.ts";
import { type Finished, run, type Started, start } from "../test/cli/run.ts";
import { SAMPLE_ARCHIVE } from "../test/fixtures/sample.ts";
import { runScript } from "./run-script.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "30" },
    deaths: { type: "string", default: "10" },
    hung: { type: "string", default: "3" },
    seed: { type: "string", default: "0" },
    stops: { type: "boolean", default: false },
  },
});
const KILLS = Number(values.kills);
const DEATHS = Number(values.deaths);
const HUNG = Number(values.hung);
const SEED = Number(values.seed);

const SETTINGS = {
  data: SAMPLE_ARCHIVE,
  train_set_size: 60,
  validation_set_size: 30,
  iterations: 20,
  opt_samples: 4,
  opt_initial_points: 6,
  confirm_top: 2,
  confirm_samples: 2,
  child_epochs: 3,
  child_batch_size: 20,
  model: "basiccnn",
  bases: "[none, flip]",
  // Pre-trains weights before the first trial, so that kills can happen there too.
  child_first_train_epochs: 2,
  seed: 3,
  workers: 2,
  ...(values.stops && { stop_epochs: "[1, 2]" }),
};
const TRAININGS = (SETTINGS.iterations + 1) * SETTINGS.opt_samples;

/**
 * Minimum number of trainings that end between two disturbances: a training that is run again must not be disturbed a
 * second time, because it would then fail for good.
 */
const UNDISTURBED = 3;

const root = mkdtempSync(join(tmpdir(), "deepaugment-crash-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
const log = (text: string) => console.error(text);

function optimizeArgs(out: string): string[] {
  const settings = Object.entries({ ...SETTINGS, out });
  return ["optimize", ...settings.flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

/** The experiment in `out` that can be resumed; one killed in its first moments cannot. */
function experimentIn(out: string): string | undefined {
  if (!existsSync(out)) return undefined;
  return readdirSync(out)
    .map((name) => join(out, name))
    .find((folder) => existsSync(join(folder, "config.yaml")) && existsSync(join(folder, "experiment.json")));
}

/** Number of rows in the notebook. */
function rowsIn(out: string): number {
  const folder = experimentIn(out);
  const path = folder && join(folder, "notebook.csv");
  return path && existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 2 : 0;
}

/** Number of ended trainings, in order or early. */
function endedIn(out: string): number {
  const folder = experimentIn(out);
  const rows = ["notebook.csv", "early.csv"].flatMap((file) => {
    const path = folder && join(folder, file);
    return path && existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(1, -1) : [];
  });
  return new Set(rows.map((row) => row.split(",").slice(0, 2).join())).size;
}

/** What must be the same: everything but the times in the notebook and the confirmations. */
function resultOf(out: string): Record<string, string> {
  const folder = experimentIn(out)!;
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  return {
    "notebook.csv": text("notebook.csv").replace(/,[^,\n]*$/gm, ""),
    // If no policy promises more than the baseline, there is nothing to confirm.
    "confirmations.csv": existsSync(join(folder, "confirmations.csv"))
      ? text("confirmations.csv").replace(/,[^,\n]*$/gm, "")
      : "",
    "policies.json": text("policies.json"),
    "best.json": text("best.json"),
    files: readdirSync(folder).sort().join(" "),
  };
}

/** The names of the files that differ from the undisturbed search. */
function differences(out: string, expected: Record<string, string>): string[] {
  const result = resultOf(out);
  return Object.keys(expected).filter((key) => result[key] !== expected[key]);
}

function startOrResume(out: string): Started {
  const experiment = experimentIn(out);
  return start(experiment ? ["optimize", "--resume", experiment] : optimizeArgs(out), environment);
}

/** Kills the program repeatedly. @param rows of the whole notebook. */
async function killProgram(out: string, rows: number): Promise<{ killed: number; withWorkers: number }> {
  const random = new Random(SEED, "kills");
  let killed = 0;
  let withWorkers = 0;
  while (killed < KILLS) {
    const program = startOrResume(out);
    const state = { isRunning: true };
    program.finished.then(() => {
      state.isRunning = false;
    });
    // One kill in four comes after a random time, possibly before anything is trained; the others spread over the rows.
    const goal = random.chance(0.25) ? 0 : Math.floor(((killed + random.uniform()) / (KILLS + 1)) * rows);
    while (state.isRunning && rowsIn(out) < goal) await sleep(2);
    await sleep(goal === 0 ? random.uniform(0, 4000) : random.uniform(0, 500));
    const isWhole = random.chance(0.5);
    if (state.isRunning) kill(program.process.pid!, isWhole);
    const { signal: ended, code, stderr } = await program.finished;
    if (ended === "SIGKILL") {
      killed++;
      if (isWhole) withWorkers++;
      log(
        `kill ${killed}${isWhole ? " with its workers" : ""}: ${rowsIn(out)} of ${rows} rows in the notebook`,
      );
    } else if (code !== 0) {
      throw new Error(`a run ended with ${code}: ${stderr}`);
    }
  }
  const last = await startOrResume(out).finished;
  check(last);
  return { killed, withWorkers };
}

/**
 * Kills and stops workers of one program, which runs to its end.
 * @param rows of the whole notebook.
 * @param wait longest wait before each, in milliseconds: about the duration of a training, so that all fit in the
 * search.
 */
async function disturbWorkers(
  out: string,
  rows: number,
  wait: number,
): Promise<{ killed: number; hung: number; stderr: string }> {
  const random = new Random(SEED, "workers");
  const program = start(optimizeArgs(out), environment);
  let isRunning = true;
  program.finished.then(() => {
    isRunning = false;
  });
  // The limit for hanging comes from epochs that were reported.
  while (isRunning && endedIn(out) < 2) await sleep(20);
  const events = [...Array(DEATHS).fill("SIGKILL"), ...Array(HUNG).fill("SIGSTOP")] as NodeJS.Signals[];
  random.shuffle(events);
  const counts = { killed: 0, hung: 0 };
  const disturbed = new Set<number>();
  const workers = () => childrenOf(program.process.pid!);
  let endedBefore = 0;
  for (const event of events) {
    while (isRunning && endedIn(out) < endedBefore + UNDISTURBED) await sleep(20);
    await sleep(random.uniform(0, wait));
    let victims: number[] = [];
    while (isRunning && victims.length === 0) {
      await sleep(20);
      victims = workers().filter((pid) => !disturbed.has(pid));
    }
    if (!isRunning) break;
    const victim = victims[random.integer(0, victims.length - 1)];
    if (!signal(victim, event)) continue;
    disturbed.add(victim);
    log(`${event} to worker ${victim}: ${rowsIn(out)} of ${rows} rows in the notebook`);
    if (event === "SIGKILL") {
      counts.killed++;
    } else {
      counts.hung++;
      const stop = performance.now();
      while (isRunning && workers().includes(victim)) await sleep(100);
      log(`the program ended it after ${Math.round((performance.now() - stop) / 1000)} s`);
    }
    endedBefore = endedIn(out);
  }
  const ended = await program.finished;
  check(ended);
  return { ...counts, stderr: ended.stderr };
}

function check({ code, signal: ended, stderr }: Finished): void {
  if (code !== 0) throw new Error(`the search ended with ${code ?? ended}: ${stderr}`);
}

await runScript(async () => {
  try {
    const whole = join(root, "undisturbed");
    const started = performance.now();
    check(await run(optimizeArgs(whole), environment));
    const milliseconds = performance.now() - started;
    const expected = resultOf(whole);
    const rows = rowsIn(whole);
    log(`undisturbed: ${rows} rows in ${Math.round(milliseconds / 1000)} s; ${expected.files}`);

    const killedOut = join(root, "killed");
    const kills = await killProgram(killedOut, rows);
    const differing = differences(killedOut, expected);

    const workersOut = join(root, "workers");
    const workers = await disturbWorkers(workersOut, rows, (SETTINGS.workers * milliseconds) / TRAININGS);
    const differingToo = differences(workersOut, expected);

    const isWhole =
      differing.length + differingToo.length === 0 && workers.killed === DEATHS && workers.hung === HUNG;
    console.log(
      JSON.stringify({
        check: "crash",
        trials: SETTINGS.iterations,
        trainings: TRAININGS,
        rows,
        kills: kills.killed,
        ofTheseWithWorkers: kills.withWorkers,
        differsAfterKills: differing,
        workersKilled: workers.killed,
        workersHung: workers.hung,
        differsAfterWorkers: differingToo,
        verdict: isWhole ? "nothing was lost" : "SOMETHING WAS LOST",
      }),
    );
    if (!isWhole) process.exitCode = 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
