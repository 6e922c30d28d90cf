// The hidden command `__worker <kind>`: runs this program as one of its own worker processes.

import { UsageError } from "../common/errors.ts";
import { memoryLimit } from "../common/memory.ts";
import { type ServeOptions, serveTasks, type TaskHandler } from "../common/worker-process.ts";
import { watchStreams } from "./terminal.ts";

/** What a process that decodes may take, in bytes: several times what a picture of 100 million pixels needs. */
const DECODING_MEMORY = 4 * 2 ** 30;

const KINDS: Record<string, () => void> = {
  decode: () =>
    serveLazily(async () => (await import("../dataset/readers/decode-task.ts")).decodeInWorker, {
      mostMemory: Math.min(DECODING_MEMORY, memoryLimit() / 2),
    }),
  train: () => serveLazily(async () => (await import("../search/training.ts")).runTraining),
  evaluate: () => serveLazily(async () => (await import("../evaluate/final-task.ts")).runFinalTraining),
  probe: () => serveLazily(async () => (await import("../measure/probing.ts")).runProbe),
  measure: () => serveLazily(async () => (await import("../measure/measuring.ts")).runMeasuring),
  adapter: () => serveLazily(async () => (await import("../engine/webgpu/dawn.ts")).describeAdapter),
  augment: () =>
    serveLazily(async () => (await import("../apply/task.ts")).augmentPictures, {
      mostMemory: memoryLimit() / 2,
    }),
};

/** Serves tasks of this kind until the parent process ends; see serveTasks. */
export function runWorker(kind: string | undefined): void {
  const serve = KINDS[kind ?? ""];
  if (!serve)
    throw new UsageError(`__worker: unknown kind "${kind}"; known are ${Object.keys(KINDS).join(", ")}`);
  watchStreams();
  serve();
}

/** Loads the handler with the first task, so that a decoder never loads TensorFlow.js. */
function serveLazily<Task, Result, Progress>(
  load: () => Promise<TaskHandler<Task, Result, Progress>>,
  options?: ServeOptions,
): void {
  serveTasks<Task, Result, Progress>(async (task, report) => (await load())(task, report), options);
}
