// Small models for the tests of plans: together they have every operation that a plan knows, at several settings.

import * as tfl from "@tensorflow/tfjs-layers";
import { dropoutKey, SeededDropout } from "../../src/child/dropout.ts";
import { Random } from "../../src/common/random.ts";

const { layers } = tfl;
let seed = 0;
const weights = () => tfl.initializers.glorotUniform({ seed: seed++ });
const numbers = (low: number, high: number) =>
  tfl.initializers.randomUniform({ minval: low, maxval: high, seed: seed++ });

interface ConvolutionSettings {
  kernel?: number;
  strides?: number;
  padding?: "same" | "valid";
  activation?: "relu" | "relu6";
  useBias?: boolean;
}

function convolve(
  x: tfl.SymbolicTensor,
  filters: number,
  settings: ConvolutionSettings = {},
): tfl.SymbolicTensor {
  const { kernel = 3, strides = 1, padding = "same", activation, useBias = true } = settings;
  return layers
    .conv2d({
      filters,
      kernelSize: kernel,
      strides,
      padding,
      activation,
      useBias,
      kernelInitializer: weights(),
      biasInitializer: numbers(-0.1, 0.1),
    })
    .apply(x) as tfl.SymbolicTensor;
}

function normalize(x: tfl.SymbolicTensor): tfl.SymbolicTensor {
  const layer = layers.batchNormalization({
    gammaInitializer: numbers(0.5, 1.5),
    betaInitializer: numbers(-0.5, 0.5),
    momentum: 0.9,
  });
  return layer.apply(x) as tfl.SymbolicTensor;
}

const relu = (x: tfl.SymbolicTensor) =>
  layers.activation({ activation: "relu" }).apply(x) as tfl.SymbolicTensor;
const sum = (...x: tfl.SymbolicTensor[]) => layers.add().apply(x) as tfl.SymbolicTensor;
const drop = (x: tfl.SymbolicTensor, name: string, rate: number) =>
  new SeededDropout({ name, rate, key: dropoutKey("plan", name) }).apply(x) as tfl.SymbolicTensor;

function finish(name: string, images: tfl.SymbolicTensor, x: tfl.SymbolicTensor): tfl.LayersModel {
  const flat = x.shape.length > 2 ? (layers.flatten().apply(x) as tfl.SymbolicTensor) : x;
  const logits = layers.dense({ units: CLASSES, kernelInitializer: weights() }).apply(flat);
  return tfl.model({ name, inputs: images, outputs: logits as tfl.SymbolicTensor });
}

export const SIDE = 12;
export const CLASSES = 5;

/** Convolutions with biases and activations, poolings, dropout and dense layers. */
function plain(): tfl.LayersModel {
  const images = tfl.input({ shape: [SIDE, SIDE, 3] });
  let x = convolve(images, 16, { activation: "relu" });
  x = convolve(x, 20, { padding: "valid", activation: "relu6" });
  x = layers.maxPooling2d({ poolSize: 2 }).apply(x) as tfl.SymbolicTensor;
  x = drop(x, "first", 0.25);
  x = convolve(x, 33, { kernel: 5, strides: 2, activation: "relu" });
  const flat = layers.flatten().apply(x) as tfl.SymbolicTensor;
  const dense = layers.dense({ units: 24, activation: "relu", kernelInitializer: weights() });
  return finish("plain", images, drop(dense.apply(flat) as tfl.SymbolicTensor, "second", 0.5));
}

/** Pre-activation blocks of a residual network, the second with a shortcut of its own. */
function residual(): tfl.LayersModel {
  const images = tfl.input({ shape: [SIDE, SIDE, 3] });
  let x = convolve(images, 16, { useBias: false });
  let inner = convolve(relu(normalize(x)), 16, { useBias: false });
  x = sum(x, convolve(relu(normalize(inner)), 16));
  const ready = relu(normalize(x));
  inner = convolve(ready, 32, { strides: 2, useBias: false });
  const shortcut = convolve(ready, 32, { kernel: 1, strides: 2, useBias: false });
  x = sum(shortcut, convolve(relu(normalize(inner)), 32));
  return finish("residual", images, layers.globalAveragePooling2d({}).apply(relu(x)) as tfl.SymbolicTensor);
}

/** What the others lack: overlapping and padded windows, sums of three, values that are used twice. */
function odd(): tfl.LayersModel {
  const images = tfl.input({ shape: [SIDE, SIDE, 3] });
  const first = convolve(images, 7, { kernel: 2, strides: 3, padding: "same" });
  const both = sum(first, relu(first), layers.reLU({ maxValue: 6 }).apply(first) as tfl.SymbolicTensor);
  let x = convolve(normalize(both), 11, { padding: "valid", kernel: 2 });
  x = convolve(x, 13, { kernel: 1, activation: "relu" });
  x = sum(x, x);
  x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }).apply(x) as tfl.SymbolicTensor;
  x = layers.averagePooling2d({ poolSize: 2, strides: 1 }).apply(x) as tfl.SymbolicTensor;
  return finish("odd", images, x);
}

/**
 * Convolutions of 3 × 3 places on channels of whole vectors, which float32 plans compute by Winograd's method: on images of
 * even and of odd sides, from 12 pixels to few, with and without padding.
 */
function threes(number: number): tfl.LayersModel {
  const random = new Random("threes", number);
  const images = tfl.input({ shape: [SIDE, SIDE, 3] });
  let x = convolve(images, 16, { kernel: number % 2 === 0 ? 1 : 2, padding: "valid", activation: "relu" });
  while ((x.shape[1] as number) > 6) {
    x = convolve(x, 16 * random.integer(1, 2), {
      padding: random.chance(0.8) ? "valid" : "same",
      activation: random.chance(0.5) ? "relu" : undefined,
      useBias: random.chance(0.7),
    });
  }
  return finish(`threes_${number}`, images, x);
}

export const PLAN_MODELS: Record<string, () => tfl.LayersModel> = {
  plain,
  residual,
  odd,
  threes_1: () => threes(1),
  threes_2: () => threes(2),
};

/** The same weights for each model of a name. */
export function createPlanModel(name: string): tfl.LayersModel {
  seed = 1;
  return PLAN_MODELS[name]();
}
