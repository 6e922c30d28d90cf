// A pass over images in steps: the interface that all kinds of steps share.

import type { LabelledImages } from "../dataset/dataset.ts";

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
   */
  train(data: LabelledImages, indices: Int32Array, batchSize: number): Promise<Means>;
  /** Evaluates without dropout. */
  evaluate(data: LabelledImages): Promise<Means>;
  dispose(): void;
}

/** Images per forward pass in validation: enough to amortize a call's overhead, few enough to stay in the cache. */
export const VALIDATION_BATCH = 100;

/** Lets the event loop handle messages between steps, such as a stop or the loss of the parent process. */
export function letMessagesThrough(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
