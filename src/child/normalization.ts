// Batch normalization (Ioffe and Szegedy 2015) without scale or center. TensorFlow.js 4.22 accepts these settings but
// fails in the first training step, because it reads the missing weight and saves it for the backward pass.

import { ones, type Tensor, zeros } from "@tensorflow/tfjs-core";
import type { layers } from "@tensorflow/tfjs-layers";

/** Lets a batch normalization layer train with 1 and 0 in place of a missing gamma and beta; returns the layer. */
export function withMissingWeights(layer: layers.Layer): layers.Layer {
  const { scale, center } = layer.getConfig();
  // All weights have shape [channels]. One that is not in the layer's list is neither trained nor saved.
  const constant = (make: (shape: number[]) => Tensor) => ({
    read: () => make(layer.weights[0].shape as number[]),
  });
  return Object.assign(layer, !scale && { gamma: constant(ones) }, !center && { beta: constant(zeros) });
}
