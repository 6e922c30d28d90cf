// The final measurement of a trained child, image by image: comparisons of two children need to know which images each one
// got right. Made of TensorFlow.js operations, so it works on every engine.

import { argMax, losses, oneHot, type Tensor2D, tensor1d, tidy } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { LabelledImages } from "../dataset/dataset.ts";
import { letMessagesThrough, VALIDATION_BATCH } from "./pass.ts";
import { pixelsOf } from "./tensor-steps.ts";

export interface Judgement {
  /** Mean cross-entropy over the images. */
  readonly loss: number;
  /** Share of the images classified correctly, in [0, 1]. */
  readonly accuracy: number;
  /** The class that each image was given. */
  readonly predictions: Int32Array;
}

/** Classifies images, without dropout. */
export async function judge(net: LayersModel, data: LabelledImages, classes: number): Promise<Judgement> {
  const count = data.labels.length;
  const predictions = new Int32Array(count);
  let loss = 0;
  let correct = 0;
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
    for (let i = start; i < start + length; i++) if (predictions[i] === data.labels[i]) correct++;
    await letMessagesThrough();
  }
  return { loss: loss / count, accuracy: correct / count, predictions };
}
