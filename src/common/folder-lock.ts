// Locks a folder for one program at a time. Node has no flock(), and taking over a single lock file from a killed
// holder is racy: between the check and the takeover, a living program may have taken it. So each program creates its
// own lock file with a unique name first and then looks for others. Of two programs, at least the one that looks last
// sees the other's file (as in Lamport's bakery algorithm), and any program may remove the file of one that has ended.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { RunError, systemCode, systemReason, UsageError } from "./errors.ts";
import { writeFileWhole } from "./files.ts";
import { parseJson } from "./json.ts";
import { readOrdinaryFile } from "./ordinary-files.ts";
import { problemIn } from "./schema.ts";

/** The content of a lock file: the program that holds it. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, to detect another process with the same id; null if the system does not report it. */
  readonly started: string | null;
  /** When the lock was created, in milliseconds since 1970. */
  readonly since: number;
}

/** How long the first of several programs that started at the same time waits for the others to give way, in ms. */
const PATIENCE = 2000;
const STEP = 20;

/** What a folder is locked for. A lock of any kind excludes all others. */
export type LockedFolder = "experiment" | "evaluation" | "apply";

const NAME = /^(experiment|evaluation|apply)\..+\.lock$/;

/** Whether a file's name is that of a lock file. */
export function isLockName(name: string): boolean {
  return NAME.test(name);
}

let count = 0;

export class FolderLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Locks the folder for this process and removes the lock files of killed programs.
   * @throws UsageError naming the program that uses the folder; RunError if the lock cannot be written.
   */
  static async acquire(folder: string, kind: LockedFolder = "experiment"): Promise<FolderLock> {
    const since = Date.now();
    const own: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) ?? null, since };
    const name = `${kind}.${own.host.replace(/[^\w-]/g, "-")}-${own.pid}-${since}-${count++}.lock`;
    const path = join(folder, name);
    writeFileWhole(path, `${JSON.stringify(own)}\n`);
    try {
      for (let waited = 0; ; waited += STEP) {
        const others = livingLocks(folder).filter((other) => other.name !== name);
        if (others.length === 0) return new FolderLock(path);
        // Of programs that started at the same time, the one with the first name stays and the others give way.
        const isFirst = others.every(
          (other) => name < other.name && Math.abs(other.holder.since - since) < PATIENCE,
        );
        if (!isFirst || waited >= PATIENCE) throw inUse(folder, others[0].name, others[0].holder);
        await sleep(STEP);
      }
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }

  /** @throws RunError if the lock cannot be removed. */
  release(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch (error) {
      throw new RunError(`cannot remove ${this.#path}: ${systemReason(error)}`);
    }
  }
}

function inUse(folder: string, name: string, { pid, host }: Holder): UsageError {
  const here = host === hostname();
  const remedy = here
    ? "wait for it, or end it"
    : `wait for it, or end it there; if it has ended, remove ${join(folder, name)}`;
  return new UsageError(`${folder} is in use by process ${pid} on ${host}; ${remedy}`);
}

/** A program that works in a folder. */
export interface FolderUser {
  readonly pid: number;
  readonly host: string;
}

/** The program that has locked the folder; undefined if there is none. Changes nothing. @throws as `acquire` does. */
export function userOf(folder: string): FolderUser | undefined {
  const holder = locksIn(folder).find(({ holder }) => isAlive(holder))?.holder;
  return holder && { pid: holder.pid, host: holder.host };
}

/** The locks of programs that may be running. Removes those of programs that have ended. */
function livingLocks(folder: string): NamedLock[] {
  return locksIn(folder).filter(({ name, holder }) => {
    if (isAlive(holder)) return true;
    rmSync(join(folder, name), { force: true });
    return false;
  });
}

interface NamedLock {
  readonly name: string;
  readonly holder: Holder;
}

function locksIn(folder: string): NamedLock[] {
  return readdirSync(folder)
    .filter(isLockName)
    .flatMap((name) => {
      const holder = readHolder(join(folder, name));
      return holder ? [{ name, holder }] : [];
    });
}

/** A lock is a line. */
const MOST_BYTES = 65_536;

/** Ids of processes on all systems. */
const LARGEST_ID = 2 ** 31 - 1;

const HOLDER = z.looseObject({
  ...{ pid: z.int().positive().max(LARGEST_ID), host: z.string(), since: z.number() },
  started: z.string().nullable(),
});

/** Undefined if the lock has been removed meanwhile. @throws UsageError if the file is not a lock. */
function readHolder(path: string): Holder | undefined {
  try {
    const holder = parseJson(readOrdinaryFile(path, MOST_BYTES).toString("utf8"));
    const problem = problemIn(holder, HOLDER);
    if (problem === undefined) return holder as Holder;
    throw new Error(problem);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new UsageError(`${path} is no lock of this program (${systemReason(error)}); remove it`);
  }
}

/** Whether a lock's program may still be running. Always true for another host, which cannot be checked. */
function isAlive({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) === "ESRCH") return false;
    if (systemCode(error) !== "EPERM") throw error; // EPERM: it runs, but belongs to another user
  }
  const now = startOf(pid);
  return now === undefined || started === null || now === started;
}

/**
 * When a process started, as the machine's boot id and the clock ticks since boot. Undefined without /proc or such a
 * process; "ended" for a zombie process.
 */
function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name in parentheses, may contain anything; the start time is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "ended" : `${boot} ${fields[19]}`;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
