// Small images for the tests of the augmenter.

import { Random } from "../../src/common/random.ts";

/** Random values, [height, width, 3]. */
export function randomImage(height: number, width: number, seed = 1): Uint8Array {
  const random = new Random(seed, "image");
  return Uint8Array.from({ length: height * width * 3 }, () => random.integer(0, 255));
}

/** A grey image, [height, width, 3], from rows of grey levels. */
export function grey(rows: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(rows.flat().flatMap((value) => [value, value, value]));
}

/** Rows of one channel of an image [height, width, 3]. */
export function rowsOf(image: Uint8Array, width: number, channel = 0): number[][] {
  const rows: number[][] = [];
  for (let i = channel; i < image.length; i += 3) {
    if (rows.length === 0 || rows[rows.length - 1].length === width) rows.push([]);
    rows[rows.length - 1].push(image[i]);
  }
  return rows;
}
