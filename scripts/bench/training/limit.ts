// Compares a rate with the limit set by this processor's matrix products: the floating-point operations that an image
// takes, and the most that a core computes per second (the flat part of the model of Williams, Waterman and Patterson
// 2009, "Roofline"; memory is not counted).

import { inspectModel } from "../../../src/child/model.ts";
import { multiplyAdds } from "../../../src/child/multiply-adds.ts";
import { syntheticImages } from "../../../src/measure/meter.ts";
import type { Setup } from "./measurement.ts";
import type { Peaks } from "./peak.ts";

/** Floating-point operations for one image: two per multiply-add. */
export interface Operations {
  /** Forward and backward pass. */
  readonly trained: number;
  /** Forward pass only. */
  readonly validated: number;
}

/** The limit of a model on a machine. */
export interface Limit {
  readonly operations: Operations;
  readonly peaks: Peaks;
  /** Number of cores of the machine. */
  readonly cores: number;
}

/** Operations of the named model, for images of the size that all sides are measured with. */
export function operationsOf(model: string): Promise<Operations> {
  return inspectModel(model, syntheticImages(model), ({ net }) => {
    const { forward, training } = multiplyAdds(net);
    return { trained: 2 * training, validated: 2 * forward };
  });
}

/**
 * The most images per second with the setup's cores, precision and kernels (the fastest kernels if it names none);
 * undefined if the kernels' peak is not known.
 */
export function imagesAllowed(operations: number, { peaks, cores }: Limit, setup: Setup): number | undefined {
  const { kernels, precision } = setup;
  const peak = peaks.peaks.get(kernels ?? peaks.fastest);
  const busy = coresOf(setup, cores);
  return peak && (busy * 1e9 * (busy === 1 ? peak.alone : peak.together)[precision]) / operations;
}

/** GFLOP/s of each core that the setup uses. */
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
