// Which model an experiment's children are: a named one, or the user's own, of which the experiment keeps a copy.

import { isPath } from "../../child/model.ts";
import { readModelFile } from "../../child/own/model-file.ts";
import { UsageError } from "../../common/errors.ts";
import { Experiment, type ExperimentFacts } from "../../experiment/experiment.ts";

/**
 * What children are built from: the model's name or path in the configuration; for a resumed experiment, the copy of the
 * user's own model in its folder.
 * @throws UsageError if the copy is missing, or is not what the experiment began with.
 */
export function settleModel(model: string, resume?: string): string {
  if (!isPath(model) || resume === undefined) return model;
  const experiment = Experiment.open(resume);
  const { digest } = readModelFile(experiment.modelPath);
  if (experiment.readFacts().model?.digest === digest) return experiment.modelPath;
  throw new UsageError(
    `${experiment.modelPath} is not the model with which the experiment began; restore the file as it was written`,
  );
}

/** Copies the user's own model to the experiment's folder; returns what `experiment.json` records of it. Nothing for a named model. */
export function keepModel(model: string, experiment: Experiment): Pick<ExperimentFacts, "model"> {
  if (!isPath(model)) return {};
  const { text, digest } = readModelFile(model);
  experiment.writeModel(text);
  return { model: { file: model, digest } };
}
