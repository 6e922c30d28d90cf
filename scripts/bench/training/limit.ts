// How far a rate is from the limit, which is what this processor's matrix products allow: so many floating-point operations
// an image takes, and so many a core computes in a second at most (after Williams, Waterman and Patterson 2009, "Roofline",
// of which this is the flat part; memory is not counted).

import { NOISE } from "../../../src/child/meter.ts";
import { buildModel } from "../../../src/child/model.ts";
import { multiplyAdds } from "../../../src/child/multiply-adds.ts";
import { startEngine } from "../../../src/engine/engine.ts";
import type { Setup } from "./measurement.ts";
import type { Peaks } from "./peak.ts";

/** Floating-point operations for one image: two for each multiply-add. */
export interface Operations {
  /** Forward and back. */
  readonly trained: number;
  /** Forward alone. */
  readonly validated: number;
}

/** A model's, on a machine. */
export interface Limit {
  readonly operations: Operations;
  readonly peaks: Peaks;
  /** Of the machine. */
  readonly cores: number;
}

/** Of the model of this name, on the images that all sides are measured on. */
export async function operationsOf(model: string): Promise<Operations> {
  // The weights, which do not matter, take an engine.
  const engine = await startEngine("auto", "auto");
  const { side, classes } = NOISE;
  const { net, optimizer } = buildModel(model, { height: side, width: side, classes, seed: 0, engine });
  const { forward, training } = multiplyAdds(net);
  net.dispose();
  optimizer.dispose();
  return { trained: 2 * training, validated: 2 * forward };
}

/**
 * Images per second that the setup's cores, its precision and its kernels allow, the fastest where it has none by name;
 * undefined where that is not known.
 */
export function imagesAllowed(operations: number, { peaks, cores }: Limit, setup: Setup): number | undefined {
  const { kernels, precision } = setup;
  const peak = peaks.peaks.get(kernels ?? peaks.fastest);
  const busy = coresOf(setup, cores);
  return peak && (busy * 1e9 * (busy === 1 ? peak.alone : peak.together)[precision]) / operations;
}

/** GFLOP/s of each core that the setup makes use of. */
export function gigaflopsACore(
  imagesPerSecond: number,
  operations: number,
  setup: Setup,
  cores: number,
): number {
  return (imagesPerSecond * operations) / 1e9 / coresOf(setup, cores);
}

function coresOf({ processes, threads }: Setup, cores: number): number {
  return Math.min(processes * threads, cores);
}
