// Keras layers that TensorFlow.js 4.22 lacks, has only without a seed, or trains too slowly. For their meaning see
// Keras's documentation.

import {
  add,
  customGrad,
  type GradSaveFunc,
  moments,
  mul,
  reshape,
  rsqrt,
  serialization,
  sub,
  type Tensor,
  tensor,
  tensor1d,
  tidy,
} from "@tensorflow/tfjs-core";
import { type LayerVariable, layers } from "@tensorflow/tfjs-layers";
import { dropoutMask, type SeededDropoutConfig } from "../dropout.ts";
import type { Initializer } from "./initializers.ts";

export interface ChannelScalingConfig {
  name: string;
  /** One number, or one per channel. */
  scale: number[];
  offset: number[];
}

/** [..., channels] → [..., channels]: x · scale + offset, for Keras's `Rescaling` and `Normalization`. */
export class ChannelScaling extends layers.Layer {
  static readonly className = "ChannelScaling";
  readonly #config: ChannelScalingConfig;

  constructor(config: ChannelScalingConfig) {
    super(config);
    this.#config = config;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
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

export interface SharedMaskDropoutConfig extends SeededDropoutConfig {
  /** Shape of the mask: null takes the input's size, and the mask is broadcast along dimensions of 1. */
  noiseShape: (number | null)[];
}

/**
 * Dropout of whole images or channels (Keras's `noise_shape`, `SpatialDropout2D`), as in stochastic depth (Huang et al.
 * 2016). Masks are drawn as in SeededDropout, for a tensor of the mask's shape.
 */
export class SharedMaskDropout extends layers.Layer {
  static readonly className = "SharedMaskDropout";
  readonly #config: SharedMaskDropoutConfig;
  #step = 0;

  constructor(config: SharedMaskDropoutConfig) {
    super(config);
    this.#config = config;
    this.supportsMasking = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    const { rate, key, noiseShape } = this.#config;
    return { ...super.getConfig(), rate, key: [...key], noiseShape };
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const input = onlyOf(inputs);
    if (!kwargs.training || this.#config.rate === 0) return input.clone();
    return tidy(() => {
      const shape = this.#config.noiseShape.map((side, axis) => side ?? input.shape[axis]);
      const mask = tensor(dropoutMask(product(shape), this.#config, this.#step++), shape);
      return customGrad((x, save) => {
        (save as GradSaveFunc)([mask]);
        return {
          value: mul(x as Tensor, mask),
          gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, saved[0]),
        };
      })(input);
    });
  }
}

/** The first of two inputs of the same shape minus the second. */
export class Subtract extends layers.Layer {
  static readonly className = "Subtract";

  override computeOutputShape(inputShapes: (number | null)[][]): (number | null)[] {
    return inputShapes[0];
  }

  override call(inputs: Tensor[]): Tensor {
    return sub(inputs[0], inputs[1]);
  }
}

export interface LayerNormalizationConfig {
  name: string;
  epsilon: number;
  center: boolean;
  scale: boolean;
  gammaInitializer: Initializer;
  betaInitializer: Initializer;
}

/**
 * [..., channels] → [..., channels], normalized over the channels at each position (Ba et al. 2016). The layer of
 * TensorFlow.js tiles the moments over all positions, and its backward pass takes seconds to sum them for a small
 * batch.
 */
export class LayerNormalization extends layers.Layer {
  static readonly className = "ChannelLayerNormalization";
  readonly #config: LayerNormalizationConfig;
  #gamma: LayerVariable | undefined;
  #beta: LayerVariable | undefined;

  constructor(config: LayerNormalizationConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override build(inputShape: (number | null)[]): void {
    const { scale, center, gammaInitializer, betaInitializer } = this.#config;
    const shape = [inputShape.at(-1) as number];
    if (scale) this.#gamma = this.addWeight("gamma", shape, "float32", gammaInitializer);
    if (center) this.#beta = this.addWeight("beta", shape, "float32", betaInitializer);
    this.built = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    const { epsilon, center, scale } = this.#config;
    return { ...super.getConfig(), epsilon, center, scale };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const input = onlyOf(inputs);
      const { mean, variance } = moments(input, -1, true);
      const normal = mul(sub(input, mean), rsqrt(add(variance, this.#config.epsilon)));
      const scaled = this.#gamma ? mul(normal, this.#gamma.read()) : normal;
      return this.#beta ? add(scaled, this.#beta.read()) : scaled;
    });
  }
}

export interface ReshapeConfig {
  name: string;
  /** Shape per image; −1 is inferred from the other dimensions. */
  targetShape: number[];
}

/** [batch, ...] → [batch, ...targetShape]. The layer of TensorFlow.js infers −1 only when it is given values. */
export class Reshape extends layers.Layer {
  static readonly className = "InferredReshape";
  readonly #config: ReshapeConfig;

  constructor(config: ReshapeConfig) {
    super(config);
    this.#config = config;
  }

  override computeOutputShape([batch, ...sides]: (number | null)[]): (number | null)[] {
    const { targetShape } = this.#config;
    const size = product(sides.map(Number));
    const rest = size / product(targetShape.filter((side) => side >= 0));
    if (!Number.isInteger(rest) || (!targetShape.includes(-1) && rest !== 1)) {
      throw new Error(`${size} numbers cannot be reshaped to [${targetShape.join(", ")}]`);
    }
    return [batch, ...targetShape.map((side) => (side < 0 ? rest : side))];
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), targetShape: this.#config.targetShape };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const input = onlyOf(inputs);
    return reshape(input, this.computeOutputShape(input.shape) as number[]);
  }
}

function product(sides: readonly number[]): number {
  return sides.reduce((product, side) => product * side, 1);
}

function onlyOf(inputs: Tensor | Tensor[]): Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

for (const layer of [ChannelScaling, LayerNormalization, Reshape, SharedMaskDropout, Subtract]) {
  serialization.registerClass(layer);
}
