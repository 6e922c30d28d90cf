// Finds and ends the processes of a running program.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The ids of a process's children; empty if it has ended. On Linux this needs no program that may be missing. */
export function childrenOf(pid: number): number[] {
  return readChildren(pid).split(/\s+/).filter(Boolean).map(Number);
}

function readChildren(pid: number): string {
  if (process.platform !== "linux")
    return spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" }).stdout;
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    return "";
  }
}

/** Sends a signal; returns false if the process has already ended. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Kills a program, and its workers too if `withWorkers`. */
export function kill(pid: number, withWorkers: boolean): void {
  const workers = withWorkers ? childrenOf(pid) : [];
  process.kill(pid, "SIGKILL");
  for (const worker of workers) signal(worker, "SIGKILL");
}
