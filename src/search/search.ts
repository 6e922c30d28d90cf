// The loop: controller → policy → trainings → reward → notebook. The controller proposes trial t knowing the results of the
// trials up to t − lag, in order, so that a run depends on its seed and never on which training happened to end first.

import type { EpochReport, RewardSettings } from "../child/reward.ts";
import { RunError } from "../common/errors.ts";
import type { Controller, Point } from "../controller/controller.ts";
import type { FailureList } from "../experiment/failures.ts";
import type { Notebook } from "../experiment/notebook.ts";
import {
  recordOf,
  type TrainingFailure,
  type TrainingRecord,
  type TrialRecord,
  trialOf,
} from "../experiment/records.ts";
import type { Recovered } from "../experiment/recovery.ts";
import { keyOf, placeOf, turnOf } from "../experiment/turns.ts";
import type { Policy } from "../policy/policy.ts";
import { type Executor, TrainingFailedError } from "./executors/executor.ts";
import { Occupancy } from "./occupancy.ts";
import { type StopRule, stopsFrom } from "./stopping.ts";
import type { Stop, TrainingTask } from "./training.ts";

/** What a search reports while it runs. */
export interface SearchObserver {
  onTrainingStarted?(trial: number, sample: number): void;
  onEpoch?(trial: number, sample: number, result: EpochReport): void;
  onTrainingFinished?(record: TrainingRecord): void;
  /** A training failed twice; it is recorded, and the search continues without it. */
  onTrainingFailed?(failure: TrainingFailure): void;
  /** In the order of trials; the record is on disk. */
  onTrialFinished?(record: TrialRecord): void;
  /** All of a trial's trainings have failed: it has no reward. In the order of trials. */
  onTrialDropped?(trial: number): void;
}

/** Converts between points of the controller's space and policies. */
interface PolicySpace {
  /** The policies of the first trials: no augmentation, and then those with which all others are compared. */
  readonly fixed: readonly Policy[];
  pointToPolicy(point: Point): Policy;
  policyToPoint(policy: Policy): Point;
}

export interface SearchOptions {
  /** Trials besides the baseline. */
  readonly iterations: number;
  /** Trainings per trial. */
  readonly samples: number;
  readonly lag: number;
  readonly reward: RewardSettings;
  readonly controller: Controller;
  readonly space: PolicySpace;
  readonly executor: Executor;
  readonly notebook: Notebook;
  /** Keeps trainings that end before their turn until then. */
  readonly early: Notebook;
  /** Names the trainings that failed for good. */
  readonly failures: FailureList;
  /** What an earlier run left in these files. */
  readonly recovered: Recovered;
  readonly taskOf: (trial: number, sample: number, policy: Policy) => TrainingTask;
  /** When trainings are stopped early, but for those of the fixed policies; unless given, never. */
  readonly stopRule?: StopRule;
  /**
   * Whether the controller may be asked for this trial; if not, the search ends after those before it. Not called for trials
   * up to the last one whose policy is fixed, or that an earlier run trained. `finished` trials have ended until then.
   */
  readonly mayAsk?: (trial: number, finished: number) => boolean;
  readonly signal?: AbortSignal;
  readonly observer?: SearchObserver;
}

/**
 * How many trials may be in flight, so that `workers` trainings at a time never wait for a trial's last sample. The same for
 * one worker as for two, so that both give the same run.
 */
export function lagOf(workers: number, samples: number): number {
  return Math.ceil(Math.max(workers, 2) / samples) + 1;
}

export interface SearchOutcome {
  /** Those with a reward, an earlier run's included; the baseline first. */
  readonly trials: TrialRecord[];
  /** Trials that were asked for besides the baseline: fewer than planned if `mayAsk` ended the search. */
  readonly asked: number;
  /** Trainings that failed for good, an earlier run's included. */
  readonly failures: readonly TrainingFailure[];
  /** Share of the workers' time that was spent on trainings, in [0, 1]; null if nothing was left to train. */
  readonly utilization: number | null;
}

/** Number of consecutive failures after which we assume a cause outside the policies and stop. */
const MOST_FAILURES = 6;

/**
 * Runs trials 0 (the baseline) to `iterations`, or to the last one before `mayAsk` says no.
 * @throws InterruptedError on abort; RunError if something cannot be written, if all trainings of the baseline fail, or if
 *   several trainings in a row fail. What ended before is on disk.
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
  /** By trial; undefined if all of its trainings failed. */
  readonly #finished: (TrialRecord | undefined)[] = [];
  /** Trainings of these trials, in order. */
  readonly #trainings: TrainingRecord[] = [];
  readonly #failures: TrainingFailure[];
  readonly #failure = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #occupancy: Occupancy;
  /** Trials whose results the controller has. */
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
    this.#recorded = new Map([...recorded, ...recordedEarly].map((record) => [keyOf(record), record]));
    this.#failures = [...failures];
    this.#occupancy = new Occupancy(options.executor.workers);
  }

  async run(): Promise<SearchOutcome> {
    const { iterations, lag, mayAsk } = this.#options;
    const lastBegun = this.#lastBegun();
    let trials = 0;
    try {
      for (let trial = 0; trial <= iterations; trial++) {
        await this.#until(() => this.#finished.length > trial - lag);
        if (mayAsk && trial > lastBegun && !mayAsk(trial, this.#finished.length)) break;
        trials++;
        const policy = this.#occupancy.whileDeaf(() => {
          this.#tell(trial - lag);
          return this.#policyOf(trial);
        });
        this.#start(trial, policy);
      }
      await this.#until(() => this.#finished.length === trials);
    } catch (error) {
      this.#failure.abort(error);
      await Promise.allSettled(this.#running);
      throw error;
    }
    this.#removeEarly();
    return {
      trials: this.#finished.filter((trial) => trial !== undefined),
      asked: trials - 1,
      failures: this.#failures,
      utilization: this.#occupancy.share,
    };
  }

  /** The last trial whose policy is fixed, or with which an earlier run has trained. */
  #lastBegun(): number {
    const trained = [...this.#recorded.values(), ...this.#failures].map(({ trial }) => trial);
    return Math.max(this.#options.space.fixed.length - 1, ...trained);
  }

  /** Keeps the file if an earlier run of more iterations left trainings whose turn is still to come. */
  #removeEarly(): void {
    const { early, recovered, samples } = this.#options;
    const isDone = recovered.recordedEarly.every((record) => turnOf(record, samples) < this.#turns);
    if (isDone) early.remove();
  }

  /** Gives the controller the results of all trials up to `last`, in order. */
  #tell(last: number): void {
    const { controller, space } = this.#options;
    for (; this.#told <= last; this.#told++) {
      const finished = this.#finished[this.#told];
      if (!finished) {
        controller.drop(this.#told);
        continue;
      }
      const { trial, policy, reward, standardError, rungs } = finished;
      controller.tell(trial, space.policyToPoint(policy), reward, standardError, rungs);
    }
  }

  #policyOf(trial: number): Policy {
    const { controller, space } = this.#options;
    if (trial === 0) return space.fixed[0];
    const known = space.fixed.at(trial) ?? this.#anyRecorded(trial)?.policy;
    if (!known) return space.pointToPolicy(controller.ask(trial));
    controller.expect(trial, space.policyToPoint(known));
    return known;
  }

  /** One of the trial's samples that an earlier run left; all have the trial's policy. */
  #anyRecorded(trial: number): TrainingRecord | undefined {
    for (let sample = 0; sample < this.#options.samples; sample++) {
      const recorded = this.#recorded.get(keyOf({ trial, sample }));
      if (recorded) return recorded;
    }
    return undefined;
  }

  #start(trial: number, policy: Policy): void {
    const { samples } = this.#options;
    this.#open.set(trial, { policy, samples: new Array(samples).fill(undefined) });
    for (let sample = 0; sample < samples; sample++) {
      const known =
        this.#recorded.get(keyOf({ trial, sample })) ??
        this.#failures.find((failure) => failure.trial === trial && failure.sample === sample);
      if (known) this.#arrived(known);
      else this.#train(trial, sample, policy);
    }
  }

  #train(trial: number, sample: number, policy: Policy): void {
    const { executor, signal, observer, taskOf, reward } = this.#options;
    const stops = this.#stopsOf(trial, sample);
    const task = { ...taskOf(trial, sample, policy), ...(stops.length > 0 && { stops }) };
    const stop = signal ? AbortSignal.any([signal, this.#failure.signal]) : this.#failure.signal;
    const key = keyOf({ trial, sample });
    const running = executor
      .train(task, {
        signal: stop,
        onStart: () => {
          this.#occupancy.start(key);
          this.#guard(() => observer?.onTrainingStarted?.(trial, sample));
        },
        onEpoch: (result) => this.#guard(() => observer?.onEpoch?.(trial, sample, result)),
      })
      .finally(() => this.#occupancy.end(key))
      .then(
        ({ history }) => this.#guard(() => this.#succeed(recordOf(task, history, reward))),
        (error) =>
          this.#guard(() => {
            if (!(error instanceof TrainingFailedError)) throw error;
            this.#fail({ trial, sample, reason: error.reason });
          }),
      )
      .finally(() => {
        this.#running.delete(running);
        this.#wake();
      });
    this.#running.add(running);
  }

  /** The thresholds of a training, from the trials whose results the controller has when the trial is asked. */
  #stopsOf(trial: number, sample: number): readonly Stop[] {
    const { stopRule, space, lag } = this.#options;
    const first = space.fixed.length;
    if (!stopRule || trial < first) return [];
    const isKnown = (other: TrainingRecord) => other.trial >= first && other.trial <= trial - lag;
    return stopsFrom(
      stopRule,
      this.#trainings.filter((other) => other.sample === sample && isKnown(other)),
    );
  }

  /** Runs what ends the search if it throws. Once the search has ended, does nothing: nothing more is written. */
  #guard(act: () => void): void {
    if (this.#failure.signal.aborted) return;
    try {
      act();
    } catch (error) {
      this.#failure.abort(error);
    }
  }

  #succeed(record: TrainingRecord): void {
    this.#failedInRow = [];
    if (turnOf(record, this.#options.samples) > this.#turns) this.#options.early.append(record);
    this.#guard(() => this.#options.observer?.onTrainingFinished?.(record));
    this.#arrived(record);
  }

  #fail(failure: TrainingFailure): void {
    const { failures, observer, samples } = this.#options;
    const { trial, reason } = failure;
    this.#failedInRow.push(failure);
    if (this.#failedInRow.length >= MOST_FAILURES) {
      this.#forget(this.#failedInRow);
      throw new RunError(
        `${MOST_FAILURES} trainings in a row failed, the last one because: ${reason}; fix that: they are tried again when the search is resumed`,
      );
    }
    const ofTrial = this.#failures.filter((other) => other.trial === trial);
    if (trial === 0 && ofTrial.length === samples - 1) {
      this.#forget(ofTrial);
      throw new RunError(
        `all trainings of the baseline failed, and nothing can be compared with it: ${reason}; fix that: they are tried again when the search is resumed`,
      );
    }
    failures.append(failure);
    this.#failures.push(failure);
    observer?.onTrainingFailed?.(failure);
    this.#arrived(failure);
  }

  /**
   * Removes failures, so that a resumed run tries these trainings again. The notebook then ends before them: what came after
   * has its turn again, and is kept among the trainings that ended early.
   */
  #forget(forgotten: readonly TrainingFailure[]): void {
    const { failures, notebook, samples } = this.#options;
    const first = Math.min(...forgotten.map((failure) => turnOf(failure, samples)));
    if (first < this.#turns) {
      const failedBefore = this.#failures.filter((failure) => turnOf(failure, samples) < first);
      notebook.keep(first - failedBefore.length);
    }
    failures.replace(this.#failures.filter((failure) => !forgotten.includes(failure)));
  }

  /** Takes a training that has ended, and writes all whose turn has come. */
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
    const { trial, sample } = placeOf(this.#turns, this.#options.samples);
    return this.#open.get(trial)?.samples[sample];
  }

  #finish(trial: number): void {
    const { observer } = this.#options;
    const records = this.#open
      .get(trial)!
      .samples.filter((sample) => sample !== undefined)
      .filter(isRecord);
    this.#open.delete(trial);
    this.#trainings.push(...records);
    const record = records.length > 0 ? trialOf(records) : undefined;
    this.#finished.push(record);
    if (record) observer?.onTrialFinished?.(record);
    else observer?.onTrialDropped?.(trial);
    this.#wake();
  }

  /** Waits until the condition holds, or rethrows the error that ended the search. */
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
