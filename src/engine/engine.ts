// Engines: what trains a child. An engine is a TensorFlow.js backend, chosen at start, plus the few passes that a
// backend can do better than TensorFlow.js's operations composed; the trainer is the same for all.

import { type NamedTensorMap, version_core } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { UsageError } from "../common/errors.ts";
import { fastestPrecision, findAddon, type LoadedAddon } from "./native/addon.ts";
import type { Optimizers } from "./optimizers.ts";

export type EngineChoice = "auto" | "native" | "webgpu" | "tensorflow" | "wasm";
export type EngineName = "native" | "wasm";
export type Precision = "float32" | "bfloat16";
export type PrecisionChoice = "auto" | Precision;

/** Of TensorFlow.js. */
export const TENSORFLOW_JS_VERSION: string = version_core;

/** Which engine trains, in which numbers, and by which instructions: what decides a result to its last digit. */
export interface EngineIdentity {
  readonly name: string;
  readonly precision: Precision;
  /** The instruction set of engine native's kernels, such as "avx512"; null for an engine that is always the same. */
  readonly kernels: string | null;
}

/** An identity as files hold it. */
export interface EngineDescription {
  readonly name: string;
  readonly precision: string;
  readonly kernels: string | null;
}

/** What a choice comes to on this machine. */
export interface ResolvedEngine extends EngineIdentity {
  readonly name: EngineName;
  /** Where `auto` could not take the best: why, and what would mend it; one line. */
  readonly note?: string;
}

/** A batch: pixels uint8 [images, height, width, channels], and a class for each image. */
export interface LabelledPixels {
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

export interface StepResult {
  /** Mean cross-entropy of the batch. */
  readonly loss: number;
  /** Images classified rightly. */
  readonly correct: number;
}

/** Seconds that a layer's operations took. */
export interface LayerTime {
  readonly layer: string;
  readonly forward: number;
  readonly backward: number;
}

/** A model's training step and its evaluation, as an engine of its own way computes them. */
export interface CompiledModel {
  /** Forward and back; leaves the gradients in `gradients`, and takes no optimizer's step. */
  train(batch: LabelledPixels): StepResult;
  /** Without dropout, and with the moving moments of batch normalisation. Takes any number of images. */
  evaluate(batch: LabelledPixels): StepResult;
  /** By the names of the variables; the same tensors after every step. */
  readonly gradients: NamedTensorMap;
  /**
   * Where the time since the last call went, on one thread; the first call begins to measure. A layer may be told twice,
   * as two operations. Whatever is done for all layers together, such as the loss, is not told.
   */
  profile(): LayerTime[];
  dispose(): void;
}

/** A started engine; TensorFlow.js's operations now run on it. */
export interface Engine extends EngineIdentity {
  readonly optimizers: Optimizers;
  /** The model, which takes pixels in [0, 1] to logits, compiled; undefined where the engine cannot. */
  compile?(net: LayersModel, batchSize: number): CompiledModel | undefined;
}

/**
 * Starts the engine that the configuration names; `auto` takes the best that this machine has.
 * @param threads of engine native, 1 or more; the others have one.
 * @throws UsageError where the engine or the precision is not to be had.
 */
export async function startEngine(
  choice: EngineChoice,
  precision: PrecisionChoice,
  threads = 1,
): Promise<Engine> {
  const { note: _, ...identity } = resolveEngine(choice, precision);
  if (identity.name === "native") {
    const { startNative } = await import("./native/backend.ts");
    return startNative(identity, threads);
  }
  const { startWasm } = await import("./wasm/backend.ts");
  return startWasm(identity);
}

/**
 * What the choice comes to on this machine, without starting it.
 * @throws UsageError as `startEngine`.
 */
export function resolveEngine(choice: EngineChoice, precision: PrecisionChoice): ResolvedEngine {
  if (choice === "wasm") return resolveWasm(precision);
  if (choice !== "auto" && choice !== "native") {
    throw new UsageError(`engine "${choice}" is not part of this version; use engine: native, wasm, or auto`);
  }
  const addon = findAddon();
  if (!("missing" in addon)) return resolveNative(addon, precision);
  const reason = `engine native ${addon.missing}`;
  if (choice === "native") throw new UsageError(`${reason}; or use engine wasm`);
  return { ...resolveWasm(precision, reason), note: `${reason}; trainings run on engine wasm` };
}

function resolveNative(addon: LoadedAddon, choice: PrecisionChoice): ResolvedEngine {
  const precision = choice === "auto" ? fastestPrecision(addon) : choice;
  return { name: "native", precision, kernels: addon.kernels };
}

/** @param reason why it is not native, where that would have been better. */
function resolveWasm(choice: PrecisionChoice, reason?: string): ResolvedEngine {
  if (choice === "bfloat16") {
    const mend = "use precision: float32, or auto";
    throw new UsageError(
      `precision "bfloat16" is not to be had on engine wasm; ${reason ? `${reason}; or ${mend}` : mend}`,
    );
  }
  return { name: "wasm", precision: "float32", kernels: null };
}

/** In words: "native (float32, avx512)". */
export function describeEngine({ name, precision, kernels }: EngineDescription): string {
  return `${name} (${kernels === null ? precision : `${precision}, ${kernels}`})`;
}
