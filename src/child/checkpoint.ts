// A training's state in a file, from which it continues to the same bits: weights, the optimizer's averages, averaged
// weights, and where in its order of images it was. A file that is damaged or belongs to another training is ignored.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { Variable } from "@tensorflow/tfjs-core";
import { RunError, StorageError, UsageError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { formatSafetensors, type NamedValues, readSafetensors, type StoredTensors } from "./safetensors.ts";
import type { ChildModel } from "./types.ts";
import { assignValues, namedWeights, valuesOf } from "./weights.ts";

/** Another version's checkpoints are ignored. */
const FORMAT = "3";

/** The file of a training's checkpoint, and what it is a checkpoint of. */
export interface CheckpointFile {
  readonly path: string;
  /** Identifies the training: a checkpoint of another one is ignored. */
  readonly training: string;
}

/** What a checkpoint restores besides the model and its optimizer. */
export interface Restored<State> {
  readonly state: State;
  /** Further values, as given to `saveCheckpoint`. */
  readonly extra: ReadonlyMap<string, Float32Array>;
}

/** Writes the whole file atomically. `state` is plain JSON. @throws StorageError if that fails. */
export async function saveCheckpoint<State>(
  { path, training }: CheckpointFile,
  { net, optimizer }: ChildModel,
  state: State,
  extra: readonly NamedValues[],
): Promise<void> {
  const weights = namedWeights(net);
  const tensors = prefixed("weight", await valuesOf(weights));
  for (const [kind, averages] of Object.entries(optimizer.state.averages)) {
    const kept = weights.flatMap(({ name, variable }) => {
      const average = averages.get(variable);
      return average ? [{ name, variable: average }] : [];
    });
    tensors.push(...prefixed(`optimizer/${kind}`, await valuesOf(kept)));
  }
  tensors.push(...prefixed("extra", extra));
  const { steps } = optimizer.state;
  const metadata = {
    ...{ format: FORMAT, training, steps: String(steps) },
    ...{ state: JSON.stringify(state, keepNonFinite), digest: digestOf(tensors) },
  };
  try {
    writeFileWhole(path, formatSafetensors(tensors, { ...metadata, sum: sumOf(metadata) }));
  } catch (error) {
    throw error instanceof RunError ? new StorageError(error.message) : error;
  }
}

/** Restores the model and its optimizer; undefined, with both unchanged, if there is no checkpoint of this training. */
export function loadCheckpoint<State>(
  { path, training }: CheckpointFile,
  { net, optimizer }: ChildModel,
): Restored<State> | undefined {
  const stored = readWhole(path);
  if (stored?.metadata.training !== training) return undefined;
  const values = (name: string) => floatsOf(stored, name);
  for (const { name, variable } of namedWeights(net)) {
    const weight = values(`weight/${name}`);
    if (weight) assignValues(variable, weight);
    restoreAverages(optimizer.state.averages, name, variable, values);
  }
  optimizer.state.steps = Number(stored.metadata.steps);
  const extra = new Map<string, Float32Array>();
  for (const name of stored.tensors.keys()) {
    if (name.startsWith("extra/")) extra.set(name.slice("extra/".length), values(name)!);
  }
  return { state: JSON.parse(stored.metadata.state, restoreNonFinite) as State, extra };
}

/** What a checkpoint keeps besides tensors, without a check of these; undefined if there is no such file, or it is damaged. */
export function readCheckpointState<State>(path: string): State | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { metadata } = readSafetensors(path);
    return isAsWritten(metadata) ? (JSON.parse(metadata.state, restoreNonFinite) as State) : undefined;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function restoreAverages(
  averages: ChildModel["optimizer"]["state"]["averages"],
  name: string,
  variable: Variable,
  values: (name: string) => Float32Array | undefined,
): void {
  for (const [kind, each] of Object.entries(averages)) {
    const average = values(`optimizer/${kind}/${name}`);
    if (average) assignValues(each.of(variable), average);
  }
}

/** The file's tensors; undefined if it does not exist or is not as it was written. */
function readWhole(path: string): StoredTensors | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const stored = readSafetensors(path);
    if ([...stored.tensors.values()].some(({ dtype }) => dtype !== "F32")) return undefined;
    const tensors = [...stored.tensors].map(([name, { shape }]) => ({
      name,
      shape,
      values: floatsOf(stored, name)!,
    }));
    return isAsWritten(stored.metadata) && stored.metadata.digest === digestOf(tensors) ? stored : undefined;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Whether the strings are those that this version has written. */
function isAsWritten({ sum, ...metadata }: StoredTensors["metadata"]): boolean {
  return metadata.format === FORMAT && sum === sumOf(metadata);
}

/** The CRC-32 of the strings, in any order. */
function sumOf(metadata: StoredTensors["metadata"]): string {
  return crc32(JSON.stringify(Object.entries(metadata).sort())).toString(16);
}

function floatsOf({ tensors }: StoredTensors, name: string): Float32Array | undefined {
  const stored = tensors.get(name);
  return stored && new Float32Array(stored.bytes.slice().buffer);
}

/** The loss of a training that diverges is NaN or infinite, which JSON does not have. */
function keepNonFinite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? { number: String(value) } : value;
}

function restoreNonFinite(_key: string, value: unknown): unknown {
  const isKept = typeof value === "object" && value !== null && "number" in value;
  return isKept ? Number(value.number) : value;
}

function prefixed(prefix: string, values: readonly NamedValues[]): NamedValues[] {
  return values.map((each) => ({ ...each, name: `${prefix}/${each.name}` }));
}

function digestOf(tensors: readonly NamedValues[]): string {
  const hash = createHash("sha256");
  for (const { name, values } of tensors) {
    hash.update(name);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex");
}
