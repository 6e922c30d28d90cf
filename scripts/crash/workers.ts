// Kills and stops workers of a search, which runs to its end by itself.

import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../src/common/random.ts";
import { childrenOf, signal } from "../../test/cli/processes.ts";
import { start } from "../../test/cli/run.ts";
import { check, watch } from "./disturb.ts";
import { endedTrainings } from "./optimize.ts";
import type { Subject } from "./subject.ts";

/**
 * Minimum number of trainings that end between two disturbances: a training that is run again must not be disturbed a
 * second time, because it would then fail for good.
 */
const UNDISTURBED = 3;

export interface WorkerDisturbances {
  readonly subject: Subject;
  readonly out: string;
  readonly environment: Record<string, string>;
  readonly deaths: number;
  readonly hung: number;
  readonly seed: number;
  /** Longest wait before each, in milliseconds: about the duration of a training, so that all fit in the search. */
  readonly wait: number;
}

/** @returns how many workers were killed, and how many stopped and were ended by the program. */
export async function disturbWorkers(task: WorkerDisturbances): Promise<{ killed: number; hung: number }> {
  const { subject, out, environment, deaths, hung, seed, wait } = task;
  const random = new Random(seed, "workers");
  const program = start(subject.args(out), environment);
  const running = watch(program);
  // The limit for hanging comes from epochs that were reported.
  while (running() && endedTrainings(out) < 2) await sleep(20);
  const events = [...Array(deaths).fill("SIGKILL"), ...Array(hung).fill("SIGSTOP")] as NodeJS.Signals[];
  random.shuffle(events);
  const counts = { killed: 0, hung: 0 };
  const disturbed = new Set<number>();
  const workers = () => childrenOf(program.process.pid!);
  let endedBefore = 0;
  for (const event of events) {
    while (running() && endedTrainings(out) < endedBefore + UNDISTURBED) await sleep(20);
    await sleep(random.uniform(0, wait));
    let victims: number[] = [];
    while (running() && victims.length === 0) {
      await sleep(20);
      victims = workers().filter((pid) => !disturbed.has(pid));
    }
    if (!running()) break;
    const victim = victims[random.integer(0, victims.length - 1)];
    if (!signal(victim, event)) continue;
    disturbed.add(victim);
    console.error(`${event} to worker ${victim} after ${endedTrainings(out)} trainings`);
    if (event === "SIGKILL") {
      counts.killed++;
    } else {
      counts.hung++;
      const stop = performance.now();
      while (running() && workers().includes(victim)) await sleep(100);
      console.error(`the program ended it after ${Math.round((performance.now() - stop) / 1000)} s`);
    }
    endedBefore = endedTrainings(out);
  }
  check(await program.finished);
  return counts;
}
