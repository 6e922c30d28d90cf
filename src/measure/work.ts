// What a search has left to train: how many trainings, and on how many images an epoch of each.

import { existsSync } from "node:fs";
import type { SizedConfig } from "../config/schema.ts";
import { readNotebookText } from "../experiment/notebook.ts";
import { notebookAt, parsePastTrials } from "../experiment/past-trials.ts";
import { type RecordedTrainings, recordedTrainings } from "../experiment/progress.ts";
import { mostPromising } from "../experiment/ranking.ts";
import { keyOf } from "../experiment/turns.ts";
import { fixedPolicies, predictRewards, validatedEpochs } from "../search/settle/controller.ts";
import type { SettledRun } from "../search/settle/run.ts";
import { expectedEpochsOf } from "../search/settle/stopping.ts";

/** Trainings of one stage. */
export interface StageWork {
  readonly trainings: number;
  /** Policies that they judge, the baseline among them. */
  readonly policies: number;
  /** Whether the baseline is one of them. */
  readonly hasBaseline: boolean;
  /** Training images of one epoch, over all trainings; if some are stopped early, on average over the epochs of a whole one. */
  readonly imagesPerEpoch: number;
}

export interface Work {
  /** Epochs of the training before all others, whose weights they start from; 0 for none. */
  readonly firstEpochs: number;
  readonly search: StageWork;
  /** At most: fewer if fewer policies promise more than the baseline. */
  readonly confirmation: StageWork;
}

/** The mean portion of policies drawn at random, and of those that the surrogate chooses: mostly 1, one in ten at random. */
const PORTION = { random: 0.5, chosen: 0.9 } as const;

/** All that the run will train, without what an earlier run has recorded. Nothing is written. */
export function workOf({
  config,
  resumed,
  space,
  lag,
}: Pick<SettledRun, "config" | "resumed" | "space" | "lag">): Work {
  const folder = resumed?.experiment.folder;
  const notebook = folder === undefined ? undefined : (config.notebook_path ?? notebookAt(folder));
  const recorded: RecordedTrainings =
    folder !== undefined && notebook !== undefined
      ? recordedTrainings(folder, notebook, validatedEpochs(config)?.length ?? config.child_epochs)
      : { search: new Set(), confirmation: new Set() };
  const trials = Array.from({ length: config.iterations + 1 }, (_, trial) => trial);
  const search = stageOf(config, {
    ...{ trials, firstSample: 0, samples: config.opt_samples, recorded: recorded.search },
    portionOf: (trial) => searchPortion(config, trial),
    shareOf: (trial) => expectedEpochsOf(config, lag, trial) / config.child_epochs,
  });
  const confirmed =
    search.trainings === 0 && notebook !== undefined ? chosenTrials(config, space, notebook) : undefined;
  const most = Math.min(config.confirm_top, config.iterations);
  const confirmation = stageOf(config, {
    // Which ones is not known before the search has ended; none of them matters for the count then.
    trials: most === 0 ? [] : (confirmed ?? trials.slice(0, most + 1)),
    ...{ firstSample: config.opt_samples, samples: config.confirm_samples, recorded: recorded.confirmation },
    portionOf: (trial) => (trial === 0 ? 0 : PORTION.chosen),
    shareOf: () => 1,
  });
  return { firstEpochs: firstEpochs(config, folder), search, confirmation };
}

interface StageOptions {
  readonly trials: readonly number[];
  readonly firstSample: number;
  readonly samples: number;
  readonly recorded: ReadonlySet<string>;
  readonly portionOf: (trial: number) => number;
  /** The share of its epochs that a training of a trial has on average. */
  readonly shareOf: (trial: number) => number;
}

function stageOf(
  { train_set_size, policy_chains, mixture, redraw, reward }: SizedConfig,
  { trials, firstSample, samples, recorded, portionOf, shareOf }: StageOptions,
): StageWork {
  let [trainings, policies, imagesPerEpoch] = [0, 0, 0];
  // With the averaged reward, an epoch has as many images as without augmentation.
  const copies = redraw === "epoch" || reward === "averaged" ? 0 : mixture ? 1 : policy_chains;
  let hasBaseline = false;
  for (const trial of trials) {
    const keys = Array.from({ length: samples }, (_, sample) =>
      keyOf({ trial, sample: firstSample + sample }),
    );
    const missing = keys.filter((key) => !recorded.has(key)).length;
    trainings += missing;
    if (missing > 0) policies++;
    if (missing > 0 && trial === 0) hasBaseline = true;
    imagesPerEpoch += missing * train_set_size * (1 + copies * portionOf(trial)) * shareOf(trial);
  }
  return { trainings, policies, hasBaseline, imagesPerEpoch };
}

function searchPortion({ method, opt_initial_points, warm_start }: SizedConfig, trial: number): number {
  if (trial === 0) return 0;
  const isInitial = trial <= opt_initial_points && warm_start === null;
  return method === "random" || isInitial ? PORTION.random : PORTION.chosen;
}

/** The trials that a search which has ended confirms, the baseline first; none if none promises more. */
function chosenTrials(config: SizedConfig, space: SettledRun["space"], notebook: string): number[] {
  const { trials } = parsePastTrials(readNotebookText(notebook), notebook);
  const predicted = predictRewards(trials, space, config.seed);
  const recipes = fixedPolicies(config).length - 1;
  const chosen = mostPromising(trials, predicted, config.confirm_top, recipes);
  return chosen.length === 0 ? [] : [0, ...chosen.map(({ trial }) => trial)];
}

function firstEpochs(config: SizedConfig, folder: string | undefined): number {
  const { child_first_train_epochs, pre_aug_weights_path } = config;
  const own = folder === undefined ? undefined : `${folder}/pre_aug_weights.safetensors`;
  const path = pre_aug_weights_path ?? own;
  return path !== undefined && existsSync(path) ? 0 : child_first_train_epochs;
}
