// What a user sees while a search runs: on a terminal one bar over the trials and a line per running training;
// elsewhere one line per trial. On stderr; stdout is for results.

import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { EpochResult } from "../child/reward.ts";
import type { TrainingFailure, TrainingRecord, TrialRecord } from "../experiment/records.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { SearchObserver } from "../search/search.ts";
import { formatDuration, formatGain, formatShare } from "./format.ts";

export interface SearchSize {
  readonly iterations: number;
  readonly samples: number;
  readonly epochs: number;
  readonly workers: number;
  /** Trials that an earlier run has finished. */
  readonly finishedTrials: number;
}

/** An observer that shows the search; `stop` leaves the terminal as it was. */
export interface SearchDisplay extends SearchObserver {
  stop(): void;
}

export function createSearchDisplay(size: SearchSize, isTerminal: boolean): SearchDisplay {
  return isTerminal ? new TerminalDisplay(size) : new LineDisplay(size);
}

/** Standing of the search, in words. */
class Standing {
  readonly #size: SearchSize;
  readonly #start = performance.now();
  #baseline: TrialRecord | undefined;
  #best: TrialRecord | undefined;
  #epochs = 0;
  trials = 0;

  constructor(size: SearchSize) {
    this.#size = size;
  }

  onEpoch(): void {
    this.#epochs++;
  }

  onTrialFinished(record: TrialRecord): void {
    this.trials++;
    if (record.trial === 0) this.#baseline = record;
    else if (!this.#best || record.reward > this.#best.reward) this.#best = record;
  }

  get timeLeft(): string {
    const { iterations, samples, epochs, finishedTrials } = this.#size;
    const total = (iterations + 1 - finishedTrials) * samples * epochs;
    if (this.#epochs === 0) return "–";
    const perEpoch = (performance.now() - this.#start) / 1000 / this.#epochs;
    return formatDuration((total - this.#epochs) * perEpoch);
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
  return `${place}, sample ${sample + 1} failed twice and is left out: ${reason}\n`;
}

class TerminalDisplay implements SearchDisplay {
  readonly #size: SearchSize;
  readonly #standing: Standing;
  readonly #bars: MultiBar;
  readonly #trialBar: SingleBar;
  readonly #lines: SingleBar[];
  /** Which training each line shows. */
  readonly #shown: (string | undefined)[];

  constructor(size: SearchSize) {
    this.#size = size;
    this.#standing = new Standing(size);
    this.#bars = new MultiBar(
      {
        stream: process.stderr,
        hideCursor: true,
        gracefulExit: false,
        barsize: 24,
        autopadding: true,
        linewrap: false,
      },
      Presets.shades_classic,
    );
    this.#trialBar = this.#bars.create(size.iterations + 1, 0, this.#payload(), {
      format: "Trials {bar} {value}/{total}  {left} left  {standing}",
    });
    this.#lines = Array.from({ length: size.workers }, () =>
      this.#bars.create(1, 0, { text: "" }, { format: "  {text}" }),
    );
    this.#shown = this.#lines.map(() => undefined);
  }

  onTrainingStarted(trial: number, sample: number): void {
    const line = this.#lineOf(trial, sample);
    this.#lines[line]?.update({ text: `${this.#label(trial, sample)}  epoch 0/${this.#size.epochs}` });
  }

  onEpoch(trial: number, sample: number, result: EpochResult): void {
    this.#standing.onEpoch();
    const { epoch, loss, accuracy, validationAccuracy } = result;
    this.#lines[this.#lineOf(trial, sample)]?.update({
      text: `${this.#label(trial, sample)}  epoch ${epoch}/${this.#size.epochs}  loss ${loss.toFixed(3)}  accuracy ${formatShare(accuracy)}  validation ${formatShare(validationAccuracy)}`,
    });
    this.#trialBar.update(this.#standing.trials, this.#payload());
  }

  onTrainingFailed(failure: TrainingFailure): void {
    this.#bars.log(describeFailure(failure));
    this.onTrainingFinished(failure);
  }

  onTrainingFinished({ trial, sample }: Pick<TrainingRecord, "trial" | "sample">): void {
    const line = this.#shown.indexOf(`${trial}/${sample}`);
    if (line < 0) return;
    this.#shown[line] = undefined;
    this.#lines[line].update({ text: "" });
  }

  onTrialFinished(record: TrialRecord): void {
    this.#standing.onTrialFinished(record);
    this.#trialBar.update(this.#standing.trials, this.#payload());
  }

  onTrialDropped(): void {
    this.#standing.trials++;
    this.#trialBar.update(this.#standing.trials, this.#payload());
  }

  stop(): void {
    for (const line of this.#lines) this.#bars.remove(line);
    this.#bars.update();
    this.#bars.stop();
  }

  #payload(): { left: string; standing: string } {
    return { left: this.#standing.timeLeft, standing: this.#standing.summary };
  }

  #label(trial: number, sample: number): string {
    return trial === 0 ? `baseline, sample ${sample + 1}` : `trial ${trial}, sample ${sample + 1}`;
  }

  /** The line that shows this training, or a free one. */
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
  readonly #standing: Standing;

  constructor(size: SearchSize) {
    this.#size = size;
    this.#standing = new Standing(size);
  }

  onEpoch(): void {
    this.#standing.onEpoch();
  }

  onTrialFinished(record: TrialRecord): void {
    this.#standing.onTrialFinished(record);
    if (record.trial < this.#size.finishedTrials) return;
    const what = record.trial === 0 ? "baseline" : formatPolicy(record.policy);
    process.stderr.write(
      `trial ${record.trial}/${this.#size.iterations}  reward ${formatShare(record.reward)}  ${what}  [${this.#standing.summary}; ${this.#standing.timeLeft} left]\n`,
    );
  }

  onTrainingFailed(failure: TrainingFailure): void {
    process.stderr.write(describeFailure(failure));
  }

  stop(): void {}
}
