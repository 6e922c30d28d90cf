// The worker's side of WorkerPool, which runs in the child process. See worker-pool.ts.

import { readFileSync, writeFileSync } from "node:fs";
import { InterruptedError, messageOf, RunError, StorageError, systemCode, UsageError } from "./errors.ts";
import { endWithParent } from "./parent-watch.ts";

/** A worker's messages. They need no task number, because a process has one task at a time. */
export type WorkerMessage<Result, Progress> =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "result"; readonly result: Result }
  | { readonly type: "error"; readonly error: PlainError };

/** An error as plain data that can be sent between processes. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Runs one task; `report` sends progress to the `onProgress` given with the task to `run`. */
export type TaskHandler<Task, Result, Progress = never> = (
  task: Task,
  report: (progress: Progress) => void,
) => Promise<Result> | Result;

export interface ServeOptions {
  /** Physical memory that the process may take, in bytes; it ends if it takes more. Unlimited unless given. */
  readonly mostMemory?: number;
}

/**
 * Runs the tasks sent by the parent's pool. The process exits when the parent closes the channel, and is killed soon after
 * the parent dies, also while a handler computes. SIGINT is ignored: Ctrl-C reaches the whole process group, and the parent
 * decides what to do.
 */
export function serveTasks<Task, Result, Progress>(
  handler: TaskHandler<Task, Result, Progress>,
  { mostMemory }: ServeOptions = {},
): void {
  if (!process.send) throw new UsageError("a worker can only be started by the program itself");
  offerToMemoryKiller();
  endWithParent(mostMemory);
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

/** Added to a worker's OOM score adjustment (at most 1000), so that Linux kills it before the program. */
const OOM_SCORE_OF_WORKERS = 500;

/** Makes Linux kill a worker, whose task can be run again, before the program itself if memory runs out. */
function offerToMemoryKiller(): void {
  if (process.platform !== "linux") return;
  try {
    const inherited = Number(readFileSync(OOM_SCORE_FILE, "utf8"));
    writeFileSync(OOM_SCORE_FILE, String(Math.min(inherited + OOM_SCORE_OF_WORKERS, HIGHEST_OOM_SCORE)));
  } catch (error) {
    // In a sandbox the file may be missing or read-only.
    if (!["ENOENT", "EACCES", "EPERM", "EROFS"].includes(systemCode(error) ?? "")) throw error;
  }
}

function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: messageOf(error) };
  return { name: error.name, message: error.message, stack: error.stack };
}

/** Restores an error, with its class (and so its exit code) if it is one of ours. */
export function fromPlainError({ name, message, stack }: PlainError): Error {
  const ours = [UsageError, RunError, StorageError, InterruptedError].find((kind) => kind.name === name);
  const error = ours ? new ours(message) : Object.assign(new Error(message), { name });
  if (stack) error.stack = stack;
  return error;
}
