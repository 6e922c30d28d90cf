// The compiled kernels of native/ (Node-API).

import { createRequire } from "node:module";
import { assetPath } from "../../common/assets.ts";
import { messageOf } from "../../common/errors.ts";

type Floats = Float32Array;
type Convolution = (shape: Int32Array, a: Floats, b: Floats, result: Floats) => void;

/** The kernels as functions; see native/kernels.h and the tables beside it. Arrays are float32, row by row. */
export interface Addon {
  /** Takes the kernels of this name, or the fastest; tells their name, or undefined where there are none such. */
  choose(name?: string): string | undefined;
  /** Of the first value, in bytes, modulo 64. */
  addressOf(array: Floats): number;

  /** (shape, input, filter, output) */
  readonly convolve: Convolution;
  /** (shape, gradient of the output, filter, gradient of the input) */
  readonly inputGradient: Convolution;
  /** (shape, input, gradient of the output, gradient of the filter) */
  readonly filterGradient: Convolution;
  /** As the three above, with filters [height, width, input channel, multiplier]. */
  readonly convolveDepthwise: Convolution;
  readonly depthwiseInputGradient: Convolution;
  readonly depthwiseFilterGradient: Convolution;
  multiply(
    rows: number,
    columns: number,
    depth: number,
    a: Floats,
    isATransposed: boolean,
    b: Floats,
    isBTransposed: boolean,
    product: Floats,
  ): void;

  /** Operations by their number; all but the gradients are named as TensorFlow.js's kernels. */
  readonly unaryNames: readonly string[];
  readonly binaryNames: readonly string[];
  readonly reductionNames: readonly string[];
  readonly activationNames: readonly string[];
  unary(operation: number, parameter: number, x: Floats, result: Floats): void;
  clip(least: number, most: number, x: Floats, result: Floats): void;
  clipGradient(least: number, most: number, gradient: Floats, x: Floats, result: Floats): void;
  /** `layout` [3, rank]: sizes of the result, outermost first, and how far apart a's and b's values lie along each. */
  binary(
    operation: number,
    layout: Int32Array,
    parameter: number,
    a: Floats,
    b: Floats,
    result: Floats,
  ): void;
  /** values [rows, channels] = activation(values + bias [channels]) */
  addBias(rows: number, channels: number, bias: Floats | undefined, activation: number, values: Floats): void;
  /** x [outer, size, inner] to result [outer, inner] */
  reduce(operation: number, outer: number, size: number, inner: number, x: Floats, result: Floats): void;

  /** x [rows, channels] */
  normalize(
    rows: number,
    channels: number,
    x: Floats,
    mean: Floats,
    variance: Floats,
    scale: Floats | undefined,
    offset: Floats | undefined,
    epsilon: number,
    result: Floats,
  ): void;
  normalizeGradients(
    rows: number,
    channels: number,
    x: Floats,
    mean: Floats,
    variance: Floats,
    scale: Floats | undefined,
    offset: undefined,
    epsilon: number,
    gradient: Floats,
    toX: Floats,
    toMean: Floats,
    toVariance: Floats,
    toScale: Floats,
    toOffset: Floats,
  ): void;

  /** `layout` [3, rank]: sizes, and how far apart values lie in the source and in the target. */
  move(layout: Int32Array, source: Floats, sourceFirst: number, target: Floats, targetFirst: number): void;
}

let loaded: { addon: Addon } | { missing: string } | undefined;

/** The addon, or why it is not to be had. */
export function findAddon(): { addon: Addon } | { missing: string } {
  if (!loaded) {
    try {
      const require = createRequire(import.meta.url);
      loaded = { addon: require(assetPath("deepaugment/native/deepaugment.node")) as Addon };
    } catch (error) {
      loaded = { missing: messageOf(error) };
    }
  }
  return loaded;
}
