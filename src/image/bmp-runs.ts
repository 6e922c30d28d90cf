// Unpacks the run lengths of BMP files (RLE4 and RLE8). Reference: Bitmap Compression (Microsoft, Windows GDI documentation).

import { pixelsMissing } from "./picture.ts";

const END_OF_LINE = 0;
const END = 1;
const JUMP = 2;

/** Some encoders pad rows to a multiple of 4 pixels. */
const LONGEST_PADDING = 3;

/**
 * The indices of a picture, [height, width], top row first. Pixels that a jump or the end of a line leaves out are 0.
 * @param packed from the first run on, bottom row first.
 * @param depth bits per pixel: 4 or 8.
 * @throws Error if the data end before the picture does.
 */
export function unpackRuns(packed: Uint8Array, height: number, width: number, depth: number): Uint8Array {
  const indices = new Uint8Array(height * width);
  let [x, y, place] = [0, 0, 0];
  const put = (index: number): void => {
    if (x >= width + LONGEST_PADDING) throw new Error("a run is longer than its row");
    if (x < width && y < height) indices[(height - 1 - y) * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number): number => (i % 2 === 0 ? byte >> 4 : byte & 15);
  const isComplete = (): boolean => y >= height || (y === height - 1 && x >= width);
  while (y < height) {
    if (place + 1 >= packed.length) {
      if (isComplete()) break;
      throw pixelsMissing();
    }
    const [count, value] = [packed[place], packed[place + 1]];
    place += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(depth === 8 ? value : nibble(value, i));
    } else if (value === END_OF_LINE) {
      [x, y] = [0, y + 1];
    } else if (value === END) {
      if (!isComplete()) throw pixelsMissing();
      break;
    } else if (value === JUMP) {
      if (place + 1 >= packed.length) throw pixelsMissing();
      [x, y] = [x + packed[place], y + packed[place + 1]];
      place += 2;
    } else {
      const size = depth === 8 ? value : Math.ceil(value / 2);
      if (place + size > packed.length) throw pixelsMissing();
      if (x + value > width) throw new Error("a run is longer than its row");
      for (let i = 0; i < value; i++)
        put(depth === 8 ? packed[place + i] : nibble(packed[place + (i >> 1)], i));
      place += size + (size % 2);
    }
  }
  return indices;
}
