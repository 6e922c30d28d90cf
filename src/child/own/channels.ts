// Models with the channels of images first, as `data_format: channels_first` in Keras. Children have them last, so their
// tensors of such images are stored with the channels last, and the layers' settings are changed to that order. A layer whose
// result depends on the order in another way, such as a Dense layer on images, gets its input in the file's order.

import { UsageError } from "../../common/errors.ts";
import { type JsonObject, showJson } from "./json.ts";
import type { Application, Network, NetworkLayer } from "./network.ts";

/** The network for images whose channels are last, which computes the same. @throws UsageError */
export function withChannelsLast(path: string, network: Network): Network {
  const isFirst = isInputFirst(network);
  const converter = new Converter(path, network.images, isFirst);
  const output = converter.inFileOrder(converter.convert(network.output));
  const { inputShape } = network;
  if (!isFirst || !inputShape) return { ...network, output };
  const [channels, height, width] = inputShape;
  return { ...network, output, inputShape: [height, width, channels] };
}

/** Whether the model's input has its channels first. */
function isInputFirst({ inputShape, images, output }: Network): boolean {
  const [first, , last] = inputShape ?? [];
  if (first === 3 && last !== 3 && last !== null) return true;
  if (last === 3 && first !== 3 && first !== null) return false;
  // Otherwise the layers decide that are the first to have an order, on all paths from the input.
  const formats = new Map<Application, unknown>([[images, undefined]]);
  const visit = (application: Application): unknown => {
    if (formats.has(application)) return formats.get(application);
    const format =
      application.inputs.map(visit).find((each) => each !== undefined) ??
      application.layer.config.data_format;
    formats.set(application, format);
    return format;
  };
  return visit(output) === "channels_first";
}

/** A converted application. */
interface Converted {
  readonly application: Application;
  /** Its channels are first in the file, but last here. */
  readonly isMoved: boolean;
}

/** Layers of images that say where the channels are. */
const FORMATTED = [
  ...["Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D"],
  ...["GlobalAveragePooling2D", "GlobalMaxPooling2D", "Cropping2D", "UpSampling2D", "Resizing", "CenterCrop"],
  ...["SpatialDropout2D", "Flatten"],
];

/** Layers with an axis, or axes, in these settings. */
const WITH_AXES: Record<string, string> = {
  ...{ BatchNormalization: "axis", LayerNormalization: "axis", GroupNormalization: "axis", Softmax: "axis" },
  ...{ UnitNormalization: "axis", Normalization: "axis", Concatenate: "axis", PReLU: "shared_axes" },
};

/** Of these, the ones that take any axes. */
const FREE_AXES = ["LayerNormalization", "UnitNormalization", "Concatenate", "PReLU"];

/** Layers that treat all values alike, or all inputs of the same shape. */
const INDIFFERENT = [
  ...[
    "Activation",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Identity",
    "GaussianNoise",
    "GaussianDropout",
    "StochasticDepth",
  ],
  ...["Add", "Subtract", "Multiply", "Divide", "Average", "Maximum", "Minimum", "CustomScaleLayer"],
  ...["ActivityRegularization"],
];

class Converter {
  readonly #path: string;
  readonly #converted = new Map<Application, Converted>();
  /** Layers with other settings. A layer that is applied several times must get the same ones each time. */
  readonly #layers = new Map<NetworkLayer, NetworkLayer>();

  constructor(path: string, images: Application, isFirst: boolean) {
    this.#path = path;
    this.#converted.set(images, { application: images, isMoved: isFirst });
  }

  convert(application: Application): Converted {
    const known = this.#converted.get(application);
    if (known) return known;
    const inputs = application.inputs.map((input) => this.convert(input));
    const converted = this.#apply(application, inputs);
    this.#converted.set(application, converted);
    return converted;
  }

  /** A tensor whose dimensions are in the order of the file. */
  inFileOrder({ application, isMoved }: Converted): Application {
    return isMoved ? this.#moved(application, "channels_first", [3, 1, 2]) : application;
  }

  #channelsLast({ application, isMoved }: Converted): Application {
    return isMoved ? application : this.#moved(application, "channels_last", [2, 3, 1]);
  }

  #moved(input: Application, suffix: string, dims: number[]): Application {
    const name = `${input.layer.name}_${suffix}`;
    return { layer: { name, className: "Permute", config: { dims } }, inputs: [input] };
  }

  #apply(application: Application, inputs: readonly Converted[]): Converted {
    const { layer } = application;
    // Flatten also takes what is not an image, and reorders images itself.
    const isFirst = isFormatted(layer) && layer.config.data_format === "channels_first";
    const isMoved = inputs.some((input) => input.isMoved) || (isFirst && layer.className !== "Flatten");
    const config = isMoved ? this.#configOf(layer, inputs) : undefined;
    if (!config) {
      this.#keep(layer, layer);
      const inFileOrder = inputs.map((input) => this.inFileOrder(input));
      return { application: { layer, inputs: inFileOrder }, isMoved: false };
    }
    const changed = JSON.stringify(config) === JSON.stringify(layer.config) ? layer : { ...layer, config };
    return {
      application: {
        layer: this.#keep(layer, changed),
        inputs: inputs.map((input) => this.#channelsLast(input)),
      },
      isMoved: isImage(layer),
    };
  }

  /**
   * The settings with which the layer takes images with their channels last; undefined if it must get its inputs in the
   * file's order.
   */
  #configOf(layer: NetworkLayer, inputs: readonly Converted[]): JsonObject | undefined {
    const { className, config, name } = layer;
    const isOverLast = /^(log_)?softmax$/.test(String(config.activation));
    if (isFormatted(layer)) {
      if (config.data_format !== "channels_first") return undefined;
      if (!isOverLast) return { ...config, data_format: "channels_last" };
      throw new UsageError(
        `model ${this.#path}: layer ${name} (${className}) has channels first, and activation ${config.activation} over its last axis, which is not supported; use a Softmax layer with axis 1`,
      );
    }
    if (!inputs.every(isFourDimensional)) return undefined;
    if (className === "Rescaling") return rescalingConfig(layer);
    if (className === "Dropout" || className === "AlphaDropout") return dropoutConfig(config);
    if (Object.hasOwn(WITH_AXES, className)) return axesConfig(layer);
    return INDIFFERENT.includes(className) && !isOverLast ? config : undefined;
  }

  /** Records what a layer becomes: it must be the same each time that it is applied, since it has its weights once. */
  #keep(layer: NetworkLayer, changed: NetworkLayer): NetworkLayer {
    const known = this.#layers.get(layer);
    this.#layers.set(layer, known ?? changed);
    if (!known || JSON.stringify(known.config) === JSON.stringify(changed.config)) return known ?? changed;
    throw new UsageError(
      `model ${this.#path}: layer ${layer.name} (${layer.className}) is applied to images with channels first and to others, which is not supported; use a layer for each`,
    );
  }
}

function isFormatted({ className }: NetworkLayer): boolean {
  return FORMATTED.includes(className);
}

/** Whether a layer of images with their channels first gives such images. */
function isImage({ className, config }: NetworkLayer): boolean {
  return className !== "Flatten" && !(className.startsWith("Global") && config.keepdims !== true);
}

/** Whether it is known to have the dimensions of images, so that its order can be changed. */
function isFourDimensional({ application, isMoved }: Converted): boolean {
  const { className, config } = application.layer;
  const { target_shape: shape } = config;
  return isMoved || (className === "Reshape" && Array.isArray(shape) && shape.length === 3);
}

/** Axes of [batch, channels, height, width] as those of [batch, height, width, channels]. */
function axesLast(axes: unknown): unknown {
  if (Array.isArray(axes)) return axes.map(axesLast);
  return [0, 3, 1, 2].at(axes as number);
}

function axesConfig({ className, config }: NetworkLayer): JsonObject | undefined {
  const key = WITH_AXES[className];
  const axes = config[key] ?? (className === "PReLU" || className === "Normalization" ? null : -1);
  if (axes === null) return config;
  const changed = axesLast(axes);
  // These layers only take the channels, which in the file's order may also be the last axis.
  const isOfChannels = showJson([changed].flat()) === "[3]";
  return isOfChannels || FREE_AXES.includes(className) ? { ...config, [key]: changed } : undefined;
}

function dropoutConfig(config: JsonObject): JsonObject {
  const { noise_shape: shape } = config;
  if (!Array.isArray(shape)) return config;
  const [batch, channels, height, width] = shape;
  return { ...config, noise_shape: [batch, height, width, channels] };
}

/** Arrays in operations have one number per column if they have one dimension, and one per channel if they have three. */
function rescalingConfig({ config, isOperation }: NetworkLayer): JsonObject | undefined {
  const values = ["scale", "offset"].map((key) => {
    const value = config[key];
    const flat = [value].flat(Number.POSITIVE_INFINITY);
    if (flat.length === 1) return flat[0];
    const isPerChannel = Array.isArray(value) && showJson(dimensionsOf(value).slice(-2)) === "[1,1]";
    return isPerChannel || !isOperation ? flat : undefined;
  });
  const [scale, offset] = values;
  return values.includes(undefined) ? undefined : { ...config, scale, offset };
}

function dimensionsOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...dimensionsOf(value[0])] : [];
}
