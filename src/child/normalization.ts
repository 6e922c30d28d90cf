// Batch normalisation (Ioffe and Szegedy 2015) without a scale or a shift of its own: TensorFlow.js 4.22 takes these
// settings, and fails as soon as it trains, since it reads the weight that is not there, and saves it for the way back.

import { ones, type Tensor, zeros } from "@tensorflow/tfjs-core";
import type { layers } from "@tensorflow/tfjs-layers";

/** Has a layer of batch normalisation train with 1 and 0 in the place of weights that it leaves out; returns it. */
export function withMissingWeights(layer: layers.Layer): layers.Layer {
  const { scale, center } = layer.getConfig();
  // Every weight has a number for each channel; one that is not among the layer's is neither trained nor kept.
  const constant = (make: (shape: number[]) => Tensor) => ({
    read: () => make(layer.weights[0].shape as number[]),
  });
  return Object.assign(layer, !scale && { gamma: constant(ones) }, !center && { beta: constant(zeros) });
}
