// Engines: what trains a child. An engine is a TensorFlow.js backend, chosen at start, plus the few passes that a
// backend can do better than TensorFlow.js's operations composed; the trainer is the same for all. Each lives in a folder
// of its own, which is loaded when the engine is asked for; here is what they share, and the choice among them.

import { type NamedTensorMap, version_core } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { UsageError } from "../common/errors.ts";
import type { Optimizers } from "./optimizers.ts";
import type { EngineFound, EngineMissing, EngineProbe } from "./probe.ts";

export const ENGINE_NAMES = ["native", "webgpu", "tensorflow", "wasm"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];
export type EngineChoice = "auto" | EngineName;
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

/** The identity of one that this program has. */
export interface ChosenEngine extends EngineIdentity {
  readonly name: EngineName;
}

/** An identity as files hold it. */
export interface EngineDescription {
  readonly name: string;
  readonly precision: string;
  readonly kernels: string | null;
}

/** What a choice comes to on this machine. */
export interface ResolvedEngine {
  readonly identity: ChosenEngine;
  readonly found: EngineFound;
  /** What decided, to be read after "auto takes native:"; one line. */
  readonly why: string;
  /** Where it is not the engine that a user would wish for: why, and what would mend it; one line. */
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

/** Over the images of a pass, their sums. */
export interface PassResult {
  /** Of the images' cross-entropies. */
  readonly loss: number;
  /** Images classified rightly. */
  readonly correct: number;
}

/** A model's steps on a device with a memory of its own, which is read once a pass: reading it waits for all steps. */
export interface DeviceModel {
  /**
   * Begins a pass over the images at the indices in `order`, image after image. Images that an earlier pass was over are
   * not copied to the device again: they must be as they were.
   */
  begin(images: LabelledPixels, order: Int32Array): void;
  /** Forward and back on the next images of the pass; returns the gradients by name, and takes no optimizer's step. */
  train(count: number): NamedTensorMap;
  /** Without dropout, and with the moving moments of batch normalisation. */
  evaluate(count: number): void;
  /** Once all images of the pass have been seen. @throws RunError where the device failed: out of memory, or lost. */
  end(): Promise<PassResult>;
  dispose(): void;
}

/** A started engine; TensorFlow.js's operations now run on it. */
export interface Engine extends EngineIdentity {
  readonly optimizers: Optimizers;
  /** The model, which takes pixels in [0, 1] to logits, compiled; undefined where the engine cannot. */
  compile?(net: LayersModel, batchSize: number): CompiledModel | undefined;
  /** The same model, on the engine's device, where it has one. */
  onDevice?(net: LayersModel): DeviceModel;
}

interface EngineDefinition {
  /** Whether this machine has it. */
  probe(): Promise<EngineProbe>;
  /** @param threads 1 or more, for an engine whose trainings may have several. */
  start(identity: EngineIdentity, threads: number): Promise<Engine>;
}

const ENGINES: Record<EngineName, EngineDefinition> = {
  native: {
    probe: async () => (await import("./native/probe.ts")).probeNative(),
    start: async (identity, threads) => (await import("./native/backend.ts")).startNative(identity, threads),
  },
  webgpu: {
    probe: async () => (await import("./webgpu/probe.ts")).probeWebgpu(),
    start: async (identity) => (await import("./webgpu/backend.ts")).startWebgpu(identity),
  },
  tensorflow: {
    probe: async () => (await import("./tensorflow/probe.ts")).probeTensorflow(),
    start: async (identity) => (await import("./tensorflow/backend.ts")).startTensorflow(identity),
  },
  wasm: {
    probe: async () => (await import("./wasm/probe.ts")).probeWasm(),
    start: async (identity) => (await import("./wasm/backend.ts")).startWasm(identity),
  },
};

/** In which order `auto` asks them, and why it takes the first that is here; the others are for those who ask for them. */
const AUTOMATIC: readonly (readonly [EngineName, string])[] = [
  ["webgpu", "there is a graphics card"],
  ["native", "the fastest on a processor"],
  ["wasm", "it runs anywhere"],
];

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
  const { identity } = await resolveEngine(choice, precision);
  return ENGINES[identity.name].start(identity, threads);
}

const probes = new Map<EngineName, Promise<EngineProbe>>();

/** Whether this machine has the engine; it is asked once in a process. */
export function probeEngine(name: EngineName): Promise<EngineProbe> {
  const known = probes.get(name);
  if (known) return known;
  const probe = ENGINES[name].probe();
  probes.set(name, probe);
  return probe;
}

/**
 * What the choice comes to on this machine, without starting it. No more engines are asked than it takes.
 * @param probe asks an engine; for tests.
 * @throws UsageError as `startEngine`.
 */
export async function resolveEngine(
  choice: EngineChoice,
  precision: PrecisionChoice,
  probe: (name: EngineName) => Promise<EngineProbe> = probeEngine,
): Promise<ResolvedEngine> {
  if (choice === "auto") return resolveAuto(precision, probe);
  const found = await probe(choice);
  if ("missing" in found)
    throw new UsageError(`${describeMissing(choice, found)}; deepaugment doctor shows the others`);
  const identity = identify(choice, found, precision);
  if (!identity) {
    throw new UsageError(
      `precision "${precision}" is not to be had on engine ${choice}; use precision: ${found.precisions[0]}, or auto`,
    );
  }
  const why = "it is asked for";
  if (!found.isSoftware) return { identity, found, why };
  const note = `engine ${choice} finds no graphics card here and runs on ${found.device}, which is slow`;
  return { identity, found, why, note };
}

/** The first engine that is here, on what it is made for, with the precision that is asked for. */
async function resolveAuto(
  precision: PrecisionChoice,
  probe: (name: EngineName) => Promise<EngineProbe>,
): Promise<ResolvedEngine> {
  const passedOver: string[] = [];
  let note: string | undefined;
  for (const [name, merit] of AUTOMATIC) {
    const found = await probe(name);
    if ("missing" in found) {
      passedOver.push(`engine ${name} ${found.missing}`);
      // A machine without a graphics card lacks nothing; one without compiled kernels does.
      if (name === "native") note = describeMissing(name, found);
      continue;
    }
    const identity = identify(name, found, precision);
    if (identity && !found.isSoftware) {
      const why = [merit, ...passedOver].join("; ");
      return { identity, found, why, ...(note && { note: `${note}; trainings run on engine ${name}` }) };
    }
    passedOver.push(`engine ${name} ${identity ? `finds only ${found.device}` : `has no ${precision}`}`);
  }
  const reason = note ?? passedOver.join("; ");
  throw new UsageError(
    precision === "auto"
      ? `no engine is to be had here: ${reason}`
      : `precision "${precision}" is not to be had here: ${reason}; use precision: float32, or auto`,
  );
}

/** Undefined where the engine does not have the precision. */
function identify(
  name: EngineName,
  { precisions, kernels }: EngineFound,
  choice: PrecisionChoice,
): ChosenEngine | undefined {
  const precision = choice === "auto" ? precisions[0] : choice;
  return precisions.includes(precision) ? { name, precision, kernels } : undefined;
}

/** One line: "engine native is not built here (install a C++ compiler …)". */
function describeMissing(name: EngineName, { missing, mend }: EngineMissing): string {
  return `engine ${name} ${missing} (${mend})`;
}

/** In words: "native (float32, avx512)". */
export function describeEngine({ name, precision, kernels }: EngineDescription): string {
  return `${name} (${kernels === null ? precision : `${precision}, ${kernels}`})`;
}
