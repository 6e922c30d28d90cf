// Dropout whose masks come from our own seeded stream (Srivastava et al. 2014). TensorFlow.js's layer draws one and
// the same mask at every step when it is given a seed, and an unrepeatable one when it is not.

import {
  customGrad,
  type GradSaveFunc,
  mul,
  serialization,
  type Tensor,
  tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { Random, type StreamKey } from "../common/random.ts";

export interface SeededDropoutSettings {
  name: string;
  /** Share of the values set to 0 while training, in [0, 1); the others are divided by 1 − rate. */
  rate: number;
  /** Keys of the mask stream. */
  keys: readonly StreamKey[];
}

/** [...] → [...]: identity outside training. */
export class SeededDropout extends layers.Layer {
  static readonly className = "SeededDropout";
  readonly #rate: number;
  readonly #random: Random;

  constructor(settings: SeededDropoutSettings) {
    super({ name: settings.name });
    this.#rate = settings.rate;
    this.#random = new Random(...settings.keys);
    this.supportsMasking = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return inputShape;
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (!kwargs.training || this.#rate === 0) return input.clone();
    return tidy(() => {
      const mask = tensor(this.#drawMask(input.size), input.shape);
      return customGrad((x, save) => {
        (save as GradSaveFunc)([mask]);
        return {
          value: mul(x as Tensor, mask),
          gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, saved[0]),
        };
      })(input);
    });
  }

  #drawMask(size: number): Float32Array {
    const mask = new Float32Array(size);
    const threshold = this.#rate * 2 ** 32;
    const kept = 1 / (1 - this.#rate);
    const random = this.#random;
    for (let i = 0; i < size; i++) mask[i] = random.uint32() < threshold ? 0 : kept;
    return mask;
  }
}

serialization.registerClass(SeededDropout);
