// The child models beside real Keras's (test/fixtures/keras-models.json, which scripts/keras/models.py wrote): layer by layer
// the shapes and the parameters, and what comes out of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, layers } from "@tensorflow/tfjs-layers";
import { buildModel } from "../../../src/child/model.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import type { Engine } from "../../../src/engine/types.ts";

/** Class, the output's shape, parameters that are trained, and others. */
type Row = [string, (number | null)[], number, number];

const { classes, models } = JSON.parse(
  readFileSync(new URL("../../fixtures/keras-models.json", import.meta.url), "utf8"),
) as {
  classes: number;
  models: Record<string, { imageShape: [number, number, number]; layers: Row[]; logits?: number[] }>;
};

let engine: Engine;
before(async () => {
  engine = await startEngine("auto", "float32");
});

const sizeOf = (shape: readonly (number | null)[]) => shape.reduce<number>((size, n) => size * (n ?? 1), 1);
const count = (weights: layers.Layer["weights"]) =>
  weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

function rowsOf(net: LayersModel): Row[] {
  return net.layers
    .filter((layer) => !["InputLayer", "SeededDropout"].includes(layer.getClassName()))
    .map((layer) => [
      layer.getClassName(),
      (layer.outputShape as (number | null)[]).slice(1),
      count(layer.trainableWeights),
      count(layer.nonTrainableWeights),
    ]);
}

/** In [0, 1), by the rule of scripts/keras/models.py. */
function numbers(key: string, count: number): Float64Array {
  const start = [...key].reduce((sum, letter, i) => sum + letter.charCodeAt(0) * (i + 1), 0) * 40503;
  return Float64Array.from({ length: count }, (_, i) => {
    let word = Math.imul(i, 2654435761) + start;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
  });
}

function valuesOf(layer: layers.Layer, kind: string, shape: number[]): Float32Array {
  const some = numbers(`${layer.name}/${kind}`, sizeOf(shape));
  if (kind === "kernel") {
    const isDepthwise = layer.getClassName() === "DepthwiseConv2D";
    const limit = Math.sqrt(6 / sizeOf(shape.slice(0, isDepthwise ? 2 : -1)));
    return Float32Array.from(some, (value) => (2 * value - 1) * limit);
  }
  if (kind === "gamma" || kind === "moving_variance") return Float32Array.from(some, (value) => 0.5 + value);
  return Float32Array.from(some, (value) => (value - 0.5) / 5);
}

for (const [name, { imageShape, layers: expected, logits }] of Object.entries(models)) {
  describe(name, () => {
    const [height, width] = imageShape;
    const options = { height, width, classes, seed: 0 };

    it("has Keras's layers: their order, shapes and parameters", () => {
      const { net } = buildModel(name, { ...options, engine, isOutline: true });
      assert.deepEqual(rowsOf(net), expected);
      net.dispose();
    });

    if (!logits) return;
    it("gives Keras's logits for the same weights", () => {
      const { net } = buildModel(name, { ...options, engine, isOutline: true });
      for (const layer of net.layers) {
        const values = layer.weights.map(({ originalName, shape }) => {
          // Keras has the filters of a depthwise convolution as its kernel.
          const kind = (originalName.split("/").pop() as string).replace("depthwise_", "");
          return tf.tensor(valuesOf(layer, kind, shape as number[]), shape as number[]);
        });
        layer.setWeights(values);
        tf.dispose(values);
      }
      const found = tf.tidy(() => {
        const image = tf.tensor(Float32Array.from(numbers("image", sizeOf(imageShape))), [1, ...imageShape]);
        return [...(net.apply(image, { training: false }) as tf.Tensor).dataSync()];
      });
      for (const [i, value] of logits.entries()) {
        const tolerance = 1e-4 * Math.max(...logits.map(Math.abs));
        assert.ok(Math.abs(found[i] - value) < tolerance, `logit ${i}: ${found[i]}, Keras's ${value}`);
      }
      net.dispose();
    });
  });
}
