// One program at a time in a folder. Node has no flock(), and one lock file that is taken over from a killed holder can be
// taken from a living one in the moment between looking and taking. So each program has a lock file of its own, whose name
// no other will ever have: it makes its own first, and looks for others then. Of two programs at least the one that looks
// last sees the other's (as in Lamport's bakery), and the file of a program that is gone can be removed by anyone.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, RunError, systemCode, systemReason, UsageError } from "./errors.ts";
import { writeFileWhole } from "./files.ts";

/** What a lock file tells of its program. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, so that another one of the same id is told apart; null where the system does not say. */
  readonly started: string | null;
  /** When the lock was made, in milliseconds since 1970. */
  readonly since: number;
}

/** For how long one of two programs that came at the same time waits for the other to give way, in milliseconds. */
const PATIENCE = 2000;
const STEP = 20;

/** What a folder is locked for: the lock files of both keep each other out. */
export type LockedFolder = "experiment" | "apply";

const NAME = /^(experiment|apply)\..+\.lock$/;

/** Whether a file's name is a lock's. */
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
   * Takes the folder for this process, and removes what killed programs have left of theirs.
   * @throws UsageError naming the program that works in it; RunError where the lock cannot be written.
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
        // Of those that came at the same time, the ones whose names come later give way.
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

/** Locks of programs that may be running. Those of programs that are gone are removed. */
function livingLocks(folder: string): { name: string; holder: Holder }[] {
  return readdirSync(folder)
    .filter(isLockName)
    .flatMap((name) => {
      const path = join(folder, name);
      const holder = readHolder(path);
      if (!holder) return [];
      if (isAlive(holder)) return [{ name, holder }];
      rmSync(path, { force: true });
      return [];
    });
}

/** Undefined where the lock has been removed meanwhile. @throws UsageError where the file is no lock. */
function readHolder(path: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { pid, host, started, since } = JSON.parse(text);
    if (!Number.isInteger(pid) || typeof host !== "string" || !Number.isFinite(since)) {
      throw new Error("it names no process");
    }
    return { pid, host, started: typeof started === "string" ? started : null, since };
  } catch (error) {
    throw new UsageError(`${path} is no lock of this program (${messageOf(error)}); remove it`);
  }
}

/** Whether a lock's program may run still. Of another host nothing is known: it may. */
function isAlive({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemCode(error) === "ESRCH") return false;
    if (systemCode(error) !== "EPERM") throw error; // EPERM: another user's, and it runs
  }
  const now = startOf(pid);
  return now === undefined || started === null || now === started;
}

/**
 * When a process started: the machine's boot and the clock ticks since then. Undefined where there is no /proc to tell,
 * or no such process; a process that has ended and that nobody has waited for yet counts as none.
 */
function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name in parentheses, may hold anything; the start time is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "ended" : `${boot} ${fields[19]}`;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
