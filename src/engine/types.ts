// What an engine is: how it answers when asked whether this machine has it, what it gives once started, and its traits. An
// engine is a TensorFlow.js backend, plus the few passes that a backend can do better than TensorFlow.js's operations
// composed; the trainer is the same for all.

import type { NamedTensorMap } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { EngineName, Precision } from "../config/engines.ts";
import type { Optimizers } from "./optimizers.ts";

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

export interface EngineFound {
  /** Of the library that computes. */
  readonly version: string;
  /** What it runs on: the processor or the graphics card, by the name that its maker gave it. */
  readonly device: string;
  /** An engine for graphics cards has none here, but a program that stands in for one. */
  readonly isSoftware: boolean;
  /** Those to be had, first the one that `precision: auto` means. */
  readonly precisions: readonly [Precision, ...Precision[]];
  /** The instruction set of engine native's kernels, such as "avx512"; null for an engine that is always the same. */
  readonly kernels: string | null;
}

export interface EngineMissing {
  /** Why, to be read after "engine native": "is not built here". */
  readonly missing: string;
  /** The one command or step that brings it, to be read after "To have it:". */
  readonly mend: string;
}

export type EngineProbe = EngineFound | EngineMissing;

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

/** One engine: its traits, and the two functions that its folder provides. Both load the engine's code when called. */
export interface EngineDefinition {
  readonly name: EngineName;
  /** Why `auto` takes it, to be read after "auto takes native:"; undefined if it is only used on request. */
  readonly merit?: string;
  /** Every machine should have it: if `auto` has to do without it, the user is told how to get it. */
  readonly isExpected?: boolean;
  /** A training can use several threads. */
  readonly isThreaded?: boolean;
  /**
   * How many trainings run side by side on the one device that all of them share, unless `workers` says otherwise;
   * undefined if trainings run on the processor's cores.
   */
  readonly deviceWorkers?: number;
  /** Why the steps of a training cannot be profiled, to be read after "engine webgpu, whose"; undefined if they can. */
  readonly profilingObstacle?: string;
  /** Whether this machine has it. Starts nothing. */
  probe(): Promise<EngineProbe>;
  /**
   * Makes its backend TensorFlow.js's current one.
   * @param threads of a training, 1 or more; engines that are not threaded ignore it.
   */
  start(identity: EngineIdentity, threads: number): Promise<Engine>;
}
