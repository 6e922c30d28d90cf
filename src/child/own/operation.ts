// An operation of the file, as it is applied: its name, its operands, and its settings.

import { type Call, Reference, referencesIn } from "./calls.ts";
import type { Constant } from "./constants.ts";
import { isObject, type JsonObject, showJson } from "./json.ts";
import type { Application } from "./network.ts";
import { LayerSettings } from "./settings.ts";

/** Names for which another one is used here. */
const ALIASES: Record<string, string> = {
  ...{ true_divide: "divide", truediv: "divide", neg: "negative", pow: "power", abs: "absolute" },
  ...{ bias_add: "add", add_n: "add", getitem: "get_item", concat: "concatenate", cast: "identity" },
  ...{ copy: "identity", re_lu: "relu", swish: "silu", hard_swish: "hard_silu", amax: "max", amin: "min" },
  ...{ reduce_mean: "mean", average: "mean", reduce_sum: "sum", reduce_max: "max", reduce_min: "min" },
  ...{ reduce_variance: "var", reduce_std: "std", clip_by_value: "clip", reverse: "flip" },
  ...{ l2_normalize: "normalize", max_pool2d: "max_pool", avg_pool2d: "average_pool" },
};

/** Parameters that are tensors or constants to compute with, in the order in which they follow the others. */
const OPERANDS = ["x", "x1", "x2", "y", "bias"];

const NO_INPUT = "is applied to no tensor; apply it to the output of a layer";

type Operand = { readonly tensor: Application } | { readonly constant: unknown };

export class Operation {
  /** In snake case. */
  readonly name: string;
  readonly settings: LayerSettings;
  readonly operands: readonly Operand[];
  readonly #layerName: string;

  constructor(
    path: string,
    { name, class_name: className, config }: JsonObject,
    { values, settings }: Call,
    resolve: (reference: Reference) => Application,
  ) {
    const all: JsonObject = { ...(isObject(config) && config), ...settings };
    const { function: tensorFlowName } = all;
    const isOfTensorFlow = typeof tensorFlowName === "string";
    const plain = isOfTensorFlow
      ? (tensorFlowName.split(".").at(-1) as string)
      : snakeCase(String(className));
    this.name = ALIASES[plain] ?? plain;
    this.#layerName = String(name);
    const listed: readonly unknown[] = values.length === 1 && Array.isArray(values[0]) ? values[0] : values;
    const named = OPERANDS.map((key) => all[key]).filter((value) => value !== undefined);
    this.operands = [...listed, ...named].map((value) =>
      value instanceof Reference ? { tensor: resolve(value) } : { constant: value },
    );
    this.settings = new LayerSettings(path, {
      name: this.#layerName,
      className: isOfTensorFlow ? `tf.${tensorFlowName}` : String(className),
      config: Object.fromEntries(
        Object.entries(all).filter(([key]) => ![...OPERANDS, "function"].includes(key)),
      ),
    });
    const others = Object.values(settings).filter((value) => !named.includes(value as object));
    if (referencesIn(others).length > 0) {
      throw this.error("is applied to tensors in a way that is not supported; use a layer of Keras");
    }
  }

  /** The layer that computes the operation. @throws UsageError if it has no input. */
  layer(className: string, config: JsonObject, ...inputs: readonly (Application | undefined)[]): Application {
    const tensors = inputs.filter((input) => input !== undefined);
    if (tensors.length === 0) throw this.error(NO_INPUT);
    return { layer: { name: this.#layerName, className, config, isOperation: true }, inputs: tensors };
  }

  activation(activation: unknown, input = this.input): Application {
    return this.layer("Activation", { activation }, input);
  }

  /** input · scale + offset. */
  rescale(scale: Constant, offset: Constant, input = this.input): Application {
    return this.layer("Rescaling", { scale, offset }, input);
  }

  /** The only tensor. */
  get input(): Application {
    const { tensors } = this;
    if (tensors.length > 1) throw this.error("is applied to several tensors, which is not supported");
    if (tensors.length === 0) throw this.error(NO_INPUT);
    return tensors[0];
  }

  get tensors(): readonly Application[] {
    return this.operands.flatMap((operand) => ("tensor" in operand ? [operand.tensor] : []));
  }

  /** A setting under the first of these names that the file has; undefined if it is null or missing. */
  value(...keys: readonly string[]): unknown {
    return keys.map((key) => this.settings.value(key) ?? undefined).find((value) => value !== undefined);
  }

  /** An axis, or several. @throws UsageError if there is none or it is the batch's. */
  axes(...keys: readonly string[]): number[] {
    const axes = [this.value(...keys)].flat();
    if (axes.every((axis) => Number.isInteger(axis) && axis !== 0)) return axes as number[];
    throw this.error(
      `has axis ${showJson(axes.length === 1 ? (axes[0] ?? null) : axes)}, which includes the batch; name the other axes`,
    );
  }

  axis(...keys: readonly string[]): number {
    const axes = this.axes(...keys);
    if (axes.length !== 1)
      throw this.error(`has axes ${showJson(axes)}, which are not supported; use one axis`);
    return axes[0];
  }

  error(what: string): Error {
    return this.settings.error(what);
  }
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
}
