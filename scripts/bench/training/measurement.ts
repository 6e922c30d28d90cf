// What is measured for each side of the comparison, ours and the peer's.

import type { Measurement } from "../../../src/measure/bench.ts";

/** The measurement of one round. */
export type { Measurement };

/** A side and its settings: everything that a figure depends on besides the machine. */
export interface Setup {
  readonly side: "deepaugment" | "torch";
  /** Name of the engine, or "torch" with its version. */
  readonly name: string;
  readonly model: string;
  readonly precision: "float32" | "bfloat16";
  /** The requested instruction set or image layout; "" if the side chose it. */
  readonly variant: string;
  /** The instruction set of engine native; null for other engines and for torch. */
  readonly kernels: string | null;
  /** Number of processes that train at the same time. */
  readonly processes: number;
  /** Threads per process. */
  readonly threads: number;
  readonly batch: number;
}

/** A warmed-up side that measures on request and is idle otherwise. */
export interface Contender {
  readonly setup: Setup;
  /** Measures one round: about `seconds` of training, then a third as long of validation. */
  measure(seconds: number): Promise<Measurement>;
}

/** The middle value, or the mean of the middle two for an even number of values; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}
