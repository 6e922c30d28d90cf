// Checks that nothing is lost in crashes, with real searches, evaluations and augmentations of the test images. Each is killed
// at random moments (with or without its workers), its disk is filled, or its pipes are closed, and it is continued each time.
// The workers of one search are killed and stopped while it continues by itself. Everything must end as an undisturbed run
// does.
//
//   npm run check:crash                                      # all of it: hours
//   npm run check:crash -- --of optimize --kills 5           # fewer
//   npm run check:crash -- --seed 7                          # at other moments
//   npm run check:crash -- --of optimize --stops             # searches that stop trainings early
//
// Progress goes to stderr, a JSON line for each command and disturbance to stdout; the exit code is 1 if something was lost.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../src/common/random.ts";
import { run } from "../test/cli/run.ts";
import { applySubject } from "./crash/apply.ts";
import { check, type Disturbance, disturb, mountDisk, type Whole } from "./crash/disturb.ts";
import { evaluateSubject } from "./crash/evaluate.ts";
import { optimizeSubject, SEARCH_TRAININGS, SEARCH_WORKERS } from "./crash/optimize.ts";
import type { Subject } from "./crash/subject.ts";
import { disturbWorkers } from "./crash/workers.ts";
import { runScript } from "./run-script.ts";

const { values } = parseArgs({
  options: {
    of: { type: "string", default: "optimize,evaluate,apply" },
    kills: { type: "string", default: "100" },
    "full-disks": { type: "string", default: "20" },
    "closed-pipes": { type: "string", default: "20" },
    deaths: { type: "string", default: "10" },
    hung: { type: "string", default: "3" },
    seed: { type: "string", default: "0" },
    stops: { type: "boolean", default: false },
  },
});
const SEED = Number(values.seed);
const MOST_ROUNDS = 10;
const DEATHS = Number(values.deaths);
const HUNG = Number(values.hung);
const SUBJECTS: readonly Subject[] = [optimizeSubject(values.stops), evaluateSubject, applySubject];
const COUNTS: Record<Disturbance, number> = {
  kill: Number(values.kills),
  "full disk": Number(values["full-disks"]),
  "closed pipe": Number(values["closed-pipes"]),
};

const root = mkdtempSync(join(tmpdir(), "deepaugment-crash-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };

/** The names of the results that differ. */
function differences(result: Record<string, string>, expected: Record<string, string>): string[] {
  const names = new Set([...Object.keys(result), ...Object.keys(expected)]);
  return [...names].filter((name) => result[name] !== expected[name]);
}

function report(of: string, disturbance: string, wanted: number, found: number, differing: string[]): void {
  const early = found < wanted ? "it ended before all of them" : "nothing was lost";
  const verdict = differing.length > 0 ? "SOMETHING WAS LOST" : early;
  console.log(JSON.stringify({ check: `crash of ${of}`, disturbance, wanted, found, differing, verdict }));
  if (verdict !== "nothing was lost") process.exitCode = 1;
}

async function checkSubject(subject: Subject): Promise<void> {
  const out = join(root, `${subject.name}-undisturbed`);
  const started = performance.now();
  check(await run(subject.args(out), environment));
  const whole: Whole = { progress: subject.progress(out), milliseconds: performance.now() - started };
  const expected = subject.result(out);
  console.error(`${subject.name}, undisturbed: ${Math.round(whole.milliseconds / 1000)} s`);
  for (const [name, count] of Object.entries(COUNTS)) {
    if (count === 0) continue;
    const disturbance = name as Disturbance;
    const disk = join(root, `${subject.name} ${name}`);
    const unmount = disturbance === "full disk" ? mountDisk(disk) : undefined;
    try {
      let found = 0;
      const differing: string[] = [];
      // A run may end before all of its disturbances; then another one has the others.
      for (let round = 0; found < count && round < MOST_ROUNDS; round++) {
        const out = join(disk, `out-${round}`);
        const random = new Random(SEED, "disturbances", subject.name, name, round);
        found += await disturb(subject, { disk, out }, disturbance, count - found, whole, random);
        differing.push(...differences(subject.result(out), expected));
        rmSync(out, { recursive: true });
      }
      report(subject.name, name, count, found, differing);
    } finally {
      unmount?.();
    }
  }
  if (subject.name === "optimize" && DEATHS + HUNG > 0) await checkWorkers(subject, whole, expected);
}

async function checkWorkers(subject: Subject, whole: Whole, expected: Record<string, string>): Promise<void> {
  const wait = (SEARCH_WORKERS * whole.milliseconds) / SEARCH_TRAININGS;
  const out = join(root, "workers");
  const task = { subject, out, environment, deaths: DEATHS, hung: HUNG, seed: SEED, wait };
  const { killed, hung } = await disturbWorkers(task);
  report(
    "optimize",
    "workers killed or stopped",
    DEATHS + HUNG,
    killed + hung,
    differences(subject.result(out), expected),
  );
}

await runScript(async () => {
  const wanted = values.of.split(",");
  for (const name of wanted)
    if (!SUBJECTS.some((subject) => subject.name === name))
      throw new Error(`--of ${name}: one or more of ${SUBJECTS.map((subject) => subject.name).join()}`);
  try {
    for (const subject of SUBJECTS) if (wanted.includes(subject.name)) await checkSubject(subject);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
