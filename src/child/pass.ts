// A pass over images, in steps: what the kinds of steps have in common.

import type { LabelledImages } from "../dataset/dataset.ts";

/** Over all images of a pass. */
export interface Means {
  /** Cross-entropy. */
  readonly loss: number;
  readonly accuracy: number;
}

export interface ChildSteps {
  /** A step on every batch of the images at `indices`, in that order; the means are measured while training. */
  train(data: LabelledImages, indices: Int32Array, batchSize: number): Promise<Means>;
  /** Without dropout. */
  evaluate(data: LabelledImages): Promise<Means>;
  dispose(): void;
}

/** Images per forward pass when validating: large enough to amortise, small enough to stay in the cache. */
export const VALIDATION_BATCH = 100;

/** Lets messages through between steps: a stop, or a parent that is gone. */
export function letMessagesThrough(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
