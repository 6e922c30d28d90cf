// Shows on stderr how an evaluation progresses. On a terminal, it fills the screen until it ends. Elsewhere, one line is
// printed per training that has ended.

import type { FinalProgress } from "../child/final-trainer.ts";
import type { EvaluationFailure, EvaluationObserver, EvaluationStart } from "../evaluate/evaluation.ts";
import { type ArmTraining, keyOf } from "../evaluate/records.ts";
import type { EvaluationPlan } from "../measure/evaluation-plan.ts";
import type { Machine } from "../search/executors/queue/machines.ts";
import { Screen } from "./drawing.ts";
import { type EvaluationState, evaluationFrame, type RunningArm } from "./evaluation-frame.ts";
import { describeEvaluation, describePlan } from "./evaluation-plan.ts";
import { formatDuration, formatPoints } from "./format.ts";
import { MachinesLog } from "./machines-line.ts";
import { Places } from "./places.ts";
import type { Terminal } from "./terminal.ts";

/** An observer that shows the evaluation; `stop` removes what is drawn and restores the cursor. */
export interface EvaluationDisplay extends EvaluationObserver {
  /** The machines that train through a queue now. */
  showMachines(machines: readonly Machine[]): void;
  stop(): void;
}

/** Prints what an evaluation that begins is going to do, and shows it. */
export function showEvaluation(
  start: EvaluationStart,
  plan: EvaluationPlan,
  terminal: Terminal,
): EvaluationDisplay {
  terminal.logNotes(start.notes);
  const title = describeEvaluation(plan);
  terminal.logText(title);
  terminal.log(start.folder);
  for (const line of describePlan(plan)) terminal.logText(line);
  return createEvaluationDisplay(start, title, plan, terminal);
}

/**
 * @param title what runs, in one line.
 * @param plan of the same evaluation.
 */
export function createEvaluationDisplay(
  start: EvaluationStart,
  title: string,
  plan: Pick<EvaluationPlan, "seconds">,
  terminal: Terminal,
): EvaluationDisplay {
  const progress = new EvaluationProgress(start, plan);
  return terminal.isInteractive
    ? new TerminalDisplay(start, title, progress, terminal)
    : new LineDisplay(start, progress, terminal);
}

/** How much of the trainings is done, and how long the rest takes. */
class EvaluationProgress {
  readonly #begin = performance.now();
  readonly #start: EvaluationStart;
  /** How long all trainings take, by the plan; null if that is not known. */
  readonly #planned: number | null;
  /** Of each training of this run, by arm and sample: the shares at which it began and that it has reached. */
  readonly #shares = new Map<string, { readonly first: number; last: number }>();
  /** Whether a training has ended in this run. */
  #hasEnded = false;

  constructor(start: EvaluationStart, { seconds }: Pick<EvaluationPlan, "seconds">) {
    this.#start = start;
    this.#planned = seconds;
  }

  onProgress(arm: string, sample: number, { epoch, share }: FinalProgress): void {
    const key = keyOf({ arm, sample });
    const last = (epoch - 1 + share) / this.#start.config.epochs;
    const known = this.#shares.get(key);
    // A training that continues from a checkpoint has not done its first part in this run.
    if (known) known.last = last;
    else this.#shares.set(key, { first: (epoch - 1) / this.#start.config.epochs, last });
  }

  onTrainingFinished(training: Pick<ArmTraining, "arm" | "sample">): void {
    this.#hasEnded = true;
    const known = this.#shares.get(keyOf(training));
    if (known) known.last = 1;
  }

  get timeLeft(): string {
    const seconds = (performance.now() - this.#begin) / 1000;
    const measured = this.#measured(seconds);
    // Before a training has ended, what is measured lacks the tests at its end.
    const planned = this.#hasEnded || this.#planned === null ? undefined : this.#planned - seconds;
    const known = [measured, planned].filter((each) => each !== undefined);
    return known.length === 0 ? "time left unknown" : `${formatDuration(Math.max(...known))} left`;
  }

  /** In seconds, by what has been trained in this time; undefined if that is nothing. */
  #measured(seconds: number): number | undefined {
    const { trainings, done } = this.#start;
    const shares = [...this.#shares.values()];
    const trained = shares.reduce((sum, { first, last }) => sum + last - first, 0);
    if (trained === 0) return undefined;
    const open = trainings - done - shares.reduce((sum, { last }) => sum + last, 0);
    return (seconds / trained) * open;
  }
}

function describeFailure({ arm, sample, reason }: EvaluationFailure): string {
  return `${arm}, sample ${sample + 1} failed twice and is excluded: ${reason}`;
}

class TerminalDisplay implements EvaluationDisplay {
  readonly #start: EvaluationStart;
  readonly #title: string;
  readonly #terminal: Terminal;
  readonly #progress: EvaluationProgress;
  readonly #screen: Screen;
  readonly #running: Places<RunningArm>;
  readonly #accuracies: Map<string, number[]>;
  #machines: readonly Machine[] | undefined;
  #finished = 0;

  constructor(start: EvaluationStart, title: string, progress: EvaluationProgress, terminal: Terminal) {
    this.#start = start;
    this.#title = title;
    this.#terminal = terminal;
    this.#progress = progress;
    this.#running = new Places(start.workers);
    this.#accuracies = new Map(start.config.arms.map((arm) => [arm, []]));
    for (const { arm, test } of start.finished) this.#accuracies.get(arm)?.push(test.accuracy);
    this.#screen = new Screen(terminal, (look, messages) => evaluationFrame(this.#state(messages), look));
  }

  onTrainingStarted(arm: string, sample: number): void {
    this.#place({ arm, sample, epoch: 1 });
  }

  onProgress(arm: string, sample: number, progress: FinalProgress): void {
    this.#progress.onProgress(arm, sample, progress);
    this.#place({ arm, sample, epoch: progress.epoch });
  }

  onTrainingFinished(training: ArmTraining): void {
    this.#finished++;
    this.#progress.onTrainingFinished(training);
    this.#accuracies.get(training.arm)?.push(training.test.accuracy);
    this.#remove(training);
  }

  onTrainingFailed(failure: EvaluationFailure): void {
    this.#terminal.log(describeFailure(failure));
    this.#remove(failure);
  }

  showMachines(machines: readonly Machine[]): void {
    this.#machines = machines;
    this.#screen.update();
  }

  stop(): void {
    this.#screen.stop();
  }

  #remove(training: Pick<RunningArm, "arm" | "sample">): void {
    this.#running.remove(keyOf(training));
    this.#screen.update();
  }

  #place(training: RunningArm): void {
    this.#running.put(keyOf(training), training);
    this.#screen.update();
  }

  #state(messages: readonly string[]): EvaluationState {
    const { folder, trainings, done, config } = this.#start;
    return {
      ...{ title: this.#title, folder, trainings, done: done + this.#finished },
      ...{ timeLeft: this.#progress.timeLeft, epochs: config.epochs },
      arms: [...this.#accuracies].map(([arm, accuracies]) => ({ arm, accuracies })),
      ...{ running: this.#running.all, machines: this.#machines, messages },
    };
  }
}

class LineDisplay implements EvaluationDisplay {
  readonly #start: EvaluationStart;
  readonly #terminal: Terminal;
  readonly #progress: EvaluationProgress;
  readonly #machines: MachinesLog;
  #finished = 0;

  constructor(start: EvaluationStart, progress: EvaluationProgress, terminal: Terminal) {
    this.#start = start;
    this.#terminal = terminal;
    this.#progress = progress;
    this.#machines = new MachinesLog((line) => terminal.logText(line));
  }

  onProgress(arm: string, sample: number, progress: FinalProgress): void {
    this.#progress.onProgress(arm, sample, progress);
  }

  onTrainingFinished(training: ArmTraining): void {
    this.#progress.onTrainingFinished(training);
    const { arm, sample, test } = training;
    const { done, trainings } = this.#start;
    const place = `${done + ++this.#finished}/${trainings}  ${arm}, sample ${sample + 1}`;
    this.#terminal.log(
      `${place}: test accuracy ${formatPoints(test.accuracy)}%  [${this.#progress.timeLeft}]`,
    );
  }

  onTrainingFailed(failure: EvaluationFailure): void {
    this.#terminal.log(describeFailure(failure));
  }

  showMachines(machines: readonly Machine[]): void {
    this.#machines.show(machines);
  }

  stop(): void {}
}
