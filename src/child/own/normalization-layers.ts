// Keras's normalization layers besides batch normalization.

import {
  add,
  maximum,
  moments,
  mul,
  reshape,
  rsqrt,
  serialization,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import type { Initializer } from "./initializers.ts";
import { axisWithin, checkAxes, onlyOf, product, SameShapeLayer, type Shape } from "./keras-layers.ts";

interface NormalizationConfig {
  name: string;
  epsilon: number;
  center: boolean;
  scale: boolean;
  gammaInitializer: Initializer;
  betaInitializer: Initializer;
}

/** A normalization that is followed by trained factors and offsets. */
abstract class TrainedNormalization extends SameShapeLayer {
  readonly #config: NormalizationConfig;
  #gamma: LayerVariable | undefined;
  #beta: LayerVariable | undefined;

  constructor(config: NormalizationConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  protected addWeights(shape: Shape): void {
    const { scale, center, gammaInitializer, betaInitializer } = this.#config;
    if (scale) this.#gamma = this.addWeight("gamma", shape, "float32", gammaInitializer);
    if (center) this.#beta = this.addWeight("beta", shape, "float32", betaInitializer);
    this.built = true;
  }

  override getConfig(): serialization.ConfigDict {
    const { epsilon, center, scale } = this.#config;
    return { ...super.getConfig(), epsilon, center, scale };
  }

  protected normalized(x: Tensor, axes: number | number[]): Tensor {
    const { mean, variance } = moments(x, axes, true);
    return mul(sub(x, mean), rsqrt(add(variance, this.#config.epsilon)));
  }

  /** @param shape of the weights, in which dimensions of 1 are repeated. */
  protected trained(x: Tensor, shape?: number[]): Tensor {
    const read = (weight: LayerVariable) => (shape ? reshape(weight.read(), shape) : weight.read());
    const scaled = this.#gamma ? mul(x, read(this.#gamma)) : x;
    return this.#beta ? add(scaled, read(this.#beta)) : scaled;
  }
}

export interface LayerNormalizationConfig extends NormalizationConfig {
  /** Of the tensor with its batch; negative ones count from the end. */
  axes: number[];
}

/**
 * Normalized over axes, usually the channels at each position (Ba et al. 2016). The layer of TensorFlow.js tiles the
 * moments over all positions, and its backward pass takes seconds to sum them for a small batch.
 */
export class LayerNormalization extends TrainedNormalization {
  static readonly className = "ChannelLayerNormalization";
  readonly #axes: number[];

  constructor(config: LayerNormalizationConfig) {
    super(config);
    this.#axes = config.axes;
  }

  override build(inputShape: Shape): void {
    checkAxes(this.#axes, inputShape);
    const axes = this.#axesOf(inputShape);
    this.addWeights(inputShape.filter((_, axis) => axes.includes(axis)));
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const input = onlyOf(inputs);
      const axes = this.#axesOf(input.shape);
      // Weights of the last axes are repeated without being reshaped.
      const isTrailing = axes.every((axis) => axis >= input.rank - axes.length);
      const shape = input.shape.map((side, axis) => (axes.includes(axis) ? side : 1));
      return this.trained(this.normalized(input, axes), isTrailing ? undefined : shape);
    });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), axes: this.#axes };
  }

  #axesOf({ length }: Shape): number[] {
    return this.#axes.map((axis) => axisWithin(axis, length));
  }
}

export interface GroupNormalizationConfig extends NormalizationConfig {
  /** −1 for as many as there are channels. */
  groups: number;
}

/** [..., channels] → [..., channels], normalized over all positions and a group of channels (Wu and He 2018). */
export class GroupNormalization extends TrainedNormalization {
  static readonly className = "GroupNormalization";
  readonly #groups: number;

  constructor(config: GroupNormalizationConfig) {
    super(config);
    this.#groups = config.groups;
  }

  override build(inputShape: Shape): void {
    const channels = inputShape.at(-1) as number;
    if (!Number.isInteger(channels / this.#groupsOf(channels))) {
      throw new Error(`${channels} channels cannot be in ${this.#groups} groups`);
    }
    this.addWeights([channels]);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), groups: this.#groups };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const input = onlyOf(inputs);
      const { shape } = input;
      const channels = shape.at(-1) as number;
      const groups = this.#groupsOf(channels);
      const places = product(shape.slice(1, -1));
      const grouped = reshape(input, [shape[0], places, groups, channels / groups]);
      return this.trained(reshape(this.normalized(grouped, [1, 3]), shape));
    });
  }

  #groupsOf(channels: number): number {
    return this.#groups === -1 ? channels : this.#groups;
  }
}

export interface UnitNormalizationConfig {
  name: string;
  axes: number[];
  /** Least sum of squares. */
  epsilon: number;
}

/** Vectors along the axes, scaled to a length of 1. */
export class UnitNormalization extends SameShapeLayer {
  static readonly className = "UnitNormalization";
  readonly #config: UnitNormalizationConfig;

  constructor(config: UnitNormalizationConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    checkAxes(this.#config.axes, inputShape);
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    const { axes, epsilon } = this.#config;
    return { ...super.getConfig(), axes, epsilon };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const input = onlyOf(inputs);
      const squares = sum(square(input), this.#config.axes, true);
      return mul(input, rsqrt(maximum(squares, this.#config.epsilon)));
    });
  }
}

for (const layer of [LayerNormalization, GroupNormalization, UnitNormalization]) {
  serialization.registerClass(layer);
}
