// Shows on stderr how a search and its confirmation progress. A terminal shows a bar for the trials, then one for the
// fresh trainings, and a line per running training. Elsewhere, one line is printed per trial.

import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { EpochResult } from "../child/reward.ts";
import type { Config } from "../config/schema.ts";
import type { TrainingFailure, TrainingRecord, TrialRecord } from "../experiment/records.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { ConfirmationPlan } from "../search/confirmation.ts";
import type { ExperimentObserver, ExperimentStart } from "../search/run-experiment.ts";
import { formatDuration, formatGain, formatShare } from "./format.ts";
import type { Terminal } from "./terminal.ts";

/** The size of the search: from the configuration, and from how the run starts. */
type SearchSize = Pick<
  Config,
  "iterations" | "opt_samples" | "child_epochs" | "confirm_top" | "confirm_samples"
> &
  Pick<ExperimentStart, "workers" | "finishedTrials">;

/** An observer that shows the search; `stop` removes the bars and restores the cursor. */
export interface SearchDisplay extends ExperimentObserver {
  stop(): void;
}

export function createSearchDisplay(
  config: Config,
  { workers, finishedTrials }: ExperimentStart,
  terminal: Terminal,
): SearchDisplay {
  const size = { ...config, workers, finishedTrials };
  return terminal.isInteractive ? new TerminalDisplay(size, terminal) : new LineDisplay(size, terminal);
}

/** Progress of the search in words: the time left, and the best reward so far. */
class SearchProgress {
  readonly #start = performance.now();
  readonly #epochsPerTraining: number;
  /** Trainings in this run. Until the confirmation starts, its share is an upper bound. */
  #trainings: number;
  #baseline: TrialRecord | undefined;
  #best: TrialRecord | undefined;
  #epochs = 0;

  constructor(size: SearchSize) {
    this.#epochsPerTraining = size.child_epochs;
    const inSearch = (size.iterations + 1 - size.finishedTrials) * size.opt_samples;
    const fresh = size.confirm_top > 0 ? (size.confirm_top + 1) * size.confirm_samples : 0;
    this.#trainings = inSearch + fresh;
  }

  onConfirmationStarted({ trainings }: ConfirmationPlan): void {
    this.#trainings = this.#epochs / this.#epochsPerTraining + trainings;
  }

  onEpoch(): void {
    this.#epochs++;
  }

  onTrialFinished(record: TrialRecord): void {
    if (record.trial === 0) this.#baseline = record;
    else if (!this.#best || record.reward > this.#best.reward) this.#best = record;
  }

  get timeLeft(): string {
    if (this.#epochs === 0) return "–";
    const perEpoch = (performance.now() - this.#start) / 1000 / this.#epochs;
    return formatDuration((this.#trainings * this.#epochsPerTraining - this.#epochs) * perEpoch);
  }

  get summary(): string {
    if (!this.#baseline) return "";
    const baseline = `baseline ${formatShare(this.#baseline.reward)}`;
    if (!this.#best) return baseline;
    const gain = formatGain(this.#best.reward - this.#baseline.reward);
    return `${baseline}, best ${formatShare(this.#best.reward)} (${gain}, trial ${this.#best.trial})`;
  }
}

function describeFailure({ trial, sample, reason }: TrainingFailure): string {
  const place = trial === 0 ? "baseline" : `trial ${trial}`;
  return `${place}, sample ${sample + 1} failed twice and is excluded: ${reason}`;
}

class TerminalDisplay implements SearchDisplay {
  readonly #size: SearchSize;
  readonly #progress: SearchProgress;
  readonly #bars: MultiBar;
  /** Counts trials, then fresh trainings. */
  #bar: SingleBar;
  #done = 0;
  #isConfirming = false;
  #lines: SingleBar[];
  /** The training that each line shows. */
  readonly #shown: (string | undefined)[];

  constructor(size: SearchSize, terminal: Terminal) {
    this.#size = size;
    this.#progress = new SearchProgress(size);
    this.#bars = new MultiBar(
      {
        stream: terminal.stderr,
        hideCursor: true,
        gracefulExit: false,
        barsize: 24,
        autopadding: true,
        linewrap: false,
      },
      Presets.shades_classic,
    );
    this.#bar = this.#createBar("Trials", size.iterations + 1);
    this.#lines = this.#createLines();
    this.#shown = this.#lines.map(() => undefined);
  }

  onTrainingStarted(trial: number, sample: number): void {
    const line = this.#lineOf(trial, sample);
    this.#lines[line]?.update({ text: `${this.#label(trial, sample)}  epoch 0/${this.#size.child_epochs}` });
  }

  onEpoch(trial: number, sample: number, result: EpochResult): void {
    this.#progress.onEpoch();
    const { epoch, loss, accuracy, validationAccuracy } = result;
    this.#lines[this.#lineOf(trial, sample)]?.update({
      text: `${this.#label(trial, sample)}  epoch ${epoch}/${this.#size.child_epochs}  loss ${loss.toFixed(3)}  accuracy ${formatShare(accuracy)}  validation ${formatShare(validationAccuracy)}`,
    });
    this.#bar.update(this.#done, this.#payload());
  }

  onTrainingFailed(failure: TrainingFailure): void {
    this.#bars.log(`${describeFailure(failure)}\n`);
    this.onTrainingFinished(failure);
  }

  onTrainingFinished({ trial, sample }: Pick<TrainingRecord, "trial" | "sample">): void {
    if (this.#isConfirming) this.#bar.update(++this.#done, this.#payload());
    const line = this.#shown.indexOf(`${trial}/${sample}`);
    if (line < 0) return;
    this.#shown[line] = undefined;
    this.#lines[line].update({ text: "" });
  }

  onConfirmationStarted(plan: ConfirmationPlan): void {
    this.#progress.onConfirmationStarted(plan);
    this.#isConfirming = true;
    this.#done = 0;
    // The trials' bar stays visible; the lines move below the new bar.
    this.#bar.update({ left: "done", summary: this.#progress.summary });
    for (const line of this.#lines) this.#bars.remove(line);
    this.#bar = this.#createBar("Confirming", plan.trainings);
    this.#lines = this.#createLines();
    this.#shown.fill(undefined);
  }

  onTrialFinished(record: TrialRecord): void {
    this.#progress.onTrialFinished(record);
    this.#done++;
    this.#bar.update(this.#done, this.#payload());
  }

  onTrialDropped(): void {
    this.#done++;
    this.#bar.update(this.#done, this.#payload());
  }

  stop(): void {
    for (const line of this.#lines) this.#bars.remove(line);
    this.#bars.update();
    this.#bars.stop();
  }

  #createBar(title: string, total: number): SingleBar {
    const format = `${title} {bar} {value}/{total}  {left}  {summary}`;
    return this.#bars.create(total, 0, this.#payload(), { format });
  }

  #createLines(): SingleBar[] {
    return Array.from({ length: this.#size.workers }, () =>
      this.#bars.create(1, 0, { text: "" }, { format: "  {text}" }),
    );
  }

  #payload(): { left: string; summary: string } {
    return { left: `${this.#progress.timeLeft} left`, summary: this.#progress.summary };
  }

  #label(trial: number, sample: number): string {
    return trial === 0 ? `baseline, sample ${sample + 1}` : `trial ${trial}, sample ${sample + 1}`;
  }

  /** The line that shows this training, or a free one; -1 if there is none. */
  #lineOf(trial: number, sample: number): number {
    const key = `${trial}/${sample}`;
    let line = this.#shown.indexOf(key);
    if (line < 0) line = this.#shown.indexOf(undefined);
    if (line >= 0) this.#shown[line] = key;
    return line;
  }
}

class LineDisplay implements SearchDisplay {
  readonly #size: SearchSize;
  readonly #progress: SearchProgress;
  readonly #terminal: Terminal;

  constructor(size: SearchSize, terminal: Terminal) {
    this.#size = size;
    this.#progress = new SearchProgress(size);
    this.#terminal = terminal;
  }

  onEpoch(): void {
    this.#progress.onEpoch();
  }

  onTrialFinished(record: TrialRecord): void {
    this.#progress.onTrialFinished(record);
    if (record.trial < this.#size.finishedTrials) return;
    const what = record.trial === 0 ? "baseline" : formatPolicy(record.policy);
    this.#terminal.log(
      `trial ${record.trial}/${this.#size.iterations}  reward ${formatShare(record.reward)}  ${what}  [${this.#progress.summary}; ${this.#progress.timeLeft} left]`,
    );
  }

  onConfirmationStarted(plan: ConfirmationPlan): void {
    this.#progress.onConfirmationStarted(plan);
    const { policies, samples, trainings } = plan;
    const what = `${policies === 1 ? "the best policy" : `the best ${policies} policies`} and the baseline`;
    const each = `${samples} fresh training${samples === 1 ? "" : "s"} each`;
    const left = trainings < (policies + 1) * samples ? `; ${trainings} of them remain` : "";
    this.#terminal.log(`confirming ${what} with ${each}${left}`);
  }

  onConfirmed({ trial, reward, standardError }: TrialRecord): void {
    const what = trial === 0 ? "the baseline" : `trial ${trial}`;
    const error = standardError === null ? "" : ` ± ${formatShare(standardError)}`;
    this.#terminal.log(
      `confirmed ${what}  reward ${formatShare(reward)}${error}  [${this.#progress.timeLeft} left]`,
    );
  }

  onTrainingFailed(failure: TrainingFailure): void {
    this.#terminal.log(describeFailure(failure));
  }

  stop(): void {}
}
