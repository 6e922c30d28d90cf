// Layers that TensorFlow.js 4.22 lacks, and what all layers of our own share. For their meaning see Keras's documentation.

import {
  add,
  backend_util,
  div,
  max,
  mean,
  min,
  mul,
  serialization,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tensor1d,
  tidy,
} from "@tensorflow/tfjs-core";
import { type LayerVariable, layers } from "@tensorflow/tfjs-layers";
import type { Initializer } from "./initializers.ts";

/** Of a tensor with its batch, null for a size that is not known. */
export type Shape = (number | null)[];

/** A layer of one input, whose output has the input's shape. */
export abstract class SameShapeLayer extends layers.Layer {
  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape;
  }
}

export interface ChannelScalingConfig {
  name: string;
  /** One number, or one per channel. */
  scale: number[];
  offset: number[];
}

/** [..., channels] → [..., channels]: x · scale + offset, for Keras's `Rescaling` and `Normalization`. */
export class ChannelScaling extends SameShapeLayer {
  static readonly className = "ChannelScaling";
  readonly #config: ChannelScalingConfig;

  constructor(config: ChannelScalingConfig) {
    super(config);
    this.#config = config;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const channels = inputShape.at(-1);
    for (const { length } of [this.#config.scale, this.#config.offset]) {
      if (length !== 1 && length !== channels) {
        throw new Error(`it has ${length} numbers for ${channels} channels`);
      }
    }
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    const { scale, offset } = this.#config;
    return { ...super.getConfig(), scale, offset };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { scale, offset } = this.#config;
    return tidy(() => add(mul(onlyOf(inputs), tensor1d(scale)), tensor1d(offset)));
  }
}

export interface LayerScaleConfig {
  name: string;
  channels: number;
  gammaInitializer: Initializer;
}

/** [..., channels] → [..., channels], times a trained number per channel (Touvron et al. 2021). */
export class LayerScale extends SameShapeLayer {
  static readonly className = "LayerScale";
  readonly #config: LayerScaleConfig;
  #gamma: LayerVariable | undefined;

  constructor(config: LayerScaleConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override build(inputShape: Shape): void {
    const { channels, gammaInitializer } = this.#config;
    if (inputShape.at(-1) !== channels) {
      throw new Error(`it scales ${channels} channels and is given ${inputShape.at(-1)}`);
    }
    this.#gamma = this.addWeight("gamma", [channels], "float32", gammaInitializer);
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return mul(onlyOf(inputs), this.#gamma?.read() as Tensor);
  }
}

const ARITHMETIC = {
  subtract: (a: Tensor, b: Tensor) => sub(a, b),
  divide: (a: Tensor, b: Tensor) => div(a, b),
  /** The second times a factor is added. */
  addScaled: (a: Tensor, b: Tensor, factor: number) => tidy(() => add(a, mul(b, factor))),
};

export interface ArithmeticConfig {
  name: string;
  operation: keyof typeof ARITHMETIC;
  factor?: number;
}

/** Of two inputs, in their order. */
export class Arithmetic extends layers.Layer {
  static readonly className = "Arithmetic";
  readonly #config: ArithmeticConfig;

  constructor(config: ArithmeticConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override computeOutputShape(inputShapes: Shape[]): Shape {
    if (inputShapes.length !== 2) throw new Error(`it has ${inputShapes.length} inputs instead of two`);
    const [[batch, ...a], [, ...b]] = inputShapes;
    return [batch, ...backend_util.assertAndGetBroadcastShape(a as number[], b as number[])];
  }

  override getConfig(): serialization.ConfigDict {
    const { operation, factor = 1 } = this.#config;
    return { ...super.getConfig(), operation, factor };
  }

  override call([a, b]: Tensor[]): Tensor {
    const { operation, factor = 1 } = this.#config;
    return ARITHMETIC[operation](a, b, factor);
  }
}

type Reduce = (x: Tensor, axes: number[], keepsDimensions: boolean) => Tensor;

const variance: Reduce = (x, axes, keeps) => mean(square(sub(x, mean(x, axes, true))), axes, keeps);

export const REDUCTIONS = {
  mean: ((x, axes, keeps) => mean(x, axes, keeps)) as Reduce,
  sum: ((x, axes, keeps) => sum(x, axes, keeps)) as Reduce,
  max: ((x, axes, keeps) => max(x, axes, keeps)) as Reduce,
  min: ((x, axes, keeps) => min(x, axes, keeps)) as Reduce,
  variance,
  deviation: ((x, axes, keeps) => sqrt(variance(x, axes, keeps))) as Reduce,
};

export interface ReductionConfig {
  name: string;
  method: keyof typeof REDUCTIONS;
  /** Of the tensor with its batch; negative ones count from the end. */
  axes: number[];
  keepsDimensions: boolean;
}

/** Reduces axes, which vanish or become 1. */
export class Reduction extends layers.Layer {
  static readonly className = "Reduction";
  readonly #config: ReductionConfig;

  constructor(config: ReductionConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const { axes, keepsDimensions } = this.#config;
    const reduced = axes.map((axis) => axisWithin(axis, inputShape.length));
    const shape = inputShape.map((side, axis) => (reduced.includes(axis) ? 1 : side));
    return keepsDimensions ? shape : shape.filter((_, axis) => !reduced.includes(axis));
  }

  override getConfig(): serialization.ConfigDict {
    const { method, axes, keepsDimensions } = this.#config;
    return { ...super.getConfig(), method, axes, keepsDimensions };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const { method, axes, keepsDimensions } = this.#config;
    return tidy(() => REDUCTIONS[method](onlyOf(inputs), axes, keepsDimensions));
  }
}

/** An axis from the start. @throws Error if there is none, or if it is the batch's. */
export function axisWithin(axis: number, rank: number): number {
  const from = axis < 0 ? axis + rank : axis;
  if (from < 1 || from >= rank) throw new Error(`it has no axis ${axis}`);
  return from;
}

/** Whether a tensor of `rank` dimensions has these axes, each of them once. */
export function areAxes(axes: readonly number[], rank: number): boolean {
  const places = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  return places.every((place) => place >= 0 && place < rank) && new Set(places).size === places.length;
}

/** Checks that the axes, without that of the images, are those of inputs of this shape, each of them once. @throws Error */
export function checkAxes(axes: readonly number[], { length: rank }: Shape): void {
  for (const axis of axes) axisWithin(axis, rank);
  if (!areAxes(axes, rank)) throw new Error(`it names an axis twice in [${axes}]`);
}

export function product(sides: readonly number[]): number {
  return sides.reduce((product, side) => product * side, 1);
}

export function onlyOf(inputs: Tensor | Tensor[]): Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

for (const layer of [ChannelScaling, LayerScale, Arithmetic, Reduction]) serialization.registerClass(layer);
