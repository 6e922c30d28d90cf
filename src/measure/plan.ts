// What a search is going to do, and how long that takes on this machine: measured on the child that it trains, in as many
// processes, on images of the same size. Nothing is written, and no result depends on it.

import { inspectModel } from "../child/model.ts";
import { multiplyAdds } from "../child/multiply-adds.ts";
import type { ModelImages } from "../child/types.ts";
import { RunError } from "../common/errors.ts";
import { engineDefinition } from "../engine/choose.ts";
import type { EngineIdentity } from "../engine/types.ts";
import { type RunRequest, type SettledRun, settleRun } from "../search/settle/run.ts";
import { noteOf, type SizeChoice } from "../search/settle/sizes.ts";
import { gainNote, smallestGain } from "../search/settle/smallest-gain.ts";
import { TrainingBench } from "./bench.ts";
import type { MeasuredImages } from "./meter.ts";
import { type StageWork, type Work, workOf } from "./work.ts";

/** Rates of all workers together, and how long a training takes to begin. */
interface MeasuredRates {
  /** Trained per second. */
  readonly training: number;
  /** Validated per second. */
  readonly validation: number;
  /** From the start of the processes to the first step, in seconds. */
  readonly start: number;
}

export interface Plan {
  readonly dataset: string;
  readonly model: string;
  readonly engine: EngineIdentity;
  readonly workers: number;
  readonly sizes: {
    readonly image_size: SizeChoice<number | null>;
    readonly train_set_size: SizeChoice<number>;
    readonly validation_set_size: SizeChoice<number>;
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
  const rates = isIdle ? null : await tryToMeasure(run, request.signal);
  const seconds = rates ? secondsOf(run, work, rates) : isIdle ? 0 : null;
  const chosen = {
    image_size: request.imageSize ?? { value: config.image_size },
    train_set_size: sizes.train,
    validation_set_size: sizes.validation,
  };
  const sizeNotes = Object.entries(chosen).flatMap(([key, choice]) => noteOf(key, choice));
  return {
    ...{ dataset: dataset.name, model: config.model, engine, workers },
    sizes: chosen,
    ...{ smallestGain: smallestGain(config), gainNote: gainNote(config) },
    epochs: config.child_epochs,
    ...{ work, rates, seconds },
    notes: notes.filter((note) => !sizeNotes.includes(note)),
  };
}

const TRAINING_SECONDS = 0.4;
const VALIDATION_SECONDS = 0.15;
const WARM_UP_MILLISECONDS = 300;

/**
 * Of a step, in multiply-adds. A larger model is measured on fewer images at a time: a processor does this many in about
 * a second.
 */
const MOST_IN_STEP = { training: 5e10, validation: 2e10 } as const;
/** Of pixels, so that they are drawn in a moment. */
const MOST_BYTES = 2 ** 23;
/** Images of a validation step of the engines. */
const VALIDATION_IMAGES = 100;

/** A measurement that fails does not keep a search from running, which has its own ways to report what fails. */
async function tryToMeasure(run: SettledRun, signal: AbortSignal | undefined): Promise<MeasuredRates | null> {
  try {
    return await measureRates(run, signal);
  } catch (error) {
    if (error instanceof RunError) return null;
    throw error;
  }
}

async function measureRates(run: SettledRun, signal: AbortSignal | undefined): Promise<MeasuredRates> {
  const { engine, workers, model, config } = run;
  const { batch, measured } = await sampleOf(run);
  const setup = {
    ...{ engine: engine.name, precision: engine.precision, threads: config.threads, model, batch },
    measured,
  };
  const bench = new TrainingBench(workers, { signal });
  const begin = performance.now();
  try {
    await bench.prepare(setup, workers);
    const start = (performance.now() - begin) / 1000;
    const rates = await bench.estimate(workers, {
      training: TRAINING_SECONDS,
      validation: VALIDATION_SECONDS,
    });
    return { ...rates, start };
  } finally {
    await bench.close();
  }
}

/** How many images a measurement takes: as in a search, or fewer if they would take long on a processor. */
async function sampleOf({ dataset, model, engine, config }: SettledRun): Promise<{
  batch: number;
  measured: MeasuredImages;
}> {
  const { height, width } = dataset.train.images;
  const images = { height, width, classes: dataset.classNames.length, replaceHead: config.replace_head };
  const inBytes = Math.max(1, Math.floor(MOST_BYTES / (height * width * 3)));
  const isDevice = engineDefinition(engine.name).deviceWorkers !== undefined;
  const costs = isDevice ? undefined : await costsOf(model, images);
  const within = (most: number, cost = 0) => Math.max(1, Math.floor(most / Math.max(1, cost)));
  const batch = Math.min(config.child_batch_size, within(MOST_IN_STEP.training, costs?.training));
  return {
    batch,
    measured: {
      images,
      training: Math.max(batch, Math.min(config.train_set_size, inBytes)),
      validation: Math.min(VALIDATION_IMAGES, inBytes, within(MOST_IN_STEP.validation, costs?.forward)),
      warmUp: WARM_UP_MILLISECONDS,
    },
  };
}

/** Multiply-adds of an image; undefined for a model with layers in which they are not counted. */
async function costsOf(
  model: string,
  images: ModelImages,
): Promise<{ forward: number; training: number } | undefined> {
  try {
    return await inspectModel(model, images, ({ net }) => multiplyAdds(net));
  } catch (error) {
    if (error instanceof RunError) return undefined;
    throw error;
  }
}

function secondsOf({ config, workers }: SettledRun, work: Work, rates: MeasuredRates): number {
  const { child_epochs, train_set_size, validation_set_size } = config;
  /** Of one worker while all work. */
  const epochsOf = (epochs: number, images: number, trainings: number) =>
    workers * epochs * (images / rates.training + (trainings * validation_set_size) / rates.validation);
  const stage = ({ trainings, imagesPerEpoch }: StageWork) => {
    if (trainings === 0) return 0;
    const all = epochsOf(child_epochs, imagesPerEpoch, trainings);
    // At the end some workers have nothing left to do: half of the last trainings' time, on average.
    const busy = Math.min(workers, trainings);
    return all / busy + ((busy - 1) / busy) * (all / trainings / 2);
  };
  const first = epochsOf(work.firstEpochs, train_set_size, work.firstEpochs > 0 ? 1 : 0);
  return rates.start + first + stage(work.search) + stage(work.confirmation);
}
