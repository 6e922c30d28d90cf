// Scales a picture for a cell. Small pictures are enlarged by a whole factor, each pixel to a square, so that the
// effect of a technique on single pixels is visible; large ones are reduced.

import type { Pixels } from "../image/batch.ts";
import { resizeImage } from "../image/resize.ts";

/**
 * Scales the picture so that its longer side has about `size` pixels: enlarged by the nearest whole number (at least
 * 1), or reduced to `size`. The aspect ratio is kept.
 */
export function fitPicture(picture: Pixels, size: number): Pixels {
  const { data, height, width } = picture;
  const side = Math.max(height, width);
  if (side <= size) return enlarge(picture, Math.max(1, Math.round(size / side)));
  const toHeight = Math.max(1, Math.round((height * size) / side));
  const toWidth = Math.max(1, Math.round((width * size) / side));
  return { data: resizeImage(data, height, width, toHeight, toWidth), height: toHeight, width: toWidth };
}

/** Scales the picture to exactly `size` x `size` pixels: enlarged by repeating pixels, or reduced. */
export function fitExactly({ data, height, width }: Pixels, size: number): Pixels {
  if (height >= size && width >= size)
    return { data: resizeImage(data, height, width, size, size), height: size, width: size };
  const fitted = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const row = Math.floor((y * height) / size) * width;
    for (let x = 0; x < size; x++) {
      const from = 3 * (row + Math.floor((x * width) / size));
      fitted.set(data.subarray(from, from + 3), 3 * (y * size + x));
    }
  }
  return { data: fitted, height: size, width: size };
}

/** Enlarges each pixel to a square of `factor` x `factor`. */
function enlarge({ data, height, width }: Pixels, factor: number): Pixels {
  const row = width * factor * 3;
  const enlarged = new Uint8Array(height * factor * row);
  for (let y = 0; y < height; y++) {
    const start = y * factor * row;
    for (let x = 0; x < width * factor; x++) {
      const from = (y * width + Math.floor(x / factor)) * 3;
      for (let channel = 0; channel < 3; channel++) enlarged[start + x * 3 + channel] = data[from + channel];
    }
    for (let copy = 1; copy < factor; copy++) enlarged.copyWithin(start + copy * row, start, start + row);
  }
  return { data: enlarged, height: height * factor, width: width * factor };
}
