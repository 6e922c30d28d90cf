// What training and validating come down to: a pass over images with steps, and one without. An engine that compiles the
// model takes its own steps, and so does one on a device of its own; on every other they are made of TensorFlow.js's
// operations.

import type { Variable } from "@tensorflow/tfjs-core";
import type { LabelledImages } from "../dataset/dataset.ts";
import type { CompiledModel, DeviceModel, LabelledPixels } from "../engine/engine.ts";
import { imageSize } from "../image/batch.ts";
import type { ChildModel } from "./model.ts";
import { TensorSteps, VALIDATION_BATCH } from "./tensor-steps.ts";

/** Over all images of a pass. */
export interface Means {
  /** Cross-entropy. */
  readonly loss: number;
  readonly accuracy: number;
}

export interface ChildSteps {
  /** A step on every batch of the images at `indices`, in that order; the means are measured while training. */
  train(data: LabelledImages, indices: Int32Array, batchSize: number): Promise<Means>;
  /** Without dropout. */
  evaluate(data: LabelledImages): Promise<Means>;
  dispose(): void;
}

/** The steps of this child; batches have at most `batchSize` images. */
export function stepsOf(model: ChildModel, batchSize: number, classes: number): ChildSteps {
  const compiled = model.engine.compile?.(model.net, batchSize);
  if (compiled) return new CompiledSteps(model, compiled);
  const device = model.engine.onDevice?.(model.net);
  return device ? new DeviceSteps(model, device) : new TensorSteps(model, classes);
}

/** Lets messages through between steps: a stop, or a parent that is gone. */
export function letMessagesThrough(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class CompiledSteps implements ChildSteps {
  readonly #model: ChildModel;
  readonly #compiled: CompiledModel;
  readonly #variables: Variable[];
  #pixels = new Uint8Array();

  constructor(model: ChildModel, compiled: CompiledModel) {
    this.#model = model;
    this.#compiled = compiled;
    this.#variables = model.net.trainableWeights.map((weight) => weight.read() as Variable);
  }

  async train(data: LabelledImages, indices: Int32Array, batchSize: number): Promise<Means> {
    let loss = 0;
    let correct = 0;
    for (let start = 0; start < indices.length; start += batchSize) {
      const batch = this.#batchOf(data, indices.subarray(start, start + batchSize));
      const result = this.#compiled.train(batch);
      this.#model.optimizer.step(this.#variables, this.#compiled.gradients);
      loss += result.loss * batch.labels.length;
      correct += result.correct;
      await letMessagesThrough();
    }
    return { loss: loss / indices.length, accuracy: correct / indices.length };
  }

  async evaluate({ images, labels }: LabelledImages): Promise<Means> {
    const { loss, correct } = this.#compiled.evaluate({ pixels: images.data, labels });
    await letMessagesThrough();
    return { loss, accuracy: correct / labels.length };
  }

  dispose(): void {
    this.#compiled.dispose();
  }

  /** In memory that is used again for the next one. */
  #batchOf({ images, labels }: LabelledImages, indices: Int32Array): LabelledPixels {
    const size = imageSize(images);
    const length = indices.length * size;
    if (this.#pixels.length < length) this.#pixels = new Uint8Array(length);
    for (const [i, index] of indices.entries()) {
      this.#pixels.set(images.data.subarray(index * size, (index + 1) * size), i * size);
    }
    return { pixels: this.#pixels.subarray(0, length), labels: indices.map((index) => labels[index]) };
  }
}

class DeviceSteps implements ChildSteps {
  readonly #model: ChildModel;
  readonly #device: DeviceModel;
  readonly #variables: Variable[];

  constructor(model: ChildModel, device: DeviceModel) {
    this.#model = model;
    this.#device = device;
    this.#variables = model.net.trainableWeights.map((weight) => weight.read() as Variable);
  }

  train(data: LabelledImages, indices: Int32Array, batchSize: number): Promise<Means> {
    return this.#pass(data, indices, batchSize, (count) => {
      this.#model.optimizer.step(this.#variables, this.#device.train(count));
    });
  }

  evaluate(data: LabelledImages): Promise<Means> {
    const indices = Int32Array.from({ length: data.labels.length }, (_, i) => i);
    return this.#pass(data, indices, VALIDATION_BATCH, (count) => this.#device.evaluate(count));
  }

  dispose(): void {
    this.#device.dispose();
  }

  async #pass(
    { images, labels }: LabelledImages,
    indices: Int32Array,
    batchSize: number,
    step: (count: number) => void,
  ): Promise<Means> {
    this.#device.begin({ pixels: images.data, labels }, indices);
    for (let start = 0; start < indices.length; start += batchSize) {
      step(Math.min(batchSize, indices.length - start));
      await letMessagesThrough();
    }
    const { loss, correct } = await this.#device.end();
    return { loss: loss / indices.length, accuracy: correct / indices.length };
  }
}
