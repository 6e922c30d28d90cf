// Work on several cores: a pool of child processes, each doing one task at a time. Processes, not threads: a crash
// in a native kernel or an out-of-memory kill costs one run of one task, never the program.

import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { InterruptedError, mismatch, RunError, systemReason } from "./errors.ts";
import { type Command, selfCommand } from "./self.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { eachLine, workerOutputTaker } from "./worker-output.ts";
import { fromPlainError, type WorkerMessage } from "./worker-process.ts";

export interface WorkerPoolOptions {
  /** What to start as a worker, whole; by default this program with `__worker <kind>`. */
  readonly command?: Command;
  /** Options of Node that the workers have besides this program's own; the standalone executable takes them, too. */
  readonly nodeOptions?: string;
  /** Variables that the workers have besides, or instead of, this program's own; undefined removes one. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Whether what the workers print is dropped, instead of going to this program's stderr. */
  readonly isQuiet?: boolean;
  /** How many times in all a task is run if its process dies; 2 unless given. */
  readonly runs?: number;
  /** For how long a task may report nothing before its process counts as dead and is ended, in milliseconds; by default forever. */
  readonly silenceLimit?: number;
  /** Whether a process is ended because its task threw this: the process may be the cause. By default never. */
  readonly endsAfter?: (error: Error) => boolean;
}

export interface RunOptions<Progress> {
  /** Called when a process takes the task; again if the task is run again. */
  readonly onStart?: () => void;
  /** Called for each report of the task. A task that is run again reports from its start again. */
  readonly onProgress?: (progress: Progress) => void;
  /** Abort ends the process that runs the task. */
  readonly signal?: AbortSignal;
  /** Whether the task is taken before all others that wait. */
  readonly isNext?: boolean;
}

/** The process that ran a task died, in each of the task's runs. */
export class WorkerDiedError extends RunError {
  /** How the last one ended. */
  readonly death: string;

  constructor(message: string, death: string) {
    super(message);
    this.death = death;
  }
}

/** No process can be started. */
export class WorkerStartError extends RunError {}

/** A task whose process dies is run this many times in all, unless the pool's options say otherwise. */
const DEFAULT_RUNS = 2;

/** How long an idle process may take to exit by itself once its channel is closed, in milliseconds. */
const EXIT_GRACE = 2000;

interface Job<Task, Result, Progress> {
  readonly task: Task;
  readonly onStart?: () => void;
  readonly onProgress?: (progress: Progress) => void;
  runs: number;
  interruption?: InterruptedError;
  /** Settle the promise and remove the abort listener. */
  resolve(result: Result): void;
  reject(error: Error): void;
}

interface Worker<Task, Result, Progress> {
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
  job?: Job<Task, Result, Progress>;
  /** Of its task, if there is a limit. */
  watch?: SilenceWatch;
  /** Its process is about to end, or has ended. */
  ending: boolean;
}

/**
 * At most `size` processes of one kind. Tasks and results are anything that the structured clone algorithm takes: typed
 * arrays stay typed arrays. Processes start when there is work, are reused, and do not keep the program alive while they
 * are idle.
 */
export class WorkerPool<Task, Result, Progress = never> {
  readonly #kind: string;
  readonly #size: number;
  readonly #command: Command;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #isQuiet: boolean;
  readonly #runs: number;
  readonly #silenceLimit: number | undefined;
  readonly #endsAfter: (error: Error) => boolean;
  readonly #workers = new Set<Worker<Task, Result, Progress>>();
  readonly #queue: Job<Task, Result, Progress>[] = [];
  #closed = false;

  constructor(kind: string, size: number, options: WorkerPoolOptions = {}) {
    if (!Number.isInteger(size) || size < 1)
      throw new RangeError(mismatch("size", "a whole number from 1 upwards", size));
    this.#kind = kind;
    this.#size = size;
    this.#isQuiet = options.isQuiet ?? false;
    this.#runs = options.runs ?? DEFAULT_RUNS;
    this.#silenceLimit = options.silenceLimit;
    this.#endsAfter = options.endsAfter ?? (() => false);
    this.#command = options.command ?? withArguments(selfCommand(), ["__worker", kind]);
    const nodeOptions = [process.env.NODE_OPTIONS, options.nodeOptions].filter(Boolean).join(" ");
    this.#environment = {
      ...process.env,
      ...(nodeOptions && { NODE_OPTIONS: nodeOptions }),
      ...options.environment,
    };
  }

  /** Process ids of the workers that are alive: for tests and for reports on memory. */
  get processIds(): number[] {
    return [...this.#workers].flatMap(({ process }) => process.pid ?? []);
  }

  /**
   * Runs `task` as soon as a process is free; first come, first served.
   * @throws what the task's handler threw (name, message and exit code are kept; the task is not run again);
   *   WorkerDiedError if the process died in each run of this task; WorkerStartError if none can be started;
   *   InterruptedError on abort or `close()`.
   */
  run(task: Task, options: RunOptions<Progress> = {}): Promise<Result> {
    const { signal, isNext, ...rest } = options;
    return new Promise<Result>((resolve, reject) => {
      const interrupt = () => this.#interrupt(job, new InterruptedError("interrupted"));
      const job: Job<Task, Result, Progress> = {
        ...rest,
        task,
        runs: 0,
        resolve: (result) => {
          signal?.removeEventListener("abort", interrupt);
          resolve(result);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", interrupt);
          reject(error);
        },
      };
      if (this.#closed) return job.reject(new InterruptedError("the workers have been ended"));
      if (signal?.aborted) return job.reject(new InterruptedError("interrupted"));
      signal?.addEventListener("abort", interrupt);
      if (isNext) this.#queue.unshift(job);
      else this.#queue.push(job);
      this.#assign();
    });
  }

  /** Ends all processes and waits until they are gone. Tasks that wait or run reject with InterruptedError. */
  async close(): Promise<void> {
    this.#closed = true;
    const interruption = new InterruptedError("the workers have been ended");
    for (const job of this.#queue.splice(0)) job.reject(interruption);
    for (const worker of this.#workers) {
      if (worker.job) this.#interrupt(worker.job, interruption);
      else endIdle(worker);
    }
    await Promise.all([...this.#workers].map(({ ended }) => ended));
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      let worker = [...this.#workers].find(({ job, ending }) => !job && !ending);
      if (!worker) {
        if (this.#workers.size >= this.#size) return;
        worker = this.#start();
      }
      const job = this.#queue.shift()!;
      worker.job = job;
      job.runs++;
      job.onStart?.();
      keepAlive(worker.process, true);
      this.#watchSilence(worker);
      try {
        // A failure to deliver needs no handling: the process has died, and its close event follows.
        worker.process.send(job.task as object, () => {});
      } catch (error) {
        this.#finish(worker, (failed) => failed.reject(error as Error));
      }
    }
  }

  #start(): Worker<Task, Result, Progress> {
    const { file, args } = this.#command;
    const take = this.#isQuiet ? undefined : workerOutputTaker();
    // What a worker prints goes to stderr: stdout is for the program's results.
    const output = this.#isQuiet ? "ignore" : take ? "pipe" : 2;
    const child = spawn(file, args, {
      stdio: ["ignore", output, output, "ipc"],
      serialization: "advanced",
      env: this.#environment,
      windowsHide: true,
    });
    if (take) {
      for (const stream of [child.stdout, child.stderr]) if (stream) eachLine(stream, take);
    }
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const worker: Worker<Task, Result, Progress> = { process: child, ended, ending: false };
    const remove = (bury: (job: Job<Task, Result, Progress>) => void) => {
      const { job } = worker;
      if (!this.#workers.has(worker)) return;
      worker.ending = true;
      worker.job = undefined;
      worker.watch?.stop();
      this.#workers.delete(worker);
      if (job) bury(job);
      end();
      this.#assign();
    };
    this.#workers.add(worker);
    child.on("error", (error) => {
      if (child.pid !== undefined) return;
      const reason = systemReason(error);
      remove((job) => job.reject(new WorkerStartError(`cannot start a worker process (${file}): ${reason}`)));
    });
    child.on("message", (message) => this.#hear(worker, message as WorkerMessage<Result, Progress>));
    // With a task: "close", not "exit", since by then its last messages have been read. Without one: "exit", since
    // "close" does not come if this side closed the channel.
    const die = (code: number | null, signal: NodeJS.Signals | null) => {
      remove((job) => this.#bury(job, describeDeath(code, signal)));
    };
    child.on("close", die);
    child.on("exit", (code, signal) => {
      if (!worker.job) die(code, signal);
    });
    return worker;
  }

  #hear(worker: Worker<Task, Result, Progress>, message: WorkerMessage<Result, Progress>): void {
    const { job } = worker;
    if (!job || worker.ending) return;
    worker.watch?.heard();
    if (message.type === "progress") {
      job.onProgress?.(message.progress);
    } else if (message.type === "result") {
      this.#finish(worker, () => job.resolve(message.result));
    } else {
      const error = fromPlainError(message.error);
      if (this.#endsAfter(error)) discard(worker, () => job.reject(error));
      else this.#finish(worker, () => job.reject(error));
    }
  }

  #finish(worker: Worker<Task, Result, Progress>, settle: (job: Job<Task, Result, Progress>) => void): void {
    const job = worker.job;
    if (!job) return;
    worker.job = undefined;
    worker.watch?.stop();
    keepAlive(worker.process, false);
    settle(job);
    this.#assign();
  }

  #watchSilence(worker: Worker<Task, Result, Progress>): void {
    const limit = this.#silenceLimit;
    if (limit === undefined) return;
    worker.watch = new SilenceWatch(
      () => limit,
      (milliseconds) => {
        const { job } = worker;
        if (!job || worker.ending) return;
        const death = `killed because it reported nothing for ${Math.round(milliseconds / 1000)} s`;
        discard(worker, () => this.#bury(job, death));
      },
    );
  }

  /** Runs the task of a process that has ended again, or rejects it. */
  #bury(job: Job<Task, Result, Progress>, death: string): void {
    if (job.interruption) {
      job.reject(job.interruption);
    } else if (job.runs < this.#runs) {
      this.#queue.unshift(job);
    } else {
      const times = job.runs === 1 ? "in a task" : `${job.runs} times in the same task`;
      job.reject(new WorkerDiedError(`a worker process (${this.#kind}) ended ${times}: ${death}`, death));
    }
  }

  #interrupt(job: Job<Task, Result, Progress>, interruption: InterruptedError): void {
    const place = this.#queue.indexOf(job);
    if (place >= 0) {
      this.#queue.splice(place, 1);
      job.reject(interruption);
      return;
    }
    job.interruption ??= interruption;
    for (const worker of this.#workers) {
      if (worker.job !== job) continue;
      worker.ending = true;
      worker.process.kill("SIGKILL");
    }
  }
}

function withArguments({ file, args }: Command, more: readonly string[]): Command {
  return { file, args: [...args, ...more] };
}

/** Ends a process whose task threw something, or has hung; it keeps its place in the pool until it has gone. */
function discard<Task, Result, Progress>(worker: Worker<Task, Result, Progress>, reject: () => void): void {
  worker.job = undefined;
  worker.watch?.stop();
  worker.ending = true;
  worker.process.kill("SIGKILL");
  reject();
}

/** Whether a child process, its channel and its output keep this program's event loop alive. */
function keepAlive(child: ChildProcess, alive: boolean): void {
  const parts = [child, child.channel, child.stdout as Socket | null, child.stderr as Socket | null];
  for (const part of parts) {
    if (alive) part?.ref();
    else part?.unref();
  }
}

function endIdle<Task, Result, Progress>(worker: Worker<Task, Result, Progress>): void {
  if (worker.ending) return;
  worker.ending = true;
  worker.process.ref();
  if (worker.process.connected) worker.process.disconnect();
  const timer = setTimeout(() => worker.process.kill("SIGKILL"), EXIT_GRACE);
  worker.ended.then(() => clearTimeout(timer));
}

function describeDeath(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === "SIGKILL")
    return "killed by SIGKILL (often because memory ran out; fewer workers need less)";
  if (signal) return `killed by ${signal}`;
  return `exit code ${code}`;
}
