// Pictures of 224 x 224 pixels for benchmarks, made of the few real images in test/fixtures/.

import type { Random } from "../../src/common/random.ts";
import { type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { resizeImage } from "../../src/image/resize.ts";

export const SIDE = 224;

/**
 * A mosaic of crops of 7 x 7 of the images, each enlarged a little: as much detail as photographs of this size have.
 * [SIDE, SIDE, 3]
 */
export function mosaic(images: ImageBatch, random: Random): Uint8Array {
  const tiles = 7;
  const side = SIDE / tiles;
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let tile = 0; tile < tiles * tiles; tile++) {
    const image = imageAt(images, random.integer(0, images.count - 1));
    const size = random.integer(8, 24);
    const [top, left] = [random.integer(0, 32 - size), random.integer(0, 32 - size)];
    const crop = new Uint8Array(size * size * 3);
    for (let y = 0; y < size; y++) {
      const start = ((top + y) * 32 + left) * 3;
      crop.set(image.subarray(start, start + size * 3), y * size * 3);
    }
    const enlarged = resizeImage(crop, size, size, side, side);
    const [row, column] = [Math.floor(tile / tiles) * side, (tile % tiles) * side];
    for (let y = 0; y < side; y++) {
      pixels.set(enlarged.subarray(y * side * 3, (y + 1) * side * 3), ((row + y) * SIDE + column) * 3);
    }
  }
  return pixels;
}
