// Trains a child from scratch: one piece of code over TensorFlow.js, whatever the engine.

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
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { Random } from "../common/random.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import { imageSize } from "../image/batch.ts";
import type { ChildModel } from "./model.ts";
import type { EpochResult } from "./reward.ts";

export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly classes: number;
  /** Decides the order of the training images. */
  readonly seed: number;
  readonly onEpoch?: (result: EpochResult) => void;
}

/** Images per forward pass when validating: large enough to amortise, small enough to stay in the cache. */
const VALIDATION_BATCH = 100;

/**
 * Trains on all of `train` for the given epochs, shuffled anew for each, and validates after each.
 * Returns one result an epoch. The model's weights are the trained ones afterwards.
 */
export async function trainChild(
  model: ChildModel,
  train: LabelledImages,
  validation: LabelledImages,
  options: TrainingOptions,
): Promise<EpochResult[]> {
  const order = new Random(options.seed, "order");
  const variables = model.net.trainableWeights.map((weight) => weight.read() as Variable);
  const indices = Int32Array.from({ length: train.labels.length }, (_, i) => i);
  const history: EpochResult[] = [];
  const start = performance.now();
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    order.shuffle(indices);
    const training = await overBatches(train, indices, options.batchSize, (images, labels) =>
      trainBatch(model, variables, images, labels, options.classes),
    );
    const validated = await evaluateChild(model.net, validation, options.classes);
    const result: EpochResult = {
      epoch,
      loss: training.loss,
      accuracy: training.accuracy,
      validationLoss: validated.loss,
      validationAccuracy: validated.accuracy,
      seconds: (performance.now() - start) / 1000,
    };
    history.push(result);
    options.onEpoch?.(result);
  }
  return history;
}

/** Mean cross-entropy and accuracy on `data`, without dropout. */
export async function evaluateChild(
  net: LayersModel,
  data: LabelledImages,
  classes: number,
): Promise<BatchMeans> {
  const indices = Int32Array.from({ length: data.labels.length }, (_, i) => i);
  return overBatches(data, indices, VALIDATION_BATCH, (images, labels) => {
    const logits = net.apply(images, { training: false }) as Tensor2D;
    return { loss: lossOf(logits, labels, classes), correct: countCorrect(logits, labels) };
  });
}

interface BatchMeans {
  readonly loss: number;
  readonly accuracy: number;
}

interface BatchResult {
  /** Mean over the batch. */
  readonly loss: Scalar;
  /** Images classified rightly. */
  readonly correct: Scalar;
}

/** Runs `step` on every batch in order; what it returns is read back once, at the end, since a read stalls a GPU. */
async function overBatches(
  data: LabelledImages,
  indices: Int32Array,
  batchSize: number,
  step: (images: Tensor, labels: Tensor1D) => BatchResult,
): Promise<BatchMeans> {
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
    // Lets messages through between steps: a stop, or a parent that is gone.
    await new Promise((resolve) => setImmediate(resolve));
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

function trainBatch(
  model: ChildModel,
  variables: Variable[],
  images: Tensor,
  labels: Tensor1D,
  classes: number,
): BatchResult {
  let correct: Scalar | undefined;
  const { value: loss, grads } = variableGrads(() => {
    const logits = model.net.apply(images, { training: true }) as Tensor2D;
    correct = keep(countCorrect(logits, labels));
    return lossOf(logits, labels, classes);
  }, variables);
  model.optimizer.step(variables, grads);
  return { loss, correct: correct as Scalar };
}

/** Images at `indices` as pixels in [0, 1], [batch, height, width, 3]. */
function pixelsOf(data: LabelledImages, indices: Int32Array): Tensor {
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
