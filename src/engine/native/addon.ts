// The compiled kernels of native/ (Node-API), if they were built and this processor runs them.

import { isSea } from "node:sea";
import { assetPath, hasAsset, NATIVE_ADDON } from "../../common/assets.ts";
import { messageOf } from "../../common/errors.ts";
import { inPlatformPackages, platformPackages } from "../../common/platform-packages.ts";
import { VERSION } from "../../common/version.ts";
import type { Precision } from "../../config/engines.ts";
import type { EngineMissing } from "../types.ts";

type Floats = Float32Array;

/** The type in which a product's operands are multiplied; the numbers are those of native/kernels/kernels.h. */
export const OPERANDS = { float32: 0, bfloat16: 1 } as const;
export type Operands = (typeof OPERANDS)[Precision];

/**
 * The kernels as functions; see native/kernels/kernels.h and the tables beside it. Arrays are row by row.
 * @throws TypeError, RangeError if an array has the wrong type or is too short.
 */
export interface Addon {
  /** Selects the kernels of this name, or the fastest; returns their name, or undefined if this processor has none such. */
  choose(name?: string): string | undefined;
  /** Address of the first value, in bytes, modulo 64. */
  addressOf(array: Floats): number;
  /** Whether bfloat16 operands have instructions of their own here, which make them faster. */
  multipliesBfloat16(): boolean;
  /** Whether a plan makes the convolution of this shape by Winograd's method, in float32. */
  suitsWinograd(shape: Int32Array): boolean;
  /** How many threads share a plan's step, 1 to 256. The result does not depend on it. */
  setThreads(count: number): void;

  /** `shape`: the number of images, and the fields of native/kernels/kernels.h's ConvolutionShape in their order. */
  convolve(
    shape: Int32Array,
    operands: Operands,
    input: Activations,
    filter: Floats,
    bias: Floats | null,
    activation: Activation,
    output: Activations,
  ): void;
  /** (shape, operands, gradient of the output, filter, gradient of the input) */
  inputGradient(
    shape: Int32Array,
    operands: Operands,
    gradient: Activations,
    filter: Floats,
    input: Activations,
  ): void;
  /** (shape, operands, input, gradient of the output, gradient of the filter) */
  filterGradient(
    shape: Int32Array,
    operands: Operands,
    input: Activations,
    gradient: Activations,
    filter: Floats,
  ): void;
  /** Depthwise: filters are [height, width, input channel, multiplier]. */
  convolveDepthwise(shape: Int32Array, input: Activations, filter: Floats, output: Activations): void;
  depthwiseInputGradient(shape: Int32Array, gradient: Activations, filter: Floats, input: Activations): void;
  depthwiseFilterGradient(shape: Int32Array, input: Activations, gradient: Activations, filter: Floats): void;
  /** product [rows, columns] = a [rows, depth] b [depth, columns]; a transposed operand is passed as it is stored. */
  multiply(
    operands: Operands,
    rows: number,
    columns: number,
    depth: number,
    a: Floats,
    isATransposed: boolean,
    b: Floats,
    isBTransposed: boolean,
    product: Floats,
  ): void;

  /** Operations by their number; all but the gradients have the names of TensorFlow.js's kernels. */
  readonly unaryNames: readonly string[];
  readonly binaryNames: readonly string[];
  readonly reductionNames: readonly string[];
  unary(operation: number, parameter: number, x: Floats, result: Floats): void;
  clip(least: number, most: number, x: Floats, result: Floats): void;
  clipGradient(least: number, most: number, gradient: Floats, x: Floats, result: Floats): void;
  /** `layout` [3, rank]: sizes of the result, outermost first, and the strides of a and of b along each axis. */
  binary(
    operation: number,
    layout: Int32Array,
    parameter: number,
    a: Floats,
    b: Floats,
    result: Floats,
  ): void;
  /** x [outer, size, inner] to result [outer, inner] */
  reduce(operation: number, outer: number, size: number, inner: number, x: Floats, result: Floats): void;

  /** `layout` [3, rank]: sizes, and the strides of the source and of the target. */
  move(layout: Int32Array, source: Floats, sourceFirst: number, target: Floats, targetFirst: number): void;

  readonly passes: Passes;

  /** A whole training step, and a whole evaluation, as one call. @throws TypeError if the description is not a plan. */
  readonly Plan: new (
    description: object,
  ) => NativePlan;
}

/** See native/plan/plan.h. */
export interface NativePlan {
  /**
   * Returns [mean loss, number of correctly classified images], and writes the gradients of the weights.
   * @param pixels [images, height, width, channels]
   * @param gradients arrays to be written; null for a weight that is not trained.
   * @param step of the training, from 0: dropout's masks depend on it.
   */
  train(
    images: number,
    pixels: Uint8Array,
    labels: Int32Array,
    weights: readonly Floats[],
    gradients: readonly (Floats | null)[],
    step: number,
  ): [number, number];
  /**
   * The same without a step, for any number of images.
   * @param predictions receives the class that each image is given.
   */
  evaluate(
    images: number,
    pixels: Uint8Array,
    labels: Int32Array,
    weights: readonly Floats[],
    predictions?: Int32Array,
  ): [number, number];
  /** Seconds since the last call by operation: [name, forward, back]. The first call starts measuring. */
  profile(): [string, number, number][];
  /** Frees its memory; must be the last call. */
  dispose(): void;
}

/** Activations and their gradients, as float32 or the bits of bfloat16; the same in all arguments of a call. */
export type Activations = Float32Array | Uint16Array;

/** The activation at the end of a layer; the numbers are those of native/kernels/kernels.h. */
export const ACTIVATION = { none: 0, relu: 1, relu6: 2 } as const;
export type Activation = (typeof ACTIVATION)[keyof typeof ACTIVATION];

/**
 * The other passes of a training step over its arrays; native/kernels/passes_table.h documents each function. Shapes of
 * pooling are [images, height, width, channels, outHeight, outWidth, windowHeight, windowWidth, strideHeight, strideWidth,
 * padTop, padLeft].
 * @throws TypeError, RangeError if an array has the wrong type or is too short.
 */
export interface Passes {
  maxPool(shape: Int32Array, x: Activations, y: Activations, positions?: Uint8Array): void;
  maxPoolGradient(shape: Int32Array, dy: Activations, positions: Uint8Array, dx: Activations): void;
  averagePool(shape: Int32Array, x: Activations, y: Activations): void;
  averagePoolGradient(shape: Int32Array, dy: Activations, countsPadding: boolean, dx: Activations): void;

  channelMoments(rows: number, channels: number, x: Activations, mean: Float32Array, m2: Float32Array): void;
  combineMoments(
    channels: number,
    rows: number,
    mean: Float32Array,
    m2: Float32Array,
    moreRows: number,
    moreMean: Float32Array,
    moreM2: Float32Array,
  ): void;
  normalize(
    rows: number,
    channels: number,
    x: Activations,
    scale: Float32Array,
    shift: Float32Array,
    activation: Activation,
    y: Activations,
  ): void;
  normalizationGradientSums(
    rows: number,
    channels: number,
    x: Activations,
    dy: Activations,
    mean: Float32Array,
    inverseDeviation: Float32Array,
    sumDy: Float32Array,
    sumDyXhat: Float32Array,
  ): void;
  normalizationGradient(
    rows: number,
    channels: number,
    x: Activations,
    dy: Activations,
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
    dx: Activations,
  ): void;

  activate(activation: Activation, count: number, x: Activations): void;
  gate(activation: Activation, count: number, y: Activations, dy: Activations): void;
  addBias(rows: number, channels: number, x: Activations, bias: Float32Array, activation: Activation): void;
  sumRows(rows: number, channels: number, dy: Activations, sums: Float32Array): void;

  add(count: number, a: Activations, b: Activations, sum: Activations): void;
  scale(count: number, x: Activations, factor: number, y: Activations): void;
  convert(count: number, x: Activations, y: Activations): void;
  pixels(count: number, x: Uint8Array, y: Activations): void;

  dropout(
    x: Activations,
    y: Activations,
    first: number,
    count: number,
    k0: number,
    k1: number,
    step: number,
    rate: number,
  ): void;

  crossEntropy(
    rows: number,
    classes: number,
    logits: Float32Array,
    labels: Int32Array,
    loss: Float64Array,
    correct: Int32Array,
    factor: number,
    gradient?: Activations,
  ): void;

  sgd(
    count: number,
    variable: Float32Array,
    velocity: Float32Array | undefined,
    gradient: Float32Array,
    learningRate: number,
    momentum: number,
    isNesterov: boolean,
  ): void;
  rmsProp(
    count: number,
    variable: Float32Array,
    meanSquare: Float32Array,
    gradient: Float32Array,
    learningRate: number,
    rho: number,
    epsilon: number,
  ): void;
  adam(
    count: number,
    variable: Float32Array,
    mean: Float32Array,
    meanSquare: Float32Array,
    gradient: Float32Array,
    gradientFactor: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
  ): void;
  sumSquares(count: number, x: Float32Array): number;
}

export interface LoadedAddon {
  readonly addon: Addon;
  /** The name of the selected kernels: by default the fastest that this processor runs. */
  readonly kernels: string;
}

/** For checks and measurements: another addon than the built one, and other kernels than the fastest. */
const { DEEPAUGMENT_NATIVE_ADDON, DEEPAUGMENT_NATIVE_KERNELS } = process.env;

let found: LoadedAddon | EngineMissing | undefined;

/** The addon, loaded once in a process, or why it is not available. */
export function findAddon(): LoadedAddon | EngineMissing {
  found ??= load();
  return found;
}

/** The first that can be loaded of the one for this platform and the one that was compiled here. */
function load(): LoadedAddon | EngineMissing {
  const problems: string[] = [];
  for (const path of addonPaths()) {
    try {
      const loaded = { exports: {} };
      process.dlopen(loaded, path());
      const addon = loaded.exports as Addon;
      const kernels = addon.choose(DEEPAUGMENT_NATIVE_KERNELS);
      if (kernels !== undefined) return { addon, kernels };
      return {
        missing: `has no kernels ${DEEPAUGMENT_NATIVE_KERNELS} that this processor runs`,
        fix: "unset DEEPAUGMENT_NATIVE_KERNELS",
      };
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length === 0) return absence();
  const fix = DEEPAUGMENT_NATIVE_ADDON ? "unset DEEPAUGMENT_NATIVE_ADDON" : ownBuild();
  return { missing: `cannot be loaded: ${problems[0]}`, fix };
}

function addonPaths(): (() => string)[] {
  if (DEEPAUGMENT_NATIVE_ADDON) return [() => DEEPAUGMENT_NATIVE_ADDON];
  const ofPlatform = isSea() ? [] : inPlatformPackages("deepaugment.node");
  return [
    ...ofPlatform.map((path) => () => path),
    ...(hasAsset(NATIVE_ADDON) ? [() => assetPath(NATIVE_ADDON)] : []),
  ];
}

function absence(): EngineMissing {
  if (isSea()) {
    return {
      missing: "is not in this executable",
      fix: "build the executable on a machine with a C++ compiler",
    };
  }
  const [name] = platformPackages();
  if (!isInstalled) return { missing: "is not built here", fix: ownBuild() };
  if (name === undefined)
    return { missing: `has no package for ${process.platform}-${process.arch}`, fix: ownBuild() };
  return {
    missing: `is in the package ${name}, which is not installed`,
    fix: `npm install ${name}@${VERSION}; npm leaves it out with --omit=optional`,
  };
}

/** Whether this is the package that npm has installed, and not a copy of the repository. */
const isInstalled = import.meta.url?.includes("/node_modules/") ?? false;

function ownBuild(): string {
  const build = "install a C++ compiler (g++), and run npm run build";
  return isInstalled ? `in a copy of the repository, ${build}` : build;
}
