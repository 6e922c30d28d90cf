// Named tensors as a safetensors file, which other tools can read too: an 8-byte header length, a JSON header and raw
// little-endian values (https://github.com/huggingface/safetensors).

import { z } from "zod";
import { formatValue, messageOf, UsageError } from "../common/errors.ts";
import { readBytes } from "../common/files.ts";
import { parseJson, repeatedKey } from "../common/json.ts";
import { problemIn } from "../common/schema.ts";

/** Bytes of a value of each type that the format has. */
const TYPE_BYTES = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, U16: 2, I16: 2, F16: 2, BF16: 2 },
  ...{ U32: 4, I32: 4, F32: 4, U64: 8, I64: 8, F64: 8 },
} as const;

type Type = keyof typeof TYPE_BYTES;

const size = z.int().nonnegative();

const ENTRY = z.object({
  dtype: z.enum(Object.keys(TYPE_BYTES) as [Type, ...Type[]]),
  shape: z.array(size),
  /** Of the first byte and of the one after the last, in what follows the header. */
  data_offsets: z.tuple([size, size]),
});

type Entry = z.output<typeof ENTRY>;

export interface NamedValues {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A tensor of a file, with its values as bytes; they are float32 if the type is "F32". */
interface StoredTensor {
  readonly dtype: Type;
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
    header[name] = { dtype: "F32", shape: [...shape], data_offsets: [offset, offset + bytes.length] };
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
  const file = readBytes(path, `the weights ${path}`);
  try {
    return parseSafetensors(file);
  } catch (error) {
    throw new UsageError(
      `${path} is not a valid safetensors file: ${messageOf(error)}; move it away or set pre_aug_weights_path to another one`,
    );
  }
}

/** The length of the header's length. */
const PREFIX = 8;

/** From a file's bytes. @throws Error if they are not those of a safetensors file. */
export function parseSafetensors(file: Buffer): StoredTensors {
  const { metadata, entries, end } = parseHeader(file);
  const values = new Uint8Array(file.subarray(end));
  checkPlaces(entries, values.length);
  const tensors = entries.map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [first, last],
      },
    ]) => {
      return [name, { dtype, shape, bytes: values.subarray(first, last) }] as const;
    },
  );
  return { tensors: new Map(tensors), metadata };
}

/** @returns the content of the header, and the place of its end. */
function parseHeader(file: Buffer) {
  if (file.length < PREFIX) throw new Error(`it has ${file.length} bytes`);
  const length = file.readBigUInt64LE(0);
  if (length > file.length - PREFIX) {
    throw new Error(`its header of ${length} bytes is longer than the file`);
  }
  const end = PREFIX + Number(length);
  const text = file.toString("utf8", PREFIX, end);
  const header = parseJson(text);
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new Error("its header is not an object");
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new Error(`its header has ${formatValue(twice)} twice`);
  const all: (readonly [name: string, value: unknown])[] = Object.entries(header);
  const entries = all.filter(([name]) => name !== METADATA);
  const [, metadata] = all.find(([name]) => name === METADATA) ?? [METADATA, {}];
  return {
    metadata: checked(metadata, z.record(z.string(), z.string()), METADATA),
    entries: entries.map(([name, entry]) => [name, checked(entry, ENTRY, `tensor ${name}`)] as const),
    end,
  };
}

function checked<Value>(value: unknown, schema: z.ZodType<Value>, place: string): Value {
  const problem = problemIn(value, schema);
  if (problem !== undefined) throw new Error(`${place}: ${problem}`);
  return value as Value;
}

/** Checks that each tensor has bytes of its own, as many as its shape and its type say, and that there are no others. */
function checkPlaces(entries: readonly (readonly [name: string, entry: Entry])[], length: number): void {
  const ordered = entries.toSorted(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  );
  let end = 0;
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [first, last],
    },
  ] of ordered) {
    const bytes = shape.reduce((product, side) => product * side, TYPE_BYTES[dtype]);
    if (last - first !== bytes) {
      throw new Error(
        `tensor ${name} has ${last - first} bytes, but its shape [${shape}] of ${dtype} needs ${bytes}`,
      );
    }
    if (last > length) throw new Error(`the data ends after ${length} of ${last} bytes`);
    if (first < end) throw new Error(`tensor ${name} has bytes of another one`);
    if (first > end) throw new Error(`${first - end} bytes before tensor ${name} belong to none`);
    end = last;
  }
  if (length > end) throw new Error(`${length - end} bytes at its end belong to no tensor`);
}
