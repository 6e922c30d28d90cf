// Sharpen and emboss: 3 x 3 kernels over each channel with reflected borders (101), as in imgaug 0.4 through OpenCV's
// filter2D (a correlation: the kernel is not flipped).

import { type Canvas, kernels } from "./kernels.ts";
import type { Shape, Technique, TechniqueSet } from "./technique.ts";

/** Nine weights, row by row from the top left. */
export type Kernel3x3 = readonly [number, number, number, number, number, number, number, number, number];

type SharpenParameters = { alpha: number; lightness: number };
type EmbossParameters = { alpha: number; strength: number };

const sharpen: Technique<SharpenParameters> = {
  name: "sharpen",
  family: "convolution",
  meaning: "blended with a share α from 0 to 1 of the sharpened image, whose lightness is from 0.5 to 5 m",
  draw: (magnitude, _shape, random) => ({
    alpha: random.uniform(0, 1),
    lightness: random.uniform(0.5, 5 * magnitude),
  }),
  workBytes,
  render(canvas, parameters) {
    convolve(canvas, sharpenKernel(parameters));
  },
};

const emboss: Technique<EmbossParameters> = {
  name: "emboss",
  family: "convolution",
  meaning: "blended with a share α from 0 to 1 of the embossed image, whose strength is from 0 to 20 m",
  draw: (magnitude, _shape, random) => ({
    alpha: random.uniform(0, 1),
    strength: random.uniform(0, 20 * magnitude),
  }),
  workBytes,
  render(canvas, parameters) {
    convolve(canvas, embossKernel(parameters));
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

function workBytes({ width }: Shape): number {
  return KERNEL_BYTES + kernels().convolutionMemory(width);
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
