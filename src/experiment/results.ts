// The results of an experiment, read from its files: also of one that another program is working on.

import { existsSync } from "node:fs";
import { UsageError } from "../common/errors.ts";
import { type FolderUser, userOf } from "../common/folder-lock.ts";
import { loadSizedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { type DataConfig, dataKeysOf } from "../dataset/reader.ts";
import {
  type Confirmation,
  type FoundPolicy,
  type MeasuredReward,
  type PolicyFile,
  readPolicyFile,
} from "../policy/policy-file.ts";
import { type Guessing, isAtChance } from "./chance.ts";
import { Experiment, type ExperimentFacts } from "./experiment.ts";
import { type BesideRecipe, besideRecipe, confirmedGains } from "./gains.ts";
import { readNotebookText } from "./notebook.ts";
import { notebookAt, readTrainings } from "./past-trials.ts";
import { isWhole } from "./ranking.ts";
import type { FreshSamples, TrainingRecord } from "./records.ts";

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
  /** How they are read. */
  readonly dataKeys: DataConfig;
  readonly reward: Config["reward"];
  /** Whether accuracies are mean recalls of the classes. */
  readonly balanced: boolean;
  readonly status: "running" | "interrupted" | "finished";
  /** The program that works on it. */
  readonly user: FolderUser | undefined;
  /** Trials that have ended, without the baseline. */
  readonly trials: number;
  /** Trials that the configuration asks for. */
  readonly planned: number;
  /** How many of the trials did better than the baseline in the search. */
  readonly better: number;
  /** How many of the trials were stopped early. */
  readonly stopped: number;
  /** Undefined before the baseline has ended. */
  readonly baseline: MeasuredReward | undefined;
  /** Those of `policies.json`, best first. */
  readonly policies: readonly FoundPolicy[];
  /** How many policies have been trained again, and how often each; null if none. */
  readonly confirmation: { readonly policies: number; readonly samples: number } | null;
  /** The fresh trainings of a confirmation that has begun and not ended: how many have succeeded, of how many; else null. */
  readonly confirming: { readonly done: number; readonly trainings: number } | null;
  /** How many of them did no better than the baseline then; they are not among the policies. */
  readonly noBetter: number;
  /** Of the policies that are confirmed, best first. */
  readonly gains: readonly ConfirmedGain[];
  /** How the best found policy compares with the best recipe, if both are confirmed and a policy is better than the baseline; else null. */
  readonly besideRecipe: BesideRecipe | null;
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
  const config = loadSizedConfig(experiment.configPath);
  const facts = experiment.readAllFacts();
  const { dataset, subsets } = facts;
  const user = userOf(folder);
  const policiesPath = experiment.path("policies.json");
  const found = existsSync(policiesPath) ? readPolicyFile(policiesPath) : undefined;
  const past = readTrainings(config.notebook_path ?? notebookAt(folder));
  const trials = countTrials(folder, config);
  const { policies = [], baseline } = found ?? {};
  const guessing = { classes: dataset.classes, validationImages: subsets.validation.length };
  const [first, ...others] = past.trials.filter(({ trial }) => trial <= trials);
  const status = user ? "running" : isFinished(folder, config) ? "finished" : "interrupted";
  const fresh = readTrainings(experiment.path("confirmations.csv")).trainings;
  if (!user && found && experiment.hasOtherPolicies(config.iterations)) {
    throw new UsageError(
      `${policiesPath} is not as it was written; deepaugment optimize --resume ${folder} makes it again from the notebook`,
    );
  }
  if (status === "finished" && found)
    checkConfirmed(found, confirmedGains(fresh, freshSamples(config), subsets.validation.length), experiment);
  return {
    folder,
    notebook: config.notebook_path ?? notebookAt(folder),
    ...{ data: config.data, dataKeys: dataKeysOf(config) },
    reward: config.reward,
    balanced: config.balanced_validation,
    status,
    user,
    trials,
    planned: config.iterations,
    better: others.filter((trial) => isWhole(trial) && trial.reward > first.reward).length,
    stopped: others.filter((trial) => !isWhole(trial)).length,
    baseline,
    policies,
    ...confirmationOf(fresh, config, found, subsets.validation.length),
    confirming: status === "finished" ? null : confirmingOf(fresh, config, facts),
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

/** What `policies.json` says of it; trainings that have ended since it was written do not count. */
function confirmationOf(
  trainings: readonly TrainingRecord[],
  config: Config,
  found: PolicyFile | undefined,
  validationImages: number,
): Pick<ExperimentResults, "confirmation" | "noBetter" | "gains" | "besideRecipe"> {
  const samples = freshSamples(config);
  const known = confirmedGains(trainings, samples, validationImages);
  for (const { trial, confirmed } of found?.policies ?? []) if (!confirmed) known.delete(trial);
  if (!found?.baseline.confirmed || known.size === 0)
    return { confirmation: null, noBetter: 0, gains: [], besideRecipe: null };
  const gains = found.policies
    .filter(({ confirmed }) => confirmed)
    .map(({ trial, expectedAccuracyIncrease: gain }) => {
      const interval = known.get(trial)?.interval ?? null;
      return { trial, gain, interval, isBetter: interval !== null && interval.low > 0 };
    });
  const noBetter = [...known.values()].filter(({ gain }) => gain <= 0).length;
  const compared = besideRecipe(trainings, samples, validationImages, (trial) => known.has(trial));
  return {
    confirmation: { policies: known.size, samples: config.confirm_samples },
    ...{ noBetter, gains, besideRecipe: (gains.length > 0 && compared) || null },
  };
}

/** @throws UsageError if the fresh trainings are not those of which `policies.json` has the gains. */
function checkConfirmed(
  { policies }: PolicyFile,
  known: ReadonlyMap<number, Confirmation>,
  experiment: Experiment,
): void {
  for (const { trial, confirmation } of policies) {
    if (!confirmation) continue;
    const gain = known.get(trial)?.gain;
    if (gain !== undefined && Math.abs(gain - confirmation.gain) < 1e-9) continue;
    throw new UsageError(
      `${experiment.path("confirmations.csv")} has not the trainings of trial ${trial} that policies.json is about; restore the file as it was written`,
    );
  }
}

/** Null if the confirmation has not begun, or the search has got more trials since. */
function confirmingOf(
  trainings: readonly TrainingRecord[],
  config: Config,
  { confirming }: ExperimentFacts,
): ExperimentResults["confirming"] {
  if (confirming?.iterations !== config.iterations) return null;
  const { first, count } = freshSamples(config);
  const done = trainings.filter(
    ({ trial, sample }) => confirming.trials.includes(trial) && sample >= first && sample < first + count,
  );
  return { done: done.length, trainings: confirming.trials.length * count };
}

function freshSamples({ opt_samples, confirm_samples }: Config): FreshSamples {
  return { first: opt_samples, count: confirm_samples };
}
