// Small models for the tests of plans; together they cover every operation that a plan supports, in several settings.

import * as tfl from "@tensorflow/tfjs-layers";
import { dropoutKey, SeededDropout } from "../../src/child/dropout.ts";
import { withMissingWeights } from "../../src/child/normalization.ts";
import {
  DilatedDepthwiseConvolution,
  type GroupedConfig,
  GroupedConvolution,
} from "../../src/child/own/convolution.ts";
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

/** Convolutions with biases and activations, pooling, dropout and dense layers. */
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

/** Pre-activation blocks of a residual network, the second with a projection shortcut. */
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

/** Covers what the others lack: overlapping and padded windows, sums of three, values that are used twice. */
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
 * 3 × 3 convolutions with channels in whole vectors, which float32 plans compute by Winograd's method, on images with
 * even and odd sides from 12 pixels down to a few, with and without padding.
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

/**
 * Depthwise convolutions as in MobileNetV2 and with their other settings; convolutions of padded images, and of images
 * smaller than the filters.
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
  // Images of one row and of one pixel: most of the filter only covers padding.
  x = relu(normalize(convolve(x, 30)));
  x = layers.maxPooling2d({ poolSize: [1, 2] }).apply(x) as tfl.SymbolicTensor;
  x = convolve(x, 8, { kernel: 5, activation: "relu" });
  return finish("mobile", images, layers.globalAveragePooling2d({}).apply(x) as tfl.SymbolicTensor);
}

/** Joined branches as in InceptionV3: means with padding, normalization without a scale; joined twice, and flat. */
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

/** Dilated filters, plain and depthwise, and groups of one channel. */
function dilated(): tfl.LayersModel {
  const images = tfl.input({ shape: [SIDE, SIDE, 3] });
  const settings = (name: string) => ({
    ...{ name, kernelSize: [3, 3] as [number, number], strides: [1, 1] as [number, number], useBias: true },
    biasInitializer: numbers(-0.1, 0.1),
    ...{ kernelInitializer: weights(), depthwiseInitializer: weights() },
  });
  const grouped = (x: tfl.SymbolicTensor, config: Partial<GroupedConfig> & { name: string }) =>
    new GroupedConvolution({
      ...{
        ...settings(config.name),
        padding: "same",
        dilationRate: [1, 1],
        filters: 16,
        groups: 1,
        ...config,
      },
    }).apply(x) as tfl.SymbolicTensor;
  let x = grouped(images, { name: "wide", dilationRate: [2, 2], padding: "valid" });
  x = relu(normalize(grouped(x, { name: "tall", dilationRate: [3, 1] })));
  x = grouped(x, { name: "each", groups: 16, filters: 32, strides: [1, 2] });
  const depthwise = new DilatedDepthwiseConvolution({
    ...{ ...settings("apart"), padding: "same", dilationRate: [2, 2], depthMultiplier: 2, useBias: false },
  });
  x = relu6(normalize(depthwise.apply(relu6(x)) as tfl.SymbolicTensor));
  return finish("dilated", images, layers.globalAveragePooling2d({}).apply(x) as tfl.SymbolicTensor);
}

export const PLAN_MODELS: Record<string, () => tfl.LayersModel> = {
  plain,
  residual,
  odd,
  threes_1: () => threes(1),
  threes_2: () => threes(2),
  mobile,
  inception,
  dilated,
};

/** Creates the named model, always with the same weights. */
export function createPlanModel(name: string): tfl.LayersModel {
  seed = 1;
  return PLAN_MODELS[name]();
}
