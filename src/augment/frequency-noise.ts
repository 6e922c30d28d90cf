// Noise with a given spectrum, as in imgaug 0.4's FrequencyNoise: random amplitudes and phases, scaled by a power of
// the frequency, transformed back, stretched to 0-1, and enlarged (cubic) if made on a smaller grid. An exponent near
// -4 gives large blobs, near -1 fine grain.
//
// There are two small differences: a grid side with a prime factor above 7 is shortened to the next length without one
// and enlarged like the others, which bounds the cost; and enlarged planes are not rounded to 256 levels in between.

import { rootsOfUnity, smoothLength } from "./fourier.ts";
import { align, type Canvas, kernels } from "./kernels.ts";
import type { Shape } from "./technique.ts";

/** The smallest side of a grid. */
const SMALLEST_SIDE = 4;

/** Settings of a noise plane: the power of the frequency, and the maximum length of the grid's longer side. */
export interface NoiseSettings {
  readonly exponent: number;
  readonly largestSide: number;
}

/**
 * Fills the plane at an address, float32 [height, width], with noise in [0, 1]; enlarging may overshoot a little.
 * `random` is the address of a generator's state, `work` that of `noiseBytes` bytes.
 */
export function frequencyNoise(
  canvas: Canvas,
  plane: number,
  { exponent, largestSide }: NoiseSettings,
  random: number,
  work: number,
): void {
  const { kernels, height, width, floats } = canvas;
  const grid = gridOf(canvas, largestSide);
  const { apart, columnRoots, rowRoots, noise, half, other } = layOut(grid, work);
  floats.set(rootsOfUnity(grid.height), columnRoots >> 2);
  floats.set(rootsOfUnity(grid.width), rowRoots >> 2);
  kernels.drawSpectrum(half, apart, grid.height, grid.width, exponent, random);
  const isWhole = grid.height === height && grid.width === width;
  const made = isWhole ? plane : noise;
  kernels.realPlane(half, other, apart, grid.height, grid.width, columnRoots, rowRoots, made);
  kernels.stretch(made, grid.height * grid.width);
  // The spectrum is no longer needed, so its memory is reused.
  if (!isWhole) kernels.resizePlane(noise, grid.height, grid.width, plane, height, width, half);
}

/** Bytes of working memory for a plane of this shape. */
export function noiseBytes(shape: Shape, largestSide: number): number {
  const grid = gridOf(shape, largestSide);
  const { half, end } = layOut(grid, 0);
  return Math.max(end, half + kernels().resizeMemory(grid.height, shape.height, shape.width));
}

function gridOf({ height, width }: Shape, largestSide: number): Shape {
  const longer = Math.max(height, width);
  const share = longer > largestSide ? largestSide / longer : 1;
  const side = (length: number) => smoothLength(Math.max(SMALLEST_SIDE, Math.floor(length * share)));
  return { height: side(height), width: side(width) };
}

/** Addresses from `start` on: roots of unity, the grid's noise, and two complex arrays. */
function layOut({ height, width }: Shape, start: number) {
  const { columnLanes, rowLanes } = kernels();
  const columnRoots = start;
  const rowRoots = columnRoots + align(8 * height);
  const noise = rowRoots + align(8 * width);
  const half = noise + align(4 * height * width) + 16;
  const apart = 4 * Math.max(height * columnLanes(width), width * rowLanes(height));
  const other = half + 2 * apart;
  return { columnRoots, rowRoots, noise, half, other, apart, end: other + 2 * apart };
}
