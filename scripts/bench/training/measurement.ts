// What is measured of a side of the comparison, ours or the peer's.

import type { Measurement } from "../../../src/measure/bench.ts";

/** One round. */
export type { Measurement };

/** Which side, and how it was set up: everything that a figure depends on besides the machine. */
export interface Setup {
  readonly side: "deepaugment" | "torch";
  /** The engine's, or "torch" with its version. */
  readonly name: string;
  readonly model: string;
  readonly precision: "float32" | "bfloat16";
  /** The instruction set or the layout of images that was chosen; "" where the side chose itself. */
  readonly variant: string;
  /** The instruction set of engine native; null for another engine, and for torch. */
  readonly kernels: string | null;
  /** That trained at the same time. */
  readonly processes: number;
  /** Of each process. */
  readonly threads: number;
  readonly batch: number;
}

/** A side that is warm and measures when it is told to; idle otherwise. */
export interface Contender {
  readonly setup: Setup;
  /** One round: about so many seconds of training, then a third of it of validation. */
  measure(seconds: number): Promise<Measurement>;
}

/** The middle one, of an even number the mean of the middle two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}
