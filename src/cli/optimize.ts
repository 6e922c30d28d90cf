// `deepaugment optimize`: searches for augmentation policies and prints the best ones.

import type { Command } from "commander";
import { InterruptedError, UsageError } from "../common/errors.ts";
import { ENGINE_CHOICES } from "../config/engines.ts";
import type { ConfigSources } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { ExperimentOutcome } from "../search/run-experiment.ts";
import { count, programName, resumeCommand } from "./format.ts";
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
import type { SearchDisplay } from "./search-display.ts";
import type { Terminal } from "./terminal.ts";

interface OptimizeOptions {
  config?: string;
  set?: string[];
  budget?: string;
  resume?: string;
  dryRun?: boolean;
  report?: boolean;
  json?: boolean;
  data?: string;
  iterations?: string;
  engine?: string;
  workers?: string;
  queue?: string;
  queuePrefix?: string;
  mixed?: boolean;
  inFlight?: string;
  threads?: string;
  seed?: string;
  out?: string;
  name?: string;
  warmStart?: string;
}

/** The options that override a configuration key (`warmStart` overrides warm_start), with their explanations. */
const OVERRIDES = {
  data: [
    "data <name|path>",
    "the images: a dataset's name, a folder with one subfolder per class or a CSV file of labels, or an archive",
  ],
  iterations: ["iterations <n>", "number of trials, not counting the baseline (default: 100)"],
  engine: ["engine <name>", `engine that trains the child: ${ENGINE_CHOICES.join(", ")} (default: auto)`],
  workers: [
    "workers <n>",
    "number of processes that train at the same time (default: one per core; none with --queue)",
  ],
  ...QUEUE_OVERRIDES,
  inFlight: [
    "in-flight <n>",
    "about how many trainings are under way at the same time, on which the policies depend (default: as many as workers; 8 with --queue)",
  ],
  threads: ["threads <n>", "threads of each training, on engine native (default: 1)"],
  seed: ["seed <n>", "seed; the same seed gives the same run (default: 0)"],
  out: [
    "out <folder>",
    "folder in which each experiment creates its own folder (default: reports/experiments)",
  ],
  name: ["name <text>", "added to the name of the experiment's folder"],
  warmStart: [
    "warm-start <notebook>",
    "learn from the notebook or folder of another experiment before proposing the first policy",
  ],
} as const;

/** The options that are allowed with --resume. */
const RESUMABLE: readonly string[] = [
  ...["iterations", "engine", "workers", "threads"],
  ...["queue", "queue_prefix", "mixed"],
];

export function addOptimizeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("optimize")
    .argument("[data]", "the images: the same as --data")
    .description("search for the augmentation policies that help most on your images");
  addConfigOptions(command, "search", "contains commented examples", OVERRIDES);
  command
    .option(
      "--budget <time>",
      "plan all within this time, such as 30m, 1h or 1h30m: the search, its confirmation, and an evaluation of the best policy beside the recipes",
    )
    .option(
      "--resume <folder>",
      "continue an interrupted or finished experiment; a higher --iterations adds trials",
      somePath("--resume", "an experiment's folder"),
    )
    .option("--dry-run", "print what would be trained, and how long it would take; write nothing")
    .option("--report", "in the end, write report.html into the experiment's folder (see report)")
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((data: string | undefined, options: OptimizeOptions) =>
      optimize({ ...options, data: oneData(data, options.data) }, terminal),
    );
}

const HELP = `
A policy is a recipe (none, flip, or flip and crop) that all training images go
through, and then an amount and a strength of each of five families of
techniques: geometry, orientation, colour, occlusion and noise. Images are drawn
anew for every epoch. Each trial trains a small network, the child, with another
policy on a part of your images; the policy is judged by the accuracy on other
images, the validation images. The baseline is the same network without
augmentation. The first trials judge the recipes alone, which a found policy has
to beat.

After the trials, the most promising policies (5 of them, confirm_top), with the best recipe among them, and the baseline are
trained again with other random numbers (5 times each, confirm_samples): the best of many accuracies is partly luck, and fresh
trainings show what remains without it.

With --budget, the numbers of trials, epochs and fresh trainings are chosen so
that all ends within that time; if it is short, with less of each, and with
smaller images. Then the best policy is compared with free
recipes on test images that the search did not use: those of the data, or a
fifth that is held out. Settings that are given stay as they are
(docs/budget.md).

configs/cifar10.yaml has the settings of the original DeepAugment (2019).

docs/configuration.md explains every setting, and --set changes any of them.

Examples:
  deepaugment optimize photos/ --budget 1h
  deepaugment optimize photos/ --budget 30m --dry-run
  deepaugment optimize --config configs/quickstart.yaml
  deepaugment optimize photos/ --iterations 40 --dry-run
  deepaugment optimize photos/ --iterations 100
  deepaugment optimize --data photos/ --set model=my-model.keras --set replace_head=true
  deepaugment optimize --resume reports/experiments/2026-01-31_12-00-00 --iterations 500
  deepaugment optimize --data photos/ --warm-start reports/experiments/2026-01-31_12-00-00
  deepaugment optimize photos/ --queue redis://host:6379/0 --in-flight 16`;

/** The data that is given as an argument or as an option. @throws UsageError if it is given twice. */
function oneData(argument: string | undefined, option: string | undefined): string | undefined {
  if (argument !== undefined && option !== undefined) {
    throw new UsageError(`the data are given twice, as ${argument} and as --data ${option}; give them once`);
  }
  return argument ?? option;
}

async function optimize(options: OptimizeOptions, terminal: Terminal): Promise<void> {
  const sources = await sourcesOf(options);
  if (await isBudgeted(options)) {
    const { optimizeWithin } = await import("./budget.ts");
    return optimizeWithin(sources, options, terminal);
  }
  const { loadConfig } = await import("../config/load.ts");
  const config = loadConfig(sources);
  if (options.dryRun) {
    const { printPlan } = await import("./plan.ts");
    return printPlan(config, options.resume, options.json === true, terminal);
  }
  const folder = await finishedOrRun(config, options.resume, terminal);
  const [{ readResults }, { formatResults, resultsAsJson }] = await Promise.all([
    import("../experiment/results.ts"),
    import("./results.ts"),
  ]);
  const results = readResults(folder);
  terminal.print(options.json ? resultsAsJson(results) : `\n${formatResults(results, terminal.look)}`);
  if (options.report) await reportInFolder(folder, terminal);
}

/** Whether this run has a budget; what is left of a search is planned without it. */
async function isBudgeted({ budget, resume, dryRun }: OptimizeOptions): Promise<boolean> {
  if (budget !== undefined) return true;
  if (resume === undefined || dryRun) return false;
  const { hasBudget } = await import("../budget/account.ts");
  return hasBudget(resume);
}

/** Runs the search, unless it is a resumed one with nothing left to do; returns the experiment's folder. */
async function finishedOrRun(
  config: Config,
  resume: string | undefined,
  terminal: Terminal,
): Promise<string> {
  if (resume !== undefined) {
    const [{ isFinished }, { Experiment }, { checkBegun }] = await Promise.all([
      import("../experiment/results.ts"),
      import("../experiment/experiment.ts"),
      import("../search/settle/experiment-facts.ts"),
    ]);
    const experiment = Experiment.open(resume);
    checkBegun(experiment, experiment.readAllFacts(), config);
    if (isFinished(resume, config)) {
      terminal.log(`${resume} is finished; --iterations with more than ${config.iterations} adds trials`);
      return resume;
    }
  }
  const outcome = await terminal.interruptible((signal) => search(config, resume, signal, terminal));
  // The number of machines may have changed at any time.
  const utilization = config.queue === null ? outcome.utilization : null;
  for (const line of describeWork({ ...outcome, utilization })) terminal.log(line);
  return outcome.folder;
}

async function search(
  given: Config,
  resume: string | undefined,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<ExperimentOutcome> {
  const { checkBeforeLoading, runExperiment } = await import("../search/run-experiment.ts");
  checkBeforeLoading(given, resume);
  const { describePlan, loadAndPlan } = await import("./plan.ts");
  const { images, plan } = await loadAndPlan(given, resume, signal, terminal);
  const { config, dataset } = images;
  const { showSearch } = await import("./search-display.ts");
  let display: SearchDisplay | undefined;
  let folder = "";
  try {
    return await runExperiment({
      ...{ ...images, resume, signal },
      onNote: (line) => terminal.logNotes([line]),
      onMachines: (machines) => display?.showMachines(machines),
      onStart: (start) => {
        folder = start.folder;
        const about = { dataset: dataset.name, plan: describePlan(plan) };
        display = showSearch(config, start, about, terminal);
        return display;
      },
    });
  } catch (error) {
    display?.stop();
    display = undefined;
    if (folder && error instanceof InterruptedError) await logFound(folder, terminal);
    throw folder ? withNextCommand(error, resumeCommand(folder)) : error;
  } finally {
    display?.stop();
  }
}

/** What a search that was interrupted has found. */
export async function logFound(folder: string, terminal: Terminal): Promise<void> {
  const [{ readResults }, { describeInterrupted }] = await Promise.all([
    import("../experiment/results.ts"),
    import("./results.ts"),
  ]);
  terminal.logText(describeInterrupted(readResults(folder)));
}

async function sourcesOf(options: OptimizeOptions): Promise<ConfigSources> {
  const overrides: Record<string, string | boolean> = {};
  const { set = [] } = options;
  for (const key of Object.keys(OVERRIDES) as (keyof typeof OVERRIDES)[]) {
    const value = options[key];
    if (value !== undefined) overrides[keyOfOption(key)] = value;
  }
  if (options.resume === undefined) {
    const isNamed = options.config ?? options.data ?? set.find((each) => /^\s*data\s*=/.test(each));
    if (isNamed === undefined)
      throw new UsageError(
        `no images are given; give a folder of pictures or a dataset's name: ${programName()} optimize photos/`,
      );
    return { file: options.config, overrides, set };
  }
  const { Experiment } = await import("../experiment/experiment.ts");
  const given = Object.keys(overrides);
  if (options.config !== undefined) given.push("config");
  if (set.length > 0) given.push("set");
  if (options.budget !== undefined) given.push("budget");
  checkResumable(given, RESUMABLE, "an experiment");
  return { file: Experiment.open(options.resume).configPath, overrides, set: [] };
}

/** Failures and the use of the workers, for stderr. */
export function describeWork({
  failures,
  utilization,
  folder,
}: Pick<ExperimentOutcome, "failures" | "utilization" | "folder">): string[] {
  const lines: string[] = [];
  if (failures.length > 0)
    lines.push(`${count(failures.length, "training")} failed; see ${folder}/failures.csv`);
  return [...lines, ...describeUtilization(utilization)];
}
