// Crop and flips: pixels change their place, and nothing comes in from outside.

import type { Random } from "../common/random.ts";
import { CubicTapsScratch } from "./cubic.ts";
import { float32Scratch } from "./scratch.ts";
import { clamped, type Shape, type Technique } from "./technique.ts";

/** Whole pixels that each side loses. */
type CropParameters = { top: number; right: number; bottom: number; left: number };

const rowTaps = new CubicTapsScratch();
const columnTaps = new CubicTapsScratch();
const rowScratch = float32Scratch();

export const crop: Technique<CropParameters> = {
  name: "crop",
  family: "geometric",
  meaning:
    "each side loses a whole number of pixels from 0 to m × the side's length; the rest is enlarged back (cubic)",
  usesMagnitude: true,
  draw(magnitude, { height, width }, random) {
    const [top, bottom] = drawLosses(magnitude, height, random);
    const [left, right] = drawLosses(magnitude, width, random);
    return { top, right, bottom, left };
  },
  render(source, target, { height, width }, { top, right, bottom, left }) {
    if (top + right + bottom + left === 0) {
      target.set(source);
      return;
    }
    const rows = rowTaps.take(height - top - bottom, height, top);
    const columns = columnTaps.take(width - left - right, width, left);
    const row = rowScratch.take(width * 3);
    const output = clamped(target);
    const stride = width * 3;
    const end = (width - right) * 3;
    for (let y = 0; y < height; y++) {
      const t = 4 * y;
      const i0 = rows.indices[t] * stride;
      const i1 = rows.indices[t + 1] * stride;
      const i2 = rows.indices[t + 2] * stride;
      const i3 = rows.indices[t + 3] * stride;
      const w0 = rows.weights[t];
      const w1 = rows.weights[t + 1];
      const w2 = rows.weights[t + 2];
      const w3 = rows.weights[t + 3];
      for (let j = left * 3; j < end; j++) {
        row[j] = w0 * source[i0 + j] + w1 * source[i1 + j] + w2 * source[i2 + j] + w3 * source[i3 + j];
      }
      writeRow(row, output, y * stride, width, columns.indices, columns.weights);
    }
  },
};

/** One row, resized: `row` [width, 3] into `output` [width, 3] from `start`, by four taps for each target pixel. */
function writeRow(
  row: Float32Array,
  output: Uint8ClampedArray,
  start: number,
  width: number,
  indices: Int32Array,
  weights: Float32Array,
): void {
  let o = start;
  for (let c = 0; c < 4 * width; c += 4, o += 3) {
    const j0 = indices[c] * 3;
    const j1 = indices[c + 1] * 3;
    const j2 = indices[c + 2] * 3;
    const j3 = indices[c + 3] * 3;
    const w0 = weights[c];
    const w1 = weights[c + 1];
    const w2 = weights[c + 2];
    const w3 = weights[c + 3];
    output[o] = w0 * row[j0] + w1 * row[j1] + w2 * row[j2] + w3 * row[j3];
    output[o + 1] = w0 * row[j0 + 1] + w1 * row[j1 + 1] + w2 * row[j2 + 1] + w3 * row[j3 + 1];
    output[o + 2] = w0 * row[j0 + 2] + w1 * row[j1 + 2] + w2 * row[j2 + 2] + w3 * row[j3 + 2];
  }
}

/**
 * Losses of two opposite sides. Where they would leave nothing, both give back half of what is too much, so that one
 * pixel is left.
 */
function drawLosses(magnitude: number, length: number, random: Random): [number, number] {
  const largest = Math.floor(magnitude * length);
  const first = random.integer(0, largest);
  const second = random.integer(0, largest);
  const excess = Math.max(0, first + second - (length - 1));
  const back = Math.max(excess - second, Math.min(first, Math.ceil(excess / 2)));
  return [first - back, second - (excess - back)];
}

type FlipParameters = { flipped: boolean };

export const horizontalFlip: Technique<FlipParameters> = {
  name: "horizontal-flip",
  family: "geometric",
  meaning: "the probability m that left and right are exchanged",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({ flipped: random.chance(magnitude) }),
  render(source, target, { height, width }, { flipped }) {
    if (!flipped) {
      target.set(source);
      return;
    }
    const stride = width * 3;
    for (let y = 0; y < height; y++) {
      let to = y * stride;
      for (let from = to + stride - 3; from >= y * stride; from -= 3, to += 3) {
        target[to] = source[from];
        target[to + 1] = source[from + 1];
        target[to + 2] = source[from + 2];
      }
    }
  },
};

export const verticalFlip: Technique<FlipParameters> = {
  name: "vertical-flip",
  family: "geometric",
  meaning: "the probability m that top and bottom are exchanged",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({ flipped: random.chance(magnitude) }),
  render(source, target: Uint8Array, { height, width }: Shape, { flipped }) {
    if (!flipped) {
      target.set(source);
      return;
    }
    const stride = width * 3;
    for (let y = 0; y < height; y++) {
      target.set(source.subarray(y * stride, (y + 1) * stride), (height - 1 - y) * stride);
    }
  },
};
