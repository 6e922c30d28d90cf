// Saves and loads a child's weights in safetensors format.

import { tensor, tidy, type Variable } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { UsageError } from "../common/errors.ts";
import { formatSafetensors, type NamedValues, parseSafetensors, readSafetensors } from "./safetensors.ts";

/** A weight under the name that files give it. */
export interface NamedWeight {
  readonly name: string;
  readonly variable: Variable;
}

/** All weights of the model, as the bytes of a safetensors file. */
export async function serializeWeights(net: LayersModel): Promise<Uint8Array> {
  return formatSafetensors(await valuesOf(namedWeights(net)));
}

/** Copies of the values of variables, under their names. */
export async function valuesOf(weights: readonly NamedWeight[]): Promise<NamedValues[]> {
  const values: NamedValues[] = [];
  for (const { name, variable } of weights) {
    values.push({ name, shape: variable.shape, values: Float32Array.from(await variable.data()) });
  }
  return values;
}

/**
 * Loads the weights in a file into the model.
 * @throws UsageError if the file cannot be read, is not a weights file or does not fit the model.
 */
export function loadWeights(net: LayersModel, path: string): void {
  for (const { variable, values } of fittingWeights(net, path)) assignValues(variable, values);
}

/** Gives a variable new values. */
export function assignValues(variable: Variable, values: Float32Array): void {
  tidy(() => variable.assign(tensor(values, variable.shape)));
}

/** Checks that `loadWeights` would succeed, without changing the model. @throws UsageError as `loadWeights` does. */
export function checkWeights(net: LayersModel, path: string): void {
  fittingWeights(net, path);
}

/** Whether all weights are finite numbers, given the bytes that `serializeWeights` returns: a training may diverge. */
export function areFinite(safetensors: Uint8Array): boolean {
  const { tensors } = parseSafetensors(Buffer.from(safetensors));
  return [...tensors.values()].every(({ bytes }) => floatsOf(bytes).every(Number.isFinite));
}

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

/** The model's weights, each with its values in the file. */
function fittingWeights(net: LayersModel, path: string): { variable: Variable; values: Float32Array }[] {
  const { tensors } = readSafetensors(path);
  const expected = namedWeights(net);
  const misfit = (detail: string) =>
    new UsageError(
      `the weights in ${path} do not fit model ${net.name}: ${detail}; move it away or set pre_aug_weights_path to another one`,
    );
  if (tensors.size !== expected.length) {
    throw misfit(`the file has ${tensors.size} tensors, the model has ${expected.length}`);
  }
  return expected.map(({ name, variable }) => {
    const stored = tensors.get(name);
    if (!stored) throw misfit(`the file has no tensor ${name}`);
    const { dtype, shape, bytes } = stored;
    if (dtype !== "F32" || shape.join() !== variable.shape.join()) {
      throw misfit(`${name} is ${dtype} [${shape}], but F32 [${variable.shape}] in the model`);
    }
    const values = floatsOf(bytes);
    if (!values.every(Number.isFinite)) throw misfit(`${name} has values that are not finite numbers`);
    return { variable, values };
  });
}

/** The weights, layer by layer, named "layer/weight" without the instance number that TensorFlow.js may add. */
export function namedWeights(net: LayersModel): NamedWeight[] {
  return net.layers.flatMap((layer) =>
    layer.weights.map((weight) => ({
      name: `${layer.name}/${weight.originalName.split("/").pop()}`,
      variable: weight.read() as Variable,
    })),
  );
}
