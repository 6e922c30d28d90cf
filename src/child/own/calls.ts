// Reads how a layer is applied in the file: its inputs and other arguments. Keras 2, Keras 3 and TensorFlow.js write them
// in different forms (TensorFlow.js 4.22 itself reads only Keras 2's).

import { isObject, type JsonObject } from "./json.ts";

/** An output of an application of a layer. */
export class Reference {
  readonly layer: string;
  /** Index of the application, and of its output. */
  readonly application: number;
  readonly output: number;

  constructor([layer, application, output]: readonly [string, number, number]) {
    this.layer = layer;
    this.application = application;
    this.output = output;
  }
}

/** The arguments of an application, with references to tensors in lists of any depth. */
export interface Call {
  readonly values: readonly unknown[];
  /** Keyed by the parameter's name. */
  readonly settings: JsonObject;
}

/** Undefined if its form is not known. */
export function readCall(node: unknown): Call | undefined {
  // Keras 3: {args, kwargs}.
  if (isObject(node)) {
    const { args, kwargs } = node;
    if (!Array.isArray(args)) return undefined;
    return { values: args.map(withReferences), settings: isObject(kwargs) ? settingsOf(kwargs) : {} };
  }
  // Keras 2: [[name, application, output, settings], …]; a single input may be without the outer list.
  if (!Array.isArray(node)) return undefined;
  const inputs = typeof node[0] === "string" ? [node] : node;
  const settings: Record<string, unknown> = {};
  const values: unknown[] = [];
  for (const input of inputs) {
    if (!Array.isArray(input)) return undefined;
    const [name, , constant, more] = input;
    if (name === "_CONSTANT_VALUE") values.push(constant);
    else if (isReference(input)) values.push(new Reference(input));
    else return undefined;
    // An operation on a list repeats its settings for each element.
    if (isObject(more)) Object.assign(settings, settingsOf(more));
  }
  return { values: typeof node[0] === "string" ? values : [values], settings };
}

/** The references in a value, or in lists and settings of any depth. */
export function referencesIn(value: unknown): Reference[] {
  if (value instanceof Reference) return [value];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return isObject(value) ? Object.values(value).flatMap(referencesIn) : [];
}

/** A reference as an input or output of a functional model, in either form. */
export function isReference(value: unknown): value is readonly [string, number, number] {
  return (
    Array.isArray(value) &&
    typeof value[0] === "string" &&
    Number.isInteger(value[1]) &&
    Number.isInteger(value[2])
  );
}

function settingsOf(settings: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, withReferences(value)]));
}

function withReferences(value: unknown): unknown {
  if (isReference(value)) return new Reference(value);
  if (Array.isArray(value)) return value.map(withReferences);
  if (isObject(value) && value.class_name === "__keras_tensor__" && isObject(value.config)) {
    const { keras_history: history } = value.config;
    if (isReference(history)) return new Reference(history);
  }
  return value;
}
