// All supported layers of Keras, as layers of TensorFlow.js or our own, with the settings that they have.

import { initializers, layers } from "@tensorflow/tfjs-layers";
import { SeededDropout } from "../dropout.ts";
import { withMissingWeights } from "../normalization.ts";
import { ownActivation } from "./activations.ts";
import { type ConvolutionConfig, DilatedDepthwiseConvolution, GroupedConvolution } from "./convolution.ts";
import { IMAGE_KINDS } from "./image-kinds.ts";
import { Arithmetic, ChannelScaling, checkAxes, LayerScale, type Shape } from "./keras-layers.ts";
import { GroupNormalization, LayerNormalization, UnitNormalization } from "./normalization-layers.ts";
import { AlphaDropout, GaussianDropout, GaussianNoise, SharedMaskDropout } from "./random-layers.ts";
import type { Kinds, Layer, Recipe } from "./recipe.ts";
import type { LayerSettings } from "./settings.ts";

const CONVOLUTIONS: Kinds = {
  Conv2D: (recipe) => {
    const { settings } = recipe;
    const config = { ...recipe.convolution(), ...recipe.kernel(), filters: settings.units("filters") };
    const groups = settings.units("groups", 1);
    if (groups === 1 && !isDilated(config)) return layers.conv2d({ ...config, ...activation(recipe) });
    return activated(recipe, new GroupedConvolution({ ...config, groups }));
  },
  DepthwiseConv2D: (recipe) => {
    const { settings } = recipe;
    settings.expect("groups", 1);
    const depthMultiplier = settings.units("depth_multiplier", 1);
    const config = { ...recipe.convolution(), depthMultiplier, ...recipe.depthwise() };
    if (!isDilated(config)) return layers.depthwiseConv2d({ ...config, ...activation(recipe) });
    return activated(recipe, new DilatedDepthwiseConvolution(config));
  },
  SeparableConv2D: (recipe) => {
    const { settings } = recipe;
    settings.expect("groups", 1);
    // Its depthwise part has settings of its own for what the other convolutions call their kernel.
    for (const key of ["initializer", "regularizer", "constraint"]) settings.value(`kernel_${key}`);
    const config = {
      ...recipe.convolution(),
      filters: settings.units("filters"),
      depthMultiplier: settings.units("depth_multiplier", 1),
      ...recipe.depthwise(),
      pointwiseInitializer: recipe.initializer("pointwise", "pointwise_kernel", "glorot_uniform"),
    };
    if (!isDilated(config)) return layers.separableConv2d({ ...config, ...activation(recipe) });
    return activated(recipe, new DilatedDepthwiseConvolution(config));
  },
  Dense: (recipe) =>
    layers.dense({
      name: recipe.name,
      units: recipe.settings.units("units"),
      ...activation(recipe),
      ...recipe.kernel(),
      ...recipe.bias(),
    }),
};

const NORMALIZATIONS: Kinds = {
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
  LayerNormalization: (recipe) =>
    new LayerNormalization({ ...recipe.scaleAndCenter(), axes: axesOf(recipe.settings) }),
  GroupNormalization: (recipe) => {
    const { settings } = recipe;
    lastAxis(settings);
    // −1 stands for as many as there are channels.
    const groups = settings.value("groups") === -1 ? -1 : settings.units("groups", 32);
    return new GroupNormalization({ ...recipe.scaleAndCenter(), groups });
  },
  UnitNormalization: ({ name, settings }) =>
    new UnitNormalization({
      name,
      axes: axesOf(settings),
      // Keras 2 bounds the sum of squares, and Keras 3 the norm.
      epsilon: settings.dialect === "keras2" ? 1e-12 : 1e-24,
    }),
  Rescaling: ({ name, settings }) =>
    scaling(name, settings.channels("scale") ?? [1], settings.channels("offset") ?? [0]),
  Normalization: ({ name, settings }) => {
    // Without an axis, there is one mean for all values.
    if ([settings.value("axis") ?? []].flat().length > 0) lastAxis(settings);
    const isInverse = settings.flag("invert", false);
    const means = settings.numbers("mean");
    const variances = settings.numbers("variance");
    // Without mean and variance it was adapted to data, and the result is stored with the weights, which are not read:
    // it does nothing, as before the adaptation.
    if (!means || !variances) return [];
    const deviations = variances.map((variance) => Math.max(Math.sqrt(variance), 1e-7));
    if (isInverse) return scaling(name, deviations, means);
    const scales = deviations.map((deviation) => 1 / deviation);
    const offsets = means.map((mean, i) => -mean * (scales[i] ?? scales[0]));
    return scaling(name, scales, offsets);
  },
  LayerScale: (recipe) => {
    const { name, settings } = recipe;
    const value = settings.number("init_values");
    const gammaInitializer = recipe.seeded("gamma", () => initializers.constant({ value }));
    return new LayerScale({ name, channels: settings.units("projection_dim"), gammaInitializer });
  },
};

const ACTIVATIONS: Kinds = {
  Activation: (recipe) => layers.activation({ name: recipe.name, ...activation(recipe) }),
  ReLU: ({ name, settings }) => {
    const threshold = settings.number("threshold", 0);
    const slope = settings.number("negative_slope", 0);
    const maxValue = settings.value("max_value") == null ? undefined : settings.number("max_value");
    if (threshold === 0 && slope === 0) return layers.reLU({ name, maxValue });
    if (threshold === 0 && maxValue === undefined) return layers.leakyReLU({ name, alpha: slope });
    const config = {
      threshold,
      negative_slope: slope,
      ...(maxValue !== undefined && { max_value: maxValue }),
    };
    return layers.activation({ name, activation: ownActivation("general_relu", config) as "linear" });
  },
  // Keras 3 calls it negative_slope.
  LeakyReLU: ({ name, settings }) =>
    layers.leakyReLU({ name, alpha: settings.number("negative_slope", settings.number("alpha", 0.3)) }),
  PReLU: (recipe) => {
    const { name, settings } = recipe;
    const sharedAxes = settings.value("shared_axes") == null ? undefined : recipe.wholes("shared_axes");
    const layer = layers.prelu({
      name,
      alphaInitializer: recipe.initializer("alpha", "alpha", "zeros"),
      sharedAxes,
    });
    // TensorFlow.js takes axes that its inputs do not have, and gives outputs of another shape.
    const build = (shape: Shape | Shape[]) => {
      checkAxes(sharedAxes ?? [], (Array.isArray(shape[0]) ? shape[0] : shape) as Shape);
      Object.getPrototypeOf(layer).build.call(layer, shape);
    };
    return Object.assign(layer, { build });
  },
  ELU: ({ name, settings }) => {
    const alpha = settings.number("alpha", 1);
    if (alpha === 1) return layers.elu({ name });
    return layers.activation({ name, activation: ownActivation("general_elu", { alpha }) as "linear" });
  },
  Softmax: ({ name, settings }) => layers.softmax({ name, axis: lastAxis(settings) }),
};

const MERGES: Kinds = {
  Add: ({ name }) => layers.add({ name }),
  Subtract: ({ name }) => new Arithmetic({ name, operation: "subtract" }),
  Multiply: ({ name }) => layers.multiply({ name }),
  Average: ({ name }) => layers.average({ name }),
  Maximum: ({ name }) => layers.maximum({ name }),
  Minimum: ({ name }) => layers.minimum({ name }),
  Concatenate: ({ name, settings }) => layers.concatenate({ name, axis: settings.number("axis", -1) }),
  CustomScaleLayer: ({ name, settings }) =>
    new Arithmetic({ name, operation: "addScaled", factor: settings.number("scale") }),
};

const RANDOM_LAYERS: Kinds = {
  Dropout: (recipe) => {
    const { name, settings, key } = recipe;
    const noiseShape = noiseShapeOf(settings);
    if (!noiseShape) return new SeededDropout({ name, rate: settings.rate("rate", false), key });
    return new SharedMaskDropout({ name, rate: settings.rate("rate", true), key, noiseShape });
  },
  SpatialDropout2D: ({ name, settings, key }) => {
    settings.channelsLast();
    settings.expect("noise_shape", null);
    const rate = settings.rate("rate", true);
    return new SharedMaskDropout({ name, rate, key, noiseShape: [null, 1, 1, null] });
  },
  StochasticDepth: ({ name, settings, key }) => {
    const rate = settings.rate("drop_path_rate", true);
    return new SharedMaskDropout({ name, rate, key, noiseShape: [null, 1, 1, 1] });
  },
  GaussianNoise: ({ name, settings, key }) => {
    const deviation = settings.number("stddev");
    if (deviation >= 0 && deviation < Infinity) return new GaussianNoise({ name, key, deviation });
    throw settings.outside("stddev", "a number of at least 0");
  },
  GaussianDropout: ({ name, settings, key }) => {
    const rate = settings.rate("rate", false);
    return new GaussianDropout({ name, key, deviation: Math.sqrt(rate / (1 - rate)) });
  },
  AlphaDropout: ({ name, settings, key }) =>
    new AlphaDropout({ name, key, rate: settings.rate("rate", false), noiseShape: noiseShapeOf(settings) }),
};

export const KINDS: Kinds = {
  ...{ ...CONVOLUTIONS, ...NORMALIZATIONS, ...ACTIVATIONS, ...IMAGE_KINDS, ...MERGES, ...RANDOM_LAYERS },
  ActivityRegularization: ({ settings }) => {
    settings.expect("l1", 0);
    settings.expect("l2", 0);
    return [];
  },
  Identity: () => [],
};

function activation({ settings }: Recipe): { activation: "linear" } {
  return { activation: settings.activation() as "linear" };
}

/** A layer, and its activation after it. */
function activated(recipe: Recipe, layer: Layer): Layer[] {
  const found = activation(recipe);
  if (found.activation === "linear") return [layer];
  return [layer, layers.activation({ name: `${recipe.name}_activation`, ...found })];
}

function isDilated({ dilationRate }: Pick<ConvolutionConfig, "dilationRate">): boolean {
  return dilationRate.some((rate) => rate !== 1);
}

/** Checks that the setting `axis` is the channels: −1, or 3 for images, alone or in a list. */
function lastAxis(settings: LayerSettings): -1 {
  const axes = axesOf(settings);
  if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== 3)) {
    throw settings.unsupported("axis", "use that of the channels");
  }
  return -1;
}

function axesOf(settings: LayerSettings): number[] {
  const axes = [settings.value("axis") ?? -1].flat();
  if (!axes.every((axis) => Number.isInteger(axis))) throw settings.unsupported("axis");
  return axes as number[];
}

/** No layer if nothing would change. */
function scaling(name: string, scale: number[], offset: number[]): Layer[] {
  const isNothing = scale.every((each) => Math.abs(each - 1) < 1e-6) && offset.every((each) => each === 0);
  return isNothing ? [] : [new ChannelScaling({ name, scale, offset })];
}

/** Undefined if each value has its own. */
function noiseShapeOf(settings: LayerSettings): (number | null)[] | undefined {
  const shape = settings.value("noise_shape") == null ? [] : settings.list("noise_shape");
  if (shape.some((side) => side !== null && side < 1)) {
    throw settings.outside("noise_shape", "nulls, and whole numbers of at least 1");
  }
  return shape.every((side) => side === null) ? undefined : shape;
}
