// What an evaluation shows on a terminal, as a function of its state and the terminal's size.

import { meanOf } from "../common/mean.ts";
import type { ArmSoFar } from "../evaluate/results.ts";
import type { Machine } from "../search/executors/queue/machines.ts";
import { count, formatPoints } from "./format.ts";
import { machinesLine } from "./machines-line.ts";
import type { Look } from "./paint.ts";
import { barOf, fit, pad, widthOf, wrap } from "./text.ts";

/** A training that runs now. */
export interface RunningArm {
  readonly arm: string;
  /** From 0. */
  readonly sample: number;
  /** The epoch that is trained, from 1. */
  readonly epoch: number;
}

export interface EvaluationState {
  /** What runs, in one line. */
  readonly title: string;
  readonly folder: string;
  readonly done: number;
  readonly trainings: number;
  /** In words. */
  readonly timeLeft: string;
  /** Of a training. */
  readonly epochs: number;
  readonly arms: readonly ArmSoFar[];
  /** What each worker does. */
  readonly running: readonly (RunningArm | undefined)[];
  /** Those that train through a queue; undefined without one, or before it is known. */
  readonly machines?: readonly Machine[];
  /** What was printed meanwhile, newest last. */
  readonly messages: readonly string[];
}

/** The heading of arms of which not all trainings have ended. */
export const SO_FAR = "test accuracy so far";

/** Columns of an arm's result and of its heading. */
const RESULT = 2 + SO_FAR.length;
const MOST_BAR = 40;
const MOST_MESSAGES = 4;
/** Lines of the title. */
const MOST_TITLE = 5;

/**
 * The lines of an evaluation's display: at most `rows`, none wider than `columns`. Arms come first; if they do not fit, those
 * with the highest accuracy so far. Trainings have a line each if they fit, else one in all. Then come what is less important:
 * messages, a heading, more lines of the title, the folder.
 */
export function evaluationFrame(
  state: EvaluationState,
  { columns, rows, paint }: Look & { readonly rows: number },
): string[] {
  const workers = state.running.length;
  let free = rows - 2;
  const take = (most: number) => {
    const taken = Math.max(0, Math.min(most, free));
    free -= taken;
    return taken;
  };
  const summary = take(1);
  const shown = take(state.arms.length);
  const isListed = workers - summary <= free && workers > 0;
  if (isListed) take(workers - summary);
  const machines = state.machines && take(1) > 0 ? [fit(machinesLine(state.machines, columns), columns)] : [];
  const messages = take(Math.min(MOST_MESSAGES, state.messages.length));
  const hasHeading = take(1) > 0;
  const wrapped = wrap(state.title, columns);
  const title = firstLines(wrapped, 1 + take(Math.min(MOST_TITLE, wrapped.length) - 1), columns);
  const hasFolder = take(1) > 0;
  const gaps = take(2);
  const gap = (number: number) => (gaps >= number ? [""] : []);
  const running = isListed
    ? state.running.map((each) => runningLine(each, state, columns))
    : [summaryLine(state, columns)].slice(0, summary);
  return [
    ...title.map((line) => paint("bold", line)),
    ...(hasFolder ? [paint("dim", fit(state.folder, columns))] : []),
    ...state.messages
      .slice(state.messages.length - messages)
      .map((message) => paint("yellow", fit(message, columns))),
    progressLine(state, { columns, paint }),
    ...gap(1),
    ...(hasHeading ? [paint("bold", headingLine(state, columns))] : []),
    ...armLines(state, shown, { columns, paint }),
    ...gap(2),
    ...[...machines, ...running].map((line) => paint("dim", line)),
  ].slice(0, rows);
}

/** At most this many lines; what does not fit is cut off. */
function firstLines(lines: readonly string[], most: number, columns: number): string[] {
  if (lines.length <= most) return [...lines];
  return [...lines.slice(0, most - 1), fit(lines.slice(most - 1).join(" "), columns)];
}

function progressLine({ done, trainings, timeLeft }: EvaluationState, { columns, paint }: Look): string {
  const end = `${done}/${trainings}  ${timeLeft}`;
  const width = Math.min(MOST_BAR, columns - widthOf(end) - 2);
  if (width < 4) return fit(end, columns);
  return `${barOf(trainings > 0 ? done / trainings : 1, width, paint)}  ${end}`;
}

/** The width of the arms' names, so that their results fit beside them. */
function armWidth({ arms }: EvaluationState, columns: number): number {
  return Math.min(Math.max(...arms.map(({ arm }) => widthOf(arm))), Math.max(8, columns - RESULT));
}

function headingLine(state: EvaluationState, columns: number): string {
  return fit(`${pad("arm", armWidth(state, columns))}  ${SO_FAR}`, columns);
}

/** In their order; if there is no room for all, the best ones. */
function armLines(state: EvaluationState, most: number, { columns, paint }: Look): string[] {
  const { arms } = state;
  const mean = ({ accuracies }: ArmSoFar) => (accuracies.length > 0 ? meanOf(accuracies) : -1);
  const best = [...arms].sort((a, b) => mean(b) - mean(a));
  const shown = new Set(best.slice(0, most));
  const width = armWidth(state, columns);
  return arms
    .filter((arm) => shown.has(arm))
    .map((each) => {
      const { arm, accuracies } = each;
      const result =
        accuracies.length > 0
          ? `${formatPoints(mean(each)).padStart(5)}%  ${count(accuracies.length, "sample")}`
          : "    –";
      const line = fit(`${pad(arm, width)}  ${result}`, columns);
      return each === best[0] && accuracies.length > 0 ? paint("green", line) : line;
    });
}

function runningLine(running: RunningArm | undefined, { epochs }: EvaluationState, columns: number): string {
  if (!running) return fit("  waiting", columns);
  const { arm, sample, epoch } = running;
  return fit(`  ${arm}, sample ${sample + 1}  epoch ${epoch}/${epochs}`, columns);
}

function summaryLine({ running }: EvaluationState, columns: number): string {
  const busy = running.filter((each) => each !== undefined).length;
  return fit(`${busy} of ${count(running.length, "worker")} busy`, columns);
}
