// Gaussian blur: separable, the border reflected (101). The kernel's size follows imgaug 0.4 (about 99% of the weight
// for a small sigma, 95% for a large one), its values OpenCV's getGaussianKernel. Where the kernel reaches over the
// border it is folded back onto the image, so that a pixel costs at most as many products as the image has rows and
// columns, however large sigma is.

import { reflect101 } from "./border.ts";
import { float32Scratch, float64Scratch } from "./scratch.ts";
import { clamped, type Technique } from "./technique.ts";

/** Below this sigma the blur is the identity. */
const SMALLEST_SIGMA = 1e-3;

/** The standard deviation, in pixels. */
type BlurParameters = { sigma: number };

export const gaussianBlur: Technique<BlurParameters> = {
  name: "gaussian-blur",
  family: "blur",
  meaning: "blurred by a Gaussian whose standard deviation is from 0 to 25 m pixels",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({ sigma: random.uniform(0, 25 * magnitude) }),
  render(source, target, { height, width }, { sigma }) {
    if (sigma < SMALLEST_SIGMA) {
      target.set(source);
      return;
    }
    const kernel = gaussianKernel(sigma);
    const vertical = fold(kernel, height, verticalScratch);
    const horizontal = fold(kernel, width, horizontalScratch);
    const stride = width * 3;
    const row = rowScratch.take(stride);
    const output = clamped(target);
    for (let y = 0; y < height; y++) {
      blurColumns(source, row, stride, vertical, y);
      blurRow(row, output, y * stride, width, horizontal);
    }
  },
};

/** The kernel's odd length in pixels: imgaug's choice. */
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

/**
 * The kernel folded onto an axis of `size` values: position p is the sum over t of weights[p taps + t] times the value
 * at firstTap(p) + t.
 */
interface FoldedKernel {
  readonly size: number;
  readonly taps: number;
  readonly weights: Float64Array;
}

const verticalScratch = float64Scratch();
const horizontalScratch = float64Scratch();
const rowScratch = float32Scratch();

function fold(kernel: Float64Array, size: number, scratch: typeof verticalScratch): FoldedKernel {
  const taps = Math.min(kernel.length, size);
  const weights = scratch.take(size * taps).fill(0, 0, size * taps);
  const folded = { size, taps, weights };
  const radius = (kernel.length - 1) / 2;
  for (let position = 0; position < size; position++) {
    const start = position * taps - firstTap(folded, position);
    for (let k = 0; k < kernel.length; k++)
      weights[start + reflect101(position + k - radius, size)] += kernel[k];
  }
  return folded;
}

/** The first of the neighbouring values that position p is made of: p's own surroundings, moved inside the axis. */
function firstTap({ size, taps }: FoldedKernel, position: number): number {
  return Math.max(0, Math.min(size - taps, position - ((taps - 1) >> 1)));
}

/** Row `y` of the image blurred along its columns, into `row` [stride]. Four source rows at a time, for speed. */
function blurColumns(
  source: Uint8Array,
  row: Float32Array,
  stride: number,
  kernel: FoldedKernel,
  y: number,
): void {
  const { taps, weights } = kernel;
  const first = firstTap(kernel, y);
  row.fill(0, 0, stride);
  let tap = 0;
  for (; tap + 3 < taps; tap += 4) {
    const w = y * taps + tap;
    const w0 = weights[w];
    const w1 = weights[w + 1];
    const w2 = weights[w + 2];
    const w3 = weights[w + 3];
    const i0 = (first + tap) * stride;
    const i1 = i0 + stride;
    const i2 = i1 + stride;
    const i3 = i2 + stride;
    for (let j = 0; j < stride; j++) {
      row[j] += w0 * source[i0 + j] + w1 * source[i1 + j] + w2 * source[i2 + j] + w3 * source[i3 + j];
    }
  }
  for (; tap < taps; tap++) {
    const weight = weights[y * taps + tap];
    for (let j = 0, i = (first + tap) * stride; j < stride; j++, i++) row[j] += weight * source[i];
  }
}

/** `row` [width, 3] blurred along itself, into `output` from `start`. */
function blurRow(
  row: Float32Array,
  output: Uint8ClampedArray,
  start: number,
  width: number,
  kernel: FoldedKernel,
): void {
  const { taps, weights } = kernel;
  for (let x = 0, o = start; x < width; x++, o += 3) {
    let red = 0;
    let green = 0;
    let blue = 0;
    const end = (x + 1) * taps;
    for (let w = x * taps, j = firstTap(kernel, x) * 3; w < end; w++, j += 3) {
      const weight = weights[w];
      red += weight * row[j];
      green += weight * row[j + 1];
      blue += weight * row[j + 2];
    }
    output[o] = red;
    output[o + 1] = green;
    output[o + 2] = blue;
  }
}
