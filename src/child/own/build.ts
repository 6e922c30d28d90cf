// Builds a child from the user's own model file: the file's network, adapted to the images and classes, with new
// weights and with the file's optimizer.

import { dispose, type Variable } from "@tensorflow/tfjs-core";
import { input, type LayersModel, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { messageOf, UsageError } from "../../common/errors.ts";
import type { ChildModel, ModelOptions } from "../types.ts";
import { withLogits } from "./head.ts";
import { type CreatedLayer, createLayer } from "./layers.ts";
import { type ModelFile, readModelFile } from "./model-file.ts";
import { type Application, type Network, type NetworkLayer, readNetwork } from "./network.ts";
import { readOptimizer } from "./optimizer.ts";
import { fromUnitPixels } from "./pixels.ts";
import type { Penalty } from "./settings.ts";

/** @throws UsageError if the file is not a model that can be trained on these images and classes. */
export function buildOwnModel(path: string, options: ModelOptions): ChildModel {
  const file = readModelFile(path);
  const makeOptimizer = readOptimizer(file);
  const { net, penalties } = assemble(file, options);
  return { net, optimizer: makeOptimizer(options.engine, penalties), engine: options.engine };
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
  new Assembler(path, { height: 1, width: 1, seed: 0, isShapeOnly: true }).createLayers(network);
}

/** Side in pixels that the model requires; 1 if the file leaves it open. @throws UsageError if it cannot be read. */
export function ownSmallestSide(path: string): number {
  const { inputShape } = readNetwork(path, readModelFile(path).architecture);
  const [height, width] = inputShape ?? [null, null];
  return Math.max(height ?? 1, width ?? 1);
}

function assemble(file: ModelFile, options: ModelOptions): Assembled {
  const { path } = file;
  const { height, width, classes, replaceHead = false } = options;
  const network = withLogits(networkFor(file, height, width), { path, classes, replaceHead });
  const assembled = new Assembler(path, options).assemble(network);
  const { shape } = assembled.net.outputs[0];
  if (shape.length === 2 && shape[1] === classes) return assembled;
  assembled.net.dispose();
  throw new UsageError(
    `model ${path} gives ${describe(shape)} numbers per image instead of one for each of the ${classes} classes; end it with a dense layer after Flatten or GlobalAveragePooling2D`,
  );
}

/** Reads the network and adapts it to images of three channels with pixels in [0, 1]. */
function networkFor({ path, architecture }: ModelFile, height?: number, width?: number): Network {
  const network = readNetwork(path, architecture);
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
}

/** Creates the TensorFlow.js layers of a network and applies them. */
class Assembler {
  readonly #path: string;
  readonly #options: AssemblerOptions;
  readonly #layers = new Map<NetworkLayer, CreatedLayer>();
  readonly #names = new Set<string>();
  readonly #tensors = new Map<Application, SymbolicTensor>();

  constructor(path: string, options: AssemblerOptions) {
    this.#path = path;
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
      return { net: withWholeDisposal(net), penalties: this.#penalties() };
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
    const tensor = this.#apply(application.layer, inputs);
    this.#tensors.set(application, tensor);
    return tensor;
  }

  #apply(layer: NetworkLayer, inputs: readonly SymbolicTensor[]): SymbolicTensor {
    const { layers } = this.#layerOf(layer);
    const { height, width } = this.#options;
    let last = inputs.length === 1 ? inputs[0] : [...inputs];
    for (const each of layers) {
      try {
        last = each.apply(last) as SymbolicTensor;
      } catch (error) {
        const shapes = inputs.map(({ shape }) => describe(shape)).join(" and ");
        throw new UsageError(
          `model ${this.#path}: layer ${layer.name} (${layer.className}) does not fit its inputs of ${shapes} for images of ${width} × ${height} pixels: ${messageOf(error)}`,
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
    const created = createLayer(layer, { path: this.#path, name: this.#nameOf(layer), seed, isShapeOnly });
    this.#layers.set(layer, created);
    return created;
  }

  /** A unique name, in the characters that TensorFlow.js allows. */
  #nameOf({ name }: NetworkLayer): string {
    const plain = name.replaceAll(/[^\w./-]/g, "_").replace(/^(?=[^A-Za-z0-9])/, "layer");
    let free = plain;
    for (let count = 2; this.#names.has(free); count++) free = `${plain}_${count}`;
    this.#names.add(free);
    return free;
  }

  #penalties(): Map<string, Penalty> {
    const penalties = new Map<string, Penalty>();
    for (const { layers, penalties: ofLayer } of this.#layers.values()) {
      for (const weight of layers.flatMap((layer) => layer.weights)) {
        const penalty = ofLayer.get(weight.originalName.split("/").at(-1) as string);
        if (penalty) penalties.set((weight.read() as Variable).name, penalty);
      }
    }
    return penalties;
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
