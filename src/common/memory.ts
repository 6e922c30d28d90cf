// How much memory this process takes, and how much is available to it.

import { readFileSync } from "node:fs";
import { totalmem } from "node:os";

export interface ProcessMemory {
  /** In megabytes (10⁶ bytes), now. */
  readonly residentMegabytes: number;
  /** The maximum so far. */
  readonly peakMegabytes: number;
}

/** Physical memory of this process. */
export function processMemory(): ProcessMemory {
  const residentMegabytes = Math.round(process.memoryUsage().rss / 1e6);
  if (process.platform !== "linux") {
    return { residentMegabytes, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1e3) };
  }
  // On Linux resourceUsage reports at least the size of the parent process.
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return { residentMegabytes, peakMegabytes: Math.round((Number(peak) * 1024) / 1e6) };
}

/** Bytes of memory that this process may use: those of the machine, or fewer if its container has a limit. */
export function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
