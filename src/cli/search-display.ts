// Shows on stderr how a search and its confirmation progress. On a terminal, the search fills the screen until it ends.
// Elsewhere, one line is printed per trial.

import type { EpochReport } from "../child/reward.ts";
import type { Config, SizedConfig } from "../config/schema.ts";
import { describeEngine } from "../engine/choose.ts";
import { isAtChance } from "../experiment/chance.ts";
import { isWhole } from "../experiment/ranking.ts";
import type { TrainingFailure, TrainingRecord, TrialRecord } from "../experiment/records.ts";
import { keyOf } from "../experiment/turns.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { ConfirmationPlan } from "../search/confirmation.ts";
import type { Machine } from "../search/executors/queue/machines.ts";
import type { ExperimentObserver, ExperimentStart } from "../search/run-experiment.ts";
import { Screen } from "./drawing.ts";
import { count, formatDuration, formatGain, formatShare } from "./format.ts";
import { MachinesLog } from "./machines-line.ts";
import { Places } from "./places.ts";
import { whereTrained } from "./plan.ts";
import { chanceText } from "./results.ts";
import { type EndedTrial, type RunningTraining, type SearchState, searchFrame } from "./search-frame.ts";
import type { Terminal } from "./terminal.ts";

/** What the display needs to know: from the configuration, and from how the run starts. */
type SearchSize = Pick<
  SizedConfig,
  "iterations" | "opt_samples" | "child_epochs" | "confirm_top" | "confirm_samples"
> &
  Pick<ExperimentStart, "folder" | "workers" | "finishedTrials" | "guessing">;

/** A training that ended, or failed. */
type EndedTraining = Pick<TrainingRecord, "trial" | "sample" | "stoppedAt">;

/** An observer that shows the search; `stop` removes what is drawn and restores the cursor. */
export interface SearchDisplay extends ExperimentObserver {
  /** The machines that train through a queue now. */
  showMachines(machines: readonly Machine[]): void;
  stop(): void;
}

interface AboutSearch {
  /** The dataset's name. */
  readonly dataset: string;
  /** What is planned, in lines. */
  readonly plan: readonly string[];
  /** Seconds that the search and its confirmation have left, if their time is limited. */
  readonly limit?: () => number;
}

/** Prints what a search that begins is going to do, and shows it. */
export function showSearch(
  config: Config,
  start: ExperimentStart,
  { dataset, plan, limit }: AboutSearch,
  terminal: Terminal,
): SearchDisplay {
  terminal.logNotes(start.notes);
  const trainings = `${count(config.opt_samples, "training")} of ${config.model} each`;
  const title = `Searching on ${dataset}: ${count(config.iterations, "trial")}, ${trainings}, engine ${describeEngine(start.engine)}, ${whereTrained(config, start.workers)}`;
  terminal.logText(title);
  terminal.log(start.folder);
  for (const line of plan) terminal.logText(line);
  return createSearchDisplay(config, start, title, terminal, limit);
}

/**
 * @param title what runs, in one line.
 * @param limit seconds that are left, if the time is limited.
 */
export function createSearchDisplay(
  config: Config,
  start: ExperimentStart,
  title: string,
  terminal: Terminal,
  limit?: () => number,
): SearchDisplay {
  const size = { ...config, ...start, child_epochs: start.sizes.epochs.value };
  const progress = new SearchProgress(size, limit);
  return terminal.isInteractive
    ? new TerminalDisplay(size, title, progress, terminal)
    : new LineDisplay(size, progress, terminal);
}

/** Progress of the search in words: the time left, and the best reward so far. */
class SearchProgress {
  readonly #start = performance.now();
  readonly #epochsPerTraining: number;
  readonly #samples: number;
  readonly #limit: (() => number) | undefined;
  #iterations: number;
  /** Epochs of this run's trainings, at most: fewer may be confirmed, and trainings may be stopped early. */
  #all: number;
  /** Those that have ended. */
  #epochs = 0;
  baseline: TrialRecord | undefined;
  best: TrialRecord | undefined;

  constructor(size: SearchSize, limit: (() => number) | undefined) {
    this.#epochsPerTraining = size.child_epochs;
    this.#limit = limit;
    this.#iterations = size.iterations;
    this.#samples = size.opt_samples;
    const inSearch = (size.iterations + 1 - size.finishedTrials) * size.opt_samples;
    const fresh = size.confirm_top > 0 ? (size.confirm_top + 1) * size.confirm_samples : 0;
    this.#all = (inSearch + fresh) * this.#epochsPerTraining;
  }

  onMoreTrials(iterations: number): void {
    this.#all += (iterations - this.#iterations) * this.#samples * this.#epochsPerTraining;
    this.#iterations = iterations;
  }

  onConfirmationStarted({ trainings }: ConfirmationPlan): void {
    this.#all = this.#epochs + trainings * this.#epochsPerTraining;
  }

  onEpoch(): void {
    this.#epochs++;
  }

  onTrainingFinished({ stoppedAt = this.#epochsPerTraining }: EndedTraining): void {
    this.#all -= this.#epochsPerTraining - stoppedAt;
  }

  onTrialFinished(record: TrialRecord): void {
    if (record.trial === 0) this.baseline = record;
    else if (isWhole(record) && (!this.best || record.reward > this.best.reward)) this.best = record;
  }

  /** Trials that are planned now. */
  get iterations(): number {
    return this.#iterations;
  }

  get timeLeft(): string {
    if (this.#epochs === 0) return "time left unknown";
    const perEpoch = (performance.now() - this.#start) / 1000 / this.#epochs;
    const left = (this.#all - this.#epochs) * perEpoch;
    return `${formatDuration(Math.min(left, this.#limit?.() ?? left))} left`;
  }

  get summary(): string {
    if (!this.baseline) return "";
    const baseline = `baseline ${formatShare(this.baseline.reward)}`;
    if (!this.best) return baseline;
    const gain = formatGain(this.best.reward - this.baseline.reward);
    return `${baseline}, best ${formatShare(this.best.reward)} (${gain}, trial ${this.best.trial})`;
  }
}

/** @param first the first sample of the stage: on the screen, samples count from 1 in each. */
function describeFailure({ trial, sample, reason }: TrainingFailure, first: number): string {
  const place = trial === 0 ? "baseline" : `trial ${trial}`;
  return `${place}, sample ${sample - first + 1} failed twice and is excluded: ${reason}`;
}

/** This many of the last trials are kept: more than a terminal has rows. */
const MOST_LAST = 200;

class TerminalDisplay implements SearchDisplay {
  readonly #size: SearchSize;
  readonly #title: string;
  readonly #terminal: Terminal;
  readonly #progress: SearchProgress;
  readonly #screen: Screen;
  readonly #trainings: Places<RunningTraining>;
  #stage: SearchState["stage"];
  #machines: readonly Machine[] | undefined;
  /** Newest first. */
  #last: TrialRecord[] = [];
  /** Of the confirmation, newest first. */
  readonly #confirmed: TrialRecord[] = [];
  #isConfirming = false;

  constructor(size: SearchSize, title: string, progress: SearchProgress, terminal: Terminal) {
    this.#size = size;
    this.#title = title;
    this.#terminal = terminal;
    this.#progress = progress;
    this.#trainings = new Places(size.workers);
    this.#stage = { name: "Trials", done: 0, total: size.iterations + 1 };
    this.#screen = new Screen(terminal, (look, messages) => searchFrame(this.#state(messages), look));
  }

  onTrainingStarted(trial: number, sample: number): void {
    this.#place({ trial, sample });
  }

  onEpoch(trial: number, sample: number, result: EpochReport): void {
    this.#progress.onEpoch();
    this.#place({ trial, sample, result });
  }

  onTrainingFailed(failure: TrainingFailure): void {
    this.#terminal.log(describeFailure(failure, this.#firstSample));
    this.onTrainingFinished(failure);
  }

  onTrainingFinished(training: EndedTraining): void {
    this.#progress.onTrainingFinished(training);
    if (this.#isConfirming) this.#count();
    this.#trainings.remove(keyOf(training));
    this.#screen.update();
  }

  onTrialFinished(record: TrialRecord): void {
    this.#progress.onTrialFinished(record);
    this.#last = [record, ...this.#last.slice(0, MOST_LAST)];
    this.#count();
  }

  onTrialDropped(): void {
    this.#count();
  }

  onMoreTrials(iterations: number): void {
    this.#progress.onMoreTrials(iterations);
    this.#stage = { ...this.#stage, total: iterations + 1 };
    this.#screen.update();
  }

  onConfirmationStarted(plan: ConfirmationPlan): void {
    this.#progress.onConfirmationStarted(plan);
    this.#isConfirming = true;
    this.#trainings.clear();
    this.#stage = { name: "Confirming", done: 0, total: plan.trainings };
    this.#screen.update();
  }

  onConfirmed(record: TrialRecord): void {
    this.#confirmed.unshift(record);
    this.#screen.update();
  }

  showMachines(machines: readonly Machine[]): void {
    this.#machines = machines;
    this.#screen.update();
  }

  stop(): void {
    this.#screen.stop();
  }

  get #firstSample(): number {
    return this.#isConfirming ? this.#size.opt_samples : 0;
  }

  #count(): void {
    this.#stage = { ...this.#stage, done: this.#stage.done + 1 };
    this.#screen.update();
  }

  #place(training: RunningTraining): void {
    const sample = training.sample - this.#firstSample;
    this.#trainings.put(keyOf(training), { ...training, sample });
    this.#screen.update();
  }

  #state(messages: readonly string[]): SearchState {
    const { folder, child_epochs: epochs, guessing } = this.#size;
    const { timeLeft } = this.#progress;
    const confirmed = this.#confirmed;
    const fresh = confirmed.find(({ trial }) => trial === 0);
    // Both are of the search, or both of the confirmation: otherwise their difference would mean nothing.
    const confirmedBest = fresh && bestOf(confirmed);
    const { baseline, best } = confirmedBest ? { baseline: fresh, best: confirmedBest } : this.#progress;
    return {
      ...{ title: this.#title, folder, stage: this.#stage, timeLeft, epochs },
      ...{ baseline, best, trainings: this.#trainings.all, machines: this.#machines, messages },
      hasLearntNothing: baseline !== undefined && isAtChance(baseline, guessing),
      last: [
        ...endedTrials(confirmed, fresh, true),
        ...endedTrials(this.#last, this.#progress.baseline, false),
      ],
    };
  }
}

/** The policy with the highest reward; undefined if there is only the baseline. */
function bestOf(records: readonly TrialRecord[]): TrialRecord | undefined {
  return records.filter(({ trial }) => trial > 0).sort((a, b) => b.reward - a.reward || a.trial - b.trial)[0];
}

function endedTrials(
  records: readonly TrialRecord[],
  baseline: TrialRecord | undefined,
  isConfirmed: boolean,
): EndedTrial[] {
  return records.map((record) => ({
    record,
    gain: baseline && isWhole(record) ? record.reward - baseline.reward : undefined,
    isConfirmed,
  }));
}

class LineDisplay implements SearchDisplay {
  readonly #size: SearchSize;
  readonly #progress: SearchProgress;
  readonly #terminal: Terminal;
  readonly #machines: MachinesLog;
  #firstSample = 0;

  constructor(size: SearchSize, progress: SearchProgress, terminal: Terminal) {
    this.#size = size;
    this.#progress = progress;
    this.#terminal = terminal;
    this.#machines = new MachinesLog((line) => terminal.logText(line));
  }

  onEpoch(): void {
    this.#progress.onEpoch();
  }

  onTrainingFinished(training: EndedTraining): void {
    this.#progress.onTrainingFinished(training);
  }

  onTrialFinished(record: TrialRecord): void {
    this.#progress.onTrialFinished(record);
    if (record.trial < this.#size.finishedTrials) return;
    const { trial, reward, stoppedAt, policy } = record;
    const what = trial === 0 ? "baseline" : formatPolicy(policy);
    const stopped = stoppedAt === undefined ? "" : `, stopped after epoch ${stoppedAt}`;
    this.#terminal.log(
      `trial ${trial}/${this.#progress.iterations}  accuracy ${formatShare(reward)}${stopped}  ${what}  [${this.#progress.summary}; ${this.#progress.timeLeft}]`,
    );
    const { guessing } = this.#size;
    if (record.trial === 0 && isAtChance(record, guessing))
      this.#terminal.logText(chanceText(record, guessing));
  }

  onMoreTrials(iterations: number): void {
    this.#progress.onMoreTrials(iterations);
  }

  onConfirmationStarted(plan: ConfirmationPlan): void {
    this.#progress.onConfirmationStarted(plan);
    this.#firstSample = this.#size.opt_samples;
    const { policies, samples, trainings } = plan;
    if (trainings === 0) return;
    const what = `${policies === 1 ? "the best policy" : `the best ${policies} policies`} and the baseline`;
    const each = `${count(samples, "fresh training")} each`;
    const left =
      trainings < (policies + 1) * samples
        ? `; ${trainings} of them ${trainings === 1 ? "remains" : "remain"}`
        : "";
    this.#terminal.log(`confirming ${what} with ${each}${left}`);
  }

  onConfirmed({ trial, reward, standardError }: TrialRecord): void {
    const what = trial === 0 ? "the baseline" : `trial ${trial}`;
    const error = standardError === null ? "" : ` ± ${formatShare(standardError)}`;
    this.#terminal.log(
      `confirmed ${what}  accuracy ${formatShare(reward)}${error}  [${this.#progress.timeLeft}]`,
    );
  }

  onTrainingFailed(failure: TrainingFailure): void {
    this.#terminal.log(describeFailure(failure, this.#firstSample));
  }

  showMachines(machines: readonly Machine[]): void {
    this.#machines.show(machines);
  }

  stop(): void {}
}
