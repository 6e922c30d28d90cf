// The analysis of an experiment from its folder, also while its search runs.

import { UsageError } from "../common/errors.ts";
import { loadSizedConfig } from "../config/load.ts";
import { Experiment } from "../experiment/experiment.ts";
import { notebookAt, readTrainings } from "../experiment/past-trials.ts";
import { spaceOf } from "../search/settle/controller.ts";
import { type Effects, effectsOf } from "./effects.ts";

/**
 * What a search has learnt so far about its techniques or families, bases and portion.
 * @param folder of an experiment.
 * @throws UsageError in one line if the folder is not an experiment's, a file of it is damaged, or no trial has ended.
 */
export function analyseExperiment(folder: string): Effects {
  const config = loadSizedConfig(Experiment.open(folder).configPath);
  const { trials } = readTrainings(config.notebook_path ?? notebookAt(folder));
  if (trials.length === 0) throw new UsageError(`${folder}: no trial has ended yet`);
  return effectsOf(trials, spaceOf(config), config.seed);
}
