// `deepaugment evaluate`: trains with found policies and with recipes, and compares them on test images.

import type { Command } from "commander";
import { InterruptedError } from "../common/errors.ts";
import { ENGINE_CHOICES } from "../config/engines.ts";
import type { EvaluationOutcome, PreparedEvaluation } from "../evaluate/evaluation.ts";
import type { EvaluationDisplay } from "./evaluation-display.ts";
import type { ShownEvaluation } from "./evaluation-results.ts";
import { helpText } from "./help.ts";
import { somePath } from "./options.ts";
import { reportInFolder } from "./report.ts";
import {
  addConfigOptions,
  checkResumable,
  describeUtilization,
  keyOfOption,
  QUEUE_OVERRIDES,
  withNextCommand,
} from "./run-options.ts";
import type { Terminal } from "./terminal.ts";

type EvaluateOptions = {
  config?: string;
  set?: string[];
  resume?: string;
  dryRun?: boolean;
  report?: boolean;
  json?: boolean;
  saveWeights?: boolean;
} & { [Key in Override]?: Key extends "mixed" ? boolean : string };

/** The options that override a configuration key (`trainSize` overrides train_size), with their explanations. */
const OVERRIDES = {
  experiment: ["experiment <folder>", "the search whose policies are evaluated, on its images"],
  policy: [
    "policy <file|folder>",
    "a policy file, or an experiment's folder, instead of --experiment; or a pipeline of Albumentations, or torchvision:<name> (docs/pipelines.md)",
  ],
  data: ["data <name|path>", "the images, if not those of the experiment"],
  arms: [
    "arms <list>",
    "what is compared, separated by commas: none, recipes, policy, top-policies, or a recipe and policies joined by +",
  ],
  model: [
    "model <name|path>",
    "the model that is trained (default: the child of the experiment, or basiccnn)",
  ],
  recipe: [
    "recipe <child|sgd>",
    "how it is trained: as in the search, or by SGD with a cosine (default: child)",
  ],
  epochs: ["epochs <n>", "epochs of each training (default: twice those of the search, or 100)"],
  samples: ["samples <n>", "trainings of each arm: 3 or more for a useful interval (default: 5)"],
  trainSize: ["train-size <n>", "training images, drawn for each sample (default: all)"],
  engine: ["engine <name>", `engine that trains: ${ENGINE_CHOICES.join(", ")}`],
  workers: ["workers <n>", "number of processes that train at the same time"],
  threads: ["threads <n>", "threads of each training (engine native)"],
  ...QUEUE_OVERRIDES,
  seed: ["seed <n>", "seed; the same seed gives the same result"],
  out: ["out <folder>", "folder in which each evaluation creates its own folder"],
  name: ["name <text>", "added to the name of the evaluation's folder"],
} as const;

type Override = keyof typeof OVERRIDES;

/** The options that are allowed with --resume. */
const RESUMABLE: readonly string[] = [
  ...["samples", "engine", "workers", "threads"],
  ...["queue", "queue_prefix", "mixed"],
];

export function addEvaluateCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("evaluate")
    .description("train with found policies and with free recipes, and compare them on test images");
  addConfigOptions(command, "evaluation", "contains a commented example", OVERRIDES);
  command
    .option("--save-weights", "write the trained weights of the best arm")
    .option(
      "--resume <folder>",
      "continue an interrupted or finished evaluation; a higher --samples adds trainings",
      somePath("--resume", "an evaluation's folder"),
    )
    .option("--dry-run", "print what would be trained, and how long it would take; write nothing")
    .option("--report", "in the end, write report.html into the evaluation's folder (see report)")
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((options: EvaluateOptions) => evaluate(options, terminal));
}

const HELP = `
Every arm takes the same number of training steps. Sample k of every arm begins
with the same weights and sees the images in the same order. Test images are the
data's own test split, or images held out by the seed; never one that validated
the search. Augmented images are drawn anew for every epoch, except in arm
policy, if the search added copies to the originals.

Three or more samples are needed for a useful interval: with two it is very
wide, and with one there is none.

Arms:
  none              no augmentation
  flip              mirrored with probability 0.5
  crop              moved by up to an eighth of each side
  flip-crop         mirrored, then moved
  trivialaugment    TrivialAugmentWide: one of 14 operations at one of 31
                    magnitudes
  randaugment       two of these operations at magnitude 9 of 30
  policy            the best policy, as the search judged it
  top-policies      the best policies: half of the images go through one of
                    them, or as many as redrawn policies say
  <recipe>+policy, <recipe>+top-policies    both

docs/evaluation.md explains the result, docs/configuration.md all keys.

Examples (<experiment> and <evaluation> are folders):
  deepaugment evaluate --experiment <experiment>
  deepaugment evaluate --data photos/ --arms none,flip-crop --dry-run
  deepaugment evaluate --policy best.json --data cifar10 --model wrn_16_2
  deepaugment evaluate --resume <evaluation> --samples 9`;

async function evaluate(options: EvaluateOptions, terminal: Terminal): Promise<void> {
  const prepared = await prepare(options);
  if (options.dryRun) {
    const { printPlan } = await import("./evaluation-plan.ts");
    return printPlan(prepared, options.json === true, terminal);
  }
  const outcome = await finishedOrRun(prepared, terminal);
  const { evaluationAsJson, formatEvaluation } = await import("./evaluation-results.ts");
  terminal.print(options.json ? evaluationAsJson(outcome) : `\n${formatEvaluation(outcome, terminal.look)}`);
  if (options.report) await reportInFolder(outcome.folder, terminal);
}

/** Runs the evaluation, unless it is a resumed one with nothing left to do. */
async function finishedOrRun(prepared: PreparedEvaluation, terminal: Terminal): Promise<ShownEvaluation> {
  if (prepared.resumed) {
    const { readEvaluation } = await import("../evaluate/results.ts");
    const { folder, comparison, status, ...results } = readEvaluation(prepared.resumed.folder.path);
    const { samples, save_weights } = prepared.config;
    const isWhole = status === "finished" && samples === results.config.samples;
    if (isWhole && comparison && (results.weights !== undefined || !save_weights)) {
      terminal.log(`${folder} is finished; --samples with more than ${samples} adds trainings`);
      return { ...results, folder, comparison, failures: [] };
    }
  }
  const outcome = await terminal.interruptible((signal) => run(prepared, signal, terminal));
  // The number of machines may have changed at any time.
  const utilization = prepared.config.queue === null ? outcome.utilization : null;
  for (const line of describeWork({ ...outcome, utilization })) terminal.log(line);
  terminal.logNotes(outcome.notes);
  return outcome;
}

async function prepare(options: EvaluateOptions): Promise<PreparedEvaluation> {
  const { prepareEvaluation, reopenEvaluation } = await import("../evaluate/evaluation.ts");
  const { set = [], resume } = options;
  const given = (Object.keys(OVERRIDES) as Override[]).filter((key) => options[key] !== undefined);
  const overrides = Object.fromEntries(
    given.map((key) => {
      const { arms } = options;
      const value = key === "arms" ? arms?.split(",").map((arm) => arm.trim()) : options[key];
      return [keyOfOption(key), value];
    }),
  );
  if (resume !== undefined) {
    const keys = Object.keys(overrides);
    if (options.config !== undefined) keys.push("config");
    if (set.length > 0) keys.push("set");
    if (options.saveWeights) keys.push("save_weights");
    checkResumable(keys, RESUMABLE, "an evaluation");
    return reopenEvaluation(resume, overrides);
  }
  const { EVALUATION } = await import("../config/evaluation.ts");
  const { loadKeys } = await import("../config/load.ts");
  const saved = options.saveWeights ? { save_weights: true } : {};
  const config = loadKeys(EVALUATION, { file: options.config, overrides: { ...overrides, ...saved }, set });
  return prepareEvaluation(config);
}

async function run(
  prepared: PreparedEvaluation,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<EvaluationOutcome> {
  const { loadAndPlan } = await import("./evaluation-plan.ts");
  const { settled, plan } = await loadAndPlan(prepared, signal, terminal);
  const { runEvaluation } = await import("../evaluate/evaluation.ts");
  const { showEvaluation } = await import("./evaluation-display.ts");
  let display: EvaluationDisplay | undefined;
  let folder = "";
  try {
    return await runEvaluation({
      ...{ ...prepared, settled, signal },
      onNote: (line) => terminal.logNotes([line]),
      onMachines: (machines) => display?.showMachines(machines),
      onStart: (start) => {
        folder = start.folder;
        display = showEvaluation(start, plan, terminal);
        return display;
      },
    });
  } catch (error) {
    display?.stop();
    if (!folder) throw error;
    if (error instanceof InterruptedError) await logProgress(folder, terminal);
    const { resumeCommand } = await import("./evaluation-results.ts");
    throw withNextCommand(error, resumeCommand(folder));
  } finally {
    display?.stop();
  }
}

/** What an evaluation that was interrupted has so far. */
export async function logProgress(folder: string, terminal: Terminal): Promise<void> {
  const { readEvaluation } = await import("../evaluate/results.ts");
  const { describeProgress, formatSoFar } = await import("./evaluation-results.ts");
  const results = readEvaluation(folder);
  terminal.log(describeProgress(results));
  if (results.done > 0)
    for (const line of formatSoFar(results.arms, terminal.drawingLook)) terminal.log(line);
}

/** Failures and the use of the workers, for stderr. */
function describeWork({ failures, utilization }: EvaluationOutcome): string[] {
  const failed = failures.map(
    ({ arm, sample, reason }) => `arm ${arm}, sample ${sample + 1} failed twice: ${reason}`,
  );
  return [...failed, ...describeUtilization(utilization)];
}
