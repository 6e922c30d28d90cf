// How far a rate is from the limit, which is what this processor's matrix products allow: so many floating-point operations
// an image takes, and so many a core computes in a second at most (after Williams, Waterman and Patterson 2009, "Roofline",
// of which this is the flat part; memory is not counted).

import { buildModel } from "../../../src/child/model.ts";
import { multiplyAdds } from "../../../src/child/multiply-adds.ts";
import { onOutline } from "../../../src/engine/outline.ts";
import { NOISE, noiseSide } from "../../../src/measure/meter.ts";
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
export function operationsOf(model: string): Promise<Operations> {
  const { classes } = NOISE;
  const side = noiseSide(model);
  return onOutline((engine) => {
    const options = { height: side, width: side, classes, seed: 0, engine, isOutline: true };
    const { net, optimizer } = buildModel(model, options);
    const { forward, training } = multiplyAdds(net);
    net.dispose();
    optimizer.dispose();
    return { trained: 2 * training, validated: 2 * forward };
  });
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
