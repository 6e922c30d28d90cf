// `deepaugment optimize`: searches for augmentation policies and prints the best ones.

import type { Command } from "commander";
import { InterruptedError, RunError } from "../common/errors.ts";
import { ENGINE_CHOICES } from "../config/engines.ts";
import type { ConfigSources } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { FoundPolicy } from "../policy/policy-file.ts";
import type { ExperimentOutcome } from "../search/run-experiment.ts";
import { count, formatGain, formatShare, formatTable } from "./format.ts";
import type { SearchDisplay } from "./search-display.ts";
import type { Terminal } from "./terminal.ts";

interface OptimizeOptions {
  config?: string;
  set?: string[];
  resume?: string;
  dryRun?: boolean;
  json?: boolean;
  data?: string;
  iterations?: string;
  engine?: string;
  workers?: string;
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
    "the images: a dataset's name, a folder with one subfolder per class, or an archive",
  ],
  iterations: ["iterations <n>", "number of trials, not counting the baseline"],
  engine: ["engine <name>", `engine that trains the child: ${ENGINE_CHOICES.join(", ")}`],
  workers: ["workers <n>", "number of processes that train at the same time"],
  threads: ["threads <n>", "threads of each training (engine native)"],
  seed: ["seed <n>", "seed; the same seed gives the same run"],
  out: ["out <folder>", "folder in which each experiment creates its own folder"],
  name: ["name <text>", "added to the name of the experiment's folder"],
  warmStart: [
    "warm-start <notebook>",
    "learn from the notebook or folder of another experiment before proposing the first policy",
  ],
} as const;

/** The options that are allowed with --resume. */
const RESUMABLE: readonly string[] = ["iterations", "engine", "workers", "threads"];

export function addOptimizeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("optimize")
    .description("search for the augmentation policies that help most on your images")
    .option("-c, --config <file>", "the configuration (YAML); configs/ contains commented examples");
  for (const [flag, explanation] of Object.values(OVERRIDES)) command.option(`--${flag}`, explanation);
  command
    .option(
      "--set <key=value>",
      "set any configuration key; may be repeated",
      (value, all: string[] = []) => [...all, value],
    )
    .option(
      "--resume <folder>",
      "continue an interrupted or finished experiment; a higher --iterations adds trials",
    )
    .option("--dry-run", "print what would be trained, and how long it would take; write nothing")
    .option("--json", "print the result as JSON")
    .addHelpText("after", HELP)
    .action((options: OptimizeOptions) => optimize(options, terminal));
}

const HELP = `
After the trials, the confirm_top most promising policies and the baseline are trained again, confirm_samples times each
with fresh seeds: the best of many rewards is partly luck, and fresh trainings show what remains without it.

docs/configuration.md explains every key.

Examples:
  deepaugment optimize --config configs/quickstart.yaml
  deepaugment optimize --data photos/ --iterations 40 --dry-run
  deepaugment optimize --data photos/ --iterations 100
  deepaugment optimize --data photos/ --set model=my-model.keras --set replace_head=true
  deepaugment optimize --resume reports/experiments/2026-01-31_12-00-00 --iterations 500
  deepaugment optimize --data photos/ --warm-start reports/experiments/2026-01-31_12-00-00`;

async function optimize(options: OptimizeOptions, terminal: Terminal): Promise<void> {
  const { loadConfig } = await import("../config/load.ts");
  const config = loadConfig(await sourcesOf(options));
  if (options.dryRun) {
    const { printPlan } = await import("./plan.ts");
    return printPlan(config, options.resume, options.json === true, terminal);
  }
  const outcome = await terminal.interruptible((signal) => search(config, options.resume, signal, terminal));
  for (const line of describeWork(outcome)) terminal.log(line);
  terminal.print(options.json ? resultOf(outcome) : formatOutcome(outcome));
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
  const { describeEngine } = await import("../engine/choose.ts");
  const { createSearchDisplay } = await import("./search-display.ts");
  let display: SearchDisplay | undefined;
  let folder = "";
  try {
    return await runExperiment({
      ...{ ...images, resume, signal },
      onStart: (start) => {
        folder = start.folder;
        terminal.logNotes(start.notes);
        const engine = describeEngine(start.engine);
        terminal.log(`${describeStart(config, dataset.name, engine, start.workers)}\n${folder}`);
        for (const line of describePlan(plan)) terminal.log(line);
        display = createSearchDisplay(config, start, terminal);
        return display;
      },
    });
  } catch (error) {
    const next = `continue with: deepaugment optimize --resume ${folder}`;
    if (folder && error instanceof InterruptedError) throw new InterruptedError(`interrupted; ${next}`);
    if (folder && error instanceof RunError) throw new RunError(`${error.message}; then ${next}`);
    throw error;
  } finally {
    display?.stop();
  }
}

function describeStart(config: Config, dataset: string, engine: string, workers: number): string {
  const trainings = `${count(config.opt_samples, "training")} of ${config.model} each`;
  return `Searching on ${dataset}: ${count(config.iterations, "trial")}, ${trainings}, engine ${engine}, ${count(workers, "worker")}`;
}

async function sourcesOf(options: OptimizeOptions): Promise<ConfigSources> {
  const overrides: Record<string, string> = {};
  const { set = [] } = options;
  for (const key of Object.keys(OVERRIDES) as (keyof typeof OVERRIDES)[]) {
    const value = options[key];
    if (value !== undefined) overrides[key === "warmStart" ? "warm_start" : key] = value;
  }
  if (options.resume === undefined) return { file: options.config, overrides, set };
  const { UsageError } = await import("../common/errors.ts");
  const { Experiment } = await import("../experiment/experiment.ts");
  const fixed = Object.keys(overrides).filter((key) => !RESUMABLE.includes(key));
  if (options.config !== undefined) fixed.push("config");
  if (set.length > 0) fixed.push("set");
  if (fixed.length > 0) {
    throw new UsageError(
      `--${fixed[0].replace("_", "-")} cannot be used with --resume, because an experiment keeps its configuration; only ${RESUMABLE.map((key) => `--${key}`).join(", ")} may change`,
    );
  }
  return { file: Experiment.open(options.resume).configPath, overrides, set: [] };
}

/** Failures and the use of the workers, for stderr. */
function describeWork({ failures, utilization, folder }: ExperimentOutcome): string[] {
  const lines: string[] = [];
  if (failures.length > 0)
    lines.push(
      `${failures.length} training${failures.length === 1 ? "" : "s"} failed; see ${folder}/failures.csv`,
    );
  if (utilization !== null) lines.push(`Workers were busy ${(100 * utilization).toFixed(1)}% of the time`);
  return lines;
}

function formatOutcome(outcome: ExperimentOutcome): string {
  const { folder, notebook, policies } = outcome;
  const shown = policies.slice(0, 10);
  const lines = [""];
  if (shown.length > 0) lines.push(outcome.confirmation ? confirmedTable(shown) : searchTable(shown), "");
  lines.push(baselineLine(outcome, shown.length), confirmationLine(outcome));
  lines.push(
    `Policies   ${folder}/policies.json`,
    `The best   ${folder}/best.json`,
    `Notebook   ${notebook}`,
  );
  if (shown.length > 0)
    lines.push(`\nNext: deepaugment apply --policy ${folder}/best.json --data <your images> --out <folder>`);
  return lines.join("\n");
}

/** Confirmed rewards and those of the search; policies that were not trained again have only the latter. */
function confirmedTable(policies: readonly FoundPolicy[]): string {
  return formatTable(
    ["trial", "reward", "std. error", "gain", "in the search", "policy"],
    policies.map((policy) => [
      String(policy.trial),
      ...(policy.confirmed ? rewardCells(policy) : ["–", "–", "–"]),
      formatShare(policy.searchReward ?? policy.reward),
      formatPolicy(policy) + formatNearEquals(policy),
    ]),
    [true, true, true, true, true, false],
  );
}

/** The number of other promising policies that nearly equal a confirmed one. */
function formatNearEquals({ nearEquals = 0 }: FoundPolicy): string {
  return nearEquals === 0 ? "" : ` (and ${nearEquals} near-equal${nearEquals === 1 ? "" : "s"})`;
}

function searchTable(policies: readonly FoundPolicy[]): string {
  return formatTable(
    ["trial", "reward", "std. error", "gain", "policy"],
    policies.map((policy) => [String(policy.trial), ...rewardCells(policy), formatPolicy(policy)]),
    [true, true, true, true, false],
  );
}

function rewardCells({ reward, standardError, expectedAccuracyIncrease }: FoundPolicy): string[] {
  return [
    formatShare(reward),
    standardError === null ? "–" : formatShare(standardError),
    formatGain(expectedAccuracyIncrease),
  ];
}

function baselineLine({ baseline, trials, policies }: ExperimentOutcome, shown: number): string {
  const { reward, standardError, searchReward } = baseline;
  const error = standardError === null ? "" : ` ± ${formatShare(standardError)}`;
  const inSearch = searchReward === undefined ? "" : ` (${formatShare(searchReward)} in the search)`;
  const better = trials.filter((trial) => trial.reward > trials[0].reward).length;
  const when = baseline.confirmed ? " in the search" : "";
  const count = `${better || "None"} of ${trials.length - 1} policies did better than the baseline${when}.`;
  const advice = better === 0 ? " More trials, epochs or images may help." : "";
  const limit = policies.length > shown ? ` The best ${shown} are shown.` : "";
  return `Baseline reward ${formatShare(reward)}${error}${inSearch}. ${count}${advice}${limit}`;
}

/** How far the rewards can be trusted. */
function confirmationLine({ confirmation, policies }: ExperimentOutcome): string {
  if (!confirmation)
    return "Rewards are from the search, not confirmed: the best of many rewards is partly luck.";
  const trainings = `${confirmation.samples} fresh training${confirmation.samples === 1 ? "" : "s"} each`;
  if (policies.some(({ confirmed }) => confirmed)) {
    return `Rewards are confirmed by ${trainings}, because the best of many rewards is partly luck.`;
  }
  const none =
    confirmation.policies === 1
      ? "The best policy did no better"
      : `None of the best ${confirmation.policies} policies did better`;
  const others = policies.length > 0 ? "; the policies above are not confirmed" : "";
  return `${none} than the baseline in ${trainings}${others}.`;
}

/** What --json prints. */
function resultOf({
  folder,
  notebook,
  trials,
  confirmation,
  baseline,
  policies,
}: ExperimentOutcome): unknown {
  return { folder, notebook, trials: trials.length - 1, confirmation, baseline, policies };
}
