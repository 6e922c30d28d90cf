// What an experiment's folder records of how it began, and what must still be the same when it is resumed.

import { availableParallelism, release, type } from "node:os";
import { UsageError } from "../../common/errors.ts";
import { processorName } from "../../common/machine.ts";
import { memoryLimit } from "../../common/memory.ts";
import { VERSION } from "../../common/version.ts";
import type { Config } from "../../config/schema.ts";
import type { Dataset } from "../../dataset/dataset.ts";
import type { Subsets } from "../../dataset/subsets.ts";
import { TENSORFLOW_JS_VERSION } from "../../engine/choose.ts";
import type { EngineIdentity } from "../../engine/types.ts";
import { Experiment, type ExperimentFacts, type RunFacts } from "../../experiment/experiment.ts";
import type { PolicyDataset } from "../../policy/policy-file.ts";

/** The dataset as `policies.json` names it. */
export function policyDatasetOf({ name, classNames, train }: Dataset): PolicyDataset {
  const { height, width, channels } = train.images;
  return { name, classes: classNames.length, imageShape: [height, width, channels] };
}

/** An experiment to resume, and its facts. @throws UsageError if the folder is not one, or began with other data. */
export function openResumed(
  folder: string,
  config: Config,
  dataset: Dataset,
): { experiment: Experiment; facts: ExperimentFacts } {
  const experiment = Experiment.open(folder, config.logging);
  const facts = experiment.readFacts();
  if (facts.dataset.digest !== dataset.digest) {
    throw new UsageError(
      `the data are not those with which ${experiment.folder} began (${facts.dataset.name}, digest ${facts.dataset.digest.slice(0, 12)}…); restore them, or start a new experiment`,
    );
  }
  return { experiment, facts };
}

/** `experiment.json` of an experiment that begins now. */
export function factsOf(
  config: Config,
  dataset: Dataset,
  drawn: Subsets,
  engine: EngineIdentity,
  lag: number,
): ExperimentFacts {
  return {
    format: "deepaugment-experiment",
    version: 1,
    ...runFactsOf(config.seed, dataset, engine),
    lag,
    subsets: {
      train: [...drawn.train],
      validation: [...drawn.validation],
      validationFrom: drawn.validationFrom,
    },
  };
}

/** What any run records of how it began. */
export function runFactsOf(seed: number, dataset: Dataset, engine: EngineIdentity): RunFacts {
  return {
    seed,
    startedAt: new Date().toISOString(),
    versions: { deepaugment: VERSION, node: process.versions.node, "tensorflow.js": TENSORFLOW_JS_VERSION },
    engine: engine.name,
    precision: engine.precision,
    kernels: engine.kernels,
    machine: {
      cpu: processorName(),
      cores: availableParallelism(),
      memoryGiB: Math.round(memoryLimit() / 2 ** 30),
      system: `${type()} ${release()} ${process.arch}`,
    },
    dataset: { ...policyDatasetOf(dataset), digest: dataset.digest },
  };
}
