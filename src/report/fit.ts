// A picture as a cell shows it. Small ones are enlarged by a whole factor, each pixel a square of its own, so that what
// a technique did to a pixel is what one sees; large ones are reduced.

import type { Pixels } from "../image/batch.ts";
import { resizeImage } from "../image/resize.ts";

/**
 * The picture with its longer side about `size` pixels long: enlarged by the whole number that comes nearest (at least
 * 1), or reduced to `size`. Its aspect ratio is kept.
 */
export function fitPicture(picture: Pixels, size: number): Pixels {
  const { data, height, width } = picture;
  const side = Math.max(height, width);
  if (side <= size) return enlarge(picture, Math.max(1, Math.round(size / side)));
  const toHeight = Math.max(1, Math.round((height * size) / side));
  const toWidth = Math.max(1, Math.round((width * size) / side));
  return { data: resizeImage(data, height, width, toHeight, toWidth), height: toHeight, width: toWidth };
}

/** Each pixel as a square of `factor` x `factor`. */
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
