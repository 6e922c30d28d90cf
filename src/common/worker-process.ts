// The worker's side of WorkerPool: what runs inside the child process. See worker-pool.ts.

import { readFileSync, writeFileSync } from "node:fs";
import { InterruptedError, messageOf, RunError, systemCode, UsageError } from "./errors.ts";

/** What a worker answers. A process has one task at a time, so an answer needs no number. */
export type WorkerMessage<Result, Progress> =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "result"; readonly result: Result }
  | { readonly type: "error"; readonly error: PlainError };

/** An error as plain data: what survives the way between processes. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Does one task; `report` sends progress to the `onProgress` of the task's `run`. */
export type TaskHandler<Task, Result, Progress = never> = (
  task: Task,
  report: (progress: Progress) => void,
) => Promise<Result> | Result;

/**
 * Serves the tasks that the parent's pool sends until the parent closes the channel or vanishes; then the process
 * exits by itself. SIGINT is ignored: Ctrl-C reaches the whole process group, and the parent decides.
 *
 * A handler that computes for long must let the event loop turn now and then (`await setImmediate()`; awaiting
 * what is already resolved is not enough): only then is it seen that the parent has gone.
 */
export function serveTasks<Task, Result, Progress>(handler: TaskHandler<Task, Result, Progress>): void {
  if (!process.send) throw new UsageError("a worker is started by the program itself, not by hand");
  offerToMemoryKiller();
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit(0));
  const answer = (message: WorkerMessage<Result, Progress>) => {
    process.send?.(message, (error: Error | null) => {
      if (error) process.exit(0);
    });
  };
  process.on("message", async (task: Task) => {
    try {
      const result = await handler(task, (progress) => answer({ type: "progress", progress }));
      answer({ type: "result", result });
    } catch (error) {
      answer({ type: "error", error: toPlainError(error) });
    }
  });
}

const OOM_SCORE_FILE = "/proc/self/oom_score_adj";
const HIGHEST_OOM_SCORE = 1000;

/** By how much of 1000 Linux ends a worker rather than the program where memory runs out. */
const OOM_SCORE_OF_WORKERS = 500;

/** Has Linux end a worker, whose task is run again, before the program itself. */
function offerToMemoryKiller(): void {
  if (process.platform !== "linux") return;
  try {
    const inherited = Number(readFileSync(OOM_SCORE_FILE, "utf8"));
    writeFileSync(OOM_SCORE_FILE, String(Math.min(inherited + OOM_SCORE_OF_WORKERS, HIGHEST_OOM_SCORE)));
  } catch (error) {
    // A sandbox may have no such file, or not let it be written.
    if (!["ENOENT", "EACCES", "EPERM", "EROFS"].includes(systemCode(error) ?? "")) throw error;
  }
}

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: messageOf(error) };
  return { name: error.name, message: error.message, stack: error.stack };
}

/** The error again, of its own class (and so with its exit code) where it is one of ours. */
export function fromPlainError({ name, message, stack }: PlainError): Error {
  const ours = [UsageError, RunError, InterruptedError].find((kind) => kind.name === name);
  const error = ours ? new ours(message) : Object.assign(new Error(message), { name });
  if (stack) error.stack = stack;
  return error;
}
