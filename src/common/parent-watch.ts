// Ends a worker process whose parent has ended, or that takes too much memory, also while it computes: a thread of its own
// notices it, since the process itself may loop in a decoder or a kernel.

import { Worker } from "node:worker_threads";

/** Time between two checks, in milliseconds. */
const CHECK_INTERVAL = 250;

/**
 * The thread's program: as text, because the standalone executable has no file for it. A parent that has ended is no longer the
 * parent, except on Windows, on which its process id is unknown from then on.
 */
const PROGRAM = `
const { workerData: { parent, most, interval } } = require("node:worker_threads");
const isGone = () => {
  if (process.ppid !== parent) return true;
  try {
    process.kill(parent, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
};
setInterval(() => {
  if (isGone() || process.memoryUsage.rss() > most) process.kill(process.pid, "SIGKILL");
}, interval);
`;

/**
 * Kills this process once its parent has ended, or once it takes more memory.
 * @param mostBytes of physical memory; unlimited unless given.
 */
export function endWithParent(mostBytes = Number.POSITIVE_INFINITY): void {
  const workerData = { parent: process.ppid, most: mostBytes, interval: CHECK_INTERVAL };
  const thread = new Worker(PROGRAM, { eval: true, workerData });
  thread.unref();
}
