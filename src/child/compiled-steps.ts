// Training and validation steps on an engine that compiles the model.

import type { Variable } from "@tensorflow/tfjs-core";
import type { LabelledImages } from "../dataset/dataset.ts";
import type { CompiledModel, LabelledPixels } from "../engine/types.ts";
import { imageSize } from "../image/batch.ts";
import { type ChildSteps, letMessagesThrough, type Means } from "./pass.ts";
import type { ChildModel } from "./types.ts";

export class CompiledSteps implements ChildSteps {
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

  continueFrom(step: number): void {
    this.#compiled.continueFrom(step);
  }

  async evaluate({ images, labels }: LabelledImages): Promise<Means> {
    const { loss, correct } = this.#compiled.evaluate({ pixels: images.data, labels });
    await letMessagesThrough();
    return { loss, accuracy: correct / labels.length };
  }

  dispose(): void {
    this.#compiled.dispose();
  }

  /** The batch is valid until the next call, which reuses its memory. */
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
