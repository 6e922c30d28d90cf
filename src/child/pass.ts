// A pass over images in steps: the interface that all kinds of steps share.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { LabelledImages } from "../dataset/dataset.ts";
import { SeededDropout } from "./dropout.ts";
import { RandomLayer } from "./own/random-layers.ts";

/** Means over all images of a pass. */
export interface Means {
  /** Cross-entropy. */
  readonly loss: number;
  readonly accuracy: number;
}

export interface ChildSteps {
  /**
   * Trains one step on each batch of the images at `indices`, in that order. The means are measured during training, so
   * with dropout.
   * @param areRedrawn whether `data` has new values in the arrays of an earlier call.
   */
  train(data: LabelledImages, indices: Int32Array, batchSize: number, areRedrawn?: boolean): Promise<Means>;
  /** The next training step is this one (from 0), as after that many steps: its dropout masks depend on the number. */
  continueFrom(step: number): void;
  /** Evaluates without dropout. */
  evaluate(data: LabelledImages): Promise<Means>;
  dispose(): void;
}

/** Images per forward pass in validation: enough to amortize a call's overhead, few enough to stay in the cache. */
export const VALIDATION_BATCH = 100;

/** The layers of a model that is not compiled, which draw random numbers by the step, continue from this one. */
export function continueDropout(net: LayersModel, step: number): void {
  for (const layer of net.layers) {
    if (layer instanceof SeededDropout || layer instanceof RandomLayer) layer.continueFrom(step);
  }
}

/** Lets the event loop handle messages between steps, such as a stop or the loss of the parent process. */
export function letMessagesThrough(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
