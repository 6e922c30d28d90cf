// A second run for trainings that fail or hang, with any executor: what fails twice has failed for good.

import type { EpochReport } from "../../child/reward.ts";
import { InterruptedError, messageOf, RunError, StorageError, UsageError } from "../../common/errors.ts";
import { SilenceWatch } from "../../common/silence-watch.ts";
import { trainingName } from "../../experiment/machines.ts";
import type { TrainingResult, TrainingTask } from "../training.ts";
import { type Executor, ExecutorError, TrainingFailedError, type TrainOptions } from "./executor.ts";
import { relativeImages, SILENCE_LIMITS, SilenceLimit, type SilenceLimits } from "./silence-limit.ts";

export interface RetryOptions {
  /** For how long a training may report nothing; false: forever. What is left out is as in `SILENCE_LIMITS`. */
  readonly silence?: Partial<SilenceLimits> | false;
  /** By how much the limit's `epochs` is greater, for work that is not reported. Defaults to 0. */
  readonly quiet?: number;
  /** The time in milliseconds, for tests. */
  readonly now?: () => number;
}

/** What is watched of a training. */
export interface TaskTraits<Task> {
  /** Its name in an error, such as "trial 3, sample 0". */
  readonly nameOf: (task: Task) => string;
  /** Its training images, relative to those of a training to which none is added. */
  readonly imagesOf: (task: Task) => number;
}

const SEARCH_TRAITS: TaskTraits<TrainingTask> = {
  nameOf: trainingName,
  imagesOf: ({ policy }) => relativeImages(policy),
};

/** A training runs this many times in all. */
const MOST_RUNS = 2;

/** How long an executor may take to end a training that hangs, before it is no longer waited for; in milliseconds. */
const END_GRACE = 10_000;

/**
 * Runs trainings on another executor, and those that fail a second time. A training fails if it rejects with an error that
 * is its own: not a UsageError, an InterruptedError, a StorageError, an ExecutorError or a TrainingFailedError, which are passed on. One
 * that reports no epoch for longer than the silence limit is aborted, and has failed too; the limit counts from `onStart`.
 * Time in which this program itself was suspended (the machine asleep, Ctrl-Z) does not count.
 */
export class WatchingExecutor<Task, Result, Report> implements Executor<Task, Result, Report> {
  readonly #executor: Executor<Task, Result, Report>;
  readonly #traits: TaskTraits<Task>;
  readonly #limit: SilenceLimit | undefined;
  readonly #now: (() => number) | undefined;

  constructor(
    executor: Executor<Task, Result, Report>,
    traits: TaskTraits<Task>,
    { silence, quiet, now }: RetryOptions = {},
  ) {
    this.#executor = executor;
    this.#traits = traits;
    this.#limit = silence === false ? undefined : new SilenceLimit({ ...SILENCE_LIMITS, ...silence }, quiet);
    this.#now = now;
  }

  get workers(): number {
    return this.#executor.workers;
  }

  /** @throws TrainingFailedError if the training failed twice; otherwise as the other executor does. */
  async train(task: Task, options: TrainOptions<Report>): Promise<Result> {
    for (let run = 1; ; run++) {
      try {
        return await this.#runOnce(task, { ...options, isRerun: run > 1 || options.isRerun });
      } catch (error) {
        if (!isOfTraining(error)) throw error;
        if (options.signal?.aborted) throw new InterruptedError("interrupted");
        if (run === MOST_RUNS) throw new TrainingFailedError(this.#traits.nameOf(task), messageOf(error));
      }
    }
  }

  /** Ends the other executor. */
  close(): Promise<void> {
    return this.#executor.close();
  }

  /** @throws RunError if the training hangs; otherwise as the other executor does. */
  async #runOnce(task: Task, options: TrainOptions<Report>): Promise<Result> {
    const hung = new AbortController();
    const { signal } = options;
    const run = new WatchedRun(this.#traits.imagesOf(task), options, {
      limit: this.#limit,
      now: this.#now,
      hung,
    });
    const abandoned = new Promise<never>((_, reject) => {
      hung.signal.addEventListener("abort", () => run.giveUpLater(() => reject(hung.signal.reason)));
    });
    try {
      const result = this.#executor.train(task, {
        signal: signal ? AbortSignal.any([signal, hung.signal]) : hung.signal,
        isRerun: options.isRerun,
        onStart: () => run.start(),
        onEpoch: (report) => run.hear(report),
        onUnheard: () => run.forgive(),
      });
      return await Promise.race([result, abandoned]);
    } catch (error) {
      if (hung.signal.aborted && !signal?.aborted) throw hung.signal.reason;
      throw error;
    } finally {
      run.end();
    }
  }
}

interface Watching {
  readonly limit: SilenceLimit | undefined;
  readonly now: (() => number) | undefined;
  /** Is aborted, with the error of the run, when the training has been silent for too long. */
  readonly hung: AbortController;
}

/** `WatchingExecutor` for the trainings of a search. */
export class RetryingExecutor extends WatchingExecutor<TrainingTask, TrainingResult, EpochReport> {
  constructor(executor: Executor, options?: RetryOptions) {
    super(executor, SEARCH_TRAITS, options);
  }
}

/** One run of a training, whose silence is measured. What is heard after its end is of no use to anyone. */
class WatchedRun<Report> {
  /** Relative to a training without added images. */
  readonly #images: number;
  readonly #options: TrainOptions<Report>;
  readonly #watching: Watching;
  #watch: SilenceWatch | undefined;
  #grace: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(images: number, options: TrainOptions<Report>, watching: Watching) {
    this.#images = images;
    this.#options = options;
    this.#watching = watching;
  }

  start(): void {
    if (this.#isOver) return;
    const { limit, now, hung } = this.#watching;
    if (limit) {
      const onSilent = (milliseconds: number) => {
        hung.abort(new RunError(`hung: reported nothing for ${Math.round(milliseconds / 1000)} s`));
      };
      this.#watch?.stop();
      this.#watch = new SilenceWatch(() => limit.of(this.#images), onSilent, now);
    }
    this.#options.onStart?.();
  }

  hear(report: Report): void {
    if (this.#isOver) return;
    if (this.#watch) this.#watching.limit?.learn(this.#images, this.#watch.heard());
    this.#options.onEpoch?.(report);
  }

  /** Silence until now does not count. */
  forgive(): void {
    this.#watch?.heard();
  }

  giveUpLater(giveUp: () => void): void {
    this.#grace = setTimeout(giveUp, END_GRACE);
  }

  end(): void {
    this.#isOver = true;
    this.#watch?.stop();
    clearTimeout(this.#grace);
  }
}

/** Whether an error is the training's own, so that a second run may do better. */
function isOfTraining(error: unknown): boolean {
  return ![UsageError, InterruptedError, StorageError, ExecutorError, TrainingFailedError].some(
    (kind) => error instanceof kind,
  );
}
