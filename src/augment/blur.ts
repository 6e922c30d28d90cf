// Gaussian blur: separable, with reflected borders (101). The kernel's size follows imgaug 0.4, its values OpenCV's
// getGaussianKernel.

import { align, kernels } from "./kernels.ts";
import type { Technique, TechniqueSet } from "./technique.ts";

/** Below this sigma the blur is the identity. */
const SMALLEST_SIGMA = 1e-3;

/** The standard deviation, and the kernel's odd length if it is not `kernelSize(sigma)`; both in pixels. */
type BlurParameters = { sigma: number; size?: number };

const gaussianBlur: Technique<BlurParameters> = {
  name: "gaussian-blur",
  family: "blur",
  meaning: "blurred by a Gaussian whose standard deviation is from 0 to 25 m pixels",
  draw(magnitude, { scale = 1 }, random) {
    const sigma = random.uniform(0, 25 * magnitude);
    return scale === 1 ? { sigma } : { sigma: scale * sigma, size: oddSize(scale * kernelSize(sigma)) };
  },
  isIdentity: ({ sigma }) => sigma < SMALLEST_SIGMA,
  workBytes({ height, width }, { sigma, size }) {
    const taps = size ?? kernelSize(sigma);
    const step = sampleStep(sigma, size);
    const { blurMemory, wideBlurMemory } = kernels();
    return (
      align(4 * taps) +
      (step > 1 ? wideBlurMemory(height, width, taps, step) : blurMemory(height, width, taps))
    );
  },
  render(canvas, { sigma, size }) {
    const { source, target, height, width, work, floats } = canvas;
    const kernel = gaussianKernel(sigma, size);
    floats.set(kernel, work >> 2);
    const taps = kernel.length;
    const rest = work + align(4 * taps);
    const step = sampleStep(sigma, size);
    if (step > 1) canvas.kernels.wideBlur(source, target, height, width, work, taps, step, rest);
    else canvas.kernels.blur(source, target, height, width, work, taps, rest);
  },
};

/** Pixels between the exact values of a scaled blur: so few that interpolation errs by less than one level. */
function sampleStep(sigma: number, size: number | undefined): number {
  return size === undefined ? 1 : Math.floor(sigma / 16);
}

/** The nearest odd number from 3 upwards. */
function oddSize(size: number): number {
  return Math.max(3, 2 * Math.round((size - 1) / 2) + 1);
}

/** The kernel's odd length in pixels, as in imgaug. */
export function kernelSize(sigma: number): number {
  const factor = sigma < 3 ? 3.3 : sigma < 5 ? 2.9 : 2.6;
  const size = Math.floor(Math.max(5, factor * sigma));
  return size + 1 - (size % 2);
}

/** Weights [size] that sum to 1. */
export function gaussianKernel(sigma: number, size: number = kernelSize(sigma)): Float64Array {
  const kernel = new Float64Array(size);
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
