// The loop: controller → policy → trainings → reward → notebook. Trial t is asked with the results of trials up to
// t − lag, told in order, so that a run depends on its seed and never on which training happened to end first.

import type { EpochResult, RewardSettings } from "../child/reward.ts";
import { rewardOf } from "../child/reward.ts";
import { RunError } from "../common/errors.ts";
import type { Controller, Point } from "../controller/controller.ts";
import type { FailureList } from "../experiment/failures.ts";
import type { Notebook } from "../experiment/notebook.ts";
import {
  type TrainingFailure,
  type TrainingRecord,
  type TrialRecord,
  trialOf,
} from "../experiment/records.ts";
import type { Recovered } from "../experiment/recovery.ts";
import type { Policy } from "../policy/policy.ts";
import { type Executor, TrainingFailedError } from "./executor.ts";
import { Occupancy } from "./occupancy.ts";
import type { TrainingTask } from "./training.ts";

/** What a search tells while it runs. */
export interface SearchObserver {
  onTrainingStarted?(trial: number, sample: number): void;
  onEpoch?(trial: number, sample: number, result: EpochResult): void;
  onTrainingFinished?(record: TrainingRecord): void;
  /** A training failed twice; it is recorded, and the search goes on without it. */
  onTrainingFailed?(failure: TrainingFailure): void;
  /** In the order of trials; the record is on disk. */
  onTrialFinished?(record: TrialRecord): void;
  /** All of a trial's trainings have failed: it has no reward. In the order of trials. */
  onTrialDropped?(trial: number): void;
}

/** How points of the controller's space and policies become each other. */
export interface PolicySpace {
  /** The policy of trial 0. */
  readonly baseline: Policy;
  pointToPolicy(point: Point): Policy;
  policyToPoint(policy: Policy): Point;
}

export interface SearchOptions {
  /** Trials besides the baseline. */
  readonly iterations: number;
  /** Trainings a trial. */
  readonly samples: number;
  readonly lag: number;
  readonly reward: RewardSettings;
  readonly controller: Controller;
  readonly space: PolicySpace;
  readonly executor: Executor;
  readonly notebook: Notebook;
  /** Where trainings that end before their turn wait for it. */
  readonly early: Notebook;
  /** Where trainings that failed for good are named. */
  readonly failures: FailureList;
  /** What an earlier run left in these files. */
  readonly recovered: Recovered;
  readonly taskOf: (trial: number, sample: number, policy: Policy) => TrainingTask;
  readonly signal?: AbortSignal;
  readonly observer?: SearchObserver;
}

/**
 * How many trials may be in flight so that `workers` processes never wait for a trial's last sample. The same for one
 * worker as for two, so that both give the same run.
 */
export function lagOf(workers: number, samples: number): number {
  return Math.ceil(Math.max(workers, 2) / samples) + 1;
}

export interface SearchOutcome {
  /** Those with a reward, an earlier run's included; the baseline first. */
  readonly trials: TrialRecord[];
  /** Trainings that failed for good, an earlier run's included. */
  readonly failures: readonly TrainingFailure[];
  /** Share of the workers' time that was spent on trainings, in [0, 1]; null where nothing was left to train. */
  readonly utilization: number | null;
}

/** So many trainings in a row fail for a reason that is none of theirs. */
const MOST_FAILURES = 6;

/**
 * Runs trials 0 (the baseline) to `iterations`.
 * @throws InterruptedError on abort; RunError where nothing can be written, where the baseline has no training left, or
 *   where so many trainings fail in a row that something else must be wrong. What ended before is on disk.
 */
export async function runSearch(options: SearchOptions): Promise<SearchOutcome> {
  return new Search(options).run();
}

interface OpenTrial {
  readonly policy: Policy;
  readonly samples: (TrainingRecord | TrainingFailure | undefined)[];
}

class Search {
  readonly #options: SearchOptions;
  readonly #recorded: ReadonlyMap<string, TrainingRecord>;
  readonly #open = new Map<number, OpenTrial>();
  /** By trial; undefined for one that has no training left. */
  readonly #finished: (TrialRecord | undefined)[] = [];
  readonly #failures: TrainingFailure[];
  readonly #failure = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #occupancy: Occupancy;
  #told = 0;
  /** Trainings that have had their turn in the notebook's order. */
  #turns = 0;
  /** Of those, the ones that did not fail. */
  #succeeded = 0;
  /** The last trainings to end, if they failed. */
  #failedInRow: TrainingFailure[] = [];
  #wake: () => void = () => {};

  constructor(options: SearchOptions) {
    this.#options = options;
    const { recorded, recordedEarly, failures } = options.recovered;
    this.#recorded = new Map(
      [...recorded, ...recordedEarly].map((record) => [keyOf(record.trial, record.sample), record]),
    );
    this.#failures = [...failures];
    this.#occupancy = new Occupancy(options.executor.workers);
  }

  async run(): Promise<SearchOutcome> {
    const { iterations, lag } = this.#options;
    try {
      for (let trial = 0; trial <= iterations; trial++) {
        await this.#until(() => this.#finished.length > trial - lag);
        const policy = this.#occupancy.whileDeaf(() => {
          this.#tell(trial - lag);
          return this.#policyOf(trial);
        });
        this.#start(trial, policy);
      }
      await this.#until(() => this.#finished.length > iterations);
    } catch (error) {
      this.#failure.abort(error);
      await Promise.allSettled(this.#running);
      throw error;
    }
    this.#removeEarly();
    return {
      trials: this.#finished.filter((trial) => trial !== undefined),
      failures: this.#failures,
      utilization: this.#occupancy.share,
    };
  }

  /** An earlier run of more iterations may have left trainings whose turn is still to come. */
  #removeEarly(): void {
    const { early, recovered, samples } = this.#options;
    const isDone = recovered.recordedEarly.every(
      ({ trial, sample }) => trial * samples + sample < this.#turns,
    );
    if (isDone) early.remove();
  }

  /** Tells the controller, in order, all trials up to `last`. */
  #tell(last: number): void {
    const { controller, space } = this.#options;
    for (; this.#told <= last; this.#told++) {
      const finished = this.#finished[this.#told];
      if (!finished) {
        controller.drop(this.#told);
        continue;
      }
      const { trial, policy, reward, standardError } = finished;
      controller.tell(trial, space.policyToPoint(policy), reward, standardError);
    }
  }

  #policyOf(trial: number): Policy {
    const { controller, space } = this.#options;
    if (trial === 0) return space.baseline;
    const recorded = this.#anyRecorded(trial);
    if (!recorded) return space.pointToPolicy(controller.ask(trial));
    controller.expect(trial, space.policyToPoint(recorded.policy));
    return recorded.policy;
  }

  /** One of the trial's samples that an earlier run left; all have the trial's policy. */
  #anyRecorded(trial: number): TrainingRecord | undefined {
    for (let sample = 0; sample < this.#options.samples; sample++) {
      const recorded = this.#recorded.get(keyOf(trial, sample));
      if (recorded) return recorded;
    }
    return undefined;
  }

  #start(trial: number, policy: Policy): void {
    const { samples } = this.#options;
    this.#open.set(trial, { policy, samples: new Array(samples).fill(undefined) });
    for (let sample = 0; sample < samples; sample++) {
      const known =
        this.#recorded.get(keyOf(trial, sample)) ??
        this.#failures.find((failure) => failure.trial === trial && failure.sample === sample);
      if (known) this.#arrived(known);
      else this.#train(trial, sample, policy);
    }
  }

  #train(trial: number, sample: number, policy: Policy): void {
    const { executor, signal, observer, taskOf, reward } = this.#options;
    const stop = signal ? AbortSignal.any([signal, this.#failure.signal]) : this.#failure.signal;
    const key = keyOf(trial, sample);
    const running = executor
      .train(taskOf(trial, sample, policy), {
        signal: stop,
        onStart: () => {
          this.#occupancy.start(key);
          this.#observe(() => observer?.onTrainingStarted?.(trial, sample));
        },
        onEpoch: (result) => this.#observe(() => observer?.onEpoch?.(trial, sample, result)),
      })
      .finally(() => this.#occupancy.end(key))
      .then(
        (history) => this.#succeed({ trial, sample, policy, history, reward: rewardOf(history, reward) }),
        (error) => {
          if (!(error instanceof TrainingFailedError)) throw error;
          this.#fail({ trial, sample, reason: error.reason });
        },
      )
      .catch((error) => this.#failure.abort(error))
      .finally(() => {
        this.#running.delete(running);
        this.#wake();
      });
    this.#running.add(running);
  }

  /** What an observer throws ends the search; it is no failure of the training that it hears of. */
  #observe(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#failure.abort(error);
    }
  }

  #succeed(record: TrainingRecord): void {
    // Nothing is written any more once something could not be.
    if (this.#failure.signal.aborted) return;
    this.#failedInRow = [];
    this.#options.observer?.onTrainingFinished?.(record);
    if (record.trial * this.#options.samples + record.sample > this.#turns)
      this.#options.early.append(record);
    this.#arrived(record);
  }

  #fail(failure: TrainingFailure): void {
    if (this.#failure.signal.aborted) return;
    const { failures, observer, samples } = this.#options;
    const { trial, reason } = failure;
    this.#failedInRow.push(failure);
    if (this.#failedInRow.length >= MOST_FAILURES) {
      this.#forget(this.#failedInRow);
      throw new RunError(
        `${MOST_FAILURES} trainings in a row failed, the last one since: ${reason}; mend that: they are tried again when the search goes on`,
      );
    }
    const ofTrial = this.#failures.filter((other) => other.trial === trial);
    if (trial === 0 && ofTrial.length === samples - 1) {
      this.#forget(ofTrial);
      throw new RunError(
        `all trainings of the baseline failed, and nothing can be compared with it: ${reason}; mend that: they are tried again when the search goes on`,
      );
    }
    failures.append(failure);
    this.#failures.push(failure);
    observer?.onTrainingFailed?.(failure);
    this.#arrived(failure);
  }

  /**
   * Takes failures back, so that the trainings are tried again by the run that goes on. The notebook then ends before
   * them: what came after has its turn again, and waits among the trainings that ended early.
   */
  #forget(forgotten: readonly TrainingFailure[]): void {
    const { failures, notebook, samples } = this.#options;
    const turns = forgotten.map(({ trial, sample }) => trial * samples + sample);
    const first = Math.min(...turns);
    if (first < this.#turns) {
      const failedBefore = this.#failures.filter(({ trial, sample }) => trial * samples + sample < first);
      notebook.keep(first - failedBefore.length);
    }
    failures.replace(this.#failures.filter((failure) => !forgotten.includes(failure)));
  }

  /** Takes how a training ended, and writes all whose turn has come. */
  #arrived(ended: TrainingRecord | TrainingFailure): void {
    const { notebook, recovered, samples } = this.#options;
    this.#open.get(ended.trial)!.samples[ended.sample] = ended;
    for (let next = this.#nextInOrder(); next; next = this.#nextInOrder()) {
      if (isRecord(next)) {
        if (this.#succeeded >= recovered.recorded.length) notebook.append(next);
        this.#succeeded++;
      }
      this.#turns++;
      if (next.sample === samples - 1) this.#finish(next.trial);
    }
  }

  #nextInOrder(): TrainingRecord | TrainingFailure | undefined {
    const { samples } = this.#options;
    return this.#open.get(Math.floor(this.#turns / samples))?.samples[this.#turns % samples];
  }

  #finish(trial: number): void {
    const { observer } = this.#options;
    const records = this.#open
      .get(trial)!
      .samples.filter((sample) => sample !== undefined)
      .filter(isRecord);
    this.#open.delete(trial);
    const record = records.length > 0 ? trialOf(records) : undefined;
    this.#finished.push(record);
    if (record) observer?.onTrialFinished?.(record);
    else observer?.onTrialDropped?.(trial);
    this.#wake();
  }

  /** Waits until the condition holds, or rethrows the failure that keeps it from ever holding. */
  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure.signal.aborted) throw this.#failure.signal.reason;
      if (condition()) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function isRecord(ended: TrainingRecord | TrainingFailure): ended is TrainingRecord {
  return "history" in ended;
}

function keyOf(trial: number, sample: number): string {
  return `${trial}/${sample}`;
}
