// The results of an experiment, read from its files: also of one that another program is working on.

import { existsSync, readFileSync } from "node:fs";
import { type FolderUser, userOf } from "../common/folder-lock.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import {
  type Confirmation,
  type FoundPolicy,
  type MeasuredReward,
  readPolicyFile,
} from "../policy/policy-file.ts";
import { type Guessing, isAtChance } from "./chance.ts";
import { Experiment } from "./experiment.ts";
import { confirmedGains } from "./gains.ts";
import { readNotebookText } from "./notebook.ts";
import { notebookAt, parsePastTrials } from "./past-trials.ts";

/** What a confirmed policy gains over the baseline in the fresh trainings. */
export interface ConfirmedGain {
  readonly trial: number;
  /** The mean difference of validation accuracy. */
  readonly gain: number;
  /** Its 95% interval, from the differences sample by sample and the number of validation images; null if one sample was trained, which shows no spread. */
  readonly interval: Confirmation["interval"];
  /** Whether the interval is above 0: the policy was shown to be better than no augmentation. */
  readonly isBetter: boolean;
}

export interface ExperimentResults {
  readonly folder: string;
  readonly notebook: string;
  /** As in the configuration. */
  readonly data: string;
  readonly status: "running" | "interrupted" | "finished";
  /** The program that works on it. */
  readonly user: FolderUser | undefined;
  /** Trials that have ended, without the baseline. */
  readonly trials: number;
  /** Trials that the configuration asks for. */
  readonly planned: number;
  /** How many of the trials did better than the baseline in the search. */
  readonly better: number;
  /** Undefined before the baseline has ended. */
  readonly baseline: MeasuredReward | undefined;
  /** Those of `policies.json`, best first. */
  readonly policies: readonly FoundPolicy[];
  /** How many policies have been trained again, and how often each; null if none. */
  readonly confirmation: { readonly policies: number; readonly samples: number } | null;
  /** How many of them did no better than the baseline then; they are not among the policies. */
  readonly noBetter: number;
  /** Of the policies that are confirmed, best first. */
  readonly gains: readonly ConfirmedGain[];
  /** Trainings that failed twice. */
  readonly failures: number;
  readonly guessing: Guessing;
  /** Whether the baseline has learnt nothing. */
  readonly isAtChance: boolean;
}

/**
 * Reads an experiment's results, and changes nothing.
 * @throws UsageError in one line if the folder is not an experiment's, or a file of it is damaged.
 */
export function readResults(folder: string): ExperimentResults {
  const experiment = Experiment.open(folder);
  const config = loadConfig({ file: experiment.configPath });
  const { dataset, subsets } = experiment.readFacts();
  const user = userOf(folder);
  const policiesPath = experiment.path("policies.json");
  const found = existsSync(policiesPath) ? readPolicyFile(policiesPath) : undefined;
  const past = readTrainings(config.notebook_path ?? notebookAt(folder));
  const trials = countTrials(folder, config);
  const { policies = [], baseline } = found ?? {};
  const guessing = { classes: dataset.classes, validationImages: subsets.validation.length };
  const [first] = past.trials;
  return {
    folder,
    notebook: config.notebook_path ?? notebookAt(folder),
    data: config.data,
    status: user ? "running" : isFinished(folder, config) ? "finished" : "interrupted",
    user,
    trials,
    planned: config.iterations,
    better: past.trials.filter(({ trial, reward }) => trial <= trials && reward > first.reward).length,
    baseline,
    policies,
    ...confirmationOf(experiment, config, policies, subsets.validation.length),
    failures: experiment.failures.read().length,
    guessing,
    isAtChance: baseline !== undefined && isAtChance(baseline, guessing),
  };
}

/** Whether there is nothing left to do for this many trials: the results are what a run would leave. */
export function isFinished(folder: string, config: EndSettings): boolean {
  return (
    countTrials(folder, config) === config.iterations && Experiment.open(folder).isFinished(config.iterations)
  );
}

/** The settings that say which trainings an experiment has. */
type EndSettings = Pick<Config, "iterations" | "opt_samples" | "notebook_path">;

/** How many trials of an experiment have ended, without the baseline. @throws UsageError if a file cannot be read. */
export function countTrials(folder: string, settings: Omit<EndSettings, "iterations">): number {
  return Math.max(0, countEnded(folder, settings) - 1);
}

/** Trials from 0 on without a gap whose trainings have all ended or failed. What the files say besides is not checked. */
function countEnded(folder: string, { opt_samples, notebook_path }: Omit<EndSettings, "iterations">): number {
  const path = notebook_path ?? notebookAt(folder);
  const rows = existsSync(path) ? readNotebookText(path).split("\n").slice(1, -1) : [];
  const recorded = new Set(rows.map((row) => row.split(",", 2).join()));
  const failed = Experiment.open(folder).failures.read();
  const trainings = [
    ...[...recorded].map((key) => Number(key.split(",")[0])),
    ...failed.map(({ trial }) => trial),
  ];
  const counts = new Map<number, number>();
  for (const trial of trainings) counts.set(trial, (counts.get(trial) ?? 0) + 1);
  let ended = 0;
  while ((counts.get(ended) ?? 0) >= opt_samples) ended++;
  return ended;
}

function confirmationOf(
  experiment: Experiment,
  { opt_samples, confirm_samples }: Config,
  policies: readonly FoundPolicy[],
  validationImages: number,
): Pick<ExperimentResults, "confirmation" | "noBetter" | "gains"> {
  const { trainings } = readTrainings(experiment.path("confirmations.csv"));
  const fresh = { first: opt_samples, count: confirm_samples };
  const known = confirmedGains(trainings, fresh, validationImages);
  if (known.size === 0) return { confirmation: null, noBetter: 0, gains: [] };
  const gains = policies
    .filter(({ confirmed }) => confirmed)
    .map(({ trial, expectedAccuracyIncrease: gain }) => {
      const interval = known.get(trial)?.interval ?? null;
      return { trial, gain, interval, isBetter: interval !== null && interval.low > 0 };
    });
  const noBetter = [...known.values()].filter(({ gain }) => gain <= 0).length;
  return { confirmation: { policies: known.size, samples: confirm_samples }, noBetter, gains };
}

/** None if the file is missing, or has no line yet. */
function readTrainings(path: string): Pick<ReturnType<typeof parsePastTrials>, "trials" | "trainings"> {
  if (!existsSync(path) || !readFileSync(path, "utf8").includes("\n")) return { trials: [], trainings: [] };
  return parsePastTrials(readNotebookText(path), path);
}
