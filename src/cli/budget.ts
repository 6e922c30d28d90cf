// `deepaugment optimize --budget`: shows a run within a budget of time, and prints what it found and what that is worth.

import { BudgetAccount, type Clock } from "../budget/account.ts";
import { type Cut, fixedTrials } from "../budget/plan.ts";
import { type PreparedBudget, prepareBudget, withBudgetDefaults } from "../budget/prepare.ts";
import { runBudget } from "../budget/run.ts";
import { formatDuration, parseDuration, roundUpDuration } from "../common/duration.ts";
import { InterruptedError, mismatch, UsageError } from "../common/errors.ts";
import { type ConfigSources, givenKeys, loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { dataSettings } from "../dataset/reader.ts";
import { describeEngine } from "../engine/choose.ts";
import { evaluationPath, hasEvaluation, readEvaluation } from "../evaluate/results.ts";
import { isFinished, readResults } from "../experiment/results.ts";
import { checkBeforeLoading } from "../search/run-experiment.ts";
import { loadSized, type SizedImages } from "../search/settle/sizes.ts";
import { gainNote } from "../search/settle/smallest-gain.ts";
import { logProgress } from "./evaluate.ts";
import { showEvaluation } from "./evaluation-display.ts";
import { count, formatRate, resumeCommand } from "./format.ts";
import { loadWithProgress } from "./loading.ts";
import { describeWork, logFound } from "./optimize.ts";
import { formatOutcome, outcomeAsJson } from "./outcome.ts";
import { reportInFolder } from "./report.ts";
import { withNextCommand } from "./run-options.ts";
import { showSearch } from "./search-display.ts";
import type { Terminal } from "./terminal.ts";

interface BudgetOptions {
  readonly budget?: string;
  readonly resume?: string;
  readonly dryRun?: boolean;
  readonly report?: boolean;
  readonly json?: boolean;
}

const clock: Clock = () => performance.now() / 1000;

/** A new run with a budget, or one to resume. */
export async function optimizeWithin(
  sources: ConfigSources,
  { budget, resume, dryRun, report, json }: BudgetOptions,
  terminal: Terminal,
): Promise<void> {
  const begun = clock();
  const seconds = budget === undefined ? undefined : secondsOf(budget);
  const given = givenKeys(resume === undefined ? sources : { ...sources, file: undefined });
  const config = loadConfig(sources);
  if (config.queue !== null) {
    throw new UsageError(
      "--budget plans with the speed of this machine, but a queue (--queue) has others; give one of them",
    );
  }
  checkBeforeLoading(config, resume);
  const folder = await terminal.interruptible(async (signal) => {
    if (seconds === undefined) return resumeRun(config, given, resume!, signal, terminal);
    const loadAt = (sized: Config) => load(sized, signal, terminal);
    const images = await loadAt(withBudgetDefaults(config, given));
    const prepared = await prepareBudget({ images, given, seconds, begun, clock, load: loadAt, signal });
    if (!dryRun) return begin(prepared, signal, terminal);
    printPlan(prepared, json === true, terminal);
    return undefined;
  });
  if (folder === undefined) return;
  printOutcome(folder, json === true, terminal);
  if (report) await reportInFolder(folder, terminal);
}

/** @throws UsageError if it is not a time. */
function secondsOf(budget: string): number {
  const seconds = parseDuration(budget);
  if (seconds !== undefined) return seconds;
  throw new UsageError(mismatch("--budget", "a time such as 30m, 1h, 1h30m or 90s", budget));
}

function load(config: Config, signal: AbortSignal, terminal: Terminal): Promise<SizedImages> {
  return loadSized(config, (size) =>
    loadWithProgress({ data: config.data, settings: dataSettings(config) }, size, signal, terminal),
  );
}

async function begin(prepared: PreparedBudget, signal: AbortSignal, terminal: Terminal): Promise<string> {
  const { images, planned, setup } = prepared;
  const account = BudgetAccount.begin(planned, setup, clock);
  return show({ images, account, plan: describePlan(prepared), signal }, terminal);
}

async function resumeRun(
  config: Config,
  given: ReadonlySet<string>,
  resume: string,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<string> {
  if (isComplete(resume, config)) {
    terminal.log(`${resume} is finished; --iterations with more than ${config.iterations} adds trials`);
    return resume;
  }
  const account = BudgetAccount.open(resume, clock);
  const images = await load(config, signal, terminal);
  const left = `${formatDuration(Math.max(0, account.left))} of the budget of ${formatDuration(account.facts.seconds)} is left`;
  return show({ images, account, given, resume, plan: [left], signal }, terminal);
}

function isComplete(folder: string, config: Config): boolean {
  if (!isFinished(folder, config) || !hasEvaluation(folder)) return false;
  return readEvaluation(evaluationPath(folder)).status === "finished";
}

interface Shown {
  readonly images: SizedImages;
  readonly account: BudgetAccount;
  readonly given?: ReadonlySet<string>;
  readonly resume?: string;
  /** Lines below what is searched. */
  readonly plan: readonly string[];
  readonly signal: AbortSignal;
}

/** Runs, and shows each stage. */
async function show({ plan: lines, ...request }: Shown, terminal: Terminal): Promise<string> {
  const { config, dataset } = request.images;
  const { account } = request;
  const isLimited = !account.facts.given.includes("iterations") && !request.given?.has("iterations");
  const limit = () => account.left - account.facts.plan.allotted.evaluation;
  const about = { dataset: dataset.name, plan: lines, ...(isLimited && { limit }) };
  let display: { stop(): void } | undefined;
  let folder = request.resume;
  let isEvaluating = false;
  const stop = () => {
    display?.stop();
    display = undefined;
  };
  try {
    return await runBudget({
      ...request,
      observer: {
        onSearchStarted: (start) => {
          folder = start.folder;
          const shown = showSearch(config, start, about, terminal);
          display = shown;
          return shown;
        },
        onSearchEnded: (outcome) => {
          stop();
          for (const line of describeWork(outcome)) terminal.log(line);
        },
        onEvaluationStarted: (start, plan, leftOut) => {
          isEvaluating = true;
          if (leftOut.length > 0) terminal.logNotes([leftOutNote(leftOut)]);
          const shown = showEvaluation(start, plan, terminal);
          display = shown;
          return shown;
        },
      },
    });
  } catch (error) {
    stop();
    if (folder === undefined) throw error;
    if (error instanceof InterruptedError)
      await (isEvaluating ? logProgress(evaluationPath(folder), terminal) : logFound(folder, terminal));
    throw withNextCommand(error, resumeCommand(folder));
  } finally {
    stop();
  }
}

function leftOutNote(leftOut: readonly string[]): string {
  return `the time does not suffice for three samples of all arms: ${leftOut.join(", ")} ${leftOut.length === 1 ? "is" : "are"} left out`;
}

function printPlan(prepared: PreparedBudget, isJson: boolean, terminal: Terminal): void {
  const { run, planned, images, setup } = prepared;
  const sizes = {
    image_size: images.imageSize,
    train_set_size: run.sizes.train,
    validation_set_size: run.sizes.validation,
  };
  const { dataset, engine, workers } = run;
  const { model } = run.config;
  if (isJson) {
    const about = { dataset: dataset.name, model, engine, workers, sizes };
    terminal.print({ ...about, ...planned, setup, notes: run.notes });
    return;
  }
  terminal.logNotes(run.notes.filter((note) => !/^\w+ auto: /.test(note)));
  const width = "validation_set_size".length;
  terminal.printText([
    `Searching on ${dataset.name}: model ${model}, engine ${describeEngine(engine)}`,
    ...Object.entries(sizes).map(
      ([key, { value, reason }]) => `${key.padEnd(width)}  ${reason ?? value ?? "null: not resized"}`,
    ),
    ...describePlan(prepared),
  ]);
}

/** What is done in the budget, a line per stage. */
function describePlan({ planned, run, images, withoutCuts }: PreparedBudget): string[] {
  const { seconds, plan, speed } = planned;
  const stages = stagesOf(planned, run.config.opt_samples);
  const times = stages.map(([, time]) => `about ${formatDuration(time)}`);
  const [nameWidth, timeWidth] = [stages.map(([name]) => name), times].map((texts) =>
    Math.max(...texts.map(({ length }) => length)),
  );
  const { leftOut } = plan.evaluation;
  const note = gainNote({ ...run.config, ...plan.keys });
  return [
    `Within ${formatDuration(seconds)}, with ${count(speed.workers, "worker")} (measured: ${formatRate(speed.rates.training)} images/s):`,
    ...stages.map(
      ([name, , what], i) => `  ${name.padEnd(nameWidth)}  ${times[i].padEnd(timeWidth)}  ${what}`,
    ),
    ...(withoutCuts === undefined ? [] : [`note: ${cutsNote(planned, images, withoutCuts)}`]),
    ...(leftOut.length > 0 ? [`note: ${leftOutNote(leftOut)}`] : []),
    ...(note === undefined ? [] : [`note: ${note}`]),
  ];
}

/** What the plan does without, and the budget that has all of it. */
function cutsNote(
  { plan }: PreparedBudget["planned"],
  { imageSize, config }: SizedImages,
  withoutCuts: number,
): string {
  const { keys, evaluation, bases = [] } = plan;
  const proposed = keys.iterations - fixedTrials(config);
  const texts: Record<Cut, string> = {
    trials: `only ${count(proposed, "policy", "policies")} besides the recipes`,
    confirmation: "no confirmation",
    evaluation: `an evaluation of trainings no longer than the search's (${count(evaluation.epochs, "epoch")} on ${count(evaluation.trainImages, "image")})`,
    bases: `only the bases ${bases.join(", ")}`,
    epochs: `only ${count(keys.child_epochs, "epoch")}`,
    image_size: `images of only ${imageSize.value} × ${imageSize.value} pixels`,
  };
  const cuts = plan.cuts.map((cut) => texts[cut]).join("; ");
  return `the time is short for these images, so the plan has ${cuts}. --budget ${roundUpDuration(withoutCuts)} needs none of these cuts`;
}

type StageLine = readonly [name: string, seconds: number, what: string];

function stagesOf({ plan }: PreparedBudget["planned"], samples: number): StageLine[] {
  const { keys, estimated, evaluation } = plan;
  const { iterations, child_epochs, confirm_top, confirm_samples } = keys;
  const each = `${count(samples, "training")} each of ${count(child_epochs, "epoch")}`;
  const policies = confirm_top === 1 ? "policy" : `${confirm_top} policies`;
  const confirmation: StageLine = [
    "confirmation",
    estimated.confirmation,
    `the best ${policies} and the baseline, ${count(confirm_samples, "fresh training")} each`,
  ];
  const images = `${formatRate(evaluation.trainImages)} training images, on ${formatRate(evaluation.testImages)} test images`;
  return [
    ["search", estimated.search, `${count(iterations, "policy", "policies")} and the baseline, ${each}`],
    ...(confirm_top > 0 && confirm_samples > 0 ? [confirmation] : []),
    [
      "evaluation",
      estimated.evaluation,
      `${evaluation.arms.join(", ")}: ${count(evaluation.samples, "sample")} each of ${images}`,
    ],
  ];
}

/** The results of the search, and below them those of the evaluation. */
function printOutcome(folder: string, isJson: boolean, terminal: Terminal): void {
  terminal.print(isJson ? outcomeAsJson(folder) : `\n${formatOutcome(readResults(folder), terminal.look)}`);
}
