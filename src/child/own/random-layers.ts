// Keras's layers that draw random numbers in training, besides plain dropout. As with SeededDropout, the numbers are a function
// of the layer's key, the training step and the value's index, so every engine draws the same.

import {
  add,
  customGrad,
  type GradSaveFunc,
  mul,
  serialization,
  type Tensor,
  tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import { type ThreefryKey, threefry2x32 } from "../../common/threefry.ts";
import { dropoutMask } from "../dropout.ts";
import { onlyOf, product, SameShapeLayer, type Shape } from "./keras-layers.ts";

interface RandomLayerConfig {
  name: string;
  /** Of the random numbers; see `dropoutKey`. */
  key: ThreefryKey;
}

/** [...] → [...]; the identity outside training. The layer's training call s (from 0) draws the numbers of step s. */
export abstract class RandomLayer<
  Config extends RandomLayerConfig = RandomLayerConfig,
> extends SameShapeLayer {
  protected readonly config: Config;
  #step = 0;

  constructor(config: Config) {
    super({ name: config.name });
    this.config = config;
    this.supportsMasking = true;
  }

  protected abstract readonly isIdle: boolean;

  protected abstract draw(input: Tensor, step: number): Tensor;

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...this.config, key: [...this.config.key] };
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const input = onlyOf(inputs);
    if (!kwargs.training || this.isIdle) return input.clone();
    return tidy(() => this.draw(input, this.#step++));
  }

  /** The next training call draws the numbers of this step (from 0), as after that many calls. */
  continueFrom(step: number): void {
    this.#step = step;
  }
}

export interface SharedMaskDropoutConfig extends RandomLayerConfig {
  rate: number;
  /** Shape of the mask: null takes the input's size, and the mask is broadcast along dimensions of 1. */
  noiseShape: (number | null)[];
}

/**
 * Dropout of whole images or channels (Keras's `noise_shape`, `SpatialDropout2D`), as in stochastic depth (Huang et al.
 * 2016). Masks are drawn as in SeededDropout, for a tensor of the mask's shape.
 */
export class SharedMaskDropout extends RandomLayer<SharedMaskDropoutConfig> {
  static readonly className = "SharedMaskDropout";

  override computeOutputShape(inputShape: Shape): Shape {
    checkNoiseShape(this.config.noiseShape, inputShape);
    return inputShape;
  }

  protected override get isIdle(): boolean {
    return this.config.rate === 0;
  }

  protected override draw(input: Tensor, step: number): Tensor {
    const shape = this.config.noiseShape.map((side, axis) => side ?? input.shape[axis]);
    return multiplied(input, tensor(dropoutMask(product(shape), this.config, step), shape));
  }
}

export interface GaussianConfig extends RandomLayerConfig {
  deviation: number;
}

/** Adds normally distributed noise. */
export class GaussianNoise extends RandomLayer<GaussianConfig> {
  static readonly className = "SeededGaussianNoise";

  protected override get isIdle(): boolean {
    return this.config.deviation === 0;
  }

  protected override draw(input: Tensor, step: number): Tensor {
    const { key, deviation } = this.config;
    return add(input, tensor(normals(input.size, key, step, 0, deviation), input.shape));
  }
}

/** Multiplies by normally distributed factors with a mean of 1 (Srivastava et al. 2014). */
export class GaussianDropout extends RandomLayer<GaussianConfig> {
  static readonly className = "SeededGaussianDropout";

  protected override get isIdle(): boolean {
    return this.config.deviation === 0;
  }

  protected override draw(input: Tensor, step: number): Tensor {
    const { key, deviation } = this.config;
    return multiplied(input, tensor(normals(input.size, key, step, 1, deviation), input.shape));
  }
}

export interface AlphaDropoutConfig extends RandomLayerConfig {
  rate: number;
  noiseShape: (number | null)[] | undefined;
}

/** @throws Error if a mask of this shape does not fit the inputs. */
function checkNoiseShape(noiseShape: (number | null)[] | undefined, inputShape: Shape): void {
  if (!noiseShape) return;
  const fits = (side: number | null, axis: number) =>
    axis === 0 || side === null || side === 1 || side === inputShape[axis];
  if (noiseShape.length === inputShape.length && noiseShape.every(fits)) return;
  throw new Error(`its noise_shape is [${noiseShape.map((side) => side ?? "null").join(", ")}]`);
}

/** Of SELU, for large negative inputs. */
const SATURATION = -1.6732632423543772 * 1.0507009873554805;

/** Dropout that keeps mean and variance of values after SELU (Klambauer et al. 2017). */
export class AlphaDropout extends RandomLayer<AlphaDropoutConfig> {
  static readonly className = "SeededAlphaDropout";

  override computeOutputShape(inputShape: Shape): Shape {
    checkNoiseShape(this.config.noiseShape, inputShape);
    return inputShape;
  }

  protected override get isIdle(): boolean {
    return this.config.rate === 0;
  }

  protected override draw(input: Tensor, step: number): Tensor {
    const { rate, noiseShape = input.shape } = this.config;
    const shape = noiseShape.map((side, axis) => side ?? input.shape[axis]);
    const mask = dropoutMask(product(shape), this.config, step);
    const factor = ((1 - rate) * (1 + rate * SATURATION ** 2)) ** -0.5;
    const factors = mask.map((kept) => (kept === 0 ? 0 : factor));
    const offsets = mask.map((kept) => (kept === 0 ? factor * SATURATION : 0));
    const shifted = offsets.map((offset) => offset - factor * SATURATION * rate);
    return add(multiplied(input, tensor(factors, shape)), tensor(shifted, shape));
  }
}

/** input · factors, without a gradient of the factors. */
function multiplied(input: Tensor, factors: Tensor): Tensor {
  return customGrad((x, save) => {
    (save as GradSaveFunc)([factors]);
    return {
      value: mul(x as Tensor, factors),
      gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, saved[0]),
    };
  })(input);
}

/** Normal numbers from the two words of each counter (Box and Muller 1958). */
export function normals(
  size: number,
  key: ThreefryKey,
  step: number,
  mean: number,
  deviation: number,
): Float32Array {
  const pairs = Math.ceil(size / 2);
  const first = new Int32Array(pairs);
  const second = new Int32Array(pairs);
  threefry2x32(key, 0, step, first, second);
  const values = new Float32Array(2 * pairs);
  for (let i = 0; i < pairs; i++) {
    const radius = deviation * Math.sqrt(-2 * Math.log(((first[i] >>> 0) + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * (second[i] >>> 0)) / 2 ** 32;
    values[2 * i] = mean + radius * Math.cos(angle);
    values[2 * i + 1] = mean + radius * Math.sin(angle);
  }
  return values.subarray(0, size);
}

for (const layer of [SharedMaskDropout, GaussianNoise, GaussianDropout, AlphaDropout]) {
  serialization.registerClass(layer);
}
