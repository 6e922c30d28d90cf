// Training and validation steps on an engine that runs the model on its own device.

import type { Variable } from "@tensorflow/tfjs-core";
import type { LabelledImages } from "../dataset/dataset.ts";
import type { DeviceModel } from "../engine/types.ts";
import {
  type ChildSteps,
  continueDropout,
  letMessagesThrough,
  type Means,
  VALIDATION_BATCH,
} from "./pass.ts";
import type { ChildModel } from "./types.ts";

export class DeviceSteps implements ChildSteps {
  readonly #model: ChildModel;
  readonly #device: DeviceModel;
  readonly #variables: Variable[];

  constructor(model: ChildModel, device: DeviceModel) {
    this.#model = model;
    this.#device = device;
    this.#variables = model.net.trainableWeights.map((weight) => weight.read() as Variable);
  }

  train(data: LabelledImages, indices: Int32Array, batchSize: number, areRedrawn = false): Promise<Means> {
    const step = (count: number) => {
      this.#model.optimizer.step(this.#variables, this.#device.train(count));
    };
    return this.#pass(data, indices, batchSize, step, areRedrawn);
  }

  continueFrom(step: number): void {
    continueDropout(this.#model.net, step);
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
    areRedrawn = false,
  ): Promise<Means> {
    this.#device.begin({ pixels: images.data, labels }, indices, areRedrawn);
    for (let start = 0; start < indices.length; start += batchSize) {
      step(Math.min(batchSize, indices.length - start));
      await letMessagesThrough();
    }
    const { loss, correct } = await this.#device.end();
    return { loss: loss / indices.length, accuracy: correct / indices.length };
  }
}
