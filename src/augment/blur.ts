// Gaussian blur: separable, with reflected borders (101). The kernel's size follows imgaug 0.4, its values OpenCV's
// getGaussianKernel.

import { align, kernels } from "./kernels.ts";
import type { Technique, TechniqueSet } from "./technique.ts";

/** Below this sigma the blur is the identity. */
const SMALLEST_SIGMA = 1e-3;

/** The standard deviation, in pixels. */
type BlurParameters = { sigma: number };

const gaussianBlur: Technique<BlurParameters> = {
  name: "gaussian-blur",
  family: "blur",
  meaning: "blurred by a Gaussian whose standard deviation is from 0 to 25 m pixels",
  draw: (magnitude, _shape, random) => ({ sigma: random.uniform(0, 25 * magnitude) }),
  isIdentity: ({ sigma }) => sigma < SMALLEST_SIGMA,
  workBytes({ height, width }, { sigma }) {
    const taps = kernelSize(sigma);
    return align(4 * taps) + kernels().blurMemory(height, width, taps);
  },
  render(canvas, { sigma }) {
    const { source, target, height, width, work, floats } = canvas;
    const kernel = gaussianKernel(sigma);
    floats.set(kernel, work >> 2);
    const rest = work + align(4 * kernel.length);
    canvas.kernels.blur(source, target, height, width, work, kernel.length, rest);
  },
};

/** The kernel's odd length in pixels, as in imgaug. */
export function kernelSize(sigma: number): number {
  const factor = sigma < 3 ? 3.3 : sigma < 5 ? 2.9 : 2.6;
  const size = Math.floor(Math.max(5, factor * sigma));
  return size + 1 - (size % 2);
}

/** Weights [kernelSize(sigma)] that sum to 1. */
export function gaussianKernel(sigma: number): Float64Array {
  const kernel = new Float64Array(kernelSize(sigma));
  const centre = (kernel.length - 1) / 2;
  let sum = 0;
  for (let i = 0; i < kernel.length; i++) {
    kernel[i] = Math.exp(-((i - centre) ** 2) / (2 * sigma * sigma));
    sum += kernel[i];
  }
  return kernel.map((weight) => weight / sum);
}

export const blurTechniques = {
  "gaussian-blur": gaussianBlur,
} satisfies TechniqueSet;
