// Convolutions in groups or with dilation, for which TensorFlow.js 4.22 has no gradients, and whose groups its layers lack.
// Groups are convolved one by one, or as one depthwise convolution if each has one channel. A dilated filter is a larger one
// with zeros between its values. See Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning".

import {
  add,
  concat,
  conv2d,
  depthwiseConv2d,
  pad,
  reshape,
  serialization,
  slice,
  split,
  type Tensor,
  type Tensor4D,
  tidy,
} from "@tensorflow/tfjs-core";
import { type LayerVariable, layers } from "@tensorflow/tfjs-layers";
import type { Initializer } from "./initializers.ts";
import { onlyOf } from "./keras-layers.ts";

type Pair = [number, number];

export interface ConvolutionConfig {
  name: string;
  /** [height, width] of the filter. */
  kernelSize: Pair;
  strides: Pair;
  padding: "valid" | "same";
  dilationRate: Pair;
  useBias: boolean;
  biasInitializer: Initializer;
}

export interface GroupedConfig extends ConvolutionConfig {
  /** Of all groups together. */
  filters: number;
  groups: number;
  kernelInitializer: Initializer;
}

/** [batch, height, width, channels] → [batch, …, filters]; the filter is [height, width, channels / groups, filters]. */
export class GroupedConvolution extends layers.Layer {
  static readonly className = "GroupedConvolution2D";
  readonly #config: GroupedConfig;
  #kernel: LayerVariable | undefined;
  #bias: LayerVariable | undefined;

  constructor(config: GroupedConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override build([, , , channels]: (number | null)[]): void {
    const { kernelSize, filters, groups, kernelInitializer, useBias, biasInitializer } = this.#config;
    const perGroup = (channels as number) / groups;
    if (!Number.isInteger(perGroup) || !Number.isInteger(filters / groups)) {
      throw new Error(`${channels} channels and ${filters} filters cannot be in ${groups} groups`);
    }
    const shape = [...kernelSize, perGroup, filters];
    checkDilation(this.#config, perGroup * filters);
    this.#kernel = this.addWeight("kernel", shape, "float32", kernelInitializer);
    if (useBias) this.#bias = this.addWeight("bias", [filters], "float32", biasInitializer);
    this.built = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return [inputShape[0], ...sidesOf(inputShape, this.#config), this.#config.filters];
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...plainConfig(this.#config), groups: this.#config.groups };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const images = onlyOf(inputs) as Tensor4D;
      const kernel = dilated(this.#kernel?.read() as Tensor4D, this.#config.dilationRate);
      return withBias(convolve(images, kernel, this.#config), this.#bias);
    });
  }
}

function convolve(images: Tensor4D, kernel: Tensor4D, { groups, strides, padding }: GroupedConfig): Tensor4D {
  if (groups === 1) return conv2d(images, kernel, strides, padding);
  const [height, width, channels, filters] = kernel.shape;
  if (channels === 1) {
    const each = reshape(kernel, [height, width, groups, filters / groups]) as Tensor4D;
    return depthwiseConv2d(images, each, strides, padding);
  }
  const parts = split(images, groups, 3) as Tensor4D[];
  const kernels = split(kernel, groups, 3) as Tensor4D[];
  return concat(
    parts.map((part, i) => conv2d(part, kernels[i], strides, padding)),
    3,
  ) as Tensor4D;
}

export interface DepthwiseConfig extends ConvolutionConfig {
  depthMultiplier: number;
  depthwiseInitializer: Initializer;
  /** Of a separable convolution: the number of filters on each pixel that follow. */
  filters?: number;
  pointwiseInitializer?: Initializer;
}

/** A dilated depthwise or separable convolution. [batch, height, width, channels] → [batch, …, filters]. */
export class DilatedDepthwiseConvolution extends layers.Layer {
  static readonly className = "DilatedDepthwiseConvolution2D";
  readonly #config: DepthwiseConfig;
  #depthwise: LayerVariable | undefined;
  #pointwise: LayerVariable | undefined;
  #bias: LayerVariable | undefined;

  constructor(config: DepthwiseConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override build([, , , channels]: (number | null)[]): void {
    const { kernelSize, depthMultiplier, filters, useBias } = this.#config;
    const { depthwiseInitializer, pointwiseInitializer, biasInitializer } = this.#config;
    const all = (channels as number) * depthMultiplier;
    const weight = (name: string, shape: number[], initializer?: Initializer) =>
      this.addWeight(name, shape, "float32", initializer);
    const shape = [...kernelSize, channels as number, depthMultiplier];
    checkDilation(this.#config, all);
    this.#depthwise = weight("depthwise_kernel", shape, depthwiseInitializer);
    if (filters !== undefined) {
      this.#pointwise = weight("pointwise_kernel", [1, 1, all, filters], pointwiseInitializer);
    }
    if (useBias) this.#bias = weight("bias", [filters ?? all], biasInitializer);
    this.built = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    const { filters, depthMultiplier } = this.#config;
    const channels = filters ?? (inputShape[3] as number) * depthMultiplier;
    return [inputShape[0], ...sidesOf(inputShape, this.#config), channels];
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...plainConfig(this.#config) };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const { strides, padding, dilationRate } = this.#config;
      const kernel = dilated(this.#depthwise?.read() as Tensor4D, dilationRate);
      const each = depthwiseConv2d(onlyOf(inputs) as Tensor4D, kernel, strides, padding);
      const pointwise = this.#pointwise?.read() as Tensor4D | undefined;
      return withBias(pointwise ? conv2d(each, pointwise, 1, "valid") : each, this.#bias);
    });
  }
}

/** Pixels between the first and the last of a filter's values: what native/kernels/limits.h allows as padding. */
const MOST_REACH = 65_536;
/** Of a filter with the zeros between its values: 256 MB. */
const MOST_DILATED = 2 ** 26;

/**
 * @param perPosition numbers of the filter at each position.
 * @throws Error if its zeros are too many.
 */
function checkDilation({ kernelSize, dilationRate }: ConvolutionConfig, perPosition: number): void {
  if (dilationRate.every((rate) => rate === 1)) return;
  const [rows, columns] = kernelSize.map((size, axis) => (size - 1) * dilationRate[axis]);
  const size = (rows + 1) * (columns + 1) * perPosition;
  if (rows <= MOST_REACH && columns <= MOST_REACH && size <= MOST_DILATED) return;
  throw new Error(
    `dilation_rate [${dilationRate.join(", ")}] makes filters of ${rows + 1} × ${columns + 1}, ${size} numbers; at most ${MOST_REACH + 1} in each direction and ${MOST_DILATED} numbers are possible`,
  );
}

/** A filter [height, width, …] with rate − 1 zeros between neighbouring values. */
function dilated(kernel: Tensor4D, [rows, columns]: Pair): Tensor4D {
  if (rows === 1 && columns === 1) return kernel;
  const [height, width, channels, filters] = kernel.shape;
  // Each value becomes the first of a block of zeros; the zeros after the last one are cut off.
  const spread = (values: Tensor, before: number, size: number, after: number, rate: number) => {
    const blocks = pad(reshape(values, [before, size, 1, after]), [
      [0, 0],
      [0, 0],
      [0, rate - 1],
      [0, 0],
    ]);
    return slice(
      reshape(blocks, [before, size * rate, after]),
      [0, 0, 0],
      [before, (size - 1) * rate + 1, after],
    );
  };
  const newHeight = (height - 1) * rows + 1;
  const tall = spread(kernel, 1, height, width * channels * filters, rows);
  const wide = spread(tall, newHeight, width, channels * filters, columns);
  return reshape(wide, [newHeight, (width - 1) * columns + 1, channels, filters]) as Tensor4D;
}

function withBias(images: Tensor4D, bias: LayerVariable | undefined): Tensor {
  return bias ? add(images, bias.read()) : images;
}

/** [height, width] of the output. */
function sidesOf([, ...sides]: (number | null)[], config: ConvolutionConfig): (number | null)[] {
  const { kernelSize, strides, padding, dilationRate } = config;
  return [0, 1].map((i) => {
    const side = sides[i];
    if (side === null) return null;
    const reach = (kernelSize[i] - 1) * dilationRate[i];
    return Math.ceil((padding === "same" ? side : side - reach) / strides[i]);
  });
}

function plainConfig({
  kernelSize,
  strides,
  padding,
  dilationRate,
}: ConvolutionConfig): serialization.ConfigDict {
  return { kernelSize, strides, padding, dilationRate };
}

for (const layer of [GroupedConvolution, DilatedDepthwiseConvolution]) serialization.registerClass(layer);
