// The results of an experiment, read from its files: also of one that another program is working on.

import { existsSync, readFileSync } from "node:fs";
import { type FolderUser, userOf } from "../common/folder-lock.ts";
import { type Interval, intervalOf } from "../common/interval.ts";
import { meanOf } from "../common/mean.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { type FoundPolicy, type MeasuredReward, readPolicyFile } from "../policy/policy-file.ts";
import { type Guessing, isAtChance, luckOf } from "./chance.ts";
import { Experiment } from "./experiment.ts";
import { readNotebookText } from "./notebook.ts";
import { notebookAt, parsePastTrials } from "./past-trials.ts";

/** What a confirmed policy gains over the baseline in the fresh trainings. */
export interface ConfirmedGain {
  readonly trial: number;
  /** The mean difference of validation accuracy. */
  readonly gain: number;
  /** Its 95% interval, from the differences sample by sample and the number of validation images; null if one sample was trained, which shows no spread. */
  readonly interval: Interval | null;
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
): Pick<ExperimentResults, "confirmation" | "gains"> {
  const { trainings } = readTrainings(experiment.path("confirmations.csv"));
  /** By trial and by sample; samples of the search, or of other settings, do not count. */
  const rewards = new Map<number, Map<number, number>>();
  for (const { trial, sample, reward } of trainings) {
    if (sample < opt_samples || sample >= opt_samples + confirm_samples) continue;
    rewards.set(trial, (rewards.get(trial) ?? new Map()).set(sample, reward));
  }
  const baseline = rewards.get(0);
  const whole = [...rewards].filter(([trial, ofTrial]) => trial > 0 && ofTrial.size === confirm_samples);
  if (baseline?.size !== confirm_samples || whole.length === 0) return { confirmation: null, gains: [] };
  const accuracy = meanOf([...baseline.values()]);
  const luck = luckOf(accuracy, validationImages, confirm_samples);
  const gains = policies
    .filter(({ confirmed }) => confirmed)
    .map(({ trial, expectedAccuracyIncrease: gain }) => {
      const differences = [...(rewards.get(trial) ?? [])].flatMap(([sample, reward]) => {
        const other = baseline.get(sample);
        return other === undefined ? [] : reward - other;
      });
      const interval = widened(intervalOf(differences), luck) ?? null;
      return { trial, gain, interval, isBetter: interval !== null && interval.low > 0 };
    });
  return { confirmation: { policies: whole.length, samples: confirm_samples }, gains };
}

/**
 * At least as wide as the luck of the validation images alone: a few trainings may agree by chance, and all of them are
 * validated on the same images.
 */
function widened(interval: Interval | undefined, luck: number): Interval | undefined {
  if (!interval) return undefined;
  const { mean, low, high } = interval;
  return { mean, low: Math.min(low, mean - luck), high: Math.max(high, mean + luck) };
}

/** None if the file is missing, or has no line yet. */
function readTrainings(path: string): Pick<ReturnType<typeof parsePastTrials>, "trials" | "trainings"> {
  if (!existsSync(path) || !readFileSync(path, "utf8").includes("\n")) return { trials: [], trainings: [] };
  return parsePastTrials(readNotebookText(path), path);
}
