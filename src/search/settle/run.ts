// All that a run resolves and checks before it writes anything.

import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { checkFit, checkModel, inspectionOf } from "../../child/model.ts";
import type { ModelImages } from "../../child/types.ts";
import { UsageError } from "../../common/errors.ts";
import type { Config, SizedConfig } from "../../config/schema.ts";
import { EXTENDED_TECHNIQUES } from "../../config/techniques.ts";
import type { Dataset } from "../../dataset/dataset.ts";
import type { Subsets } from "../../dataset/subsets.ts";
import type { Experiment, ExperimentFacts } from "../../experiment/experiment.ts";
import type { SearchSpace } from "../../policy/space.ts";
import { checkPretrained } from "../pretraining.ts";
import { lagOf } from "../search.ts";
import type { StopRule } from "../stopping.ts";
import { spaceOf } from "./controller.ts";
import { type SettledEngine, settleEngine } from "./engine.ts";
import { openResumed } from "./experiment-facts.ts";
import { settleModel } from "./model.ts";
import { noteOf, type SetSizes, type SizeChoice, settleSizes } from "./sizes.ts";
import { settleStopRule } from "./stopping.ts";
import { settleSubsets } from "./subsets.ts";
import { settleWarmStart, type WarmStart } from "./warm-start.ts";

export interface RunRequest {
  readonly config: Config;
  readonly dataset: Dataset;
  /** How the images' size was chosen, if it was; for a note. */
  readonly imageSize?: SizeChoice<number | null>;
  /** The folder of an experiment to resume, instead of a new one. */
  readonly resume?: string;
  /** The executor of the trainings, if they do not run in processes of the run's own. */
  readonly executor?: { readonly workers: number };
}

export interface SettledRun extends Pick<SettledEngine, "engine" | "workers"> {
  /** With all sizes known. */
  readonly config: SizedConfig;
  readonly dataset: Dataset;
  /** How many images train and validate, and why. */
  readonly sizes: SetSizes;
  /** Indices of training images that are held out for testing: the search uses none of them. */
  readonly heldOut: readonly number[];
  /** The experiment to resume; undefined for a new one. */
  readonly resumed: { readonly experiment: Experiment; readonly facts: ExperimentFacts } | undefined;
  /** A name, or the path of the user's own model. */
  readonly model: string;
  readonly drawn: Subsets;
  readonly space: SearchSpace;
  readonly warm: WarmStart | undefined;
  /** How many trainings may be under way. */
  readonly inFlight: number;
  /** How many trials may be in flight. */
  readonly lag: number;
  /** When trainings are stopped early; undefined: never. */
  readonly stopRule: StopRule | undefined;
  /** What the user should know about the engine, the warm start and the sizes, a line each. */
  readonly notes: readonly string[];
}

/** @throws UsageError if the configuration does not fit the data, the machine, or the experiment to resume. */
export async function settleRun(request: RunRequest): Promise<SettledRun> {
  const { dataset, imageSize, resume, executor } = request;
  const { config, sizes, heldOut, notes: sizeNotes } = settleSizes(request.config, dataset);
  const resumed = resume ? openResumed(resume, config, dataset) : undefined;
  const { model, images } = await settleFittingModel(config, dataset, resume);
  const { engine, workers, notes } = await settleEngine(config, inspectionOf(model, images), resumed?.facts);
  const { drawn, notes: subsetNotes } = settleSubsets(config, dataset, {
    sizes,
    heldOut,
    began: resumed?.facts,
  });
  const inFlight = inFlightOf(config, executor?.workers ?? workers);
  const space = spaceOf(config);
  const warm = settleWarmStart(config, space, resume);
  if (!resume && config.notebook_path && existsSync(config.notebook_path)) {
    throw new UsageError(`notebook_path ${config.notebook_path} exists already; remove it, or give another`);
  }
  return {
    ...{ config, dataset, sizes, heldOut, resumed, engine, workers, model, drawn, space, warm },
    stopRule: settleStopRule(config),
    inFlight,
    lag: resumed?.facts.lag ?? lagOf(inFlight, config.opt_samples),
    notes: [
      ...[...notes, ...(warm?.notes ?? [])],
      ...(imageSize ? noteOf("image_size", imageSize) : []),
      ...[...sizeNotes, ...subsetNotes, ...unusedTechniques(config, space)],
    ],
  };
}

/** Trainings that are under way at the same time with a queue, unless the configuration says otherwise. */
const QUEUED_IN_FLIGHT = 8;

function inFlightOf({ in_flight, queue }: Config, workers: number): number {
  if (in_flight !== "auto") return in_flight;
  return queue === null ? workers : QUEUED_IN_FLIGHT;
}

/** A note if techniques were listed that no family contains. */
function unusedTechniques({ operations }: Config, { families }: SearchSpace): string[] {
  if (!families || isDeepStrictEqual(operations, EXTENDED_TECHNIQUES)) return [];
  const used = families.flatMap(({ techniques }) => techniques.map(([technique]) => technique));
  const unused = operations.filter((technique) => !used.includes(technique));
  if (unused.length === 0) return [];
  return [
    `techniques that no family contains are not used: ${unused.join(", ")}; families: none uses all of them in chains`,
  ];
}

async function settleFittingModel(
  config: Config,
  dataset: Dataset,
  resume?: string,
): Promise<{ model: string; images: ModelImages }> {
  const { height, width } = dataset.train.images;
  const model = settleModel(config.model, resume);
  checkModel(model, height, width);
  const images = { height, width, classes: dataset.classNames.length, replaceHead: config.replace_head };
  await checkFit(model, images);
  await checkPretrained({ ...config, model }, images);
  return { model, images };
}
