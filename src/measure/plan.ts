// What a search is going to do, and how long that takes on this machine: measured on the child that it trains, in as many
// processes, on images of the same size. Nothing is written, and no result depends on it.

import type { SizedConfig } from "../config/schema.ts";
import type { EngineIdentity } from "../engine/types.ts";
import { validatedEpochs } from "../search/settle/controller.ts";
import { type RunRequest, type SettledRun, settleRun } from "../search/settle/run.ts";
import { noteOf, type SizeChoice } from "../search/settle/sizes.ts";
import { gainNote, smallestGain } from "../search/settle/smallest-gain.ts";
import { type MeasuredRates, type MeasuredRun, tryToMeasure } from "./rates.ts";
import { type StageWork, type Work, workOf } from "./work.ts";

export interface Plan {
  readonly dataset: string;
  readonly model: string;
  readonly engine: EngineIdentity;
  readonly workers: number;
  readonly sizes: {
    readonly image_size: SizeChoice<number | null>;
    readonly train_set_size: SizeChoice<number>;
    readonly validation_set_size: SizeChoice<number>;
    readonly child_epochs: SizeChoice<number>;
  };
  /** Smaller gains may be luck; see smallestGain. */
  readonly smallestGain: number;
  /** In words, if it is large. */
  readonly gainNote?: string;
  /** Of each training. */
  readonly epochs: number;
  readonly work: Work;
  /** Null if nothing is left to train, or it could not be measured. */
  readonly rates: MeasuredRates | null;
  /** How long the trainings take, about; null if it could not be measured. */
  readonly seconds: number | null;
  /** Whether machines train through a queue. */
  readonly isQueued: boolean;
  /** What else the user should know, a line each. */
  readonly notes: readonly string[];
}

export interface PlanRequest extends RunRequest {
  readonly signal?: AbortSignal;
}

/**
 * Plans the run that `runExperiment` would do. Takes about two seconds, longer if a single training step does. On a busy machine
 * the time is too short, because a short burst of work gets a larger share of the processor than hours of it.
 * @throws UsageError as `runExperiment` does before it writes anything; InterruptedError
 */
export async function planRun(request: PlanRequest): Promise<Plan> {
  const run = await settleRun(request);
  const { config, dataset, engine, workers, sizes, notes } = run;
  const work = workOf(run);
  const isIdle = work.search.trainings + work.confirmation.trainings === 0;
  // How fast the machines of a queue are is not known.
  const isQueued = config.queue !== null;
  const rates = isIdle || isQueued ? null : await tryToMeasure(measuredRun(run), request.signal);
  const seconds = rates ? secondsOf(run, work, rates) : isIdle ? 0 : null;
  const chosen = {
    image_size: request.imageSize ?? { value: config.image_size },
    train_set_size: sizes.train,
    validation_set_size: sizes.validation,
    child_epochs: sizes.epochs,
  };
  const sizeNotes = Object.entries(chosen).flatMap(([key, choice]) => noteOf(key, choice));
  return {
    ...{ dataset: dataset.name, model: config.model, engine, workers },
    sizes: chosen,
    ...{ smallestGain: smallestGain(config), gainNote: gainNote(config) },
    epochs: config.child_epochs,
    ...{ work, rates, seconds, isQueued },
    notes: notes.filter((note) => !sizeNotes.includes(note)),
  };
}

/** As the measurement needs it. */
export function measuredRun({ engine, workers, model, dataset, config }: SettledRun): MeasuredRun {
  const { height, width } = dataset.train.images;
  const images = { height, width, classes: dataset.classNames.length, replaceHead: config.replace_head };
  const { threads, child_batch_size: batchSize, train_set_size: trainImages } = config;
  return { engine, workers, threads, model, images, batchSize, trainImages };
}

/** How long the stages take with these rates, in seconds. */
export interface StageTimes {
  /** The training before all others, if there is one. */
  readonly first: number;
  readonly search: number;
  readonly confirmation: number;
}

function secondsOf({ config, workers }: SettledRun, work: Work, rates: MeasuredRates): number {
  const { first, search, confirmation } = stageTimes(config, workers, work, rates);
  return rates.start + first + search + confirmation;
}

/** @param rates of all workers together. */
export function stageTimes(
  config: SizedConfig,
  workers: number,
  work: Work,
  rates: Omit<MeasuredRates, "start">,
): StageTimes {
  const { child_epochs, train_set_size, validation_set_size } = config;
  /** Of one worker while all work. */
  const epochsOf = (epochs: number, images: number, trainings: number, validations = epochs) =>
    workers *
    ((epochs * images) / rates.training + (validations * trainings * validation_set_size) / rates.validation);
  const stage = ({ trainings, imagesPerEpoch }: StageWork) => {
    if (trainings === 0) return 0;
    const all = epochsOf(child_epochs, imagesPerEpoch, trainings, validatedEpochs(config)?.length);
    // At the end some workers have nothing left to do: half of the last trainings' time, on average.
    const busy = Math.min(workers, trainings);
    return all / busy + ((busy - 1) / busy) * (all / trainings / 2);
  };
  const first = epochsOf(work.firstEpochs, train_set_size, work.firstEpochs > 0 ? 1 : 0);
  return { first, search: stage(work.search), confirmation: stage(work.confirmation) };
}
