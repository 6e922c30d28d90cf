// Trainings in worker processes: a crash in a native kernel or an out-of-memory kill costs one training, never the search.

import type { EpochReport } from "../../child/reward.ts";
import { InterruptedError, RunError, UsageError } from "../../common/errors.ts";
import type { Command } from "../../common/self.ts";
import { WorkerDiedError, WorkerPool, WorkerStartError } from "../../common/worker-pool.ts";
import type { TrainingResult, TrainingTask } from "../training.ts";
import { type Executor, ExecutorError, type TrainOptions } from "./executor.ts";

export interface ProcessExecutorOptions {
  /** What to start as a worker: a program and all of its arguments. By default this program. */
  readonly command?: Command;
  /** What the workers train: trainings of a search ("train", the default) or of an evaluation ("evaluate"). */
  readonly kind?: "train" | "evaluate";
}

/**
 * Trainings in child processes, `workers` at a time. An abort kills the training's process. A process whose training threw
 * something is ended, since it may be the cause; a UsageError is the user's, and the process is kept.
 */
export class ProcessExecutor<Task = TrainingTask, Result = TrainingResult, Report = EpochReport>
  implements Executor<Task, Result, Report>
{
  readonly workers: number;
  readonly #pool: WorkerPool<Task, Result, Report>;

  /** @param workers a whole number from 1 upwards. */
  constructor(workers: number, { command, kind = "train" }: ProcessExecutorOptions = {}) {
    this.workers = workers;
    this.#pool = new WorkerPool(kind, workers, { command, runs: 1, endsAfter: isPerhapsOfProcess });
  }

  async train(task: Task, options: TrainOptions<Report>): Promise<Result> {
    const { onStart, onEpoch, signal, isRerun } = options;
    try {
      return await this.#pool.run(task, { onStart, onProgress: onEpoch, signal, isNext: isRerun });
    } catch (error) {
      if (error instanceof WorkerDiedError) throw new RunError(error.death);
      if (error instanceof WorkerStartError) throw new ExecutorError(error.message);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function isPerhapsOfProcess(error: Error): boolean {
  return !(error instanceof UsageError || error instanceof InterruptedError);
}
