// Named tensors as a safetensors file, which other tools can read too: an 8-byte header length, a JSON header and raw
// little-endian values (https://github.com/huggingface/safetensors).

import { readFileSync } from "node:fs";
import { messageOf, systemCode, systemReason, UsageError } from "../common/errors.ts";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

export interface NamedValues {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A tensor of a file, with its values as bytes; they are float32 if the type is "F32". */
interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface StoredTensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Strings by name, which the format allows beside the tensors. */
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";

/** The bytes of a file with these tensors. */
export function formatSafetensors(
  tensors: readonly NamedValues[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, Entry | Readonly<Record<string, string>>> = {};
  if (metadata) header[METADATA] = metadata;
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, shape, values } of tensors) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

/** @throws UsageError if the file cannot be read or is not a safetensors file. */
export function readSafetensors(path: string): StoredTensors {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (error) {
    if (systemCode(error)) throw new UsageError(`cannot read the weights ${path}: ${systemReason(error)}`);
    throw error;
  }
  try {
    return parseSafetensors(file);
  } catch (error) {
    throw new UsageError(`${path} is not a valid safetensors file: ${messageOf(error)}; remove it`);
  }
}

/** From a file's bytes. @throws Error if they are not those of a safetensors file. */
export function parseSafetensors(file: Buffer): StoredTensors {
  const length = Number(file.readBigUInt64LE(0));
  const { [METADATA]: metadata = {}, ...header } = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<
    string,
    Entry
  > & { [METADATA]?: Record<string, string> };
  const values = new Uint8Array(file.subarray(8 + length));
  const size = Math.max(...Object.values(header).map((entry) => entry.data_offsets[1]));
  if (values.length < size) throw new Error(`the data ends after ${values.length} of ${size} bytes`);
  const tensors = Object.entries(header).map(([name, { dtype, shape, data_offsets }]) => {
    return [name, { dtype, shape, bytes: values.subarray(...data_offsets) }] as const;
  });
  return { tensors: new Map(tensors), metadata };
}
