// Where trainings run: in this process, one after another, or in worker processes side by side.

import type { EpochResult } from "../child/reward.ts";
import { InterruptedError, messageOf, RunError, UsageError } from "../common/errors.ts";
import type { Command } from "../common/self.ts";
import { WorkerDiedError, WorkerPool, WorkerStartError } from "../common/worker-pool.ts";
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
  /**
   * @throws InterruptedError once the signal is aborted; UsageError where the user has something to mend;
   *   TrainingFailedError where the training was run twice and failed twice; anything else, and no training can be run.
   */
  train(task: TrainingTask, options: TrainOptions): Promise<EpochResult[]>;
  close(): Promise<void>;
}

/** A training failed for good: its process died or hung, or it threw something, and so it did when it was run again. */
export class TrainingFailedError extends RunError {
  /** Of the last failure, on one line. */
  readonly reason: string;

  constructor({ trial, sample }: TrainingTask, reason: string) {
    super(`the training of trial ${trial}, sample ${sample} failed twice: ${reason}`);
    this.reason = reason;
  }
}

/** Whether a training that threw this may do better when it is run again. */
function isRetried(error: Error): boolean {
  return !(error instanceof UsageError || error instanceof InterruptedError);
}

/** For how long a training may report no epoch before its process is taken to hang. */
export interface SilenceLimits {
  /** Before any training has ended, in milliseconds. */
  readonly first: number;
  /** At least, in milliseconds. */
  readonly least: number;
  /** Median times of the trainings that have ended, each for the images of a training without augmentation. */
  readonly medians: number;
}

export const SILENCE_LIMITS: SilenceLimits = { first: 3_600_000, least: 60_000, medians: 3 };

export interface ProcessExecutorOptions {
  /** What to start as a worker, whole; by default this program. */
  readonly command?: Command;
  readonly limits?: SilenceLimits;
}

/** Trainings in child processes, `workers` at a time: a crash or a hang costs one training, which is run again. */
export class ProcessExecutor implements Executor {
  readonly workers: number;
  readonly #pool: WorkerPool<TrainingTask, EpochResult[], EpochResult>;
  readonly #limits: SilenceLimits;
  /** Of the trainings that have ended, in milliseconds, in ascending order. */
  readonly #times: number[] = [];

  constructor(workers: number, { command, limits = SILENCE_LIMITS }: ProcessExecutorOptions = {}) {
    this.workers = workers;
    this.#limits = limits;
    this.#pool = new WorkerPool("train", workers, { command });
  }

  async train(task: TrainingTask, { onStart, onEpoch, signal }: TrainOptions): Promise<EpochResult[]> {
    let start = 0;
    try {
      const history = await this.#pool.run(task, {
        onStart: () => {
          start = performance.now();
          onStart?.();
        },
        onProgress: onEpoch,
        silenceLimit: () => this.#silenceLimit(task),
        isRetried,
        signal,
      });
      this.#times.push(performance.now() - start);
      this.#times.sort((a, b) => a - b);
      return history;
    } catch (error) {
      if (error instanceof WorkerDiedError) throw new TrainingFailedError(task, error.death);
      if (error instanceof WorkerStartError || !(error instanceof Error) || !isRetried(error)) throw error;
      throw new TrainingFailedError(task, messageOf(error));
    }
  }

  /** In milliseconds. A training on more images may take longer, and in one of few epochs an epoch is much of it. */
  #silenceLimit({ policy: { portion, chains } }: TrainingTask): number {
    const { first, least, medians } = this.#limits;
    if (this.#times.length === 0) return first;
    const median = this.#times[Math.floor(this.#times.length / 2)];
    return Math.max(least, medians * median * (1 + portion * chains.length));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

/** Trainings in this process: for programs that use the library and want no processes of their own. */
export class InProcessExecutor implements Executor {
  readonly workers = 1;
  #last: Promise<unknown> = Promise.resolve();

  train(task: TrainingTask, options: TrainOptions): Promise<EpochResult[]> {
    const result = this.#last.then(() => this.#trainTwice(task, options));
    this.#last = result.catch(() => {}); // the caller hears of it; the next training runs all the same
    return result;
  }

  async #trainTwice(task: TrainingTask, options: TrainOptions): Promise<EpochResult[]> {
    try {
      return await trainHere(task, options);
    } catch (error) {
      if (!(error instanceof Error) || !isRetried(error)) throw error;
    }
    try {
      return await trainHere(task, options);
    } catch (error) {
      if (!(error instanceof Error) || !isRetried(error)) throw error;
      throw new TrainingFailedError(task, messageOf(error));
    }
  }

  async close(): Promise<void> {
    await this.#last;
  }
}

async function trainHere(
  task: TrainingTask,
  { onStart, onEpoch, signal }: TrainOptions,
): Promise<EpochResult[]> {
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
