// What an engine is: how it reports whether this machine has it, what it provides once started, and its traits. An engine is
// a TensorFlow.js backend, plus the few passes that it computes better than a composition of TensorFlow.js's operations; the
// trainer is the same for all.

import type { NamedTensorMap } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { EngineName, Precision } from "../config/engines.ts";
import type { Optimizers } from "./optimizers.ts";

/** Which engine trains, in which precision, and with which instructions: together they decide a result to its last digit. */
export interface EngineIdentity {
  readonly name: string;
  readonly precision: Precision;
  /** The instruction set of engine native's kernels, such as "avx512"; null for an engine that has only one. */
  readonly kernels: string | null;
}

/** The identity of one of this program's engines. */
export interface ChosenEngine extends EngineIdentity {
  readonly name: EngineName;
}

/** An identity as read from a file. */
export interface EngineDescription {
  readonly name: string;
  readonly precision: string;
  readonly kernels: string | null;
}

/** At least one, the one that `precision: auto` takes first. */
export type Precisions = readonly [Precision, ...Precision[]];

export interface EngineFound {
  /** Of the library that computes. */
  readonly version: string;
  /** What it runs on: the processor or the graphics card, by the name that its maker gave it. */
  readonly device: string;
  /** An engine for graphics cards found none, only a program that emulates one on the processor. */
  readonly isSoftware: boolean;
  readonly precisions: Precisions;
  /** The instruction set of engine native's kernels, such as "avx512"; null for an engine that has only one. */
  readonly kernels: string | null;
}

export interface EngineMissing {
  /** Why, to be read after "engine native": "is not built here". */
  readonly missing: string;
  /** The one command or step that fixes it, to be read after "To fix it:". */
  readonly fix: string;
}

export type EngineProbe = EngineFound | EngineMissing;

/** Builds the model that is to be trained, without values, for `inspect` alone, and returns what that returns. */
export type ModelInspection = <Result>(inspect: (net: LayersModel) => Result) => Promise<Result>;

/** A batch: pixels uint8 [images, height, width, channels], and a class for each image. */
export interface LabelledPixels {
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
}

export interface StepResult {
  /** Mean cross-entropy of the batch. */
  readonly loss: number;
  /** Number of correctly classified images. */
  readonly correct: number;
}

/** Seconds that a layer's operations took. */
export interface LayerTime {
  readonly layer: string;
  readonly forward: number;
  readonly backward: number;
}

/** A model's training step and its evaluation, compiled by an engine. */
export interface CompiledModel {
  /** Forward and back; leaves the gradients in `gradients`, and takes no optimizer step. */
  train(batch: LabelledPixels): StepResult;
  /**
   * Without dropout, and with the moving moments of batch normalisation. Takes any number of images.
   * @param predictions receives the class that each image is given.
   */
  evaluate(batch: LabelledPixels, predictions?: Int32Array): StepResult;
  /** By the names of the variables; the same tensors after every step. */
  readonly gradients: NamedTensorMap;
  /** The next training step is this one (from 0), as after that many steps: its dropout masks depend on the number. */
  continueFrom(step: number): void;
  /**
   * How the time since the last call was spent, on one thread; the first call starts measuring. A layer that consists of two
   * operations has two entries. Work for all layers together, such as the loss, is left out.
   */
  profile(): LayerTime[];
  dispose(): void;
}

/** Sums over the images of a pass. */
export interface PassResult {
  /** Of the images' cross-entropies. */
  readonly loss: number;
  /** Number of correctly classified images. */
  readonly correct: number;
}

/** A model's steps on a device with its own memory, which is read once a pass, since reading waits for all steps. */
export interface DeviceModel {
  /**
   * Begins a pass over the images at the indices in `order`. Images of an earlier pass, known by their array of pixels, are
   * not copied to the device again unless `areRedrawn` says that the array has new values. Their number must be the same.
   */
  begin(images: LabelledPixels, order: Int32Array, areRedrawn?: boolean): void;
  /** Forward and back on the next images of the pass; returns the gradients by name, and takes no optimizer step. */
  train(count: number): NamedTensorMap;
  /** Without dropout, and with the moving moments of batch normalisation. */
  evaluate(count: number): void;
  /** Ends a pass after its last image. @throws RunError if the device failed: out of memory, or lost. */
  end(): Promise<PassResult>;
  dispose(): void;
}

/** A started engine; TensorFlow.js's operations now run on it. */
export interface Engine extends EngineIdentity {
  readonly optimizers: Optimizers;
  /** The compiled form of a model that maps pixels in [0, 1] to logits; undefined if the engine cannot compile it. */
  compile?(net: LayersModel, batchSize: number): CompiledModel | undefined;
  /** The same model on the engine's device, if it has one. */
  onDevice?(net: LayersModel): DeviceModel;
}

/** One engine: its traits, and the functions that its folder provides. They load the engine's code when called. */
export interface EngineDefinition {
  readonly name: EngineName;
  /** Why `auto` takes it, to be read after "auto takes native:"; undefined if it is only used on request. */
  readonly merit?: string;
  /** Every machine should have it: if `auto` has to do without it, a note says how to get it. */
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
   * The precisions of an engine that was found, the fastest for this model first; undefined if the model makes no
   * difference. The answer is a rule and no measurement: the same model on the same machine gets the same precision.
   */
  rankPrecisions?(found: EngineFound, model: ModelInspection): Promise<Precisions>;
  /** What the user should know about trainings of this model, one line; undefined if there is nothing. */
  noteOn?(model: ModelInspection): Promise<string | undefined>;
  /**
   * Makes its backend TensorFlow.js's current one.
   * @param threads of a training, 1 or more; engines that are not threaded ignore it.
   */
  start(identity: EngineIdentity, threads: number): Promise<Engine>;
}
