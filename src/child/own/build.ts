// Builds a child from the user's own model file: the file's network, adapted to the images and classes, with new
// weights and with the file's optimizer.

import { dispose, type Variable } from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { messageOf, UsageError } from "../../common/errors.ts";
import type { ChildModel, ModelOptions } from "../types.ts";
import { withChannelsLast } from "./channels.ts";
import type { Constraint } from "./constraints.ts";
import { withLogits } from "./head.ts";
import { type CreatedLayer, createLayer } from "./layers.ts";
import { limitWeights, MOST_VALUES, valuesPerImage } from "./limits.ts";
import { type ModelFile, readModelFile } from "./model-file.ts";
import type { Application, Dialect, Network, NetworkLayer } from "./network.ts";
import { readOptimizer } from "./optimizer.ts";
import { fromUnitPixels } from "./pixels.ts";
import { readNetwork } from "./reader.ts";
import type { Penalty } from "./settings.ts";

/** @throws UsageError if the file is not a model that can be trained on these images and classes. */
export function buildOwnModel(path: string, options: ModelOptions): ChildModel {
  const file = readModelFile(path);
  const makeOptimizer = readOptimizer(file);
  const { net, penalties, constraints } = assemble(file, options);
  return { net, optimizer: makeOptimizer(options.engine, penalties, constraints), engine: options.engine };
}

/**
 * Checks what can be checked without the data: that the file is a model of supported layers with a supported optimizer,
 * and, if a size in pixels is given, that the model accepts images of that size.
 * @throws UsageError
 */
export function checkOwnFile(path: string, height?: number, width?: number): void {
  const file = readModelFile(path);
  readOptimizer(file);
  const network = networkFor(file, height, width);
  new Assembler(path, file.dialect, { height: 1, width: 1, seed: 0, isShapeOnly: true }).createLayers(
    network,
  );
}

/** Side in pixels that the model requires; 1 if the file leaves it open. @throws UsageError if it cannot be read. */
export function ownSmallestSide(path: string): number {
  const { inputShape } = networkOf(readModelFile(path));
  const [height, width] = inputShape ?? [null, null];
  return Math.max(height ?? 1, width ?? 1);
}

function assemble(file: ModelFile, options: ModelOptions): Assembled {
  const { path } = file;
  const { height, width, classes, replaceHead = false } = options;
  const network = withLogits(networkFor(file, height, width), { path, classes, replaceHead });
  const assembled = new Assembler(path, file.dialect, options).assemble(network);
  const { shape } = assembled.net.outputs[0];
  if (shape.length === 2 && shape[1] === classes) return assembled;
  assembled.net.dispose();
  throw new UsageError(
    `model ${path} gives ${describe(shape)} numbers per image instead of one for each of the ${classes} classes; end it with a dense layer after Flatten or GlobalAveragePooling2D`,
  );
}

/** The network, with the channels of images last. */
function networkOf(file: ModelFile): Network {
  return withChannelsLast(file.path, readNetwork(file));
}

/** Reads the network and adapts it to images of three channels with pixels in [0, 1]. */
function networkFor(file: ModelFile, height?: number, width?: number): Network {
  const { path } = file;
  const network = networkOf(file);
  const [modelHeight, modelWidth, channels] = network.inputShape ?? [null, null, null];
  if (channels !== null && channels !== 3) {
    throw new UsageError(
      `model ${path} takes images of ${channels} channel${channels === 1 ? "" : "s"}, but images here have 3 (grey ones too); build it for 3`,
    );
  }
  const fits = (own: number | null, side?: number) => own === null || side === undefined || own === side;
  if (!fits(modelHeight, height) || !fits(modelWidth, width)) {
    const side = (own: number | null) => own ?? "any";
    const fix =
      modelHeight === modelWidth || modelHeight === null || modelWidth === null
        ? `set image_size: ${modelHeight ?? modelWidth}`
        : "build it for square images, as image_size produces, or for images of any size";
    throw new UsageError(
      `model ${path} takes images of ${side(modelWidth)} × ${side(modelHeight)} pixels, but these have ${width} × ${height}; ${fix}`,
    );
  }
  return fromUnitPixels(path, network);
}

type AssemblerOptions = Pick<ModelOptions, "height" | "width" | "seed" | "isShapeOnly">;

interface Assembled {
  readonly net: LayersModel;
  /** Keyed by variable name. */
  readonly penalties: ReadonlyMap<string, Penalty>;
  readonly constraints: ReadonlyMap<string, Constraint>;
}

/** Creates the TensorFlow.js layers of a network and applies them. */
class Assembler {
  readonly #path: string;
  readonly #options: AssemblerOptions;
  readonly #layers = new Map<NetworkLayer, CreatedLayer>();
  readonly #names = new Set<string>();
  readonly #tensors = new Map<Application, SymbolicTensor>();
  readonly #dialect: Dialect;

  constructor(path: string, dialect: Dialect, options: AssemblerOptions) {
    this.#path = path;
    this.#dialect = dialect;
    this.#options = options;
  }

  /** Creates all layers without applying them. @throws UsageError naming the first unsupported one. */
  createLayers({ images, output }: Network): void {
    const visited = new Set<Application>([images]);
    const visit = (application: Application): void => {
      if (visited.has(application)) return;
      visited.add(application);
      application.inputs.forEach(visit);
      this.#layerOf(application.layer);
    };
    visit(output);
  }

  /** On failure, frees all weights. @throws UsageError naming the layer that does not fit. */
  assemble(network: Network): Assembled {
    const { height, width } = this.#options;
    const images = input({ name: this.#nameOf(network.images.layer), shape: [height, width, 3] });
    this.#tensors.set(network.images, images);
    try {
      const outputs = this.#tensorOf(network.output);
      const net = model({ name: network.name, inputs: images, outputs });
      return {
        net: withWholeDisposal(net),
        penalties: this.#byVariable(({ penalties }) => penalties),
        constraints: this.#byVariable(({ constraints }) => constraints),
      };
    } catch (error) {
      for (const { layers } of this.#layers.values()) {
        for (const layer of layers) dispose(layer.weights.map((weight) => weight.read()));
      }
      throw error;
    }
  }

  #tensorOf(application: Application): SymbolicTensor {
    const known = this.#tensors.get(application);
    if (known) return known;
    const inputs = application.inputs.map((each) => this.#tensorOf(each));
    // In inference, TensorFlow.js frees a tensor too early that is an input of a layer twice.
    const distinct = inputs.map((input, i) => (inputs.indexOf(input) < i ? this.#copyOf(input) : input));
    const tensor = this.#apply(application.layer, distinct);
    this.#tensors.set(application, tensor);
    return tensor;
  }

  #copyOf(tensor: SymbolicTensor): SymbolicTensor {
    const name = this.#freeName(`${tensor.sourceLayer.name}_copy`);
    return layers.activation({ name, activation: "linear" }).apply(tensor) as SymbolicTensor;
  }

  #apply(layer: NetworkLayer, inputs: readonly SymbolicTensor[]): SymbolicTensor {
    const created = this.#layerOf(layer).layers;
    const { height, width } = this.#options;
    // Keras flattens what is flat already, and TensorFlow.js does not.
    const isFlat = inputs.length === 1 && inputs[0].shape.length === 2;
    const steps = layer.className === "Flatten" && isFlat ? [] : created;
    let last = inputs.length === 1 ? inputs[0] : [...inputs];
    if (layer.isOperation && new Set(inputs.map(({ shape }) => shape.length)).size > 1) {
      throw new UsageError(
        `model ${this.#path}: layer ${layer.name} (${layer.className}) has inputs of different numbers of dimensions, which is not supported; reshape them first`,
      );
    }
    for (const each of steps) {
      try {
        last = each.apply(last) as SymbolicTensor | SymbolicTensor[];
      } catch (error) {
        if (error instanceof UsageError) throw error;
        const shapes = inputs.map(({ shape }) => describe(shape)).join(" and ");
        throw new UsageError(
          `model ${this.#path}: layer ${layer.name} (${layer.className}) does not fit its inputs of ${shapes} for images of ${width} × ${height} pixels: ${reasonOf(error)}`,
        );
      }
      // Some layers of TensorFlow.js do not check how many inputs they are given.
      if (Array.isArray(last)) throw this.#errorOf(layer, "is applied to several tensors; apply it to one");
      const values = valuesPerImage(last.shape);
      if (values > MOST_VALUES) {
        throw this.#errorOf(
          layer,
          `gives ${describe(last.shape)} numbers for images of ${width} × ${height} pixels; at most ${MOST_VALUES} are possible`,
        );
      }
      if (last.shape.some((side) => side !== null && side < 1)) {
        throw new UsageError(
          `model ${this.#path} needs larger images than ${width} × ${height} pixels: nothing is left of them after layer ${layer.name} (${layer.className}); increase image_size`,
        );
      }
    }
    return last as SymbolicTensor;
  }

  #layerOf(layer: NetworkLayer): CreatedLayer {
    const known = this.#layers.get(layer);
    if (known) return known;
    const { seed, isShapeOnly = false } = this.#options;
    const created = createLayer(layer, {
      ...{ path: this.#path, dialect: this.#dialect, name: this.#nameOf(layer), seed, isShapeOnly },
    });
    for (const each of created.layers)
      limitWeights(each, created.constraints, (problem) => this.#errorOf(layer, problem));
    this.#layers.set(layer, created);
    return created;
  }

  #errorOf({ name, className }: NetworkLayer, problem: string): UsageError {
    return new UsageError(`model ${this.#path}: layer ${name} (${className}) ${problem}`);
  }

  /** A unique name, in the characters that TensorFlow.js allows. */
  #nameOf({ name }: NetworkLayer): string {
    return this.#freeName(name.replaceAll(/[^\w./-]/g, "_").replace(/^(?=[^A-Za-z0-9])/, "layer"));
  }

  #freeName(plain: string): string {
    let free = plain;
    for (let count = 2; this.#names.has(free); count++) free = `${plain}_${count}`;
    this.#names.add(free);
    return free;
  }

  /** What the layers have for their weights, keyed by the names of variables. */
  #byVariable<T>(ofLayer: (created: CreatedLayer) => ReadonlyMap<string, T>): Map<string, T> {
    const all = new Map<string, T>();
    for (const created of this.#layers.values()) {
      for (const weight of created.layers.flatMap((layer) => layer.weights)) {
        const found = ofLayer(created).get(weight.originalName.split("/").at(-1) as string);
        if (found) all.set((weight.read() as Variable).name, found);
      }
    }
    return all;
  }
}

/** Makes `net.dispose` free all weights: TensorFlow.js does not free those of a layer that is applied several times. */
function withWholeDisposal(net: LayersModel): LayersModel {
  const variables = net.weights.map((weight) => weight.read());
  const disposeOnce = net.dispose.bind(net);
  net.dispose = () => {
    const result = disposeOnce();
    dispose(variables);
    return result;
  };
  return net;
}

/** A shape without the batch dimension: "8 × 8 × 16". */
function describe(shape: readonly (number | null)[]): string {
  return shape.slice(1).join(" × ");
}

/** The message of TensorFlow.js without the tensors that it appends, which are written as objects. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/ Input received: \[object.*$/, "");
}
