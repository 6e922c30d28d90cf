// The models written by scripts/keras/own-models.py, with the weights and pixels that it generated.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { gunzipSync } from "node:zlib";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, LayerVariable } from "@tensorflow/tfjs-layers";
import "../../../src/engine/average-pool-gradient.ts";

const FOLDER = join(import.meta.dirname, "../../fixtures/keras");

export interface KerasModel {
  readonly file: string;
  /** Side of the images in pixels; their height if they have another width. */
  readonly side: number;
  readonly width?: number;
  readonly classes: number;
  /** The layers with weights, each with the number of its weights. */
  readonly layers: readonly [name: string, parameters: number][];
  /** Logits of two images, minus their mean. */
  readonly logits: readonly number[][];
  /** Of the mean cross-entropy of these images, whose classes are 0 and 1. */
  readonly gradients?: {
    /** Whether batch normalization uses the batch's moments. */
    readonly training: boolean;
    /** Keyed by the layer and the index of the weight: the gradient's norm, and its product with generated numbers. */
    readonly values: Readonly<Record<string, readonly [norm: number, product: number]>>;
  };
}

export interface KerasOptimizer {
  readonly optimizer: { readonly class_name: string; readonly config: Record<string, unknown> };
  /** Values of two variables, [3] and [2, 1], after each step. */
  readonly values: readonly number[][];
}

export interface KerasConstraint {
  readonly constraint: unknown;
  /** Of the weight [3, 4] of generated numbers times 3. */
  readonly values: readonly number[];
}

export const KERAS_MODELS = readJson("models.json") as KerasModel[];
export const KERAS_CONSTRAINTS = readJson("constraints.json") as KerasConstraint[];
export const KERAS_OPTIMIZERS = readJson("optimizers.json") as KerasOptimizer[];

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
}

const unpacked = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
after(() => rmSync(unpacked, { recursive: true }));

/** The path of a fixture as it was written, unpacked if it is stored compressed. */
export function modelPath(file: string): string {
  const path = join(FOLDER, file);
  if (!file.endsWith(".gz")) return path;
  const plain = join(unpacked, file.slice(0, -3));
  writeFileSync(plain, gunzipSync(readFileSync(path)));
  return plain;
}

/** `count` numbers in [-0.5, 0.5): see own-models.py. */
export function numbers(name: string, count: number): Float64Array {
  let seed = 2166136261;
  for (const letter of Buffer.from(name)) seed = Math.imul(seed ^ letter, 16777619);
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i, 0x9e3779b1) + seed) | 0;
    x ^= x >>> 16;
    x = Math.imul(x, 0x85ebca6b);
    x ^= x >>> 13;
    x = Math.imul(x, 0xc2b2ae35);
    x ^= x >>> 16;
    return (x >>> 0) / 2 ** 32 - 0.5;
  });
}

/** The layers with weights, each with the number of its weights. */
export function countLayers(net: LayersModel): [string, number][] {
  return net.layers
    .filter((layer) => layer.weights.length > 0)
    .map((layer) => [layer.name, layer.countParams()]);
}

/** Sets the weights of every layer by the rule of own-models.py, which derives them from its name. */
export function setWeights(net: LayersModel): void {
  for (const layer of net.layers) {
    for (const [index, weight] of layer.weights.entries()) {
      const values = tf.tensor(Float32Array.from(valuesOf(layer.name, index, weight)), shapeOf(weight));
      weight.write(values);
      values.dispose();
    }
  }
}

function valuesOf(layer: string, index: number, weight: LayerVariable): Float64Array {
  const shape = shapeOf(weight);
  const kind = weight.originalName.split("/").at(-1) as string;
  const values = numbers(`${layer}/${index}`, product(shape));
  if (kind === "gamma" || kind === "moving_variance") return values.map((value) => 1 + 0.4 * value);
  if (shape.length < 2 || kind === "alpha") return values.map((value) => 0.4 * value);
  const fan = product(kind.includes("depthwise") ? shape.slice(0, 2) : shape.slice(0, -1));
  return values.map((value) => value * Math.sqrt(24 / fan));
}

/** Two images with pixels in [0, 1], [2, height, width, 3]. */
export function pixels(height: number, width = height): tf.Tensor4D {
  const bytes = numbers("pixels", 2 * height * width * 3).map((value) => Math.floor((value + 0.5) * 256));
  return tf.tensor4d(
    Float32Array.from(bytes, (byte) => byte / 255),
    [2, height, width, 3],
  );
}

/** Logits minus their mean, one row per image. */
export function logitsOf(net: LayersModel, images: tf.Tensor): number[][] {
  return tf.tidy(() => {
    const logits = net.apply(images, { training: false }) as tf.Tensor2D;
    return tf.sub(logits, tf.mean(logits, 1, true)).arraySync() as number[][];
  });
}

/** The gradients of the loss on two images, in the form of KerasModel. */
export function gradientsOf(
  net: LayersModel,
  images: tf.Tensor,
  training: boolean,
): Map<string, readonly [norm: number, product: number]> {
  const named = new Map<string, tf.Variable>();
  for (const layer of net.layers) {
    for (const [index, weight] of layer.weights.entries()) {
      if (layer.trainableWeights.includes(weight)) {
        named.set(`${layer.name}/${index}`, weight.read() as tf.Variable);
      }
    }
  }
  const { grads } = tf.tidy(() => {
    const labels = tf.oneHot(tf.tensor1d([0, 1], "int32"), net.outputs[0].shape[1] as number);
    const lossOf = () =>
      tf.losses.softmaxCrossEntropy(labels, net.apply(images, { training }) as tf.Tensor) as tf.Scalar;
    return tf.variableGrads(lossOf, [...named.values()]);
  });
  const found = new Map<string, readonly [number, number]>();
  for (const [name, variable] of named) {
    const values = grads[variable.name].dataSync<"float32">();
    const probe = numbers(`${name} probe`, values.length);
    let [square, product] = [0, 0];
    for (const [i, value] of values.entries()) {
      square += value ** 2;
      product += value * probe[i];
    }
    found.set(name, [Math.sqrt(square), product]);
  }
  tf.dispose(grads);
  return found;
}

function shapeOf(weight: LayerVariable): number[] {
  return weight.shape as number[];
}

function product(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
