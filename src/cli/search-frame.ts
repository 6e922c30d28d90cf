// What a search shows on a terminal, as a function of its state and the terminal's size.

import type { EpochReport } from "../child/reward.ts";
import type { TrialRecord } from "../experiment/records.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { Machine } from "../search/executors/queue/machines.ts";
import { formatGain, formatShare } from "./format.ts";
import { machinesLine } from "./machines-line.ts";
import type { Look } from "./paint.ts";
import { barOf, fit, pad, widthOf, wrap } from "./text.ts";

/** A training that runs now. */
export interface RunningTraining {
  /** From 0, the baseline. */
  readonly trial: number;
  /** From 0, also in the confirmation. */
  readonly sample: number;
  /** The last epoch that has ended; undefined in the first one. */
  readonly result?: EpochReport;
}

export interface EndedTrial {
  readonly record: TrialRecord;
  /** Its reward minus the baseline's; undefined if that is not known yet, or it was stopped early. */
  readonly gain: number | undefined;
  /** Whether its trainings are those of the confirmation. */
  readonly isConfirmed: boolean;
}

export interface SearchState {
  /** What runs, in one line. */
  readonly title: string;
  readonly folder: string;
  /** What is counted now: trials, then the fresh trainings. */
  readonly stage: { readonly name: string; readonly done: number; readonly total: number };
  /** In words. */
  readonly timeLeft: string;
  /** Of a training. */
  readonly epochs: number;
  readonly baseline: TrialRecord | undefined;
  readonly hasLearntNothing: boolean;
  readonly best: TrialRecord | undefined;
  /** Trials that have ended, newest first. */
  readonly last: readonly EndedTrial[];
  /** What each worker does. */
  readonly trainings: readonly (RunningTraining | undefined)[];
  /** Those that train through a queue; undefined without one, or before it is known. */
  readonly machines?: readonly Machine[];
  /** What was printed meanwhile, newest last. */
  readonly messages: readonly string[];
}

const LABEL = 11;
const MOST_BAR = 40;
const MOST_MESSAGES = 4;
/** From this number of rows on, a long policy may take more lines. */
const MANY_ROWS = 16;

/**
 * The lines of a search's display: at most `rows`, none wider than `columns`. From 39 columns and 10 rows on, the best policy and
 * the last two trials are among them. Trainings have a line each if they fit, else one in all.
 */
export function searchFrame(state: SearchState, look: Look & { readonly rows: number }): string[] {
  const { columns, rows, paint } = look;
  const top = [paint("bold", fit(state.title, columns))];
  const middle = [stageLine(state, look), baselineLine(state, look), ...bestLines(state, look)];
  const trials = state.last.map((trial) => trialLine(trial, look));
  const workers = state.trainings.length;
  let lines = Math.min(2, trials.length);
  let messages = Math.min(1, state.messages.length);
  let free = rows - top.length - middle.length - lines - messages - 1;
  /** Takes rows for something that is less important than what came before. */
  const take = (most: number) => {
    const taken = Math.max(0, Math.min(most, free));
    free -= taken;
    return taken;
  };
  const isListed = workers - 1 <= (workers === 1 ? free : free - 3);
  if (isListed) take(workers - 1);
  const machines = state.machines && take(1) > 0 ? [machinesLine(state.machines, columns)] : [];
  if (take(1) > 0) top.push(paint("dim", fit(state.folder, columns)));
  const hasHeading = trials.length > 0 && take(1) > 0;
  const gaps = take(3);
  messages += take(Math.min(MOST_MESSAGES, state.messages.length) - messages);
  lines += take(trials.length - lines);
  const gap = (number: number) => (gaps >= number ? [""] : []);
  return [
    ...top,
    ...state.messages
      .slice(state.messages.length - messages)
      .map((message) => paint("yellow", fit(message, columns))),
    ...gap(3),
    ...middle,
    ...(trials.length > 0 ? gap(1) : []),
    ...(hasHeading ? [paint("bold", fit("Last trials", columns))] : []),
    ...trials.slice(0, lines),
    ...gap(2),
    ...machines.map((line) => paint("dim", fit(line, columns))),
    ...(isListed
      ? state.trainings.map((training) => trainingLine(training, state.epochs, look))
      : [summaryLine(state, look)]),
  ].slice(0, rows);
}

function stageLine(
  { stage: { name, done, total }, timeLeft }: SearchState,
  { columns, paint }: Look,
): string {
  const label = name.padEnd(LABEL);
  const end = `${done}/${total}  ${timeLeft}`;
  const width = Math.min(MOST_BAR, columns - widthOf(label) - widthOf(end) - 2);
  if (width < 1) return fit(`${label}${end}`, columns);
  return `${label}${barOf(total > 0 ? done / total : 1, width, paint)}  ${end}`;
}

function baselineLine({ baseline, hasLearntNothing }: SearchState, { columns, paint }: Look): string {
  const label = "Baseline".padEnd(LABEL);
  if (!baseline) return fit(`${label}–`, columns);
  const { reward, standardError } = baseline;
  const error = standardError === null ? "" : ` ± ${formatShare(standardError)}`;
  const text = `${label}${formatShare(reward)}${error}`;
  if (!hasLearntNothing) return fit(text, columns);
  return paint(
    "yellow",
    fit(`${text}: it may have learnt nothing; try more epochs or another model`, columns),
  );
}

function bestLines(
  { best, baseline }: SearchState,
  { columns, rows, paint }: Look & { readonly rows: number },
): string[] {
  const label = "Best".padEnd(LABEL);
  if (!best || !baseline) return [fit(`${label}–`, columns)];
  const gain = `(${formatGain(best.reward - baseline.reward)})`;
  const policy = wrap(formatPolicy(best.policy), columns - 2);
  const most = rows < MANY_ROWS ? 2 : 4;
  const shown = policy.slice(0, most);
  if (policy.length > most) shown[most - 1] = fit(policy.slice(most - 1).join(" "), columns - 2);
  const head = fit(`${label}${formatShare(best.reward)} ${gain}, trial ${best.trial}`, columns);
  return [paint("green", head), ...shown.map((line) => `  ${line}`)];
}

function trialLine({ record, gain, isConfirmed }: EndedTrial, { columns, paint }: Look): string {
  const { trial, reward, policy, stoppedAt } = record;
  const mark = isConfirmed ? "confirmed: " : stoppedAt !== undefined ? "stopped: " : "";
  const what = `${mark}${trial === 0 ? "the baseline" : formatPolicy(policy)}`;
  const head = `${pad(String(trial), 5, true)}  ${formatShare(reward)}  `;
  const text = trial === 0 || gain === undefined ? "     –" : formatGain(gain);
  const difference = paint(trial === 0 || !gain ? "dim" : gain > 0 ? "green" : "red", text);
  return `${head}${difference}  ${fit(what, columns - widthOf(head) - widthOf(text) - 2)}`;
}

function trainingLine(
  training: RunningTraining | undefined,
  epochs: number,
  { columns, paint }: Look,
): string {
  if (!training) return paint("dim", fit("  waiting", columns));
  const { trial, sample, result } = training;
  const place = trial === 0 ? "baseline" : `trial ${trial}`;
  const head = `  ${place}, sample ${sample + 1}  epoch ${result?.epoch ?? 0}/${epochs}`;
  if (!result) return fit(head, columns);
  const { validationAccuracy } = result;
  const validation =
    validationAccuracy === undefined ? [] : [`validation ${formatShare(validationAccuracy)}`];
  const accuracy = `accuracy ${formatShare(result.accuracy)}`;
  const loss = `loss ${result.loss.toFixed(3)}`;
  const candidates = [[loss, accuracy, ...validation], [accuracy, ...validation], validation, []];
  const lines = candidates.map((parts) => [head, ...parts].join("  "));
  return lines.find((line) => widthOf(line) <= columns) ?? fit(head, columns);
}

/** All workers in one line. */
function summaryLine({ trainings, epochs }: SearchState, { columns }: Look): string {
  const running = trainings.filter((training) => training !== undefined);
  const busy = `${running.length} of ${trainings.length} workers busy`;
  if (running.length === 0) return fit(busy, columns);
  const trials = running.map(({ trial }) => trial);
  const ended = running.map(({ result }) => result?.epoch ?? 0);
  const range = (values: readonly number[]) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return low === high ? String(low) : `${low}–${high}`;
  };
  return fit(`${busy}: trials ${range(trials)}, epochs ${range(ended)} of ${epochs}`, columns);
}
