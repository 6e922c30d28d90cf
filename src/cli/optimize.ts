// `deepaugment optimize`: the search.

import type { Command } from "commander";
import { InterruptedError, RunError } from "../common/errors.ts";
import { ENGINE_CHOICES } from "../config/engines.ts";
import type { ConfigSources } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { FoundPolicy } from "../policy/policy-file.ts";
import type { ExperimentOutcome } from "../search/run-experiment.ts";
import { formatGain, formatShare, formatTable } from "./format.ts";
import type { SearchDisplay } from "./search-display.ts";
import type { Terminal } from "./terminal.ts";

interface OptimizeOptions {
  config?: string;
  set?: string[];
  resume?: string;
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

/** The options that override a key of the configuration (`warmStart` the key warm_start), with what they mean. */
const OVERRIDES = {
  data: [
    "data <name|path>",
    "the images: a dataset's name, a folder with one subfolder per class, or an archive",
  ],
  iterations: ["iterations <n>", "trials, the baseline not counted"],
  engine: ["engine <name>", `what trains the child: ${ENGINE_CHOICES.join(", ")}`],
  workers: ["workers <n>", "processes that train at the same time"],
  threads: ["threads <n>", "threads of each training (engine native)"],
  seed: ["seed <n>", "the same seed gives the same run"],
  out: ["out <folder>", "where each experiment gets a folder of its own"],
  name: ["name <text>", "added to the name of the experiment's folder"],
  warmStart: [
    "warm-start <notebook>",
    "learn from another experiment's notebook, or folder, before the first policy is proposed",
  ],
} as const;

/** What may change when an experiment is resumed. */
const RESUMABLE: readonly string[] = ["iterations", "engine", "workers", "threads"];

export function addOptimizeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("optimize")
    .description("search for the augmentation policies that help most on your images")
    .option("-c, --config <file>", "the configuration (YAML); configs/ holds commented examples");
  for (const [flag, explanation] of Object.values(OVERRIDES)) command.option(`--${flag}`, explanation);
  command
    .option(
      "--set <key=value>",
      "set any other key of the configuration; may be repeated",
      (value, all: string[] = []) => [...all, value],
    )
    .option(
      "--resume <folder>",
      "go on with an experiment where it stopped; --iterations may ask for more trials",
    )
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nWhen the trials are done, the best confirm_top policies and the baseline are trained anew, confirm_samples times each:\nthe best of many rewards is in part the luckiest, and what is handed on should not be.\n\ndocs/configuration.md explains every key.\n\nExamples:\n  deepaugment optimize --config configs/quickstart.yaml\n  deepaugment optimize --data photos/ --set image_size=64 --iterations 100\n  deepaugment optimize --data photos/ --set model=my-model.keras --set replace_head=true\n  deepaugment optimize --resume reports/experiments/2026-01-31_12-00-00 --iterations 500\n  deepaugment optimize --data photos/ --set image_size=64 --warm-start reports/experiments/2026-01-31_12-00-00",
    )
    .action((options: OptimizeOptions) => optimize(options, terminal));
}

async function optimize(options: OptimizeOptions, terminal: Terminal): Promise<void> {
  const { loadConfig } = await import("../config/load.ts");
  const config = loadConfig(await sourcesOf(options));
  const outcome = await terminal.interruptible((signal) => search(config, options.resume, signal, terminal));
  for (const line of describeWork(outcome)) terminal.log(line);
  terminal.print(options.json ? resultOf(outcome) : formatOutcome(outcome));
}

async function search(
  config: Config,
  resume: string | undefined,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<ExperimentOutcome> {
  const { checkBeforeLoading, runExperiment } = await import("../search/run-experiment.ts");
  checkBeforeLoading(config, resume);
  const { loadWithProgress } = await import("./loading.ts");
  const dataset = await loadWithProgress(config.data, config.image_size ?? undefined, signal, terminal);
  const { describeEngine } = await import("../engine/choose.ts");
  const { createSearchDisplay } = await import("./search-display.ts");
  let display: SearchDisplay | undefined;
  let folder = "";
  try {
    return await runExperiment({
      config,
      dataset,
      resume,
      signal,
      onStart: (start) => {
        folder = start.folder;
        terminal.logNotes(start.notes);
        const engine = describeEngine(start.engine);
        terminal.log(`${describeStart(config, dataset.name, engine, start.workers)}\n${folder}`);
        display = createSearchDisplay(config, start, terminal);
        return display;
      },
    });
  } catch (error) {
    const goOn = `go on with: deepaugment optimize --resume ${folder}`;
    if (folder && error instanceof InterruptedError) throw new InterruptedError(`interrupted; ${goOn}`);
    if (folder && error instanceof RunError) throw new RunError(`${error.message}; then ${goOn}`);
    throw error;
  } finally {
    display?.stop();
  }
}

function describeStart(config: Config, dataset: string, engine: string, workers: number): string {
  const trainings = `${config.opt_samples} training${config.opt_samples === 1 ? "" : "s"} of ${config.model} each`;
  const processes = `${workers} worker${workers === 1 ? "" : "s"}`;
  return `Searching on ${dataset}: ${config.iterations} trials, ${trainings}, engine ${engine}, ${processes}`;
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
      `--${fixed[0].replace("_", "-")} cannot be given with --resume: an experiment keeps its configuration; only ${RESUMABLE.map((key) => `--${key}`).join(", ")} may change`,
    );
  }
  return { file: Experiment.open(options.resume).configPath, overrides, set: [] };
}

/** How the search went, for stderr. */
function describeWork({ failures, utilization, folder }: ExperimentOutcome): string[] {
  const lines: string[] = [];
  if (failures.length > 0)
    lines.push(
      `${failures.length} training${failures.length === 1 ? "" : "s"} failed, see ${folder}/failures.csv`,
    );
  if (utilization !== null) lines.push(`Workers busy ${(100 * utilization).toFixed(1)}% of the time`);
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

/** Confirmed rewards beside what the search saw; of policies that were not trained anew, the latter alone. */
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

/** How many other promising policies are nearly the same as a confirmed one. */
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
  const inSearch = searchReward === undefined ? "" : `, in the search ${formatShare(searchReward)}`;
  const better = trials.filter((trial) => trial.reward > trials[0].reward).length;
  const tried = `${trials.length - 1} policies did better${baseline.confirmed ? " in the search" : ""}`;
  const count =
    better === 0 ? `none of ${tried}: more trials, epochs or images may help` : `${better} of ${tried}`;
  const limit = policies.length > shown ? `, the best ${shown} are shown` : "";
  return `Baseline reward ${formatShare(reward)}${error}${inSearch}; ${count}${limit}.`;
}

/** What the rewards are worth. */
function confirmationLine({ confirmation, policies }: ExperimentOutcome): string {
  if (!confirmation) return "Rewards are the search's own: the best of many is in part the luckiest.";
  const trainings = `${confirmation.samples} fresh training${confirmation.samples === 1 ? "" : "s"} each`;
  if (policies.some(({ confirmed }) => confirmed)) {
    return `Rewards are confirmed by ${trainings}: what the search saw of its best is in part luck.`;
  }
  const none =
    confirmation.policies === 1
      ? "The best policy did no better"
      : `None of the best ${confirmation.policies} policies did better`;
  const others = policies.length > 0 ? "; those above are not confirmed" : "";
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
