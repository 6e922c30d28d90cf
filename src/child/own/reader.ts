// Reads the graph of a Keras model from its JSON: Sequential and functional models of Keras 2, Keras 3 and TensorFlow.js.
// Nested models are flattened into their layers, and operations become layers.

import { UsageError } from "../../common/errors.ts";
import { type Call, isReference, Reference, readCall, referencesIn } from "./calls.ts";
import { isObject, type JsonObject, showJson } from "./json.ts";
import type { ModelFile } from "./model-file.ts";
import type { Application, Network, NetworkLayer } from "./network.ts";
import { applyOperation, isOperation } from "./operations.ts";

/** @throws UsageError if it is not such a model or has several inputs or outputs. */
export function readNetwork(file: Pick<ModelFile, "path" | "architecture" | "dialect">): Network {
  return { dialect: file.dialect, ...new Reader(file.path).read(file.architecture) };
}

const MODELS = ["Sequential", "Functional", "Model"];

type Resolve = (reference: Reference) => Application;

/** Of keras.applications, NASNetLarge has most: 1,041 layers. */
const MOST_LAYERS = 2000;

class Reader {
  readonly #path: string;
  #applied = 0;
  /** Keyed by their definitions in the file, because a nested model may be applied twice. */
  readonly #layers = new Map<JsonObject, NetworkLayer>();

  constructor(path: string) {
    this.#path = path;
  }

  read(model: JsonObject): Omit<Network, "dialect"> {
    const { class_name: className } = model;
    if (!MODELS.includes(String(className))) {
      throw this.#error(
        `is a ${className}, a Python class whose architecture is not in the file; use a Sequential or functional model`,
      );
    }
    const images = { layer: { name: "images", className: "InputLayer", config: {} }, inputs: [] };
    const outputs = this.#apply(model, [images], "");
    if (outputs.length !== 1) {
      throw this.#error(
        `has ${outputs.length} outputs; build it with one, the classes: keras.Model(model.input, model.outputs[0])`,
      );
    }
    const shape = inputShapeOf(model);
    if (shape && shape.length !== 4) {
      throw this.#error(
        `takes inputs of shape ${showJson(shape)}; build it for images, [batch, height, width, channels]`,
      );
    }
    return { name: modelNameOf(model), images, inputShape: shape?.slice(1), output: outputs[0] };
  }

  /** The outputs of a model applied to `inputs`. */
  #apply(model: JsonObject, inputs: readonly Application[], prefix: string): readonly Application[] {
    if (model.class_name === "Sequential") return [this.#applySequential(model, inputs[0], prefix)];
    this.#layersOf(model);
    return new FunctionalReader(this.#path, model, inputs, (definition, call, resolve) => {
      this.#countLayer(referencesIn(call).length);
      return isOperation(definition)
        ? applyOperation(this.#path, { ...definition, name: prefix + nameOf(definition) }, call, resolve)
        : this.#applyLayer(definition, this.#inputsOf(definition, call).map(resolve), prefix);
    }).outputs();
  }

  #applySequential(model: JsonObject, input: Application, prefix: string): Application {
    let last = input;
    for (const layer of this.#layersOf(model)) {
      if (layer.class_name === "InputLayer") continue;
      this.#countLayer();
      const outputs = this.#applyLayer(layer, [last], prefix);
      if (outputs.length !== 1) {
        throw this.#error(
          `has a model ${modelNameOf(layer)} with ${outputs.length} outputs in a Sequential one; give it one output`,
        );
      }
      [last] = outputs;
    }
    return last;
  }

  /** Counts each application: a model may contain others many times, and those others. */
  #countLayer(inputs = 1): void {
    this.#applied += Math.max(1, inputs - 1);
    if (this.#applied <= MOST_LAYERS) return;
    throw this.#error(
      `applies layers more than ${MOST_LAYERS} times (to n inputs counts n - 1 times); give a smaller one`,
    );
  }

  /** @throws UsageError if there are none, or something else is among them. */
  #layersOf(model: JsonObject): JsonObject[] {
    const { config } = model;
    const list = isObject(config) ? config.layers : config;
    const expected = "expected a list of layers, each {class_name, config}; save it with Keras again";
    if (!Array.isArray(list))
      throw this.#error(`has layers ${showJson(list)} (${modelNameOf(model)}); ${expected}`);
    const at = list.findIndex((each) => !isObject(each) || typeof each.class_name !== "string");
    if (at >= 0)
      throw this.#error(`has ${showJson(list[at])} as layer ${at} of ${modelNameOf(model)}; ${expected}`);
    if (list.length === 0) throw this.#error(`has no layers (${modelNameOf(model)}); ${expected}`);
    return list;
  }

  #applyLayer(
    definition: JsonObject,
    inputs: readonly Application[],
    prefix: string,
  ): readonly Application[] {
    if (inputs.length === 0) {
      throw this.#error(
        `applies layer ${nameOf(definition)} to nothing; apply it to the output of another layer`,
      );
    }
    if (isModel(definition)) return this.#apply(definition, inputs, `${prefix}${modelNameOf(definition)}/`);
    const layer = this.#layers.get(definition) ?? layerOf(definition, prefix);
    this.#layers.set(definition, layer);
    return [{ layer, inputs }];
  }

  /** @throws UsageError if the layer is applied to something besides tensors. */
  #inputsOf(definition: JsonObject, { values, settings }: Call): Reference[] {
    const all = values.flat(Number.POSITIVE_INFINITY);
    const others: [string, unknown][] = all.map((value) => ["an argument", value]);
    // `training` is ignored: a part that was frozen or applied in inference mode has weights that are not used here.
    const other = [...others, ...Object.entries(settings)].find(
      ([key, value]) =>
        !(value instanceof Reference && key === "an argument") && value !== null && key !== "training",
    );
    if (!other) return referencesIn(all);
    const [what, value] = other;
    const shown = referencesIn(value).length > 0 ? "tensors" : showJson(value);
    throw this.#error(
      `applies layer ${nameOf(definition)} with ${what} ${shown}, which is not supported; apply it to its inputs alone`,
    );
  }

  #error(what: string): UsageError {
    return new UsageError(`model ${this.#path} ${what}`);
  }
}

/** Returns the outputs of a layer, operation or nested model of the file for a call of it. */
type ApplyDefinition = (definition: JsonObject, call: Call, resolve: Resolve) => readonly Application[];

/** Reads one functional model, applied to inputs. */
class FunctionalReader {
  readonly #path: string;
  readonly #config: JsonObject;
  readonly #inputs: readonly Application[];
  readonly #apply: ApplyDefinition;
  readonly #definitions = new Map<string, JsonObject>();
  /** All references in the file to outputs of layers, found when they are needed. */
  #references: readonly Reference[] | undefined;
  /** The outputs of each application of a layer; undefined while they are being resolved. */
  readonly #outputs = new Map<string, readonly Application[] | undefined>();

  constructor(path: string, model: JsonObject, inputs: readonly Application[], apply: ApplyDefinition) {
    this.#path = path;
    this.#config = isObject(model.config) ? model.config : {};
    this.#inputs = inputs;
    this.#apply = apply;
    for (const layer of layersOf(model)) this.#definitions.set(nameOf(layer), layer);
  }

  outputs(): readonly Application[] {
    const inputs = this.#ends("input_layers");
    if (inputs.length !== this.#inputs.length) {
      throw this.#error(`has ${inputs.length} inputs; build it with one, the image`);
    }
    for (const [i, { layer }] of inputs.entries()) this.#outputs.set(`${layer} 0`, [this.#inputs[i]]);
    return this.#ends("output_layers").map((reference) => this.#resolve(reference));
  }

  /** Applies first what is needed, without calling itself: a chain of layers may be longer than the stack. */
  #resolve(reference: Reference): Application {
    const waiting = [reference];
    for (let next = waiting.at(-1); next; next = waiting.at(-1)) {
      const key = keyOf(next);
      const isBegun = this.#outputs.has(key);
      if (isBegun && this.#outputs.get(key)) {
        waiting.pop();
        continue;
      }
      const definition = this.#definitionOf(next);
      const call = this.#callTo(next, definition);
      if (isBegun)
        this.#outputs.set(
          key,
          this.#apply(definition, call, (each) => this.#outputOf(each)),
        );
      else {
        this.#outputs.set(key, undefined);
        for (const each of referencesIn(call).reverse())
          if (!this.#outputs.has(keyOf(each))) waiting.push(each);
      }
    }
    return this.#outputOf(reference);
  }

  #outputOf(reference: Reference): Application {
    const application = this.#outputs.get(keyOf(reference))?.[reference.output];
    if (application) return application;
    throw this.#error(`refers to an output that layer ${reference.layer} does not have`);
  }

  #definitionOf({ layer }: Reference): JsonObject {
    const definition = this.#definitions.get(layer);
    if (definition) return definition;
    throw this.#error(`refers to a layer ${layer} that does not exist`);
  }

  #callTo({ layer, application }: Reference, definition: JsonObject): Call {
    const first = isModel(definition) ? this.#firstApplication(layer) : 0;
    const node = nodesOf(definition)[application - first];
    if (node === undefined) throw this.#error(`does not specify the inputs of layer ${layer}`);
    return this.#callOf(node);
  }

  /** Index of a nested model's first application; 1 if its construction counts as 0, which the file leaves out. */
  #firstApplication(name: string): number {
    this.#references ??= [...this.#definitions.values()]
      .flatMap(nodesOf)
      .flatMap((node) => referencesIn(this.#callOf(node)))
      .concat(this.#ends("output_layers"));
    return this.#references.reduce(
      (first, { layer, application }) => (layer === name ? Math.min(first, application) : first),
      Number.POSITIVE_INFINITY,
    );
  }

  #callOf(node: unknown): Call {
    const call = readCall(node);
    if (call) return call;
    throw this.#error(`has a connection ${showJson(node)}, which is not supported; save it with Keras again`);
  }

  /** The model's inputs or outputs. */
  #ends(key: "input_layers" | "output_layers"): Reference[] {
    const value = this.#config[key];
    const list = isObject(value) ? Object.values(value) : value;
    if (!Array.isArray(list)) throw this.#error("is not a functional model (its connections are missing)");
    return (typeof list[0] === "string" ? [list] : list).map((each) => {
      if (isReference(each)) return new Reference(each);
      throw this.#error(
        `has a connection ${showJson(each)}, which is not supported; save it with Keras again`,
      );
    });
  }

  #error(what: string): UsageError {
    return new UsageError(`model ${this.#path} ${what}`);
  }
}

function keyOf({ layer, application }: Reference): string {
  return `${layer} ${application}`;
}

function isModel({ class_name: className, config }: JsonObject): boolean {
  return MODELS.includes(String(className)) && isObject(config) && Array.isArray(config.layers);
}

function layersOf({ config }: JsonObject): JsonObject[] {
  const layers = isObject(config) ? config.layers : config;
  return Array.isArray(layers) ? layers.filter(isObject) : [];
}

function nodesOf({ inbound_nodes: nodes }: JsonObject): unknown[] {
  return Array.isArray(nodes) ? nodes : [];
}

function layerOf(layer: JsonObject, prefix: string): NetworkLayer {
  const { module, registered_name: registeredName } = layer;
  return {
    name: prefix + nameOf(layer),
    className: String(layer.class_name),
    config: isObject(layer.config) ? layer.config : {},
    ...(typeof module === "string" && { module }),
    ...(typeof registeredName === "string" && { registeredName }),
  };
}

function nameOf({ name, config }: JsonObject): string {
  return String(name ?? (isObject(config) ? config.name : undefined) ?? "without a name");
}

function modelNameOf({ config }: JsonObject): string {
  return isObject(config) && typeof config.name === "string" ? config.name : "model";
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
