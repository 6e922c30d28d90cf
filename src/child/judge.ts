// The final measurement of a trained child, image by image: comparisons of two children need to know which images each one
// got right.

import { argMax, losses, oneHot, type Tensor2D, tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { meanOf } from "../common/mean.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import { countLabels } from "../dataset/reader.ts";
import { letMessagesThrough, VALIDATION_BATCH } from "./pass.ts";
import { pixelsOf } from "./tensor-steps.ts";
import type { ChildModel } from "./types.ts";

export interface Judgement {
  /** Mean cross-entropy over the images. */
  readonly loss: number;
  /** Share of the images classified correctly, in [0, 1]. */
  readonly accuracy: number;
  /** The class that each image was given. */
  readonly predictions: Int32Array;
}

/** Classifies images, without dropout. */
export async function judge(model: ChildModel, data: LabelledImages, classes: number): Promise<Judgement> {
  const predictions = new Int32Array(data.labels.length);
  const compiled = model.engine.compile?.(model.net, VALIDATION_BATCH);
  if (!compiled) {
    const loss = await judgeByTensors(model.net, data, classes, predictions);
    return { loss, accuracy: accuracyOf(predictions, data.labels), predictions };
  }
  try {
    const { loss } = compiled.evaluate({ pixels: data.images.data, labels: data.labels }, predictions);
    return { loss, accuracy: accuracyOf(predictions, data.labels), predictions };
  } finally {
    compiled.dispose();
  }
}

/** Made of TensorFlow.js operations, so it works on every engine. Returns the loss. */
async function judgeByTensors(
  net: LayersModel,
  data: LabelledImages,
  classes: number,
  predictions: Int32Array,
): Promise<number> {
  const count = data.labels.length;
  let loss = 0;
  for (let start = 0; start < count; start += VALIDATION_BATCH) {
    const length = Math.min(VALIDATION_BATCH, count - start);
    const indices = Int32Array.from({ length }, (_, i) => start + i);
    const labels = data.labels.subarray(start, start + length);
    const [predicted, mean] = tidy(() => {
      const logits = net.apply(pixelsOf(data, indices), { training: false }) as Tensor2D;
      const targets = oneHot(tensor1d(labels, "int32"), classes);
      return [argMax(logits, 1), losses.softmaxCrossEntropy(targets, logits)];
    });
    predictions.set(await predicted.data(), start);
    loss += (await mean.data())[0] * length;
    predicted.dispose();
    mean.dispose();
    await letMessagesThrough();
  }
  return loss / count;
}

/**
 * The mean of the classes' recalls: each class counts alike, however many images it has. Classes without images do not count.
 * In [0, 1].
 */
export function balancedAccuracy(predictions: Int32Array, labels: Int32Array, classes: number): number {
  const correct = new Array<number>(classes).fill(0);
  for (const [i, label] of labels.entries()) if (predictions[i] === label) correct[label]++;
  const counts = countLabels(labels, classes);
  return meanOf(counts.flatMap((count, label) => (count > 0 ? [correct[label] / count] : [])));
}

function accuracyOf(predictions: Int32Array, labels: Int32Array): number {
  return labels.reduce((sum, label, i) => sum + (predictions[i] === label ? 1 : 0), 0) / labels.length;
}
