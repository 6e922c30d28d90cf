// How fast a child trains and validates on the started engine, measured on synthetic images: nothing is downloaded, and the
// content of a picture does not change how long a step takes.

import { buildModel, lookUpModel } from "../child/model.ts";
import type { ChildSteps } from "../child/pass.ts";
import { stepsOf } from "../child/steps.ts";
import type { ChildModel, ModelImages } from "../child/types.ts";
import { RunError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import type { Engine } from "../engine/types.ts";
import { createBatch } from "../image/batch.ts";
import { profileSteps, type StepProfile } from "./profile.ts";

/** The synthetic images: random pixels, `side` × `side` in three channels, of this many classes. */
const SYNTHETIC_IMAGES = { side: 32, classes: 10 } as const;

/**
 * The images that a model is measured on: larger for a model that needs larger ones, as small as it takes.
 * @throws UsageError for an unknown name.
 */
export function syntheticImages(model: string): ModelImages {
  const side = Math.max(SYNTHETIC_IMAGES.side, lookUpModel(model).smallestSide);
  return { height: side, width: side, classes: SYNTHETIC_IMAGES.classes, replaceHead: true };
}

/** Before anything is timed, since the first steps compile code and allocate memory; fewer if they take too long. */
const WARM_UP_STEPS = 5;

/** What a child is measured on. */
export interface MeasuredImages {
  readonly images: ModelImages;
  /** Different ones; about an epoch of a search. A longer epoch repeats them. */
  readonly training: number;
  readonly validation: number;
  /** In milliseconds; at least one step. */
  readonly warmUp: number;
}

/** As in a bench. */
function synthetic(model: string): MeasuredImages {
  return { images: syntheticImages(model), training: 2048, validation: 200, warmUp: 2000 };
}

/** Epochs take about this long, so that a slow engine finishes in time and a fast one has long epochs. */
const EPOCH_SECONDS = 0.4;
const MOST_BATCHES = 32;

export interface MeterOptions {
  readonly model: string;
  readonly batchSize: number;
  readonly engine: Engine;
  /** Synthetic images unless given. */
  readonly measured?: MeasuredImages;
}

export interface Rate {
  readonly imagesPerSecond: number;
  /** By the machine's clock, in milliseconds. */
  readonly start: number;
  readonly end: number;
}

/** A child that is warmed up for training, and trains while it is measured. */
export class TrainingMeter {
  readonly #model: ChildModel;
  readonly #batchSize: number;
  readonly #training: LabelledImages;
  readonly #validation: LabelledImages;
  readonly #classes: number;
  #steps: ChildSteps;
  /** Batches of an epoch. */
  #batches = 1;

  private constructor(model: ChildModel, batchSize: number, measured: MeasuredImages) {
    const { images } = measured;
    this.#model = model;
    this.#batchSize = batchSize;
    this.#training = randomImages(measured.training, images);
    this.#validation = randomImages(measured.validation, images);
    this.#classes = images.classes;
    this.#steps = stepsOf(model, batchSize, images.classes);
  }

  /**
   * Draws a child's weights and warms it up.
   * @throws UsageError for an unknown model; RunError if it is too large.
   */
  static async prepare(options: MeterOptions): Promise<TrainingMeter> {
    const { model: name, batchSize, engine, measured = synthetic(options.model) } = options;
    let model: ChildModel | undefined;
    try {
      model = buildModel(name, { ...measured.images, seed: 0, engine });
      const meter = new TrainingMeter(model, batchSize, measured);
      await meter.#warmUp(measured.warmUp);
      return meter;
    } catch (error) {
      model?.net.dispose();
      model?.optimizer.dispose();
      if (!isTooLarge(error)) throw error;
      throw new RunError(
        `model ${name} with batches of ${batchSize} is too large for a process (${error.message}); use a smaller batch or model`,
      );
    }
  }

  /** Training (forward, back and the optimizer's step) for at least this many seconds, in whole epochs without validation. */
  train(seconds: number): Promise<Rate> {
    return rate(seconds, this.#batches * this.#batchSize, () => this.#epoch(this.#steps));
  }

  /** Validation, forward alone, at least one pass; the first one also warms up. */
  validate(seconds: number): Promise<Rate> {
    return rate(seconds, this.#validation.labels.length, () => this.#steps.evaluate(this.#validation));
  }

  /** Where the time of a training step goes. The engine has one thread. */
  async profile(seconds: number): Promise<StepProfile> {
    // The profiled steps are new ones: two plans of a training at once would take twice the memory.
    this.#steps.dispose();
    try {
      return await profileSteps(this.#model, {
        batchSize: this.#batchSize,
        classes: this.#classes,
        seconds,
        train: async (steps) => {
          await this.#epoch(steps);
          return this.#batches;
        },
      });
    } finally {
      this.#steps = stepsOf(this.#model, this.#batchSize, this.#classes);
    }
  }

  dispose(): void {
    this.#steps.dispose();
    this.#model.net.dispose();
    this.#model.optimizer.dispose();
  }

  async #warmUp(milliseconds: number): Promise<void> {
    const begin = performance.now();
    let stepSeconds = 0;
    for (let step = 0; step < WARM_UP_STEPS && performance.now() - begin < milliseconds; step++) {
      const start = performance.now();
      await this.#epoch(this.#steps);
      stepSeconds = (performance.now() - start) / 1000;
    }
    this.#batches = Math.min(MOST_BATCHES, Math.max(1, Math.round(EPOCH_SECONDS / stepSeconds)));
  }

  /** As in the trainer, without the shuffle and the validation. */
  async #epoch(steps: ChildSteps): Promise<void> {
    const size = this.#batches * this.#batchSize;
    const indices = Int32Array.from({ length: size }, (_, i) => i % this.#training.labels.length);
    await steps.train(this.#training, indices, this.#batchSize);
  }
}

/** Images per second over at least one pass and `seconds` of wall time. */
async function rate(seconds: number, images: number, pass: () => Promise<unknown>): Promise<Rate> {
  const clock = () => performance.timeOrigin + performance.now();
  const start = clock();
  let passes = 0;
  do {
    await pass();
    passes++;
  } while (clock() < start + seconds * 1000);
  const end = clock();
  return { imagesPerSecond: (1000 * passes * images) / (end - start), start, end };
}

/**
 * V8 reports by a RangeError that an array or the stack is too large, and the native engine by C++'s std::bad_alloc;
 * TensorFlow.js's WebAssembly backend does not notice that its memory is full, and accesses addresses beyond its end.
 */
function isTooLarge(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return ["RangeError", "RuntimeError"].includes(error.name) || /bad_alloc/.test(error.message);
}

/** Pixels that are drawn; further ones repeat them, since drawing takes longer than a small training step. */
const DRAWN_PIXELS = 2 ** 20;

function randomImages(count: number, { height, width, classes }: ModelImages): LabelledImages {
  const random = new Random("noise", count);
  const images = createBatch(count, height, width);
  const drawn = Math.min(images.data.length, DRAWN_PIXELS);
  for (let i = 0; i < drawn; i++) images.data[i] = random.integer(0, 255);
  for (let i = drawn; i < images.data.length; i += drawn) images.data.copyWithin(i, 0, drawn);
  return { images, labels: Int32Array.from({ length: count }, () => random.integer(0, classes - 1)) };
}
