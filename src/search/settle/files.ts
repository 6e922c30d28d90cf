// The files of an experiment at the start of a run: begun for a new one, recovered for one that is resumed.

import { removeTemporaryFiles, writeFileWhole } from "../../common/files.ts";
import { formatConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { FailureList } from "../../experiment/failures.ts";
import type { Notebook, NotebookRules } from "../../experiment/notebook.ts";
import type { TrainingRecord } from "../../experiment/records.ts";
import { NOTHING, type Recovered, recoverTrainings } from "../../experiment/recovery.ts";
import { formOf, validatedEpochs } from "./controller.ts";
import { factsOf } from "./experiment-facts.ts";
import { keepModel } from "./model.ts";
import type { SettledRun } from "./run.ts";
import { warmStartPath } from "./warm-start.ts";

export interface ExperimentFiles {
  readonly experiment: Experiment;
  readonly notebook: Notebook;
  /** Trainings of the search that ended before their turn. */
  readonly early: Notebook;
  readonly confirmations: Notebook;
  readonly failures: FailureList;
  /** What an earlier run left of the search. */
  readonly recovered: Recovered;
  /** What an earlier run left of the confirmation. */
  readonly confirmed: readonly TrainingRecord[];
}

/**
 * Opens the files, in a folder that this process has locked.
 * @throws UsageError if an earlier run did not leave them as they are; RunError if they cannot be written.
 */
export function openFiles(run: SettledRun, experiment: Experiment): ExperimentFiles {
  const { config, resumed, workers } = run;
  if (resumed) removeTemporaryFiles(experiment.folder);
  const shape = { ...formOf(config), epochs: validatedEpochs(config) ?? config.child_epochs };
  const notebook = experiment.notebook(shape, config.notebook_path);
  const early = experiment.earlyNotebook(shape);
  const confirmations = experiment.confirmations(shape);
  const { failures } = experiment;
  if (!resumed) {
    notebook.create();
    writeBeginning(run, experiment);
  }
  const rules = { operations: config.operations, reward: rewardSettings(config) };
  const samples = config.opt_samples;
  const recovered = resumed ? recoverTrainings({ notebook, early, failures, samples, rules }) : NOTHING;
  const confirmed = confirmations.exists ? confirmations.recover(rules) : [];
  if (!early.exists) early.create();
  // What an earlier run left is whole: the configuration changes only now.
  experiment.writeConfig(formatConfig(config.queue === null ? { ...config, workers } : config));
  return { experiment, notebook, early, confirmations, failures, recovered, confirmed };
}

/** How a training's epochs make its reward. */
export function rewardSettings(config: Config): NotebookRules["reward"] {
  if (config.reward === "averaged") return "averaged";
  return { bestEpochs: config.opt_last_n_epochs, overfitMargin: config.opt_overfit_margin };
}

/** What a new experiment keeps of how it began. */
function writeBeginning(run: SettledRun, experiment: Experiment): void {
  const { config, dataset, drawn, engine, lag, model, warm } = run;
  if (warm) writeFileWhole(warmStartPath(experiment), warm.text);
  const ownModel = keepModel(model, experiment);
  experiment.writeFacts({ ...factsOf(config, dataset, drawn, engine, lag), ...ownModel });
}
