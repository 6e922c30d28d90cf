// Reads the graph of a Keras model from its JSON: Sequential and functional models of Keras 2, Keras 3 and
// TensorFlow.js, which differ in how a layer states its inputs (TensorFlow.js 4.22 itself reads only Keras 2's form).
// Nested models are flattened into their layers.
//
// All become the same form: an application of a layer points to the applications whose outputs it takes, so the model
// is everything reachable from its last application. Both applications of a layer that is applied twice refer to the
// same layer object.

import { UsageError } from "../../common/errors.ts";
import { isObject, type JsonObject, showJson } from "./json.ts";

export interface NetworkLayer {
  /** In a nested model, prefixed with that model's name and a slash. */
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** The Python module that defines the class; undefined in older files. */
  readonly module?: string;
}

/** A layer applied to inputs. */
export interface Application {
  readonly layer: NetworkLayer;
  readonly inputs: readonly Application[];
}

export interface Network {
  readonly name: string;
  /** The input: an application of an `InputLayer` to nothing. */
  readonly images: Application;
  /** [height, width, channels], null for any; undefined if the file does not specify it. */
  readonly inputShape: readonly (number | null)[] | undefined;
  readonly output: Application;
}

/**
 * @param path of the file, for error messages.
 * @throws UsageError if it is not such a model or has several inputs or outputs.
 */
export function readNetwork(path: string, architecture: JsonObject): Network {
  return new Reader(path).read(architecture);
}

/** The output after `change` has replaced applications; `change` receives each one with its inputs already replaced. */
export function mapApplications(
  output: Application,
  change: (application: Application) => Application,
): Application {
  const changed = new Map<Application, Application>();
  const visit = (application: Application): Application => {
    const known = changed.get(application);
    if (known) return known;
    const inputs = application.inputs.map(visit);
    const isSame = inputs.every((input, i) => input === application.inputs[i]);
    const result = change(isSame ? application : { ...application, inputs });
    changed.set(application, result);
    return result;
  };
  return visit(output);
}

const MODELS = ["Sequential", "Functional", "Model"];

/** An input of a layer: a layer's name, the index of its application, and the index of that application's output. */
type Reference = readonly [name: string, application: number, output: number];

class Reader {
  readonly #path: string;
  /** Keyed by their definitions in the file, because a nested model may be applied twice. */
  readonly #layers = new Map<JsonObject, NetworkLayer>();

  constructor(path: string) {
    this.#path = path;
  }

  read(model: JsonObject): Network {
    const { class_name: className } = model;
    if (!MODELS.includes(String(className))) {
      throw this.#error(
        `is a ${className}, a Python class whose architecture is not in the file; use a Sequential or functional model`,
      );
    }
    const shape = inputShapeOf(model);
    if (shape && shape.length !== 4) {
      throw this.#error(
        `takes inputs of shape ${showJson(shape)}; build it for images, [batch, height, width, channels]`,
      );
    }
    const name = this.#nameOf(model);
    const images = { layer: { name: "images", className: "InputLayer", config: {} }, inputs: [] };
    const outputs = this.#apply(model, [images], "");
    if (outputs.length !== 1) throw this.#error(`has ${outputs.length} outputs; build it with one`);
    return { name, images, inputShape: shape?.slice(1), output: outputs[0] };
  }

  /** The outputs of a model applied to `inputs`. */
  #apply(model: JsonObject, inputs: readonly Application[], prefix: string): readonly Application[] {
    if (model.class_name === "Sequential") return [this.#applySequential(model, inputs[0], prefix)];
    return new FunctionalReader(this.#path, model, inputs, (layer, layerInputs) =>
      this.#applyLayer(layer, layerInputs, prefix),
    ).outputs();
  }

  #applySequential(model: JsonObject, input: Application, prefix: string): Application {
    let last = input;
    for (const layer of layersOf(model)) {
      if (layer.class_name !== "InputLayer") [last] = this.#applyLayer(layer, [last], prefix);
    }
    return last;
  }

  #applyLayer(
    definition: JsonObject,
    inputs: readonly Application[],
    prefix: string,
  ): readonly Application[] {
    if (isModel(definition)) return this.#apply(definition, inputs, `${prefix}${this.#nameOf(definition)}/`);
    const layer = this.#layers.get(definition) ?? layerOf(definition, prefix);
    this.#layers.set(definition, layer);
    return [{ layer, inputs }];
  }

  #nameOf(model: JsonObject): string {
    const { config } = model;
    return isObject(config) && typeof config.name === "string" ? config.name : "model";
  }

  #error(what: string): UsageError {
    return new UsageError(`model ${this.#path} ${what}`);
  }
}

/** Returns the outputs of a layer or nested model of the file when applied to `inputs`. */
type ApplyLayer = (definition: JsonObject, inputs: readonly Application[]) => readonly Application[];

/** Reads one functional model, applied to inputs. */
class FunctionalReader {
  readonly #path: string;
  readonly #config: JsonObject;
  readonly #inputs: readonly Application[];
  readonly #apply: ApplyLayer;
  readonly #definitions = new Map<string, JsonObject>();
  /** The outputs of each application of a layer; undefined while they are being resolved. */
  readonly #outputs = new Map<string, readonly Application[] | undefined>();

  constructor(path: string, model: JsonObject, inputs: readonly Application[], apply: ApplyLayer) {
    this.#path = path;
    this.#config = isObject(model.config) ? model.config : {};
    this.#inputs = inputs;
    this.#apply = apply;
    for (const layer of layersOf(model)) this.#definitions.set(nameOf(layer), layer);
  }

  outputs(): readonly Application[] {
    const inputs = this.#references(this.#config.input_layers);
    if (inputs.length !== this.#inputs.length) {
      throw this.#error(`has ${inputs.length} inputs; build it with one, the image`);
    }
    for (const [i, [name]] of inputs.entries()) this.#outputs.set(`${name} 0`, [this.#inputs[i]]);
    return this.#references(this.#config.output_layers).map((reference) => this.#resolve(reference));
  }

  #resolve([name, index, output]: Reference): Application {
    const definition = this.#definitions.get(name);
    if (!definition) throw this.#error(`refers to a layer ${name} that does not exist`);
    const key = `${name} ${index}`;
    if (!this.#outputs.has(key)) {
      this.#outputs.set(key, undefined);
      this.#outputs.set(key, this.#applyLayer(name, definition, index));
    }
    const application = this.#outputs.get(key)?.[output];
    if (!application) throw this.#error(`refers to an output that layer ${name} does not have`);
    return application;
  }

  #applyLayer(name: string, definition: JsonObject, index: number): readonly Application[] {
    const nodes = Array.isArray(definition.inbound_nodes) ? definition.inbound_nodes : [];
    const node = nodes[index - (isModel(definition) ? this.#firstApplication(name) : 0)];
    if (node === undefined) throw this.#error(`does not specify the inputs of layer ${name}`);
    const inputs = this.#inbound(name, node).map((reference) => this.#resolve(reference));
    return this.#apply(definition, inputs);
  }

  /** Index of a nested model's first application; 1 if its construction counts as 0, which the file leaves out. */
  #firstApplication(name: string): number {
    const nodes = [...this.#definitions].flatMap(([layer, { inbound_nodes: nodes }]) =>
      Array.isArray(nodes) ? nodes.flatMap((node) => this.#inbound(layer, node)) : [],
    );
    const all = [...nodes, ...this.#references(this.#config.output_layers)];
    return Math.min(...all.filter((reference) => reference[0] === name).map(([, index]) => index));
  }

  /** The inputs of one application of a layer. */
  #inbound(layer: string, node: unknown): Reference[] {
    const references: Reference[] = [];
    const settings: [string, unknown][] = [];
    if (isObject(node)) {
      // Keras 3: {args, kwargs}, with tensors nested in args.
      const collect = (value: unknown): void => {
        if (Array.isArray(value)) for (const each of value) collect(each);
        else if (isTensor(value)) references.push(value.config.keras_history);
        else settings.push(["an argument", value]);
      };
      collect(node.args);
      if (isObject(node.kwargs)) settings.push(...Object.entries(node.kwargs));
    } else {
      // Keras 2: [[name, application, output, settings], …]; a single input may be without the outer list.
      for (const reference of this.#references(node)) {
        references.push(reference);
        const [, , , more] = reference as readonly unknown[];
        if (isObject(more)) settings.push(...Object.entries(more));
      }
    }
    // `training` is ignored: a part that was frozen or applied in inference mode has weights that are not used here.
    const other = settings.find(([key, value]) => value !== null && key !== "training");
    if (!other) return references;
    throw this.#error(
      `applies layer ${layer} with ${other[0]} ${showJson(other[1])}, which is not supported`,
    );
  }

  #references(value: unknown): Reference[] {
    const list = isObject(value) ? Object.values(value) : value;
    if (!Array.isArray(list)) throw this.#error("is not a functional model (its connections are missing)");
    const references = typeof list[0] === "string" ? [list] : list;
    const wrong = references.find((each) => !isReference(each));
    if (wrong !== undefined) throw this.#error(`has a connection ${showJson(wrong)}, which is not supported`);
    return references as Reference[];
  }

  #error(what: string): UsageError {
    return new UsageError(`model ${this.#path} ${what}`);
  }
}

function isReference(value: unknown): value is Reference {
  return (
    Array.isArray(value) &&
    typeof value[0] === "string" &&
    Number.isInteger(value[1]) &&
    Number.isInteger(value[2])
  );
}

function isTensor(value: unknown): value is { config: { keras_history: Reference } } {
  if (!isObject(value) || value.class_name !== "__keras_tensor__" || !isObject(value.config)) return false;
  return isReference(value.config.keras_history);
}

function isModel({ class_name: className, config }: JsonObject): boolean {
  return MODELS.includes(String(className)) && isObject(config) && Array.isArray(config.layers);
}

function layersOf({ config }: JsonObject): JsonObject[] {
  const layers = isObject(config) ? config.layers : config;
  return Array.isArray(layers) ? layers.filter(isObject) : [];
}

function layerOf(layer: JsonObject, prefix: string): NetworkLayer {
  return {
    name: prefix + nameOf(layer),
    className: String(layer.class_name),
    config: isObject(layer.config) ? layer.config : {},
    ...(typeof layer.module === "string" && { module: layer.module }),
  };
}

function nameOf({ name, config }: JsonObject): string {
  return String(name ?? (isObject(config) ? config.name : undefined) ?? "without a name");
}

/** [batch, height, width, channels] of a model's or a layer's inputs. */
function inputShapeOf(model: JsonObject): (number | null)[] | undefined {
  const { config, build_config: build } = model;
  const shape = isObject(config) ? (config.batch_shape ?? config.batch_input_shape) : undefined;
  if (isShape(shape)) return shape;
  const layers = layersOf(model);
  const first = layers.find(({ class_name: className }) => className === "InputLayer") ?? layers[0];
  const inner = first && inputShapeOf(first);
  if (inner) return inner;
  return isObject(build) && isShape(build.input_shape) ? build.input_shape : undefined;
}

function isShape(value: unknown): value is (number | null)[] {
  return Array.isArray(value) && value.every((side) => side === null || typeof side === "number");
}
