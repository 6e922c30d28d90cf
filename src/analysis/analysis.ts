// The analysis of an experiment from its folder, also while its search runs.

import { UsageError } from "../common/errors.ts";
import { loadSizedConfig } from "../config/load.ts";
import { Experiment } from "../experiment/experiment.ts";
import { notebookAt, readTrainings } from "../experiment/past-trials.ts";
import { spaceOf } from "../search/settle/controller.ts";
import { type Effects, effectsOf } from "./effects.ts";
import { bestSoFar, type HistoryPoint } from "./history.ts";
import { type Importance, importanceOf } from "./importance.ts";

/** What the trials of a search say. */
export interface Analysis extends Effects {
  /** Of each effect; what helps most comes first. */
  readonly importance: readonly Importance[];
  /** All trials, the baseline first. */
  readonly history: readonly HistoryPoint[];
}

/**
 * What a search has learnt so far about its techniques or families, bases and portion, and how it went.
 * @param folder of an experiment.
 * @throws UsageError in one line if the folder is not an experiment's, a file of it is damaged, or no trial has ended.
 */
export function analyseExperiment(folder: string): Analysis {
  const config = loadSizedConfig(Experiment.open(folder).configPath);
  const { trials } = readTrainings(config.notebook_path ?? notebookAt(folder));
  if (trials.length === 0) throw new UsageError(`${folder}: no trial has ended yet`);
  const effects = effectsOf(trials, spaceOf(config), config.seed);
  return { ...effects, importance: importanceOf(effects.effects), history: bestSoFar(trials) };
}
