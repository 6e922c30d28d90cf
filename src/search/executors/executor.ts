// Where trainings run: the interface of an executor, and the errors by which it reports that a training failed.

import type { EpochReport } from "../../child/reward.ts";
import { RunError } from "../../common/errors.ts";
import type { TrainingResult, TrainingTask } from "../training.ts";

export interface TrainOptions<Report = EpochReport> {
  /** Called when the training begins, after any waiting. A limit on silence counts from here. */
  readonly onStart?: () => void;
  /** Called after each epoch, in order; with what a training of another kind reports. */
  readonly onEpoch?: (report: Report) => void;
  /** Called, perhaps often, while nothing can be heard of the training for no fault of its own: the limit counts anew from here. */
  readonly onUnheard?: () => void;
  /** Abort ends the training: `train` then rejects soon, with an InterruptedError. */
  readonly signal?: AbortSignal;
  /** Whether this is the second run of a training that failed. An executor with a queue starts it before the others. */
  readonly isRerun?: boolean;
}

/**
 * Runs trainings, of a search unless the types say otherwise. `train` may be called many times before the first call resolves: an executor starts them in the order of
 * the calls and keeps those waiting for which it has no room. It runs each once; `RetryingExecutor` adds the second run.
 */
export interface Executor<Task = TrainingTask, Result = TrainingResult, Report = EpochReport> {
  /** How many trainings run at the same time, at least 1. */
  readonly workers: number;
  /**
   * Runs one training, and resolves with what it measured: one result per epoch.
   * @throws InterruptedError once the signal is aborted; UsageError if the user has something to fix; StorageError if the
   *   disk is full; ExecutorError if no training can run here; anything else if this training failed.
   */
  train(task: Task, options: TrainOptions<Report>): Promise<Result>;
  /** Ends what is running, and frees what the executor holds. */
  close(): Promise<void>;
}

/** No training can run, whichever it is: a process cannot be started, a server is gone. It ends the search. */
export class ExecutorError extends RunError {}

/** A training failed for good: it failed, or was silent for too long, in its second run too. The search continues without it. */
export class TrainingFailedError extends RunError {
  /** Of the last failure, on one line. */
  readonly reason: string;

  /** @param training its task, or its name in the message. */
  constructor(training: Pick<TrainingTask, "trial" | "sample"> | string, reason: string) {
    const name =
      typeof training === "string" ? training : `trial ${training.trial}, sample ${training.sample}`;
    super(`the training of ${name} failed twice: ${reason}`);
    this.reason = reason;
  }
}
