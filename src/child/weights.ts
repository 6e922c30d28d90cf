// Saves and loads a child's weights in safetensors format, which other tools can read too: an 8-byte header length, a
// JSON header and raw little-endian float32 values.

import { readFileSync } from "node:fs";
import { tensor, tidy, type Variable } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { messageOf, systemCode, systemReason, UsageError } from "../common/errors.ts";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** All weights of the model, as the bytes of a safetensors file. */
export async function serializeWeights(net: LayersModel): Promise<Uint8Array> {
  const header: Record<string, Entry> = {};
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, variable } of namedWeights(net)) {
    const data = await variable.data();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    header[name] = { dtype: "F32", shape: variable.shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

/**
 * Loads the weights in a file into the model.
 * @throws UsageError if the file cannot be read, is not a weights file or does not fit the model.
 */
export function loadWeights(net: LayersModel, path: string): void {
  const fitting = fittingWeights(net, path);
  tidy(() => {
    for (const { variable, bytes } of fitting) {
      variable.assign(tensor(new Float32Array(bytes.slice().buffer), variable.shape));
    }
  });
}

/** Checks that `loadWeights` would succeed, without changing the model. @throws UsageError as `loadWeights` does. */
export function checkWeights(net: LayersModel, path: string): void {
  fittingWeights(net, path);
}

/** The model's weights, each with its values in the file as bytes. */
function fittingWeights(net: LayersModel, path: string): { variable: Variable; bytes: Uint8Array }[] {
  const { header, values } = readWeights(path);
  const expected = namedWeights(net);
  const misfit = (detail: string) =>
    new UsageError(
      `the weights in ${path} do not fit model ${net.name}: ${detail}; remove the file or set pre_aug_weights_path to another one`,
    );
  if (Object.keys(header).length !== expected.length) {
    throw misfit(`the file has ${Object.keys(header).length} tensors, the model has ${expected.length}`);
  }
  return expected.map(({ name, variable }) => {
    const entry = header[name];
    if (!entry) throw misfit(`the file has no tensor ${name}`);
    if (entry.dtype !== "F32" || entry.shape.join() !== variable.shape.join()) {
      throw misfit(`${name} is ${entry.dtype} [${entry.shape}], but F32 [${variable.shape}] in the model`);
    }
    const bytes = values.subarray(...entry.data_offsets);
    if (bytes.length !== variable.size * Float32Array.BYTES_PER_ELEMENT) {
      throw misfit(`${name} has ${bytes.length} bytes for ${variable.size} float32 values`);
    }
    return { variable, bytes };
  });
}

/** The weights, layer by layer, named "layer/weight" without the instance number that TensorFlow.js may add. */
function namedWeights(net: LayersModel): { name: string; variable: Variable }[] {
  return net.layers.flatMap((layer) =>
    layer.weights.map((weight) => ({
      name: `${layer.name}/${weight.originalName.split("/").pop()}`,
      variable: weight.read() as Variable,
    })),
  );
}

function readWeights(path: string): { header: Record<string, Entry>; values: Uint8Array } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (systemCode(error)) throw new UsageError(`cannot read the weights ${path}: ${systemReason(error)}`);
    throw error;
  }
  try {
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<string, Entry>;
    const values = new Uint8Array(bytes.subarray(8 + length));
    const size = Math.max(...Object.values(header).map((entry) => entry.data_offsets[1]));
    if (values.length < size) throw new Error(`the data ends after ${values.length} of ${size} bytes`);
    return { header, values };
  } catch (error) {
    throw new UsageError(`${path} is not a valid safetensors file: ${messageOf(error)}; remove it`);
  }
}
