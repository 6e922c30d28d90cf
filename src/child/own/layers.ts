// Converts a layer of the file to TensorFlow.js layers or ours; defines all supported layers and their settings.

import { initializers, layers } from "@tensorflow/tfjs-layers";
import { messageOf, UsageError } from "../../common/errors.ts";
import { seedOf } from "../../common/random.ts";
import type { ThreefryKey } from "../../common/threefry.ts";
import { dropoutKey, SeededDropout } from "../dropout.ts";
import { withMissingWeights } from "../normalization.ts";
import { type Initializer, initializerOf } from "./initializers.ts";
import { ChannelScaling, LayerNormalization, Reshape, SharedMaskDropout, Subtract } from "./keras-layers.ts";
import type { NetworkLayer } from "./network.ts";
import { LayerSettings, type Penalty } from "./settings.ts";

type Layer = layers.Layer;

export interface LayerOptions {
  /** Path of the file, for error messages. */
  readonly path: string;
  /** Name for the TensorFlow.js layer, which does not allow all of Keras's names. */
  readonly name: string;
  /** Determines the weights and the dropout masks. */
  readonly seed: number;
  /** Sets all weights to 0, which takes no time. */
  readonly isShapeOnly: boolean;
}

export interface CreatedLayer {
  /** Applied one after another; empty for a layer that does nothing. */
  readonly layers: readonly Layer[];
  /** Keyed by the weight's name within the layer. */
  readonly penalties: ReadonlyMap<string, Penalty>;
}

/**
 * Creates a layer of the file.
 * @throws UsageError naming the layer if its kind or one of its settings is not supported.
 */
export function createLayer(layer: NetworkLayer, options: LayerOptions): CreatedLayer {
  const settings = new LayerSettings(options.path, layer);
  const { className, module } = layer;
  if (Object.hasOwn(REFUSED, className)) throw settings.error(REFUSED[className]);
  // Operations and user-defined classes may have the name of a Keras layer.
  const isOfKeras = module === undefined || /^(tf_)?keras\.(src\.)?layers\b/.test(module);
  if (!isOfKeras || !Object.hasOwn(KINDS, className)) {
    throw settings.error(`is not supported; use ${Object.keys(KINDS).join(", ")}`);
  }
  const recipe = new Recipe(settings, options);
  let made: Layer | Layer[];
  try {
    made = KINDS[className](recipe);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw settings.error(`has settings that are not supported: ${messageOf(error)}`);
  }
  settings.finish();
  return { layers: Array.isArray(made) ? made : [made], penalties: recipe.penalties };
}

/** What a layer is created from: its settings, and the initializers that they describe. */
class Recipe {
  readonly settings: LayerSettings;
  readonly penalties = new Map<string, Penalty>();
  readonly #options: LayerOptions;

  constructor(settings: LayerSettings, options: LayerOptions) {
    this.settings = settings;
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get dropoutKey(): ThreefryKey {
    return dropoutKey(this.#options.seed, "dropout", this.settings.name);
  }

  /** The initializer of `weight`; also records the weight's penalty, if it has one. */
  initializer(prefix: string, weight: string, fallback: string): Initializer {
    const { settings } = this;
    const penalty = settings.penalty(`${prefix}_regularizer`);
    if (penalty) this.penalties.set(weight, penalty);
    const seed = seedOf(this.#options.seed, "weights", settings.name, weight);
    const initializer = initializerOf(settings, `${prefix}_initializer`, fallback, seed);
    return this.#options.isShapeOnly ? initializers.zeros() : initializer;
  }

  kernel(): { kernelInitializer: Initializer } {
    return { kernelInitializer: this.initializer("kernel", "kernel", "glorot_uniform") };
  }

  depthwise(): { depthwiseInitializer: Initializer } {
    // Keras 2 also writes an initializer for a kernel that this layer does not have.
    this.settings.value("kernel_initializer");
    return { depthwiseInitializer: this.initializer("depthwise", "depthwise_kernel", "glorot_uniform") };
  }

  bias(): { useBias: boolean; biasInitializer: Initializer } {
    const biasInitializer = this.initializer("bias", "bias", "zeros");
    return { useBias: this.settings.flag("use_bias", true), biasInitializer };
  }

  /** The settings that all convolutions share, apart from their kernels. */
  convolution() {
    const { name, settings } = this;
    settings.expect("groups", 1);
    // TensorFlow.js has no gradient for other rates.
    if (settings.pair("dilation_rate", 1).some((rate) => rate !== 1)) {
      throw settings.unsupported("dilation_rate");
    }
    return {
      name,
      kernelSize: settings.pair("kernel_size"),
      strides: settings.pair("strides", 1),
      padding: settings.choice("padding", ["valid", "same"], "valid"),
      activation: settings.activation() as "linear",
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
}

const AUGMENTS = "augments images; remove it, since augmenting is up to the policies that are evaluated";
const UNSEEDED = "draws noise, which is not supported";
/** Keras layers that a child must not have, with the reason. */
const REFUSED: Record<string, string> = {
  Lambda: "contains Python code, which cannot run here; use Keras layers instead",
  ...{ GaussianNoise: UNSEEDED, GaussianDropout: UNSEEDED, AlphaDropout: UNSEEDED },
  ...{ RandomFlip: AUGMENTS, RandomRotation: AUGMENTS, RandomZoom: AUGMENTS, RandomCrop: AUGMENTS },
  ...{ RandomTranslation: AUGMENTS, RandomContrast: AUGMENTS, RandomBrightness: AUGMENTS },
  ...{ RandomHeight: AUGMENTS, RandomWidth: AUGMENTS, RandAugment: AUGMENTS, AugMix: AUGMENTS },
};

const KINDS: Record<string, (recipe: Recipe) => Layer | Layer[]> = {
  Conv2D: (recipe) => {
    const { settings } = recipe;
    return layers.conv2d({
      ...recipe.convolution(),
      ...recipe.kernel(),
      filters: settings.number("filters"),
    });
  },
  DepthwiseConv2D: (recipe) => {
    const { settings } = recipe;
    return layers.depthwiseConv2d({
      ...recipe.convolution(),
      depthMultiplier: settings.number("depth_multiplier", 1),
      ...recipe.depthwise(),
    });
  },
  SeparableConv2D: (recipe) => {
    const { settings } = recipe;
    return layers.separableConv2d({
      ...recipe.convolution(),
      filters: settings.number("filters"),
      depthMultiplier: settings.number("depth_multiplier", 1),
      ...recipe.depthwise(),
      pointwiseInitializer: recipe.initializer("pointwise", "pointwise_kernel", "glorot_uniform"),
    });
  },
  Dense: (recipe) =>
    layers.dense({
      name: recipe.name,
      units: recipe.settings.number("units"),
      activation: recipe.settings.activation() as "linear",
      ...recipe.kernel(),
      ...recipe.bias(),
    }),

  BatchNormalization: (recipe) => {
    const { settings } = recipe;
    return withMissingWeights(
      layers.batchNormalization({
        ...recipe.scaleAndCenter(),
        axis: lastAxis(settings),
        momentum: settings.number("momentum", 0.99),
        movingMeanInitializer: recipe.initializer("moving_mean", "moving_mean", "zeros"),
        movingVarianceInitializer: recipe.initializer("moving_variance", "moving_variance", "ones"),
      }),
    );
  },
  LayerNormalization: (recipe) => {
    lastAxis(recipe.settings);
    return new LayerNormalization(recipe.scaleAndCenter());
  },
  Rescaling: ({ name, settings }) =>
    scaling(name, settings.numbers("scale") ?? [1], settings.numbers("offset") ?? [0]),
  Normalization: ({ name, settings }) => {
    lastAxis(settings);
    const means = settings.numbers("mean");
    const variances = settings.numbers("variance");
    // Without mean and variance it was adapted to data, and the result is stored with the weights, which are not read:
    // it does nothing, as before the adaptation.
    if (!means || !variances) return [];
    const scales = variances.map((variance) => 1 / Math.max(Math.sqrt(variance), 1e-7));
    const offsets = means.map((mean, i) => -mean * (scales[i] ?? scales[0]));
    return scaling(name, scales, offsets);
  },

  Activation: ({ name, settings }) =>
    layers.activation({ name, activation: settings.activation() as "linear" }),
  ReLU: ({ name, settings }) => {
    settings.expect("threshold", 0);
    const slope = settings.number("negative_slope", 0);
    const maxValue = settings.value("max_value") == null ? undefined : settings.number("max_value");
    if (slope === 0) return layers.reLU({ name, maxValue });
    if (maxValue !== undefined) throw settings.unsupported("negative_slope");
    return layers.leakyReLU({ name, alpha: slope });
  },
  // Keras 3 calls it negative_slope.
  LeakyReLU: ({ name, settings }) =>
    layers.leakyReLU({ name, alpha: settings.number("negative_slope", settings.number("alpha", 0.3)) }),
  PReLU: (recipe) =>
    layers.prelu({
      name: recipe.name,
      alphaInitializer: recipe.initializer("alpha", "alpha", "zeros"),
      sharedAxes: recipe.settings.value("shared_axes") == null ? undefined : wholes(recipe, "shared_axes"),
    }),
  ELU: ({ name, settings }) => {
    settings.expect("alpha", 1);
    return layers.elu({ name });
  },
  Softmax: ({ name, settings }) => layers.softmax({ name, axis: lastAxis(settings) }),

  MaxPooling2D: (recipe) => layers.maxPooling2d(recipe.pool()),
  AveragePooling2D: (recipe) => layers.averagePooling2d(recipe.pool()),
  GlobalAveragePooling2D: ({ name, settings }) =>
    kept(settings, name, layers.globalAveragePooling2d({ name, ...settings.channelsLast() })),
  GlobalMaxPooling2D: ({ name, settings }) =>
    kept(settings, name, layers.globalMaxPooling2d({ name, ...settings.channelsLast() })),

  ZeroPadding2D: ({ name, settings }) =>
    layers.zeroPadding2d({ name, padding: settings.margins("padding"), ...settings.channelsLast() }),
  Cropping2D: ({ name, settings }) =>
    layers.cropping2D({ name, cropping: settings.margins("cropping"), ...settings.channelsLast() }),
  UpSampling2D: ({ name, settings }) =>
    layers.upSampling2d({
      name,
      size: settings.pair("size", 2),
      interpolation: settings.choice("interpolation", ["nearest", "bilinear"], "nearest"),
      ...settings.channelsLast(),
    }),
  Flatten: ({ name, settings }) => {
    settings.channelsLast();
    return layers.flatten({ name });
  },
  Reshape: (recipe) => new Reshape({ name: recipe.name, targetShape: wholes(recipe, "target_shape") }),
  Permute: (recipe) => layers.permute({ name: recipe.name, dims: wholes(recipe, "dims") }),

  Add: ({ name }) => layers.add({ name }),
  Subtract: ({ name }) => new Subtract({ name }),
  Multiply: ({ name }) => layers.multiply({ name }),
  Average: ({ name }) => layers.average({ name }),
  Maximum: ({ name }) => layers.maximum({ name }),
  Minimum: ({ name }) => layers.minimum({ name }),
  Concatenate: ({ name, settings }) => layers.concatenate({ name, axis: settings.number("axis", -1) }),

  Dropout: ({ name, settings, dropoutKey: key }) => {
    const rate = settings.number("rate");
    const noiseShape = settings.value("noise_shape") == null ? [] : settings.list("noise_shape");
    if (noiseShape.every((side) => side === null)) return new SeededDropout({ name, rate, key });
    return new SharedMaskDropout({ name, rate, key, noiseShape });
  },
  SpatialDropout2D: ({ name, settings, dropoutKey: key }) => {
    settings.channelsLast();
    settings.expect("noise_shape", null);
    return new SharedMaskDropout({
      ...{ name, rate: settings.number("rate"), key, noiseShape: [null, 1, 1, null] },
    });
  },
  ActivityRegularization: ({ settings }) => {
    settings.expect("l1", 0);
    settings.expect("l2", 0);
    return [];
  },
  Identity: () => [],
};

/** Checks that the setting `axis` is the channels: −1, or 3 for images, alone or in a list. */
function lastAxis(settings: LayerSettings): -1 {
  const axis = [settings.value("axis") ?? -1].flat();
  if (axis.length !== 1 || (axis[0] !== -1 && axis[0] !== 3)) throw settings.unsupported("axis");
  return -1;
}

/** No layer if nothing would change. */
function scaling(name: string, scale: number[], offset: number[]): Layer[] {
  const isNothing = scale.every((each) => Math.abs(each - 1) < 1e-6) && offset.every((each) => each === 0);
  return isNothing ? [] : [new ChannelScaling({ name, scale, offset })];
}

/** A global pooling layer; with `keepdims`, followed by a reshape to an image of one pixel. */
function kept(settings: LayerSettings, name: string, pooling: Layer): Layer[] {
  if (!settings.flag("keepdims", false)) return [pooling];
  return [pooling, new Reshape({ name: `${name}_image`, targetShape: [1, 1, -1] })];
}

function wholes({ settings }: Recipe, key: string): number[] {
  const list = settings.list(key);
  if (list.includes(null)) throw settings.unsupported(key);
  return list as number[];
}
