// Reads the settings of a layer in the file, one by one. At the end, settings that were not read must not matter:
// ignoring one would compute a different function from the one in the file.

import { UsageError } from "../../common/errors.ts";
import { ACTIVATION_NAMES, type ActivationIdentifier, activationOf } from "./activations.ts";
import { type Constraint, constraintOf } from "./constraints.ts";
import { isObject, namedOf, showJson } from "./json.ts";
import type { Dialect, NetworkLayer } from "./network.ts";

/** A penalty on a weight: l1 · Σ|w| + l2 · Σw², added to the loss. */
export interface Penalty {
  readonly l1: number;
  readonly l2: number;
}

/**
 * Settings that do not affect a layer's function, or that, like `trainable` and `dtype`, only concern how the file's
 * weights were trained: the child trains all of its weights, in the engine's precision.
 */
const IGNORED = [
  ...[
    "name",
    "trainable",
    "dtype",
    "dtype_policy",
    "autocast",
    "input_dtype",
    "batch_input_shape",
    "batch_shape",
  ],
  // Random numbers are drawn from the experiment's seed.
  "seed",
  // Settings of batch normalization over several devices and of `renorm`.
  ...["synchronized", "fused", "renorm_momentum"],
];

/** Of strides, dilations, pads, croppings, and the sides of windows, filters and images; as in native/kernels/limits.h. */
const MOST_STEP = 65_536;
/** Of units and filters. */
const MOST_UNITS = 2 ** 30;

/** Layers that can be an activation, with the activation that computes the same. */
const ACTIVATION_LAYERS: Record<string, string> = {
  ...{ LeakyReLU: "leaky_relu", ReLU: "general_relu", ELU: "general_elu" },
};

export class LayerSettings {
  readonly name: string;
  readonly dialect: Dialect;
  readonly #path: string;
  readonly #layer: NetworkLayer;
  readonly #read = new Set<string>(IGNORED);

  /** @param path of the file, for error messages. */
  constructor(path: string, layer: NetworkLayer, dialect: Dialect = "keras3") {
    this.name = layer.name;
    this.dialect = dialect;
    this.#path = path;
    this.#layer = layer;
  }

  /** The setting as it is in the file. */
  value(key: string): unknown {
    this.#read.add(key);
    return this.#layer.config[key];
  }

  number(key: string, fallback?: number): number {
    const value = this.value(key) ?? fallback;
    if (typeof value !== "number") throw this.unsupported(key);
    return value;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.value(key) ?? fallback;
    if (typeof value !== "boolean") throw this.unsupported(key);
    return value;
  }

  choice<const T extends string>(key: string, options: readonly T[], fallback: T): T {
    const value = this.value(key) ?? fallback;
    const option = options.find((each) => each === value);
    if (option === undefined) throw this.unsupported(key);
    return option;
  }

  /** A number of units, filters or groups: whole, and at least 1. */
  units(key: string, fallback?: number): number {
    return this.#whole(key, this.value(key) ?? fallback, 1, MOST_UNITS);
  }

  /** A number of pixels: whole, and at least 1. */
  side(key: string): number {
    return this.#whole(key, this.value(key), 1, MOST_STEP);
  }

  /** A share of values, from 0 to 1. @param isWhole whether all of the values can be meant. */
  rate(key: string, isWhole: boolean): number {
    const rate = this.number(key);
    if (rate >= 0 && (isWhole ? rate <= 1 : rate < 1)) return rate;
    throw this.outside(key, isWhole ? "a number from 0 to 1" : "a number of at least 0 and below 1");
  }

  /** Whole numbers of at least 1 for rows and columns; a single number is used for both. */
  pair(key: string, fallback?: number): [number, number] {
    const value = this.value(key) ?? fallback;
    const pair = typeof value === "number" ? [value, value] : value;
    if (!Array.isArray(pair) || pair.length !== 2) throw this.unsupported(key);
    return [this.#whole(key, pair[0], 1, MOST_STEP), this.#whole(key, pair[1], 1, MOST_STEP)];
  }

  /** Whole numbers of at least 0 before and after, for rows and for columns. */
  margins(key: string): [[number, number], [number, number]] {
    const value = this.value(key);
    const pairs = (Array.isArray(value) ? value : [value, value]).map((each) =>
      typeof each === "number" ? [each, each] : each,
    );
    if (pairs.length !== 2 || !pairs.every((each) => Array.isArray(each) && each.length === 2)) {
      throw this.unsupported(key);
    }
    for (const each of pairs.flat()) this.#whole(key, each, 0, MOST_STEP);
    return pairs as [[number, number], [number, number]];
  }

  #whole(key: string, value: unknown, least: number, most: number): number {
    if (typeof value !== "number") throw this.unsupported(key);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw this.outside(key, `whole numbers from ${least} to ${most}`);
  }

  /** Integers and nulls. */
  list(key: string): (number | null)[] {
    const value = this.value(key);
    const isList = Array.isArray(value) && value.every((each) => each === null || Number.isInteger(each));
    if (!isList) throw this.unsupported(key);
    return value;
  }

  /** One number, or one per channel in lists of any depth; undefined if it is null. */
  numbers(key: string): number[] | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined) return undefined;
    const numbers = [value].flat(Number.POSITIVE_INFINITY);
    if (!numbers.every((each) => typeof each === "number")) throw this.unsupported(key);
    return numbers;
  }

  /** As numbers(), of an array that has one number per channel: all its dimensions but the last are 1. */
  channels(key: string): number[] | undefined {
    let value = this.value(key);
    while (Array.isArray(value) && Array.isArray(value[0])) {
      if (value.length !== 1) throw this.unsupported(key, "use a number, or one per channel");
      [value] = value;
    }
    return this.numbers(key);
  }

  /** An activation for TensorFlow.js. */
  activation(key = "activation"): ActivationIdentifier {
    const value = this.value(key) ?? "linear";
    // A function is written as its name, or as an object that contains the name.
    const named = namedOf(value);
    const holder = value as { readonly config?: unknown };
    const name = named?.className === "function" ? holder.config : named?.className;
    const numbers = Object.entries(named?.config ?? {}).filter(([, each]) => typeof each === "number");
    const activation =
      typeof name === "string" &&
      activationOf(
        ACTIVATION_LAYERS[name] ?? name,
        Object.fromEntries(numbers) as Record<string, number>,
        this.dialect,
      );
    if (activation) return activation;
    const names = ACTIVATION_NAMES.join(", ");
    // Python code is written as an object of its own, or in Keras 2 as a list.
    if (named?.className === "__lambda__" || (isObject(value) && !named) || Array.isArray(value)) {
      throw this.error(`has Python code as its ${key}, which cannot run here; use ${names}`);
    }
    throw this.unsupported(key, `use ${names}`);
  }

  penalty(key: string): Penalty | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined) return undefined;
    const named = namedOf(value);
    const amount = (name: string, whenAlone: number) => {
      const given = named?.config[name] ?? (typeof value === "string" ? whenAlone : 0);
      if (typeof given !== "number") throw this.unsupported(key);
      return given;
    };
    switch (named?.className.toLowerCase()) {
      case "l1":
        return { l1: amount("l1", 0.01), l2: 0 };
      case "l2":
        return { l1: 0, l2: amount("l2", 0.01) };
      case "l1l2":
      case "l1_l2":
        return { l1: amount("l1", 0.01), l2: amount("l2", 0.01) };
      default:
        throw this.unsupported(key);
    }
  }

  constraint(key: string): Constraint | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined) return undefined;
    const constraint = constraintOf(value);
    if (!constraint) throw this.unsupported(key, "use MaxNorm, MinMaxNorm, UnitNorm or NonNeg");
    return constraint;
  }

  /** Only channels last is left by channelsLast(). */
  channelsLast(): { dataFormat: "channelsLast" } {
    this.choice("data_format", ["channels_last"], "channels_last");
    return { dataFormat: "channelsLast" };
  }

  /** @throws UsageError if the setting is neither `expected` nor null. */
  expect(key: string, expected: unknown): void {
    const value = this.value(key) ?? expected;
    if (showJson(value) !== showJson(expected)) throw this.unsupported(key);
  }

  /** @throws UsageError if a setting was not read and is neither null nor false. */
  finish(): void {
    for (const [key, value] of Object.entries(this.#layer.config)) {
      if (!this.#read.has(key) && value !== null && value !== false) throw this.unsupported(key);
    }
  }

  /** @param fix what to do instead. */
  unsupported(key: string, fix?: string): UsageError {
    const what = `has ${key} ${showJson(this.#layer.config[key])}, which is not supported`;
    return this.error(fix ? `${what}; ${fix}` : what);
  }

  /** @param expected what values are possible. */
  outside(key: string, expected: string): UsageError {
    return this.error(`has ${key} ${showJson(this.#layer.config[key])}; expected ${expected}`);
  }

  error(what: string): UsageError {
    return new UsageError(`model ${this.#path}: layer ${this.name} (${this.#layer.className}) ${what}`);
  }
}
