// Checks that crashes do not lose anything of an evaluation: on the test images, the program is killed at random moments (with
// or without its workers) and resumed each time, in the middle of trainings. It must end with the result of an undisturbed one.
//
//   npm run check:crash-evaluate                   # 20 kills; about 3 minutes
//   npm run check:crash-evaluate -- --kills 5      # fewer
//   npm run check:crash-evaluate -- --seed 7       # at other moments
//
// Progress goes to stderr, a JSON line with the verdict to stdout; the exit code is 1 if something was lost.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Random } from "../src/common/random.ts";
import { kill } from "../test/cli/processes.ts";
import { run, start } from "../test/cli/run.ts";
import { SAMPLE_ARCHIVE } from "../test/fixtures/sample.ts";
import { runScript } from "./run-script.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "20" }, seed: { type: "string", default: "0" } },
});
const KILLS = Number(values.kills);
const SEED = Number(values.seed);

const SETTINGS = {
  data: SAMPLE_ARCHIVE,
  policy: fileURLToPath(new URL("../configs/policies/cifar10-60-trials.json", import.meta.url)),
  arms: "[none, flip-crop, trivialaugment, policy, flip-crop+top-policies]",
  samples: 6,
  epochs: 10,
  batch_size: 20,
  seed: 3,
  workers: 2,
  // After every part of an epoch, so that kills come before, in and after many of them.
  checkpoint_seconds: 0,
};
const TRAININGS = 5 * SETTINGS.samples;

const root = mkdtempSync(join(tmpdir(), "deepaugment-crash-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
const log = (text: string) => console.error(text);

function evaluateArgs(out: string): string[] {
  const settings = Object.entries({ ...SETTINGS, out });
  return ["evaluate", ...settings.flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

/** The evaluation in `out` that can be resumed; one killed in its first moments cannot. */
function evaluationIn(out: string): string | undefined {
  if (!existsSync(out)) return undefined;
  return readdirSync(out)
    .map((name) => join(out, name))
    .find((folder) => existsSync(join(folder, "config.yaml")) && existsSync(join(folder, "evaluation.json")));
}

function trainingsIn(out: string): number {
  const folder = evaluationIn(out);
  const path = folder && join(folder, "evaluation.csv");
  const rows = path && existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 2 : 0;
  return Math.floor(rows / SETTINGS.epochs);
}

/** What must be the same: everything but the times. */
function resultOf(out: string): Record<string, string> {
  const folder = evaluationIn(out)!;
  const { results } = JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"));
  const arms = results.arms.map(({ seconds: _, ...arm }: { seconds: number }) => arm);
  return {
    "evaluation.csv": readFileSync(join(folder, "evaluation.csv"), "utf8").replace(/,[^,\n]*$/gm, ""),
    "predictions.csv": readFileSync(join(folder, "predictions.csv"), "utf8"),
    "evaluation.json": JSON.stringify({ ...results, arms }),
    files: readdirSync(folder, { recursive: true }).sort().join(" "),
  };
}

async function killAndResume(out: string, milliseconds: number): Promise<number> {
  const random = new Random(SEED, "kills");
  let killed = 0;
  while (killed < KILLS) {
    const evaluation = evaluationIn(out);
    const args = evaluation ? ["evaluate", "--resume", evaluation] : evaluateArgs(out);
    const program = start(args, environment);
    const state = { isRunning: true };
    program.finished.then(() => {
      state.isRunning = false;
    });
    const before = trainingsIn(out);
    // Kills are spread over the trainings; each comes after a random time, at any moment of a training.
    const goal = Math.floor(((killed + 1) / (KILLS + 1)) * TRAININGS);
    while (state.isRunning && trainingsIn(out) < Math.min(goal, before + 1)) await sleep(2);
    await sleep(random.uniform(0, (2 * milliseconds) / TRAININGS));
    if (state.isRunning) kill(program.process.pid!, random.chance(0.5));
    const { signal, code, stderr } = await program.finished;
    if (signal === "SIGKILL") log(`kill ${++killed}: ${trainingsIn(out)} of ${TRAININGS} trainings`);
    else if (code !== 0) throw new Error(`a run ended with ${code}: ${stderr}`);
    else break;
  }
  const last = await run(["evaluate", "--resume", evaluationIn(out)!], environment);
  if (last.code !== 0) throw new Error(`the last run ended with ${last.code}: ${last.stderr}`);
  return killed;
}

await runScript(async () => {
  try {
    const whole = join(root, "undisturbed");
    const started = performance.now();
    const undisturbed = await run(evaluateArgs(whole), environment);
    if (undisturbed.code !== 0) throw new Error(undisturbed.stderr);
    const milliseconds = performance.now() - started;
    log(`undisturbed: ${TRAININGS} trainings in ${Math.round(milliseconds / 1000)} s`);
    const killedOut = join(root, "killed");
    const kills = await killAndResume(killedOut, milliseconds);
    const [expected, found] = [resultOf(whole), resultOf(killedOut)];
    const differing = Object.keys(expected).filter((key) => found[key] !== expected[key]);
    const isWhole = differing.length === 0 && kills === KILLS;
    const failure = differing.length > 0 ? "SOMETHING WAS LOST" : "it ended before all kills";
    const verdict = isWhole ? "nothing was lost" : failure;
    console.log(JSON.stringify({ check: "crash of evaluate", kills, differs: differing, verdict }));
    if (!isWhole) process.exitCode = 1;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
