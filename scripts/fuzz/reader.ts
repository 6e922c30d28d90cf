// A process that reads inputs, as its parent sees it: with a limit of time and of memory for each.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Job, Report } from "./worker.ts";

/** For one input, in bytes. */
const MOST_MEMORY = 500 * 2 ** 20;

/** Seconds of computing for one input. On a machine that does other work, too, they take longer. */
const MOST_SECONDS = 20;

/** For one input, in milliseconds, whatever the process does meanwhile. */
const MOST_TIME = 180_000;

/** A process that has this much before it reads an input, in bytes, is replaced. */
const WORN = 300 * 2 ** 20;

/** Between two looks at a process's memory, in milliseconds. */
const INTERVAL = 20;

const PAGE = 4096;
/** Ticks a second in which Linux counts the time of a process. */
const TICKS = 100;

/** What a process that was ended, or ended itself, leaves. */
export interface Death {
  readonly kind: "died";
  readonly text: string;
  readonly took: number;
  readonly memory: number;
}

export class Reader {
  #child: ChildProcess | undefined;
  #errors = "";

  /** Reads an input, in a process that has read others unless that is worn. */
  async read(job: Job): Promise<Report | Death> {
    this.#child ??= await this.#start();
    const report = await this.#follow(this.#child, job);
    if (report.kind === "died" || memoryOf(this.#child) > WORN) this.end();
    return report;
  }

  end(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  async #start(): Promise<ChildProcess> {
    this.#errors = "";
    const child = fork(join(import.meta.dirname, "worker.ts"), [], {
      execArgv: [...process.execArgv, "--expose-gc"],
      serialization: "advanced",
      silent: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (data) => {
        this.#errors = `${this.#errors}${data}`.slice(0, 20_000);
      });
    }
    await once(child, "message");
    return child;
  }

  #follow(child: ChildProcess, job: Job): Promise<Report | Death> {
    return new Promise((resolve) => {
      const start = performance.now();
      const before = secondsOf(child);
      let memory = 0;
      const finish = (report: Report | Death) => {
        clearInterval(watch);
        child.removeAllListeners();
        const isPrinted = this.#errors !== "" && report.kind !== "died" && report.kind !== "failed";
        const most = Math.max(memory, report.memory);
        if (isPrinted)
          resolve({ ...report, memory: most, kind: "failed", text: `it printed: ${this.#errors}` });
        else resolve({ ...report, memory: most });
        this.#errors = "";
      };
      const die = (text: string) => finish({ kind: "died", text, took: performance.now() - start, memory });
      const watch = setInterval(() => {
        memory = Math.max(memory, memoryOf(child));
        if (memory > MOST_MEMORY) die(`it takes ${Math.round(memory / 2 ** 20)} MB of memory`);
        else if (secondsOf(child) - before > MOST_SECONDS) die(`it computes for over ${MOST_SECONDS} s`);
        else if (performance.now() - start > MOST_TIME) die(`it does not end within ${MOST_TIME / 1000} s`);
      }, INTERVAL);
      child.on("message", (report: Report) => finish(report));
      child.on("close", (code, signal) => die(`the process ended (${signal ?? code}): ${this.#errors}`));
      child.send(job as object);
    });
  }
}

/** Of a process on Linux, in bytes; 0 elsewhere. */
function memoryOf({ pid }: ChildProcess): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE;
  } catch {
    return 0; // not Linux, or it has ended
  }
}

/** Seconds that a process has computed, on Linux; 0 elsewhere. */
function secondsOf({ pid }: ChildProcess): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return 0; // not Linux, or it has ended
  }
}
