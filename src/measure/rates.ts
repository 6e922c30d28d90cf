// How fast this machine trains and validates a model: measured for about a second, in as many processes as a run has, on images
// of the same size. Nothing is written, and no result depends on it.

import { inspectModel } from "../child/model.ts";
import { multiplyAdds } from "../child/multiply-adds.ts";
import type { ModelImages } from "../child/types.ts";
import { RunError } from "../common/errors.ts";
import { engineDefinition } from "../engine/choose.ts";
import type { SettledEngine } from "../search/settle/engine.ts";
import { TrainingBench } from "./bench.ts";
import type { MeasuredImages } from "./meter.ts";

/** Rates of all workers together, and how long a training takes to begin. */
export interface MeasuredRates {
  /** Trained per second. */
  readonly training: number;
  /** Validated per second. */
  readonly validation: number;
  /** From the start of the processes to the first step, in seconds. */
  readonly start: number;
}

/** What a run trains, and on what. */
export interface MeasuredRun extends Pick<SettledEngine, "engine" | "workers" | "threads"> {
  /** A name, or the path of the user's own model. */
  readonly model: string;
  readonly images: ModelImages;
  /** Images of a training step. */
  readonly batchSize: number;
  /** Training images. */
  readonly trainImages: number;
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

/**
 * Null if it cannot be measured: that does not keep a run from starting, which has its own ways to report what fails.
 * @throws InterruptedError
 */
export async function tryToMeasure(
  run: MeasuredRun,
  signal: AbortSignal | undefined,
): Promise<MeasuredRates | null> {
  try {
    return await measureRates(run, signal);
  } catch (error) {
    if (error instanceof RunError) return null;
    throw error;
  }
}

/** @throws RunError if it cannot be measured; InterruptedError */
export async function measureRates(
  run: MeasuredRun,
  signal: AbortSignal | undefined,
): Promise<MeasuredRates> {
  const { engine, workers, threads, model } = run;
  const { batch, measured } = await sampleOf(run);
  const setup = {
    ...{ engine: engine.name, precision: engine.precision, threads, model, batch },
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

/** How many images a measurement takes: as in the run, or fewer if they would take long on a processor. */
async function sampleOf({ model, engine, images, batchSize, trainImages }: MeasuredRun): Promise<{
  batch: number;
  measured: MeasuredImages;
}> {
  const { height, width } = images;
  const inBytes = Math.max(1, Math.floor(MOST_BYTES / (height * width * 3)));
  const isDevice = engineDefinition(engine.name).deviceWorkers !== undefined;
  const costs = isDevice ? undefined : await costsOf(model, images);
  const within = (most: number, cost = 0) => Math.max(1, Math.floor(most / Math.max(1, cost)));
  const batch = Math.min(batchSize, within(MOST_IN_STEP.training, costs?.training));
  return {
    batch,
    measured: {
      images,
      training: Math.max(batch, Math.min(trainImages, inBytes)),
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
