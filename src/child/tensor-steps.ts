// Training and validation steps made of TensorFlow.js operations, which work on every backend for every model.

import {
  argMax,
  cast,
  equal,
  keep,
  losses,
  mul,
  oneHot,
  type Scalar,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor1d,
  tensor4d,
  tidy,
  type Variable,
  variableGrads,
} from "@tensorflow/tfjs-core";
import type { LabelledImages } from "../dataset/dataset.ts";
import "../engine/average-pool-gradient.ts";
import { imageSize } from "../image/batch.ts";
import {
  type ChildSteps,
  continueDropout,
  letMessagesThrough,
  type Means,
  VALIDATION_BATCH,
} from "./pass.ts";
import type { ChildModel } from "./types.ts";

export class TensorSteps implements ChildSteps {
  readonly #model: ChildModel;
  readonly #classes: number;
  readonly #variables: Variable[];

  constructor(model: ChildModel, classes: number) {
    this.#model = model;
    this.#classes = classes;
    this.#variables = model.net.trainableWeights.map((weight) => weight.read() as Variable);
  }

  train(data: LabelledImages, indices: Int32Array, batchSize: number): Promise<Means> {
    return overBatches(data, indices, batchSize, (images, labels) => this.#trainBatch(images, labels));
  }

  continueFrom(step: number): void {
    continueDropout(this.#model.net, step);
  }

  evaluate(data: LabelledImages): Promise<Means> {
    const indices = Int32Array.from({ length: data.labels.length }, (_, i) => i);
    return overBatches(data, indices, VALIDATION_BATCH, (images, labels) => {
      const logits = this.#model.net.apply(images, { training: false }) as Tensor2D;
      return { loss: lossOf(logits, labels, this.#classes), correct: countCorrect(logits, labels) };
    });
  }

  dispose(): void {}

  #trainBatch(images: Tensor, labels: Tensor1D): BatchResult {
    let correct: Scalar | undefined;
    const { value: loss, grads } = variableGrads(() => {
      const logits = this.#model.net.apply(images, { training: true }) as Tensor2D;
      correct = keep(countCorrect(logits, labels));
      return lossOf(logits, labels, this.#classes);
    }, this.#variables);
    this.#model.optimizer.step(this.#variables, grads);
    return { loss, correct: correct as Scalar };
  }
}

interface BatchResult {
  /** Mean over the batch. */
  readonly loss: Scalar;
  /** Number of images classified correctly. */
  readonly correct: Scalar;
}

/** Runs `step` on every batch in order. Its results are read back at the end, because reading stalls a GPU. */
async function overBatches(
  data: LabelledImages,
  indices: Int32Array,
  batchSize: number,
  step: (images: Tensor, labels: Tensor1D) => BatchResult,
): Promise<Means> {
  const losses: Scalar[] = [];
  const corrects: Scalar[] = [];
  for (let start = 0; start < indices.length; start += batchSize) {
    const batch = indices.subarray(start, start + batchSize);
    const { loss, correct } = tidy(() => {
      const labels = tensor1d(
        Int32Array.from(batch, (index) => data.labels[index]),
        "int32",
      );
      const result = step(pixelsOf(data, batch), labels);
      return { loss: mul(result.loss, batch.length) as Scalar, correct: result.correct };
    });
    losses.push(loss);
    corrects.push(correct);
    await letMessagesThrough();
  }
  const means = {
    loss: (await total(losses)) / indices.length,
    accuracy: (await total(corrects)) / indices.length,
  };
  for (const scalar of [...losses, ...corrects]) scalar.dispose();
  return means;
}

async function total(scalars: readonly Scalar[]): Promise<number> {
  let sum = 0;
  for (const scalar of scalars) sum += (await scalar.data())[0];
  return sum;
}

/** The images at `indices` as pixels in [0, 1], [batch, height, width, channels]. */
export function pixelsOf(data: LabelledImages, indices: Int32Array): Tensor {
  const { images } = data;
  const size = imageSize(images);
  const pixels = new Float32Array(indices.length * size);
  for (let i = 0, at = 0; i < indices.length; i++) {
    const start = indices[i] * size;
    for (let k = start; k < start + size; k++) pixels[at++] = images.data[k] / 255;
  }
  return tensor4d(pixels, [indices.length, images.height, images.width, images.channels]);
}

function lossOf(logits: Tensor2D, labels: Tensor1D, classes: number): Scalar {
  return losses.softmaxCrossEntropy(oneHot(labels, classes), logits) as Scalar;
}

function countCorrect(logits: Tensor2D, labels: Tensor1D): Scalar {
  return sum(cast(equal(argMax(logits, 1), labels), "float32")) as Scalar;
}
