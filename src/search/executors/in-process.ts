// Trainings in this process, one after another: for programs that use the library and want no processes of their own.

import { InterruptedError } from "../../common/errors.ts";
import { runTraining, type TrainingResult, type TrainingTask } from "../training.ts";
import type { Executor, TrainOptions } from "./executor.ts";

/** One training at a time, in this process. An abort is noticed at the end of an epoch. */
export class InProcessExecutor implements Executor {
  readonly workers = 1;
  #last: Promise<unknown> = Promise.resolve();

  train(task: TrainingTask, options: TrainOptions): Promise<TrainingResult> {
    const result = this.#last.then(() => trainHere(task, options));
    this.#last = result.catch(() => {}); // the caller sees the error; the next training runs all the same
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
  }
}

async function trainHere(
  task: TrainingTask,
  { onStart, onEpoch, signal }: TrainOptions,
): Promise<TrainingResult> {
  const check = () => {
    if (signal?.aborted) throw new InterruptedError("interrupted");
  };
  check();
  onStart?.();
  return await runTraining(task, (epoch) => {
    check();
    onEpoch?.(epoch);
  });
}
