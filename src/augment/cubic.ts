// Bicubic resizing by convolution with Keys' kernel (Keys 1981, "Cubic convolution interpolation for digital image
// processing"), a = -0.75 and half-pixel centres as OpenCV's INTER_CUBIC has them; beyond the border its pixels repeat.
// Nothing is smoothed beforehand, so this is meant for enlarging.

import { float32Scratch, int32Scratch } from "./scratch.ts";
import type { Shape } from "./technique.ts";

const A = -0.75;

/** The four source indices and weights of each target position: position p's are at 4p to 4p + 3. */
export interface CubicTaps {
  readonly indices: Int32Array;
  readonly weights: Float32Array;
}

/** Memory for taps, used again. Taps of rows and of columns need one each. */
export class CubicTapsScratch {
  readonly #indices = int32Scratch();
  readonly #weights = float32Scratch();

  /** Taps that map `from` values, starting at source index `offset`, onto `to` positions. */
  take(from: number, to: number, offset = 0): CubicTaps {
    const indices = this.#indices.take(4 * to);
    const weights = this.#weights.take(4 * to);
    const scale = from / to;
    for (let position = 0; position < to; position++) {
      const place = (position + 0.5) * scale - 0.5;
      const left = Math.floor(place);
      const fraction = place - left;
      for (let tap = 0; tap < 4; tap++) {
        indices[4 * position + tap] = offset + Math.min(from - 1, Math.max(0, left - 1 + tap));
        weights[4 * position + tap] = keys(Math.abs(fraction + 1 - tap));
      }
    }
    return { indices, weights };
  }
}

/** Keys' kernel at a distance in [0, 2]. */
function keys(distance: number): number {
  if (distance <= 1) return ((A + 2) * distance - (A + 3)) * distance * distance + 1;
  return A * (((distance - 5) * distance + 8) * distance - 4);
}

const rowTaps = new CubicTapsScratch();
const columnTaps = new CubicTapsScratch();
const rowScratch = float32Scratch();

/** Resizes a plane of real numbers, `source` [from.height, from.width], into `target` [to.height, to.width]. */
export function resizePlane(source: Float32Array, from: Shape, target: Float32Array, to: Shape): void {
  const rows = rowTaps.take(from.height, to.height);
  const columns = columnTaps.take(from.width, to.width);
  const row = rowScratch.take(from.width);
  for (let y = 0; y < to.height; y++) {
    const t = 4 * y;
    const i0 = rows.indices[t] * from.width;
    const i1 = rows.indices[t + 1] * from.width;
    const i2 = rows.indices[t + 2] * from.width;
    const i3 = rows.indices[t + 3] * from.width;
    const w0 = rows.weights[t];
    const w1 = rows.weights[t + 1];
    const w2 = rows.weights[t + 2];
    const w3 = rows.weights[t + 3];
    for (let x = 0; x < from.width; x++) {
      row[x] = w0 * source[i0 + x] + w1 * source[i1 + x] + w2 * source[i2 + x] + w3 * source[i3 + x];
    }
    const start = y * to.width;
    const { indices, weights } = columns;
    for (let x = 0, c = 0; x < to.width; x++, c += 4) {
      target[start + x] =
        weights[c] * row[indices[c]] +
        weights[c + 1] * row[indices[c + 1]] +
        weights[c + 2] * row[indices[c + 2]] +
        weights[c + 3] * row[indices[c + 3]];
    }
  }
}
