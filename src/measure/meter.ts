// How fast a child trains and validates on the started engine, measured on images of noise: there is nothing to download,
// and what a picture shows does not change how long a step takes.

import { buildModel, type ChildModel, lookUpModel } from "../child/model.ts";
import type { ChildSteps } from "../child/pass.ts";
import { stepsOf } from "../child/steps.ts";
import { RunError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import type { Engine } from "../engine/types.ts";
import { createBatch } from "../image/batch.ts";
import { profileSteps, type StepProfile } from "./profile.ts";

/** The images: `side` × `side` pixels in three channels, of so many classes. */
export const NOISE = { side: 32, classes: 10 } as const;

/** Larger for a model that takes no such images: as small as it takes. @throws UsageError for an unknown name. */
export function noiseSide(model: string): number {
  return Math.max(NOISE.side, lookUpModel(model).smallestSide);
}

/** Before anything is timed, since the first steps compile code and allocate memory; fewer where they take too long. */
const WARM_UP_STEPS = 5;
const WARM_UP_MILLISECONDS = 2000;
const VALIDATION_IMAGES = 200;
/** As many as an epoch of a search has by default; a longer epoch sees them several times. */
const TRAINING_IMAGES = 2048;
/** An epoch of about so long, so that a slow engine is through in time and a fast one has long epochs. */
const EPOCH_SECONDS = 0.4;
const MOST_BATCHES = 32;

export interface MeterOptions {
  readonly model: string;
  readonly batchSize: number;
  readonly engine: Engine;
}

export interface Rate {
  readonly imagesPerSecond: number;
  /** By the machine's clock, in milliseconds. */
  readonly start: number;
  readonly end: number;
}

/** A child that is warm, and is trained for as long as it is measured. */
export class TrainingMeter {
  readonly #model: ChildModel;
  readonly #batchSize: number;
  readonly #training: LabelledImages;
  readonly #validation: LabelledImages;
  #steps: ChildSteps;
  /** Batches of an epoch. */
  #batches = 1;

  private constructor(model: ChildModel, batchSize: number, side: number) {
    this.#model = model;
    this.#batchSize = batchSize;
    this.#training = noise(TRAINING_IMAGES, side);
    this.#validation = noise(VALIDATION_IMAGES, side);
    this.#steps = stepsOf(model, batchSize, NOISE.classes);
  }

  /**
   * Draws a child's weights and warms it up.
   * @throws UsageError for an unknown model; RunError where it is too large.
   */
  static async prepare({ model: name, batchSize, engine }: MeterOptions): Promise<TrainingMeter> {
    const { classes } = NOISE;
    const side = noiseSide(name);
    let model: ChildModel | undefined;
    try {
      const images = { height: side, width: side, classes, replaceHead: true };
      model = buildModel(name, { ...images, seed: 0, engine });
      const meter = new TrainingMeter(model, batchSize, side);
      await meter.#warmUp();
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

  /** Training (forward, back and the optimizer's step) for at least so many seconds, whole epochs without validation. */
  train(seconds: number): Promise<Rate> {
    return rate(seconds, this.#batches * this.#batchSize, () => this.#epoch(this.#steps));
  }

  /** Validation, forward alone. */
  validate(seconds: number): Promise<Rate> {
    return rate(seconds, VALIDATION_IMAGES, () => this.#steps.evaluate(this.#validation));
  }

  /** Where the time of training goes. With an engine of several threads it cannot be told. */
  async profile(seconds: number): Promise<StepProfile> {
    // They are made anew, to be watched: two plans of a training at once would take twice the memory.
    this.#steps.dispose();
    try {
      return await profileSteps(this.#model, {
        batchSize: this.#batchSize,
        classes: NOISE.classes,
        seconds,
        train: async (steps) => {
          await this.#epoch(steps);
          return this.#batches;
        },
      });
    } finally {
      this.#steps = stepsOf(this.#model, this.#batchSize, NOISE.classes);
    }
  }

  dispose(): void {
    this.#steps.dispose();
    this.#model.net.dispose();
    this.#model.optimizer.dispose();
  }

  async #warmUp(): Promise<void> {
    const begin = performance.now();
    let stepSeconds = 0;
    for (let step = 0; step < WARM_UP_STEPS && performance.now() - begin < WARM_UP_MILLISECONDS; step++) {
      const start = performance.now();
      await this.#epoch(this.#steps);
      stepSeconds = (performance.now() - start) / 1000;
    }
    await this.#steps.evaluate(this.#validation);
    this.#batches = Math.min(MOST_BATCHES, Math.max(1, Math.round(EPOCH_SECONDS / stepSeconds)));
  }

  /** As the trainer makes it, without the shuffle and the validation. */
  async #epoch(steps: ChildSteps): Promise<void> {
    const size = this.#batches * this.#batchSize;
    const indices = Int32Array.from({ length: size }, (_, i) => i % TRAINING_IMAGES);
    await steps.train(this.#training, indices, this.#batchSize);
  }
}

/** Images per second over at least `seconds`, everything that happens meanwhile included. */
async function rate(seconds: number, images: number, pass: () => Promise<unknown>): Promise<Rate> {
  const clock = () => performance.timeOrigin + performance.now();
  const start = clock();
  let passes = 0;
  while (clock() < start + seconds * 1000) {
    await pass();
    passes++;
  }
  const end = clock();
  return { imagesPerSecond: (1000 * passes * images) / (end - start), start, end };
}

/**
 * V8 tells by a RangeError that an array or the stack is too large, the native engine by C++'s std::bad_alloc; TensorFlow.js's
 * WebAssembly backend takes no notice when its memory is full, and runs into its end.
 */
function isTooLarge(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return ["RangeError", "RuntimeError"].includes(error.name) || /bad_alloc/.test(error.message);
}

function noise(count: number, side: number): LabelledImages {
  const random = new Random("noise", count);
  const images = createBatch(count, side, side);
  for (let i = 0; i < images.data.length; i++) images.data[i] = random.integer(0, 255);
  return { images, labels: Int32Array.from({ length: count }, () => random.integer(0, NOISE.classes - 1)) };
}
