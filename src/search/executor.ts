// Where trainings run: in this process, one after another, or in worker processes side by side.

import type { EpochResult } from "../child/reward.ts";
import { InterruptedError } from "../common/errors.ts";
import { WorkerPool } from "../common/worker-pool.ts";
import { runTraining, type TrainingTask } from "./training.ts";

export interface TrainOptions {
  /** The training's turn has come; again where it is run again. */
  readonly onStart?: () => void;
  readonly onEpoch?: (result: EpochResult) => void;
  readonly signal?: AbortSignal;
}

/** Runs trainings, first come, first served. */
export interface Executor {
  /** How many trainings run side by side. */
  readonly workers: number;
  /** @throws InterruptedError once the signal is aborted; RunError where the training's process died twice. */
  train(task: TrainingTask, options: TrainOptions): Promise<EpochResult[]>;
  close(): Promise<void>;
}

/** Trainings in child processes, `workers` at a time: a crash costs one training, which is run again. */
export class ProcessExecutor implements Executor {
  readonly workers: number;
  readonly #pool: WorkerPool<TrainingTask, EpochResult[], EpochResult>;

  constructor(workers: number) {
    this.workers = workers;
    this.#pool = new WorkerPool("train", workers);
  }

  train(task: TrainingTask, { onStart, onEpoch, signal }: TrainOptions): Promise<EpochResult[]> {
    return this.#pool.run(task, { onStart, onProgress: onEpoch, signal });
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Trainings in this process: for programs that use the library and want no processes of their own. */
export class InProcessExecutor implements Executor {
  readonly workers = 1;
  #last: Promise<unknown> = Promise.resolve();

  train(task: TrainingTask, { onStart, onEpoch, signal }: TrainOptions): Promise<EpochResult[]> {
    const check = () => {
      if (signal?.aborted) throw new InterruptedError("interrupted");
    };
    const result = this.#last.then(() => {
      check();
      onStart?.();
      return runTraining(task, (epoch) => {
        check();
        onEpoch?.(epoch);
      });
    });
    this.#last = result.catch(() => {}); // the caller hears of it; the next training runs all the same
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
  }
}
