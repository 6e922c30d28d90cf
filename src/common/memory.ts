// How much memory this process takes, and how much there is.

import { readFileSync } from "node:fs";
import { totalmem } from "node:os";

export interface ProcessMemory {
  /** In megabytes (10⁶ bytes), now. */
  readonly residentMegabytes: number;
  /** At most so far. */
  readonly peakMegabytes: number;
}

/** Of this process, physical memory alone. */
export function processMemory(): ProcessMemory {
  const residentMegabytes = Math.round(process.memoryUsage().rss / 1e6);
  if (process.platform !== "linux") {
    return { residentMegabytes, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1e3) };
  }
  // What resourceUsage tells on Linux begins with the size of the parent that started this process.
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return { residentMegabytes, peakMegabytes: Math.round((Number(peak) * 1024) / 1e6) };
}

/** Bytes of memory that this process may have: the machine's, or its container's where that has fewer. */
export function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
