// Resizes by convolution with a triangle whose width follows the scale: bilinear interpolation when enlarging, an area
// average with soft edges and no aliasing when reducing. The method of Pillow's Image.resize with BILINEAR.

import { mismatch } from "../common/errors.ts";
import { createBatch, type ImageBatch, imageAt, type Pixels } from "./batch.ts";

/** For each output position: the first input position, and the weights from there on, which add up to 1. */
interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** [output size, longest count] */
  readonly weights: Float32Array;
  readonly stride: number;
}

/**
 * Resizes a picture [height, width, 3] to [toHeight, toWidth, 3], uint8. The aspect ratio may change. The same size gives
 * a copy.
 */
export function resizeImage(
  pixels: Uint8Array,
  height: number,
  width: number,
  toHeight: number,
  toWidth: number,
): Uint8Array {
  if (pixels.length !== height * width * 3) {
    throw new RangeError(mismatch("pixels", `${height} x ${width} x 3 values`, pixels.length));
  }
  if (height === toHeight && width === toWidth) return pixels.slice();
  const rows = convolveRows(pixels, height, width, tapsOf(width, toWidth), toWidth);
  return convolveColumns(rows, toWidth, tapsOf(height, toHeight), toHeight);
}

/** The picture at `side` x `side` pixels; unchanged if it already has this size or `side` is undefined. */
export function toSquare({ data, height, width }: Pixels, side: number | undefined): Pixels {
  if (side === undefined || (height === side && width === side)) return { data, height, width };
  return { data: resizeImage(data, height, width, side, side), height: side, width: side };
}

/** Resizes all images of a batch: [count, toHeight, toWidth, 3]. */
export function resizeBatch(batch: ImageBatch, toHeight: number, toWidth: number): ImageBatch {
  const resized = createBatch(batch.count, toHeight, toWidth);
  const size = toHeight * toWidth * 3;
  for (let i = 0; i < batch.count; i++) {
    resized.data.set(resizeImage(imageAt(batch, i), batch.height, batch.width, toHeight, toWidth), i * size);
  }
  return resized;
}

function tapsOf(from: number, to: number): Taps {
  const scale = from / to;
  const reach = Math.max(1, scale);
  const stride = Math.ceil(reach) * 2 + 1;
  const taps = {
    starts: new Int32Array(to),
    counts: new Int32Array(to),
    weights: new Float32Array(to * stride),
    stride,
  };
  for (let place = 0; place < to; place++) {
    const centre = (place + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - reach + 0.5));
    const end = Math.min(from, Math.floor(centre + reach + 0.5));
    let sum = 0;
    for (let i = start; i < end; i++) sum += Math.max(0, 1 - Math.abs(i + 0.5 - centre) / reach);
    for (let i = start; i < end; i++) {
      taps.weights[place * stride + i - start] = Math.max(0, 1 - Math.abs(i + 0.5 - centre) / reach) / sum;
    }
    taps.starts[place] = start;
    taps.counts[place] = end - start;
  }
  return taps;
}

/** [height, width, 3] to [height, toWidth, 3]; not rounded yet. */
function convolveRows(
  pixels: Uint8Array,
  height: number,
  width: number,
  taps: Taps,
  toWidth: number,
): Float32Array {
  const result = new Float32Array(height * toWidth * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < toWidth; x++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let from = (y * width + taps.starts[x]) * 3;
      for (let tap = x * taps.stride; tap < x * taps.stride + taps.counts[x]; tap++, from += 3) {
        const weight = taps.weights[tap];
        red += weight * pixels[from];
        green += weight * pixels[from + 1];
        blue += weight * pixels[from + 2];
      }
      const to = (y * toWidth + x) * 3;
      result[to] = red;
      result[to + 1] = green;
      result[to + 2] = blue;
    }
  }
  return result;
}

/** [height, width, 3] to [toHeight, width, 3], rounded. */
function convolveColumns(rows: Float32Array, width: number, taps: Taps, toHeight: number): Uint8Array {
  const row = width * 3;
  const result = new Uint8Array(toHeight * row);
  const sums = new Float32Array(row);
  for (let y = 0; y < toHeight; y++) {
    sums.fill(0);
    for (let tap = 0; tap < taps.counts[y]; tap++) {
      const weight = taps.weights[y * taps.stride + tap];
      const from = (taps.starts[y] + tap) * row;
      for (let i = 0; i < row; i++) sums[i] += weight * rows[from + i];
    }
    for (let i = 0; i < row; i++) result[y * row + i] = Math.floor(sums[i] + 0.5);
  }
  return result;
}
