// Disturbs a command at random moments and continues it each time: kills it, fills its disk, or closes its pipes.

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../src/common/random.ts";
import { kill } from "../../test/cli/processes.ts";
import { type Finished, type Started, start } from "../../test/cli/run.ts";
import type { Subject } from "./subject.ts";

export type Disturbance = "kill" | "full disk" | "closed pipe";

/** An undisturbed run. */
export interface Whole {
  readonly progress: number;
  readonly milliseconds: number;
}

const PIPES: readonly (readonly ("stdout" | "stderr")[])[] = [["stdout"], ["stderr"], ["stdout", "stderr"]];

interface Running {
  readonly subject: Subject;
  readonly out: string;
  /** The file that fills its disk. */
  readonly filler: string;
  readonly program: Started;
  readonly random: Random;
}

/**
 * Runs a command to its end, with `count` disturbances spread over its progress.
 * @param place a folder for all that it writes, with its cache in `home`; and the output's folder in it.
 * @returns how many there were: fewer if it ended before the last ones.
 * @throws Error if it ends otherwise than the disturbance explains.
 */
export async function disturb(
  subject: Subject,
  { disk, out }: { readonly disk: string; readonly out: string },
  disturbance: Disturbance,
  count: number,
  whole: Whole,
  random: Random,
): Promise<number> {
  const environment = { DEEPAUGMENT_HOME: join(disk, "home") };
  const part = 1 / (count + 1);
  let done = 0;
  for (let i = 0; i < count; i++) {
    const program = start(subject.args(out), environment);
    const running = watch(program);
    // One in four comes after a random time, possibly before anything is done; the others are spread over the progress.
    const goal = random.chance(0.25) ? 0 : (i + random.uniform()) * part * whole.progress;
    while (running() && subject.progress(out) < goal) await sleep(2);
    await sleep(goal === 0 ? random.uniform(0, 3000) : random.uniform(0, (part * whole.milliseconds) / 2));
    const wasDisturbed =
      running() &&
      (await DISTURB[disturbance]({ subject, out, filler: join(disk, "filler"), program, random }));
    if (wasDisturbed) done++;
    else check(await program.finished);
    const share = Math.round((100 * subject.progress(out)) / whole.progress);
    console.error(`${subject.name}: ${disturbance} ${done} at ${share}%`);
  }
  check(await start(subject.args(out), environment).finished);
  return done;
}

/** Each returns whether the disturbance came before the end of the run, and waits for that. */
const DISTURB: Record<Disturbance, (running: Running) => Promise<boolean>> = {
  kill: killProgram,
  "full disk": fillDisk,
  "closed pipe": closePipes,
};

async function killProgram({ program, random }: Running): Promise<boolean> {
  kill(program.process.pid!, random.chance(0.5));
  return (await program.finished).signal === "SIGKILL";
}

/** Fills the disk to its last byte until the program ends by itself. */
async function fillDisk({ program, filler }: Running): Promise<boolean> {
  const file = openSync(filler, "w");
  const running = watch(program);
  try {
    while (running()) {
      for (const size of [2 ** 20, 2 ** 12, 1]) fill(file, size);
      await sleep(10);
    }
  } finally {
    closeSync(file);
    rmSync(filler);
  }
  const ended = await program.finished;
  if (ended.code === 0) return false;
  if (ended.code !== 1 || !/no space left on the device/.test(ended.stderr) || hasTrace(ended))
    throw new Error(`on a full disk it ended with ${ended.code ?? ended.signal}: ${ended.stderr}`);
  return true;
}

function fill(file: number, size: number): void {
  const bytes = Buffer.alloc(size);
  try {
    while (writeSync(file, bytes) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

/** Closes one of its pipes or both; it must continue as if nothing had happened. Then it is killed. */
async function closePipes({ subject, out, program, random }: Running): Promise<boolean> {
  const pipes = PIPES[random.integer(0, PIPES.length - 1)];
  for (const pipe of pipes) program.process[pipe]!.destroy();
  const before = subject.progress(out);
  const running = watch(program);
  while (running() && subject.progress(out) === before) await sleep(5);
  if (running()) await killProgram({ subject, out, filler: "", program, random });
  else {
    const ended = await program.finished;
    // As after SIGPIPE: it has finished, and nobody reads its result.
    const isUnread = ended.code === 141 && pipes.includes("stdout");
    check(isUnread ? { ...ended, code: 0 } : ended);
  }
  return true;
}

/** @returns whether it still runs. */
export function watch(program: Started): () => boolean {
  const state = { isRunning: true };
  program.finished.then(() => {
    state.isRunning = false;
  });
  return () => state.isRunning;
}

export const hasTrace = ({ stderr }: Finished) => /^\s+at /m.test(stderr);

export function check(ended: Finished): void {
  const { code, signal, stderr } = ended;
  if (code !== 0 || hasTrace(ended)) throw new Error(`a run ended with ${code ?? signal}: ${stderr}`);
}

/**
 * A disk of 64 MB, mounted on a new folder.
 * @returns a function that unmounts it.
 * @throws Error if it cannot be mounted: that needs root on Linux.
 */
export function mountDisk(folder: string): () => void {
  mkdirSync(folder);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]);
  if (status !== 0)
    throw new Error("a disk that fills needs root on Linux (mount -t tmpfs); use --full-disks 0");
  return () => spawnSync("umount", [folder]);
}
