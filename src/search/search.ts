// The loop: controller → policy → trainings → reward → notebook. Trial t is asked with the results of trials up to
// t − lag, told in order, so that a run depends on its seed and never on which training happened to end first.

import type { EpochResult, RewardSettings } from "../child/reward.ts";
import { rewardOf } from "../child/reward.ts";
import type { Controller, Point } from "../controller/controller.ts";
import type { Notebook } from "../experiment/notebook.ts";
import { type TrainingRecord, type TrialRecord, trialOf } from "../experiment/records.ts";
import type { Policy } from "../policy/policy.ts";
import type { Executor } from "./executor.ts";
import type { TrainingTask } from "./training.ts";

/** What a search tells while it runs. */
export interface SearchObserver {
  onTrainingStarted?(trial: number, sample: number): void;
  onEpoch?(trial: number, sample: number, result: EpochResult): void;
  onTrainingFinished?(record: TrainingRecord): void;
  /** In the order of trials; the record is on disk. */
  onTrialFinished?(record: TrialRecord): void;
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
  /** What an earlier run left: the notebook's trainings, in order, and those that ended early. */
  readonly recorded: readonly TrainingRecord[];
  readonly recordedEarly: readonly TrainingRecord[];
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

/**
 * Runs trials 0 (the baseline) to `iterations`; returns them all, those of an earlier run included.
 * @throws InterruptedError on abort; RunError where a training cannot be done. What ended before is on disk.
 */
export async function runSearch(options: SearchOptions): Promise<TrialRecord[]> {
  return new Search(options).run();
}

interface OpenTrial {
  readonly policy: Policy;
  readonly samples: (TrainingRecord | undefined)[];
}

class Search {
  readonly #options: SearchOptions;
  readonly #recorded: ReadonlyMap<string, TrainingRecord>;
  readonly #written: number;
  readonly #open = new Map<number, OpenTrial>();
  readonly #finished: TrialRecord[] = [];
  readonly #failure = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #told = 0;
  /** Trainings that have had their turn in the notebook's order. */
  #turns = 0;
  #wake: () => void = () => {};

  constructor(options: SearchOptions) {
    this.#options = options;
    const all = [...options.recorded, ...options.recordedEarly];
    this.#recorded = new Map(all.map((record) => [keyOf(record.trial, record.sample), record]));
    this.#written = options.recorded.length;
  }

  async run(): Promise<TrialRecord[]> {
    const { iterations, lag, early } = this.#options;
    try {
      for (let trial = 0; trial <= iterations; trial++) {
        await this.#until(() => this.#finished.length > trial - lag);
        this.#tell(trial - lag);
        this.#start(trial, this.#policyOf(trial));
      }
      await this.#until(() => this.#finished.length > iterations);
    } catch (error) {
      this.#failure.abort(error);
      await Promise.allSettled(this.#running);
      throw error;
    }
    early.remove();
    return this.#finished;
  }

  /** Tells the controller, in order, all trials up to `last`. */
  #tell(last: number): void {
    const { controller, space } = this.#options;
    for (; this.#told <= last; this.#told++) {
      const { trial, policy, reward, standardError } = this.#finished[this.#told];
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
      const recorded = this.#recorded.get(keyOf(trial, sample));
      if (recorded) this.#arrived(recorded);
      else this.#train(trial, sample, policy);
    }
  }

  #train(trial: number, sample: number, policy: Policy): void {
    const { executor, signal, observer, taskOf, reward } = this.#options;
    const stop = signal ? AbortSignal.any([signal, this.#failure.signal]) : this.#failure.signal;
    const running = executor
      .train(taskOf(trial, sample, policy), {
        signal: stop,
        onStart: () => observer?.onTrainingStarted?.(trial, sample),
        onEpoch: (result) => observer?.onEpoch?.(trial, sample, result),
      })
      .then((history) => this.#arrived({ trial, sample, policy, history, reward: rewardOf(history, reward) }))
      .catch((error) => this.#failure.abort(error))
      .finally(() => {
        this.#running.delete(running);
        this.#wake();
      });
    this.#running.add(running);
  }

  /** Takes a training's result, and writes all whose turn has come. */
  #arrived(record: TrainingRecord): void {
    const { early, observer, samples } = this.#options;
    this.#open.get(record.trial)!.samples[record.sample] = record;
    const isNew = !this.#recorded.has(keyOf(record.trial, record.sample));
    if (isNew) observer?.onTrainingFinished?.(record);
    const turn = record.trial * samples + record.sample;
    if (turn > this.#turns) {
      if (isNew) early.append(record);
      return;
    }
    for (let next: TrainingRecord | undefined = record; next; next = this.#nextInOrder()) {
      if (this.#turns >= this.#written) this.#options.notebook.append(next);
      this.#turns++;
      if (next.sample === samples - 1) this.#finish(next.trial);
    }
  }

  #nextInOrder(): TrainingRecord | undefined {
    const { samples } = this.#options;
    return this.#open.get(Math.floor(this.#turns / samples))?.samples[this.#turns % samples];
  }

  #finish(trial: number): void {
    const record = trialOf(this.#open.get(trial)!.samples as TrainingRecord[]);
    this.#open.delete(trial);
    this.#finished.push(record);
    this.#options.observer?.onTrialFinished?.(record);
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

function keyOf(trial: number, sample: number): string {
  return `${trial}/${sample}`;
}
