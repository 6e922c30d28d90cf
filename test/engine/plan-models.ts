// Small models for the tests of plans: together they have every operation that a plan knows, at several settings.

import * as tfl from "@tensorflow/tfjs-layers";
import { dropoutKey, SeededDropout } from "../../src/child/dropout.ts";
import { withMissingWeights } from "../../src/child/normalization.ts";

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

interface DepthwiseSettings extends Omit<ConvolutionSettings, "kernel"> {
  kernel?: number | [number, number];
  multiplier?: number;
}

function convolveDepthwise(x: tfl.SymbolicTensor, settings: DepthwiseSettings = {}): tfl.SymbolicTensor {
  const { kernel = 3, strides = 1, padding = "same", activation, useBias = false, multiplier = 1 } = settings;
  return layers
    .depthwiseConv2d({
      kernelSize: kernel,
      strides,
      padding,
      activation,
      useBias,
      depthMultiplier: multiplier,
      depthwiseInitializer: weights(),
      biasInitializer: numbers(-0.1, 0.1),
    })
    .apply(x) as tfl.SymbolicTensor;
}

function normalize(x: tfl.SymbolicTensor, scale = true): tfl.SymbolicTensor {
  const layer = layers.batchNormalization({
    scale,
    gammaInitializer: numbers(0.5, 1.5),
    betaInitializer: numbers(-0.5, 0.5),
    momentum: 0.9,
  });
  return withMissingWeights(layer).apply(x) as tfl.SymbolicTensor;
}

const relu6 = (x: tfl.SymbolicTensor) => layers.reLU({ maxValue: 6 }).apply(x) as tfl.SymbolicTensor;
const pad = (x: tfl.SymbolicTensor, rows: [number, number], columns: [number, number]) =>
  layers.zeroPadding2d({ padding: [rows, columns] }).apply(x) as tfl.SymbolicTensor;
const join = (...x: tfl.SymbolicTensor[]) => layers.concatenate({ axis: -1 }).apply(x) as tfl.SymbolicTensor;
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
  const both = sum(first, relu(first), relu6(first));
  let x = convolve(normalize(both), 11, { padding: "valid", kernel: 2 });
  x = convolve(x, 13, { kernel: 1, activation: "relu" });
  x = sum(x, x);
  x = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }).apply(x) as tfl.SymbolicTensor;
  x = layers.averagePooling2d({ poolSize: 2, strides: 1 }).apply(x) as tfl.SymbolicTensor;
  return finish("odd", images, x);
}

/**
 * Depthwise convolutions as MobileNetV2 has them, and with what else they may have; convolutions of padded images, and of
 * images so small that their filters are larger.
 */
function mobile(): tfl.LayersModel {
  const images = tfl.input({ shape: [SIDE, SIDE, 3] });
  let x = convolve(pad(images, [1, 2], [0, 1]), 8, { padding: "valid", useBias: false });
  const before = x;
  let inner = relu6(normalize(convolve(x, 20, { kernel: 1, useBias: false })));
  inner = relu6(normalize(convolveDepthwise(inner)));
  x = sum(before, normalize(convolve(inner, 8, { kernel: 1, useBias: false })));
  x = relu6(normalize(convolveDepthwise(pad(x, [0, 1], [1, 1]), { strides: 2, padding: "valid" })));
  x = convolveDepthwise(x, { kernel: [2, 3], multiplier: 3, useBias: true, activation: "relu6" });
  x = convolveDepthwise(x, { kernel: 2, padding: "valid", activation: "relu" });
  x = convolve(pad(x, [1, 0], [2, 1]), 10, { strides: 2, padding: "valid", activation: "relu" });
  x = convolve(x, 60, { kernel: 2, padding: "valid", activation: "relu" });
  // Of one line, and of one place: most of such a filter falls on padding alone.
  x = relu(normalize(convolve(x, 30)));
  x = layers.maxPooling2d({ poolSize: [1, 2] }).apply(x) as tfl.SymbolicTensor;
  x = convolve(x, 8, { kernel: 5, activation: "relu" });
  return finish("mobile", images, layers.globalAveragePooling2d({}).apply(x) as tfl.SymbolicTensor);
}

/** Branches joined as InceptionV3 does: means with padding, normalisation without a scale; joined twice, and flat. */
function inception(): tfl.LayersModel {
  const images = tfl.input({ shape: [SIDE, SIDE, 3] });
  const branch = (x: tfl.SymbolicTensor, filters: number, kernel = 1, strides = 1) =>
    relu(normalize(convolve(x, filters, { kernel, strides, useBias: false }), false));
  const first = branch(images, 9, 3);
  const mean = (x: tfl.SymbolicTensor) =>
    layers.averagePooling2d({ poolSize: 3, strides: 1, padding: "same" }).apply(x) as tfl.SymbolicTensor;
  const mixed = join(branch(first, 4), branch(branch(first, 3), 17, 3), branch(mean(first), 5), first);
  const pooled = layers.maxPooling2d({ poolSize: 3, strides: 2 }).apply(mixed) as tfl.SymbolicTensor;
  const halved = convolve(mixed, 6, { strides: 2, padding: "valid", activation: "relu" });
  const twice = join(halved, pooled, halved);
  const means = layers.globalAveragePooling2d({}).apply(branch(twice, 7)) as tfl.SymbolicTensor;
  const greatest = layers.dense({ units: 6, kernelInitializer: weights() }).apply(means);
  return finish("inception", images, join(means, greatest as tfl.SymbolicTensor));
}

export const PLAN_MODELS: Record<string, () => tfl.LayersModel> = {
  plain,
  residual,
  odd,
  mobile,
  inception,
};

/** The same weights for each model of a name. */
export function createPlanModel(name: string): tfl.LayersModel {
  seed = 1;
  return PLAN_MODELS[name]();
}
