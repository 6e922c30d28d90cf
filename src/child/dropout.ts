// Dropout (Srivastava et al. 2014) with masks from a counter-based generator: a function of the layer's key, the
// training step and the value's index, so every engine draws the same masks in any order and on any number of threads.
// The layer of TensorFlow.js repeats one mask at every step if it is given a seed, and is not reproducible without one.

import {
  customGrad,
  engine,
  type GradSaveFunc,
  getBackend,
  getKernel,
  mul,
  type NamedAttrMap,
  serialization,
  type Tensor,
  tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { type StreamKey, seedOf } from "../common/random.ts";
import { type ThreefryKey, threefry2x32 } from "../common/threefry.ts";
import { type MaskChoice, SEEDED_DROPOUT, type SeededDropoutAttrs } from "../engine/seeded-dropout.ts";

/** The layer's configuration, as returned by `getConfig`: plain data that an engine can compile. */
export interface SeededDropoutConfig {
  name: string;
  /** Share of the values set to 0 during training, in [0, 1); the others are multiplied by 1 / (1 − rate). */
  rate: number;
  /** Key of the masks; see `dropoutKey`. */
  key: ThreefryKey;
}

/** Derives the key of a layer's masks from stream keys that identify the layer. */
export function dropoutKey(...keys: StreamKey[]): ThreefryKey {
  return [seedOf(...keys, "first"), seedOf(...keys, "second")];
}

/** Number of values whose masks come from the same 16 counters. */
const GROUP = 64;
const COUNTERS = 16;
const firstWords = new Int32Array(COUNTERS);
const secondWords = new Int32Array(COUNTERS);

/**
 * The factors of a layer's `size` values at a training step (from 0): 0, or 1 / (1 − rate) as float32.
 *
 * Value i (its row-major index in the whole batch's tensor) is in group g = ⌊i / 64⌋. Its random number is 16 bits of
 * the two words that Threefry-2x32 gives for the counter (16 g + i mod 16, step): the low or high half of the first
 * word if ⌊i / 16⌋ mod 4 is 0 or 1, the low or high half of the second if it is 2 or 3. The factor is 0 if that number
 * is below round(65536 · rate). So 16 consecutive counters give 4 runs of 16 values, which suits vectors of any width.
 */
export function dropoutMask(size: number, { rate, key }: SeededDropoutConfig, step: number): Float32Array {
  const mask = new Float32Array(Math.ceil(size / GROUP) * GROUP);
  const threshold = Math.round(rate * 65536);
  const kept = 1 / (1 - rate);
  for (let base = 0; base < mask.length; base += GROUP) {
    threefry2x32(key, base / 4, step, firstWords, secondWords);
    for (let lane = 0; lane < COUNTERS; lane++) {
      const first = firstWords[lane];
      const second = secondWords[lane];
      const at = base + lane;
      mask[at] = (first & 0xffff) < threshold ? 0 : kept;
      mask[at + 16] = first >>> 16 < threshold ? 0 : kept;
      mask[at + 32] = (second & 0xffff) < threshold ? 0 : kept;
      mask[at + 48] = second >>> 16 < threshold ? 0 : kept;
    }
  }
  return mask.subarray(0, size);
}

/** [...] → [...]; the identity outside training. The layer's training call s (from 0) uses the masks of step s. */
export class SeededDropout extends layers.Layer {
  static readonly className = "SeededDropout";
  readonly #config: SeededDropoutConfig;
  #step = 0;

  constructor(config: SeededDropoutConfig) {
    super(config);
    const { name, rate, key } = config;
    if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout ${name}: rate ${rate} is not in [0, 1)`);
    this.#config = { name, rate, key };
    this.supportsMasking = true;
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return inputShape;
  }

  override getConfig(): serialization.ConfigDict {
    const { rate, key } = this.#config;
    return { ...super.getConfig(), rate, key: [...key] };
  }

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (!kwargs.training || this.#config.rate === 0) return input.clone();
    if (getKernel(SEEDED_DROPOUT, getBackend())) return this.#callKernel(input);
    return tidy(() => {
      const mask = tensor(dropoutMask(input.size, this.#config, this.#step++), input.shape);
      return customGrad((x, save) => {
        (save as GradSaveFunc)([mask]);
        return {
          value: mul(x as Tensor, mask),
          gradFunc: (dy: Tensor, saved: Tensor[]) => mul(dy, saved[0]),
        };
      })(input);
    });
  }

  /** The next training call uses the masks of this step (from 0), as after that many calls. */
  continueFrom(step: number): void {
    this.#step = step;
  }

  #callKernel(x: Tensor): Tensor {
    const { rate, key } = this.#config;
    const attrs: SeededDropoutAttrs = { rate, key, mask: this.#chooseMask(), isGradient: false };
    return engine().runKernel(SEEDED_DROPOUT, { x }, attrs as unknown as NamedAttrMap) as Tensor;
  }

  #chooseMask(): MaskChoice {
    let step = -1;
    return {
      take: () => {
        step = this.#step++;
        return step;
      },
      get step() {
        return step;
      },
    };
  }
}

serialization.registerClass(SeededDropout);
