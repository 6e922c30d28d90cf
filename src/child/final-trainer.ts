// Trains a child whose final weights count: a given number of steps over images that may be drawn anew for every epoch, with
// checkpoints from which a training of hours continues to the same bits.

import { Random } from "../common/random.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import { createBatch, type ImageBatch, imageSize } from "../image/batch.ts";
import { hasMoments, measureMoments } from "./batch-moments.ts";
import { type CheckpointFile, loadCheckpoint, readCheckpointState, saveCheckpoint } from "./checkpoint.ts";
import type { ChildSteps, Means } from "./pass.ts";
import { stepsOf } from "./steps.ts";
import type { ChildModel } from "./types.ts";
import { assignValues, namedWeights, valuesOf } from "./weights.ts";

export interface FinalTrainingOptions {
  readonly epochs: number;
  /**
   * Training images of an epoch, at least 1, whatever the number of images that they are drawn from: so that trainings on
   * sets of different sizes take the same number of steps.
   */
  readonly epochImages: number;
  readonly batchSize: number;
  readonly classes: number;
  /** Determines the order of the images. */
  readonly seed: number;
  /** Spans of epochs over which weights are averaged; the last weights are final unless one ends with the last epoch. */
  readonly averages?: readonly Span[];
  /** Draws images anew: writes those at `indices` of the training set, for this epoch, to `target`. Unless given, they are as they are. */
  readonly redraw?: (indices: Int32Array, epoch: number, target: ImageBatch) => void;
  readonly checkpoint?: Checkpointing;
  readonly onProgress?: (progress: FinalProgress) => void;
  /** Called at an epoch's end, before it is reported; it may evaluate, and stop the training. */
  readonly afterEpoch?: (epoch: number) => Promise<void>;
}

/** Epochs, from 1, at whose ends weights are averaged: from `from` to `to`, inclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Checkpointing extends CheckpointFile {
  /** A checkpoint is written when this much time has passed since the last one, at the next chunk's end. */
  readonly everySeconds: number;
}

/** One epoch of a final training. */
export interface TrainedEpoch {
  /** From 1. */
  readonly epoch: number;
  /** Mean cross-entropy over the epoch's training images, measured during training (dropout on). */
  readonly loss: number;
  /** Share of them classified correctly, measured during training, in [0, 1]. */
  readonly accuracy: number;
  /** From the start of the training to the end of this epoch, without interruptions. */
  readonly seconds: number;
}

/** The share of the epochs, at their end, over which the weights of a training with a constant learning rate are averaged. */
const AVERAGED_SHARE = 0.25;

/** The epochs whose weights are averaged if a training ends with `epochs`. */
export function lastEpochs(epochs: number): Span {
  return { from: epochs - Math.ceil(AVERAGED_SHARE * epochs) + 1, to: epochs };
}

/** Reported after every chunk of an epoch. */
export interface FinalProgress {
  /** The epoch that is being trained, from 1. */
  readonly epoch: number;
  /** The share of it that is done, in (0, 1]. */
  readonly share: number;
  /** The epoch's result, at its end. */
  readonly result?: TrainedEpoch;
}

/** Batches that are drawn, trained and reported together, at most; fewer if their images take more than `CHUNK_BYTES`. */
export const CHUNK_BATCHES = 32;
const CHUNK_BYTES = 64e6;

/** The moments of final weights are measured over at least this many batches, and at most `MOST_MOMENT_BATCHES`. */
const LEAST_MOMENT_BATCHES = 50;
const MOST_MOMENT_BATCHES = 500;

/** Training steps without a change of the weights that measure the moments of final weights, if an epoch has this many. */
export function momentBatches(perEpoch: number): number {
  return Math.min(Math.max(perEpoch, LEAST_MOMENT_BATCHES), MOST_MOMENT_BATCHES);
}

/** Epochs that a training with this checkpoint has done, a part of one included; 0 if it cannot be read. */
export function epochsInCheckpoint(path: string, epochImages: number): number {
  const state = readCheckpointState<State>(path);
  return state ? state.epoch - 1 + state.done / epochImages : 0;
}

/** Where a training is; plain data, part of a checkpoint. */
interface State {
  /** The epoch that is being trained, from 1. */
  epoch: number;
  /** Images of it that have been trained on. */
  done: number;
  /** Sums over these images. */
  loss: number;
  correct: number;
  /** Training steps that have been taken. */
  steps: number;
  /** Epochs whose weights have been averaged, for each span. */
  averaged: number[];
  seconds: number;
  history: TrainedEpoch[];
}

/** One training: `run`, and then `average` if the final weights are averaged ones, else `measureMoments`. */
export class FinalTraining {
  readonly #model: ChildModel;
  readonly #train: LabelledImages;
  readonly #options: FinalTrainingOptions;
  readonly #chunk: DrawnChunk;
  #state: State = {
    ...{ epoch: 1, done: 0, loss: 0, correct: 0 },
    ...{ steps: 0, averaged: [], seconds: 0, history: [] },
  };
  /** For each span, the mean so far of each weight, by `keyOf`. */
  #averages = new Map<string, Float32Array>();
  /** The epoch that the training ends with. */
  #last: number;
  #steps: ChildSteps | undefined;
  #savedAt = performance.now();

  constructor(model: ChildModel, train: LabelledImages, options: FinalTrainingOptions) {
    this.#model = model;
    this.#train = train;
    this.#options = options;
    this.#last = options.epochs;
    this.#chunk = new DrawnChunk(train, options);
  }

  /** One result per epoch. */
  get history(): readonly TrainedEpoch[] {
    return this.#state.history;
  }

  /** Trains all epochs, or those that a checkpoint leaves; afterwards the model has the last weights. */
  async run(): Promise<void> {
    const { batchSize, classes } = this.#options;
    this.#restore();
    const steps = stepsOf(this.#model, batchSize, classes);
    steps.continueFrom(this.#state.steps);
    this.#steps = steps;
    try {
      while (this.#state.epoch <= this.#last) await this.#trainEpoch(steps);
    } finally {
      this.#steps = undefined;
      steps.dispose();
    }
  }

  /** Ends the training with the epoch that has just ended; only in `afterEpoch`. */
  stop(): void {
    this.#last = this.#state.epoch;
  }

  /** Evaluates the present weights, without dropout; only while training, in `afterEpoch`. */
  evaluate(data: LabelledImages): Promise<Means> {
    if (!this.#steps) throw new RangeError("the training is not running");
    return this.#steps.evaluate(data);
  }

  /** Calls `act` while the model has the average of a span that has ended; the training is as it was afterwards. */
  async withAverage<T>(span: number, act: () => Promise<T>): Promise<T> {
    const weights = namedWeights(this.#model.net);
    const kept = await valuesOf(weights);
    await this.average(span);
    try {
      return await act();
    } finally {
      for (const [index, { variable }] of weights.entries()) assignValues(variable, kept[index].values);
    }
  }

  /**
   * Gives the model the mean of the weights at the ends of a span's epochs (of the last span unless given), with moments of
   * batch normalisation that are measured anew.
   */
  async average(span = (this.#options.averages?.length ?? 0) - 1): Promise<void> {
    for (const { name, variable } of namedWeights(this.#model.net)) {
      const average = this.#averages.get(keyOf(span, name));
      if (!average) throw new RangeError("no epoch was averaged");
      assignValues(variable, average);
    }
    await this.#measureMoments(this.#options.averages![span].to);
  }

  /**
   * Measures the moments of batch normalisation anew for the last weights. Those of the training are means over hundreds of
   * steps in which the weights changed: after a few hundred steps in all they are far from those of the last weights.
   */
  measureMoments(): Promise<void> {
    return this.#measureMoments(this.#last);
  }

  async #trainEpoch(steps: ChildSteps): Promise<void> {
    const state = this.#state;
    const { epochImages, onProgress } = this.#options;
    const order = orderOf(state.epoch, this.#train.labels.length, this.#options);
    while (state.done < epochImages) {
      const start = performance.now();
      const indices = order.subarray(state.done, state.done + this.#chunk.size);
      const { loss, accuracy } = await this.#trainChunk(steps, indices, state.epoch);
      state.done += indices.length;
      state.steps += Math.ceil(indices.length / this.#options.batchSize);
      state.loss += loss * indices.length;
      state.correct += Math.round(accuracy * indices.length);
      state.seconds += (performance.now() - start) / 1000;
      const { epoch } = state;
      const isEnd = state.done >= epochImages;
      if (isEnd) await this.#endEpoch();
      const result = isEnd ? state.history.at(-1) : undefined;
      onProgress?.({ epoch, share: isEnd ? 1 : state.done / epochImages, ...(result && { result }) });
      await this.#saveIfDue();
      if (isEnd) return;
    }
  }

  async #endEpoch(): Promise<void> {
    const state = this.#state;
    const { epochImages, averages = [], afterEpoch } = this.#options;
    const { epoch, loss, correct, seconds } = state;
    state.history.push({ epoch, loss: loss / epochImages, accuracy: correct / epochImages, seconds });
    const spans = [...averages.keys()].filter((span) => {
      const { from, to } = averages[span];
      return epoch >= from && epoch <= to;
    });
    if (spans.length > 0) await this.#addToAverages(spans);
    await afterEpoch?.(epoch);
    Object.assign(state, { epoch: epoch + 1, done: 0, loss: 0, correct: 0 });
  }

  #trainChunk(steps: ChildSteps, indices: Int32Array, epoch: number): Promise<Means> {
    const { batchSize, redraw } = this.#options;
    if (!redraw) return steps.train(this.#train, indices, batchSize);
    const images = this.#chunk.draw(indices, epoch);
    return steps.train(images, this.#chunk.indices(indices.length), batchSize, true);
  }

  async #addToAverages(spans: readonly number[]): Promise<void> {
    const { averaged } = this.#state;
    const weights = await valuesOf(namedWeights(this.#model.net));
    for (const span of spans) {
      averaged[span] = (averaged[span] ?? 0) + 1;
      for (const { name, values } of weights) {
        const key = keyOf(span, name);
        const average = this.#averages.get(key);
        if (!average) this.#averages.set(key, values.slice());
        else for (let i = 0; i < values.length; i++) average[i] += (values[i] - average[i]) / averaged[span];
      }
    }
  }

  /** Over images as they are drawn for the epochs after `last`. */
  async #measureMoments(last: number): Promise<void> {
    if (!hasMoments(this.#model.net)) return;
    const { batchSize, classes, epochImages } = this.#options;
    const perEpoch = Math.ceil(epochImages / batchSize);
    const batches = momentBatches(perEpoch);
    await measureMoments(this.#model, { batchSize, classes }, async (steps) => {
      steps.continueFrom(this.#state.steps);
      let taken = 0;
      for (let epoch = last + 1; taken < batches; epoch++) {
        const order = orderOf(epoch, this.#train.labels.length, this.#options);
        for (let start = 0; start < order.length && taken < batches; start += this.#chunk.size) {
          const most = (batches - taken) * batchSize;
          const indices = order.subarray(start, Math.min(start + this.#chunk.size, start + most));
          await this.#trainChunk(steps, indices, epoch);
          taken += Math.ceil(indices.length / batchSize);
        }
      }
      return taken;
    });
  }

  #restore(): void {
    const { checkpoint } = this.#options;
    const restored = checkpoint && loadCheckpoint<State>(checkpoint, this.#model);
    if (!restored) return;
    this.#state = restored.state;
    this.#averages = new Map(restored.extra);
  }

  async #saveIfDue(): Promise<void> {
    const { checkpoint } = this.#options;
    if (!checkpoint || performance.now() - this.#savedAt < 1000 * checkpoint.everySeconds) return;
    const averages = [...this.#averages].map(([name, values]) => ({ name, shape: [values.length], values }));
    await saveCheckpoint(checkpoint, this.#model, this.#state, averages);
    this.#savedAt = performance.now();
  }
}

function keyOf(span: number, name: string): string {
  return `${span}/${name}`;
}

/** A few batches of images that are drawn anew, always in the same memory. */
class DrawnChunk {
  /** Images of a chunk, at most: whole batches. */
  readonly size: number;
  readonly #train: LabelledImages;
  readonly #options: FinalTrainingOptions;
  /** By number of images: engines know images by their array. */
  readonly #images = new Map<number, LabelledImages>();
  #memory: ImageBatch | undefined;

  constructor(train: LabelledImages, options: FinalTrainingOptions) {
    const { batchSize } = options;
    const batches = Math.floor(CHUNK_BYTES / (imageSize(train.images) * batchSize));
    this.size = batchSize * Math.min(CHUNK_BATCHES, Math.max(1, batches));
    this.#train = train;
    this.#options = options;
  }

  /** The images at `indices`, drawn for this epoch; valid until the next call. */
  draw(indices: Int32Array, epoch: number): LabelledImages {
    const drawn = this.#of(indices.length);
    this.#options.redraw!(indices, epoch, drawn.images);
    for (const [i, index] of indices.entries()) drawn.labels[i] = this.#train.labels[index];
    return drawn;
  }

  indices(count: number): Int32Array {
    return Int32Array.from({ length: count }, (_, i) => i);
  }

  #of(count: number): LabelledImages {
    const known = this.#images.get(count);
    if (known) return known;
    const { height, width, channels } = this.#train.images;
    this.#memory ??= createBatch(this.size, height, width, channels);
    const data = this.#memory.data.subarray(0, count * height * width * channels);
    const made = { images: { data, count, height, width, channels }, labels: new Int32Array(count) };
    this.#images.set(count, made);
    return made;
  }
}

/**
 * The order of an epoch's images: the next ones of an endless sequence in which each image of the set comes once before any
 * comes again. A function of the epoch alone, so that nothing of it has to be saved.
 */
function orderOf(
  epoch: number,
  count: number,
  { epochImages, seed }: Pick<FinalTrainingOptions, "epochImages" | "seed">,
): Int32Array {
  const order = new Int32Array(epochImages);
  let pass = -1;
  let shuffled = new Int32Array();
  const first = (epoch - 1) * epochImages;
  for (let i = 0; i < epochImages; i++) {
    const place = first + i;
    if (Math.floor(place / count) !== pass) {
      pass = Math.floor(place / count);
      const all = Int32Array.from({ length: count }, (_, index) => index);
      shuffled = new Random(seed, "order", pass).shuffle(all);
    }
    order[i] = shuffled[place % count];
  }
  return order;
}
