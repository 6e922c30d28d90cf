// What an experiment's folder records of how it began, and what must still be the same when it is resumed.

import { availableParallelism, release, type } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { UsageError } from "../../common/errors.ts";
import { processorName } from "../../common/machine.ts";
import { memoryLimit } from "../../common/memory.ts";
import { VERSION } from "../../common/version.ts";
import { DATA_KEYS } from "../../config/data.ts";
import { type Config, SIZES } from "../../config/schema.ts";
import type { Dataset } from "../../dataset/dataset.ts";
import type { Subsets } from "../../dataset/subsets.ts";
import { TENSORFLOW_JS_VERSION } from "../../engine/choose.ts";
import type { ChosenEngine } from "../../engine/types.ts";
import { changed, checkSettings, fixedSettings, type Settings } from "../../experiment/begun.ts";
import { Experiment, type ExperimentFacts, type RunFacts } from "../../experiment/experiment.ts";
import type { PolicyDataset } from "../../policy/policy-file.ts";

/** The dataset as `policies.json` names it. */
export function policyDatasetOf({ name, classNames, train }: Dataset): PolicyDataset {
  const { height, width, channels } = train.images;
  return { name, classes: classNames.length, imageShape: [height, width, channels] };
}

/**
 * Keys that decide no training's result, but the number of trainings, the machine's work, and the files. Data, however
 * they are read, are known by their digest. Another engine, precision or number of threads is noted.
 * What was in flight at the beginning is kept as the lag.
 */
const FREE_KEYS: readonly string[] = [
  ...["iterations", "confirm_top", "confirm_samples", "engine", "precision", "threads", "workers"],
  ...["queue", "queue_prefix", "mixed", "in_flight"],
  ...["data", ...Object.keys(DATA_KEYS)],
  ...["out", "name", "notebook_path", "logging"],
];

/**
 * Compares the settings of an experiment to resume with those that it began with, as far as its version kept them.
 * @param config sizes that are `auto` in it are not compared.
 * @throws UsageError naming the key that was changed.
 */
export function checkBegun(
  { configPath }: Pick<Experiment, "configPath">,
  facts: Pick<ExperimentFacts, "settings" | "seed" | "subsets">,
  config: Config,
): void {
  const open = SIZES.filter((key) => config[key] === "auto");
  const now = fixedSettings(config, [...FREE_KEYS, ...open]);
  checkSettings(configPath, { began: settingsOf(facts), now }, "experiment");
}

/** Older files have no settings, but what follows from some. */
function settingsOf({
  settings,
  seed,
  subsets,
}: Pick<ExperimentFacts, "settings" | "seed" | "subsets">): Settings {
  const { train, validation } = subsets;
  return { ...settings, seed, train_set_size: train.length, validation_set_size: validation.length };
}

/**
 * An experiment to resume, and its facts.
 * @throws UsageError if the folder is not one, or began with other data or settings.
 */
export function openResumed(
  folder: string,
  config: Config,
  dataset: Dataset,
): { experiment: Experiment; facts: ExperimentFacts } {
  const experiment = Experiment.open(folder, config.logging);
  const facts = experiment.readAllFacts();
  checkBegun(experiment, facts, config);
  const { digest, name, classes, imageShape } = facts.dataset;
  if (digest !== dataset.digest) {
    throw new UsageError(
      `the data are not those with which ${experiment.folder} began (${name}, digest ${digest.slice(0, 12)}…); restore them, or start a new experiment`,
    );
  }
  const described = policyDatasetOf(dataset);
  if (!isDeepStrictEqual([classes, imageShape], [described.classes, described.imageShape])) {
    throw changed(
      experiment.path("experiment.json"),
      "dataset describes others than those of its digest",
      "experiment",
    );
  }
  return { experiment, facts };
}

/** `experiment.json` of an experiment that begins now. */
export function factsOf(
  config: Config,
  dataset: Dataset,
  drawn: Subsets,
  engine: ChosenEngine,
  lag: number,
): ExperimentFacts {
  return {
    format: "deepaugment-experiment",
    version: 1,
    ...runFactsOf(config.seed, dataset, engine),
    lag,
    settings: fixedSettings(config, FREE_KEYS),
    subsets: {
      train: [...drawn.train],
      validation: [...drawn.validation],
      validationFrom: drawn.validationFrom,
    },
  };
}

/** What any run records of how it began. */
export function runFactsOf(seed: number, dataset: Dataset, engine: ChosenEngine): RunFacts {
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
