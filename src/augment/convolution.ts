// Sharpen and emboss: 3 x 3 kernels over each channel with reflected borders (101), as in imgaug 0.4 through OpenCV's
// filter2D (a correlation: the kernel is not flipped). On images larger than the judged ones the neighbours are further
// apart, and means over areas; on smaller ones they are between pixels.

import { type Canvas, kernels } from "./kernels.ts";
import { grainsOf } from "./scale.ts";
import type { DrawShape, Shape, Technique, TechniqueSet } from "./technique.ts";

/** Nine weights, row by row from the top left. */
export type Kernel3x3 = readonly [number, number, number, number, number, number, number, number, number];

/** The distance of the kernel's neighbours in pixels; 1 if missing. */
type Spacing = { spacing?: number };
type SharpenParameters = { alpha: number; lightness: number } & Spacing;
type EmbossParameters = { alpha: number; strength: number } & Spacing;

const sharpen: Technique<SharpenParameters> = {
  name: "sharpen",
  family: "convolution",
  meaning: "blended with a share α from 0 to 1 of the sharpened image, whose lightness is from 0.5 to 5 m",
  draw: (magnitude, shape, random) => ({
    alpha: random.uniform(0, 1),
    lightness: random.uniform(0.5, 5 * magnitude),
    ...spacingFor(shape),
  }),
  workBytes,
  render(canvas, parameters) {
    convolveSpaced(canvas, sharpenKernel(parameters), parameters);
  },
};

const emboss: Technique<EmbossParameters> = {
  name: "emboss",
  family: "convolution",
  meaning: "blended with a share α from 0 to 1 of the embossed image, whose strength is from 0 to 20 m",
  draw: (magnitude, shape, random) => ({
    alpha: random.uniform(0, 1),
    strength: random.uniform(0, 20 * magnitude),
    ...spacingFor(shape),
  }),
  workBytes,
  render(canvas, parameters) {
    convolveSpaced(canvas, embossKernel(parameters), parameters);
  },
};

/** (1 - alpha) x identity + alpha x (-1 around, 8 + lightness in the middle). */
export function sharpenKernel({ alpha, lightness }: SharpenParameters): Kernel3x3 {
  const middle = 1 - alpha + alpha * (8 + lightness);
  return [-alpha, -alpha, -alpha, -alpha, middle, -alpha, -alpha, -alpha, -alpha];
}

/** (1 - alpha) x identity + alpha x [[-1-s, -s, 0], [-s, 1, s], [0, s, 1+s]]. */
export function embossKernel({ alpha, strength }: EmbossParameters): Kernel3x3 {
  const side = alpha * strength;
  const corner = alpha * (1 + strength);
  return [-corner, -side, 0, -side, 1, side, 0, side, corner];
}

/** Bytes for the nine weights. */
const KERNEL_BYTES = 48;

function spacingFor({ scale = 1 }: DrawShape): Spacing {
  return scale === 1 ? {} : { spacing: scale };
}

function workBytes(shape: Shape, { spacing = 1 }: Spacing): number {
  const { height, width } = shape;
  if (spacing <= 1) return KERNEL_BYTES + kernels().convolutionMemory(width);
  const { high, wide } = grainsOf(shape, spacing);
  return KERNEL_BYTES + kernels().gridFilterMemory(height, width, high, wide);
}

/** Like `convolve`, with the kernel's neighbours `spacing` pixels apart. */
function convolveSpaced(canvas: Canvas, kernel: Kernel3x3, { spacing = 1 }: Spacing): void {
  if (spacing <= 1) {
    convolve(canvas, spacing === 1 ? kernel : narrowed(kernel, spacing));
    return;
  }
  const { source, target, height, width, work, floats } = canvas;
  const { high, wide } = grainsOf(canvas, spacing);
  const gain = kernel.reduce((sum, weight) => sum + weight, 0);
  floats.set(kernel, work >> 2);
  canvas.kernels.gridFilter(source, target, height, width, high, wide, work, gain, work + KERNEL_BYTES);
}

/** The kernel with its neighbours closer than a pixel, interpolated linearly: again 3 x 3 weights. */
export function narrowed(kernel: Kernel3x3, spacing: number): Kernel3x3 {
  const narrow = new Array<number>(9).fill(0);
  for (const [i, weight] of kernel.entries()) {
    const [row, column] = [Math.floor(i / 3), i % 3];
    for (const [y, high] of sharesOf(row, spacing)) {
      for (const [x, wide] of sharesOf(column, spacing)) narrow[3 * y + x] += weight * high * wide;
    }
  }
  const [a, b, c, d, e, f, g, h, i] = narrow;
  return [a, b, c, d, e, f, g, h, i];
}

/** The places, 0 to 2, that share a weight of `place`, with their shares. */
function sharesOf(place: number, spacing: number): readonly (readonly [number, number])[] {
  if (place === 1) return [[1, 1]];
  return [
    [place, spacing],
    [1, 1 - spacing],
  ];
}

/** Each value of the target is the sum of the 3 x 3 source values around it, weighted by the kernel. */
export function convolve(canvas: Canvas, kernel: Kernel3x3): void {
  const { source, target, height, width, work, floats } = canvas;
  floats.set(kernel, work >> 2);
  canvas.kernels.convolve3x3(source, target, height, width, work, work + KERNEL_BYTES);
}

export const convolutionTechniques = {
  emboss,
  sharpen,
} satisfies TechniqueSet;
