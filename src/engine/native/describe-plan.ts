// A model of tf.layers as a plan of the native engine's operations.

import { backend_util, type Variable } from "@tensorflow/tfjs-core";
import type { LayersModel, LayerVariable, layers, SymbolicTensor } from "@tensorflow/tfjs-layers";

import { ACTIVATION, type Activation } from "./addon.ts";
import type { PlanDescription, PlanOperation } from "./plan-description.ts";

type Layer = layers.Layer;

/** An image, and lines of zeros: before and after its rows, before and after its columns. */
interface Padded {
  readonly image: SymbolicTensor;
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** Its message names the layer that cannot be described. */
class NotDescribed extends Error {}

/**
 * The model as a plan; or, as a text, why there is none: a layer, or a layer's settings, for which native/ has no operation.
 * The model maps pixels [batch, height, width, channels] in [0, 1] to logits [batch, classes].
 */
export function describePlan(net: LayersModel): PlanDescription | string {
  try {
    return new Describer(net).description();
  } catch (error) {
    if (error instanceof NotDescribed) return error.message;
    throw error;
  }
}

class Describer {
  readonly #net: LayersModel;
  readonly #valueSizes: number[] = [];
  readonly #operations: PlanOperation[] = [];
  readonly #weights: Variable[] = [];
  /** By the ids of symbolic tensors. */
  readonly #values = new Map<number, number>();
  /** By the same ids: images with zeros around them, which become the padding of a convolution. */
  readonly #padded = new Map<number, Padded>();

  constructor(net: LayersModel) {
    this.#net = net;
  }

  description(): PlanDescription {
    const net = this.#net;
    if (net.inputs.length !== 1 || net.outputs.length !== 1)
      throw new NotDescribed("it has several inputs or outputs");
    const [input] = net.inputs;
    this.#add({ kind: "pixels", name: "pixels", inputs: [], output: this.#newValue(input) });
    for (const layer of net.layers) {
      if (layer.getClassName() !== "InputLayer") this.#addLayer(layer);
    }
    const logits = this.#valueOf(net.outputs[0]);
    const last = this.#operations.find((operation) => operation.output === logits);
    if (last?.kind !== "convolution" || !last.isDense)
      throw new NotDescribed("it does not end in a dense layer");
    return { valueSizes: this.#valueSizes, operations: this.#operations, logits, weights: this.#weights };
  }

  #addLayer(layer: Layer): void {
    if (layer.inboundNodes.length !== 1) throw new NotDescribed(`layer ${layer.name} is used more than once`);
    const [{ inputTensors, outputTensors }] = layer.inboundNodes;
    const [input] = inputTensors;
    const [output] = outputTensors;
    const config = layer.getConfig() as Record<string, unknown>;
    const unsupported = (what: string) => new NotDescribed(`layer ${layer.name} has ${what}`);
    if ("dataFormat" in config && config.dataFormat === "channelsFirst") throw unsupported("channels first");
    const baseOf = (tensors: readonly SymbolicTensor[]) => ({
      name: layer.name,
      inputs: tensors.map((tensor) => this.#valueOf(tensor)),
      output: this.#newValue(output),
    });
    const base = () => baseOf(inputTensors);
    switch (layer.getClassName()) {
      case "ZeroPadding2D": {
        const [rows, columns] = config.padding as [[number, number], [number, number]];
        this.#padded.set(output.id, { image: input, rows, columns });
        return;
      }
      case "Conv2D":
      case "DepthwiseConv2D":
      case "GroupedConvolution2D":
      case "DilatedDepthwiseConvolution2D": {
        const padded = this.#padded.get(input.id) ?? { image: input, rows: [0, 0], columns: [0, 0] };
        this.#add({ ...baseOf([padded.image]), ...this.#convolution(layer, config, input, padded) });
        return;
      }
      case "Dense":
        if (input.shape.length !== 2) throw unsupported(`an input of ${input.shape.length} dimensions`);
        this.#add({ ...base(), ...this.#dense(layer, config, input, output) });
        return;
      case "BatchNormalization": {
        const axis = config.axis as number;
        if (axis !== -1 && axis !== input.shape.length - 1) throw unsupported(`axis ${axis}`);
        this.#add({
          ...base(),
          kind: "normalization",
          channels: output.shape.at(-1) as number,
          gamma: this.#weight(layer, "gamma"),
          beta: this.#weight(layer, "beta"),
          movingMean: this.#weight(layer, "moving_mean"),
          movingVariance: this.#weight(layer, "moving_variance"),
          epsilon: config.epsilon as number,
          momentum: config.momentum as number,
          activation: ACTIVATION.none,
        });
        return;
      }
      case "Activation":
      case "ReLU": {
        const activation = activationOf(layer, config);
        if (activation === ACTIVATION.none) this.#alias(input, output);
        else if (!this.#fuse(input, output, activation))
          this.#add({ ...base(), kind: "activation", activation });
        return;
      }
      case "MaxPooling2D":
      case "AveragePooling2D": {
        const isMax = layer.getClassName() === "MaxPooling2D";
        const padding = config.padding as "same" | "valid";
        const info = backend_util.computePool2DInfo(
          imageShape(input),
          config.poolSize as [number, number],
          config.strides as [number, number],
          1,
          padding,
        );
        if (isMax && info.filterHeight * info.filterWidth > 255)
          throw unsupported("a window of over 255 places");
        this.#add({ ...base(), kind: "pool", isMax, shape: poolShape(info) });
        return;
      }
      case "GlobalAveragePooling2D": {
        const [, height, width] = imageShape(input);
        const info = backend_util.computePool2DInfo(imageShape(input), [height, width], 1, 1, "valid");
        this.#add({ ...base(), kind: "pool", isMax: false, shape: poolShape(info) });
        return;
      }
      case "Add":
        if (inputTensors.some((tensor) => tensor.shape.join() !== output.shape.join())) {
          throw unsupported("inputs of different shapes");
        }
        this.#add({ ...base(), kind: "addition" });
        return;
      case "Concatenate": {
        const axis = config.axis as number;
        if (axis !== -1 && axis !== output.shape.length - 1) throw unsupported(`axis ${axis}`);
        const places = sizeOf(output) / (output.shape.at(-1) as number);
        this.#add({ ...base(), kind: "concatenation", places });
        return;
      }
      case "SeededDropout": {
        const [k0, k1] = config.key as [number, number];
        this.#add({ ...base(), kind: "dropout", rate: config.rate as number, k0: k0 >>> 0, k1: k1 >>> 0 });
        return;
      }
      case "Flatten":
        this.#alias(input, output);
        return;
      default:
        throw new NotDescribed(`layer ${layer.name} is a ${layer.getClassName()}`);
    }
  }

  #convolution(
    layer: Layer,
    config: Record<string, unknown>,
    input: SymbolicTensor,
    { image, rows, columns }: Padded,
  ) {
    const { filterShape, isDepthwise } = filterOf(layer, config);
    const info = backend_util.computeConv2DInfo(
      imageShape(input),
      filterShape,
      config.strides as [number, number],
      config.dilationRate as number | [number, number],
      config.padding as "same" | "valid",
      undefined,
      isDepthwise,
    );
    if (info.inChannels !== filterShape[2]) throw new NotDescribed(`layer ${layer.name} has groups`);
    const { top, bottom, left, right } = info.padInfo;
    // native/ does not support filters that are on nothing but zeros somewhere.
    const isWithin = (filter: number, dilation: number, ...pads: number[]) =>
      Math.max(...pads) <= (filter - 1) * dilation;
    if (
      !isWithin(info.filterHeight, info.dilationHeight, top + rows[0], bottom + rows[1]) ||
      !isWithin(info.filterWidth, info.dilationWidth, left + columns[0], right + columns[1])
    ) {
      throw new NotDescribed(`layer ${layer.name} has more padding before it than its filter covers`);
    }
    const [, height, width] = imageShape(image);
    const shape = [
      ...[height, width, info.inChannels, info.outHeight, info.outWidth, info.outChannels],
      ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
      ...[info.dilationHeight, info.dilationWidth, top + rows[0], left + columns[0]],
    ];
    const product = { ...this.#product(layer, config, image), shape };
    return isDepthwise
      ? { ...product, kind: "depthwise" as const }
      : { ...product, kind: "convolution" as const, isDense: false };
  }

  #dense(layer: Layer, config: Record<string, unknown>, input: SymbolicTensor, output: SymbolicTensor) {
    const shape = [1, 1, input.shape[1] as number, 1, 1, output.shape[1] as number, 1, 1, 1, 1, 1, 1, 0, 0];
    return { ...this.#product(layer, config, input), kind: "convolution" as const, shape, isDense: true };
  }

  #product(layer: Layer, config: Record<string, unknown>, input: SymbolicTensor) {
    return {
      // By place: a depthwise convolution has another name for it.
      filter: this.#weights.push(layer.weights[0].read() as Variable) - 1,
      bias: this.#weight(layer, "bias"),
      activation: activationOf(layer, config),
      wantsInputGradient: this.#valueOf(input) !== 0,
    };
  }

  #add(operation: PlanOperation): void {
    this.#operations.push(operation);
  }

  #newValue(tensor: SymbolicTensor): number {
    this.#values.set(tensor.id, this.#valueSizes.length);
    return this.#valueSizes.push(sizeOf(tensor)) - 1;
  }

  #valueOf(tensor: SymbolicTensor): number {
    const value = this.#values.get(tensor.id);
    if (value === undefined && this.#padded.has(tensor.id))
      throw new NotDescribed(`layer ${tensor.sourceLayer.name} pads what is not a convolution's`);
    if (value === undefined) throw new NotDescribed(`tensor ${tensor.name} is not of this model`);
    return value;
  }

  /** The same values in another shape. */
  #alias(input: SymbolicTensor, output: SymbolicTensor): void {
    this.#values.set(output.id, this.#valueOf(input));
  }

  /** Merges an activation into the preceding operation if nothing else uses that one's output. */
  #fuse(input: SymbolicTensor, output: SymbolicTensor, activation: Activation): boolean {
    const value = this.#valueOf(input);
    const before = this.#operations.findLast((operation) => operation.output === value);
    const isSeenByOthers = input.sourceLayer.outboundNodes.length > 1 || this.#net.outputs.includes(input);
    if (isSeenByOthers || !before || !("filter" in before || before.kind === "normalization")) return false;
    if (before.activation !== ACTIVATION.none) return false;
    before.activation = activation;
    this.#alias(input, output);
    return true;
  }

  /** Index of the layer's weight of this name; −1 if it has none. */
  #weight(layer: Layer, name: string): number {
    const found: LayerVariable | undefined = layer.weights.find((weight) =>
      weight.originalName.endsWith(`/${name}`),
    );
    return found ? this.#weights.push(found.read() as Variable) - 1 : -1;
  }
}

/** The filter of a convolution; one per group of one channel is a depthwise filter. */
function filterOf(layer: Layer, config: Record<string, unknown>) {
  if (layer.weights.some(({ originalName }) => originalName.endsWith("pointwise_kernel"))) {
    throw new NotDescribed(`layer ${layer.name} is separable`);
  }
  const [height, width, channels, filters] = layer.weights[0].shape as [number, number, number, number];
  const groups = (config.groups as number | undefined) ?? 1;
  if (groups > 1 && channels > 1)
    throw new NotDescribed(`layer ${layer.name} has groups of several channels`);
  const isDepthwise = groups > 1 || layer.getClassName().includes("Depthwise");
  const filterShape: [number, number, number, number] =
    groups > 1 ? [height, width, groups, filters / groups] : [height, width, channels, filters];
  return { filterShape, isDepthwise };
}

/** Number of values for one image. */
function sizeOf(tensor: SymbolicTensor): number {
  return tensor.shape.slice(1).reduce<number>((product, side) => {
    if (side === null) throw new NotDescribed("it takes images of any size");
    return product * side;
  }, 1);
}

function activationOf(layer: Layer, config: Record<string, unknown>): Activation {
  if (layer.getClassName() === "ReLU") {
    const limit = config.maxValue as number | null | undefined;
    if (limit === undefined || limit === null) return ACTIVATION.relu;
    if (limit === 6) return ACTIVATION.relu6;
    throw new NotDescribed(`layer ${layer.name} ends at ${limit}`);
  }
  const name = config.activation as string | undefined;
  if (name === undefined || name === "linear") return ACTIVATION.none;
  if (name === "relu" || name === "relu6") return ACTIVATION[name];
  throw new NotDescribed(`layer ${layer.name} has activation ${name}`);
}

/** [1, height, width, channels] */
function imageShape(tensor: SymbolicTensor): [number, number, number, number] {
  const [, height, width, channels] = tensor.shape;
  if (tensor.shape.length !== 4 || height === null || width === null || channels === null) {
    throw new NotDescribed(`${tensor.name} is no image of one size`);
  }
  return [1, height, width, channels];
}

function poolShape(info: backend_util.Conv2DInfo): number[] {
  return [
    ...[1, info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth],
    ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
    ...[info.padInfo.top, info.padInfo.left],
  ];
}
