// What a layer of the file is created from: its settings, and the initializers, penalties and constraints of its weights.

import type { layers } from "@tensorflow/tfjs-layers";
import { seedOf } from "../../common/random.ts";
import type { ThreefryKey } from "../../common/threefry.ts";
import { dropoutKey } from "../dropout.ts";
import type { Constraint } from "./constraints.ts";
import { emptied, type Initializer, initializerOf } from "./initializers.ts";
import type { Dialect } from "./network.ts";
import type { LayerSettings, Penalty } from "./settings.ts";

export type Layer = layers.Layer;

/** One layer or several, applied one after another; none for a layer that does nothing. */
export type Kinds = Record<string, (recipe: Recipe) => Layer | Layer[]>;

export interface LayerOptions {
  /** Path of the file, for error messages. */
  readonly path: string;
  readonly dialect: Dialect;
  /** Name for the TensorFlow.js layer, which does not allow all of Keras's names. */
  readonly name: string;
  /** Determines the weights and the random numbers of layers such as dropout. */
  readonly seed: number;
  /** Sets all weights to 0, which takes no time. */
  readonly isShapeOnly: boolean;
}

export class Recipe {
  readonly settings: LayerSettings;
  /** Keyed by the weight's name within the layer. */
  readonly penalties = new Map<string, Penalty>();
  readonly constraints = new Map<string, Constraint>();
  readonly #options: LayerOptions;

  constructor(settings: LayerSettings, options: LayerOptions) {
    this.settings = settings;
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Of the layer's random numbers. */
  get key(): ThreefryKey {
    return dropoutKey(this.#options.seed, "dropout", this.settings.name);
  }

  /** The initializer of `weight`; also records the weight's penalty and constraint, if it has any. */
  initializer(prefix: string, weight: string, fallback: string): Initializer {
    const { settings } = this;
    const penalty = settings.penalty(`${prefix}_regularizer`);
    if (penalty) this.penalties.set(weight, penalty);
    const constraint = settings.constraint(`${prefix}_constraint`);
    if (constraint) this.constraints.set(weight, constraint);
    return this.seeded(weight, (seed) => initializerOf(settings, `${prefix}_initializer`, fallback, seed));
  }

  seeded(weight: string, make: (seed: number) => Initializer): Initializer {
    const initializer = make(seedOf(this.#options.seed, "weights", this.settings.name, weight));
    return this.#options.isShapeOnly ? emptied(initializer) : initializer;
  }

  kernel(): { kernelInitializer: Initializer } {
    return { kernelInitializer: this.initializer("kernel", "kernel", "glorot_uniform") };
  }

  depthwise(): { depthwiseInitializer: Initializer } {
    // Keras 2 also writes settings of a kernel that this layer does not have.
    for (const key of ["initializer", "regularizer", "constraint"]) this.settings.value(`kernel_${key}`);
    return { depthwiseInitializer: this.initializer("depthwise", "depthwise_kernel", "glorot_uniform") };
  }

  bias(): { useBias: boolean; biasInitializer: Initializer } {
    const biasInitializer = this.initializer("bias", "bias", "zeros");
    return { useBias: this.settings.flag("use_bias", true), biasInitializer };
  }

  /** The settings that all convolutions share, apart from their kernels and activations. */
  convolution() {
    const { name, settings } = this;
    return {
      name,
      kernelSize: settings.pair("kernel_size"),
      strides: settings.pair("strides", 1),
      padding: settings.choice("padding", ["valid", "same"], "valid"),
      dilationRate: settings.pair("dilation_rate", 1),
      ...settings.channelsLast(),
      ...this.bias(),
    };
  }

  pool() {
    const { name, settings } = this;
    const poolSize = settings.pair("pool_size", 2);
    const strides = settings.value("strides") == null ? poolSize : settings.pair("strides");
    const padding = settings.choice("padding", ["valid", "same"], "valid");
    return { name, poolSize, strides, padding, ...settings.channelsLast() };
  }

  /** The settings that normalization layers share. */
  scaleAndCenter() {
    const { name, settings } = this;
    return {
      name,
      epsilon: settings.number("epsilon", 1e-3),
      center: settings.flag("center", true),
      scale: settings.flag("scale", true),
      betaInitializer: this.initializer("beta", "beta", "zeros"),
      gammaInitializer: this.initializer("gamma", "gamma", "ones"),
    };
  }

  /** A setting of whole numbers. */
  wholes(key: string): number[] {
    const list = this.settings.list(key);
    if (list.includes(null)) throw this.settings.unsupported(key);
    return list as number[];
  }
}
