// `deepaugment optimize`: the search.

import type { Command } from "commander";
import { InterruptedError, RunError } from "../common/errors.ts";
import type { ConfigSources } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { ExperimentOutcome } from "../search/run-experiment.ts";
import { formatGain, formatShare, formatTable } from "./format.ts";
import type { SearchDisplay } from "./search-display.ts";
import { interruptible, isTerminal } from "./terminal.ts";

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
}

/** The options that override a key of the configuration, with what they mean. */
const OVERRIDES = {
  data: [
    "data <name|path>",
    "the images: a dataset's name, a folder with one subfolder per class, or an archive",
  ],
  iterations: ["iterations <n>", "trials, the baseline not counted"],
  engine: ["engine <name>", "what trains the child: auto, native, webgpu, tensorflow or wasm"],
  workers: ["workers <n>", "processes that train at the same time"],
  threads: ["threads <n>", "threads of each training (engine native)"],
  seed: ["seed <n>", "the same seed gives the same run"],
  out: ["out <folder>", "where each experiment gets a folder of its own"],
  name: ["name <text>", "added to the name of the experiment's folder"],
} as const;

/** What may change when an experiment is resumed. */
const RESUMABLE: readonly string[] = ["iterations", "engine", "workers", "threads"];

export function addOptimizeCommand(program: Command): void {
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
      "\ndocs/configuration.md explains every key.\n\nExamples:\n  deepaugment optimize --config configs/quickstart.yaml\n  deepaugment optimize --data photos/ --set image_size=64 --iterations 100\n  deepaugment optimize --data photos/ --set model=my-model.keras --set replace_head=true\n  deepaugment optimize --resume reports/experiments/2026-01-31_12-00-00 --iterations 500",
    )
    .action(optimize);
}

async function optimize(options: OptimizeOptions): Promise<void> {
  const { loadConfig } = await import("../config/load.ts");
  const config = loadConfig(await sourcesOf(options));
  const outcome = await interruptible((signal) => search(config, options.resume, signal));
  process.stderr.write(describeWork(outcome));
  process.stdout.write(options.json ? formatJson(outcome) : formatOutcome(outcome));
}

async function search(
  config: Config,
  resume: string | undefined,
  signal: AbortSignal,
): Promise<ExperimentOutcome> {
  const { checkBeforeLoading, runExperiment } = await import("../search/run-experiment.ts");
  checkBeforeLoading(config, resume);
  const { loadWithProgress } = await import("./loading.ts");
  const dataset = await loadWithProgress(config.data, config.image_size ?? undefined, signal);
  const { describeEngine } = await import("../engine/engine.ts");
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
        for (const note of start.notes) process.stderr.write(`note: ${note}\n`);
        const { workers, finishedTrials } = start;
        const engine = describeEngine(start.engine);
        process.stderr.write(`${describeStart(config, dataset.name, engine, workers)}\n${folder}\n`);
        const { iterations, opt_samples: samples, child_epochs: epochs } = config;
        display = createSearchDisplay({ iterations, samples, epochs, workers, finishedTrials }, isTerminal());
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
    if (value !== undefined) overrides[key] = value;
  }
  if (options.resume === undefined) return { file: options.config, overrides, set };
  const { UsageError } = await import("../common/errors.ts");
  const { Experiment } = await import("../experiment/experiment.ts");
  const fixed = Object.keys(overrides).filter((key) => !RESUMABLE.includes(key));
  if (options.config !== undefined) fixed.push("config");
  if (set.length > 0) fixed.push("set");
  if (fixed.length > 0) {
    throw new UsageError(
      `--${fixed[0]} cannot be given with --resume: an experiment keeps its configuration; only ${RESUMABLE.map((key) => `--${key}`).join(", ")} may change`,
    );
  }
  return { file: Experiment.open(options.resume).configPath, overrides, set: [] };
}

/** How the search went, for stderr. */
function describeWork({ failures, utilization, folder }: ExperimentOutcome): string {
  const failed =
    failures.length === 0
      ? ""
      : `${failures.length} training${failures.length === 1 ? "" : "s"} failed, see ${folder}/failures.csv\n`;
  return (
    failed + (utilization === null ? "" : `Workers busy ${(100 * utilization).toFixed(1)}% of the time\n`)
  );
}

function formatOutcome(outcome: ExperimentOutcome): string {
  const { folder, notebook, baseline, good } = outcome;
  const lines = [""];
  const shown = good.slice(0, 10);
  if (shown.length > 0) {
    lines.push(
      formatTable(
        ["trial", "reward", "std. error", "gain", "policy"],
        shown.map(({ trial, reward, standardError, policy }) => [
          String(trial),
          formatShare(reward),
          standardError === null ? "–" : formatShare(standardError),
          formatGain(reward - baseline.reward),
          formatPolicy(policy),
        ]),
        [true, true, true, true, false],
      ),
    );
  }
  const standardError = baseline.standardError === null ? "" : ` ± ${formatShare(baseline.standardError)}`;
  lines.push(
    "",
    `Baseline reward ${formatShare(baseline.reward)}${standardError}; ${countBetter(outcome)}${good.length > shown.length ? `, the best ${shown.length} are shown` : ""}.`,
  );
  lines.push(
    `Policies   ${folder}/policies.json`,
    `The best   ${folder}/best.json`,
    `Notebook   ${notebook}`,
  );
  if (shown.length > 0)
    lines.push(`\nNext: deepaugment apply --policy ${folder}/best.json --data <your images> --out <folder>`);
  return `${lines.join("\n")}\n`;
}

function countBetter({ trials, good }: ExperimentOutcome): string {
  const better = trials.filter(({ reward }) => reward > trials[0].reward).length;
  if (good.length === 0)
    return `none of ${trials.length - 1} policies did better: more trials, epochs or images may help`;
  return `${better} of ${trials.length - 1} policies did better`;
}

function formatJson({ folder, notebook, baseline, trials, good }: ExperimentOutcome): string {
  return `${JSON.stringify({ folder, notebook, baseline, trials: trials.length - 1, policies: good }, null, 2)}\n`;
}
