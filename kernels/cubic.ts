// Bicubic resizing by convolution with Keys' kernel (Keys 1981, "Cubic convolution interpolation for digital image
// processing"), with a = -0.75, half-pixel centres and repeated border pixels, as in OpenCV's INTER_CUBIC. There is no
// smoothing beforehand, so this is meant for enlarging.

import { aligned } from "./vector";

const A: f64 = -0.75;

/** Keys' kernel at a distance in [0, 2]. */
function keys(distance: f64): f64 {
  if (distance <= 1) return ((A + 2) * distance - (A + 3)) * distance * distance + 1;
  return A * (((distance - 5) * distance + 8) * distance - 4);
}

/**
 * Fills two tables for `to` positions: first, for each, the first of its four source positions among `from` (-2 or
 * greater, int32); then its weights, each repeated four times as a vector: 4 + 64 bytes per position.
 */
export function fillTaps(taps: usize, from: i32, to: i32): void {
  const weights = weightsOf(taps, to);
  const scale = <f64>from / <f64>to;
  for (let position = 0; position < to; position++) {
    const place = (<f64>position + 0.5) * scale - 0.5;
    const left = floor(place);
    const fraction = place - left;
    store<i32>(taps + (position << 2), <i32>left - 1);
    const at = weights + (position << 6);
    v128.store(at, f32x4.splat(<f32>keys(fraction + 1)));
    v128.store(at, f32x4.splat(<f32>keys(fraction)), 16);
    v128.store(at, f32x4.splat(<f32>keys(1 - fraction)), 32);
    v128.store(at, f32x4.splat(<f32>keys(2 - fraction)), 48);
  }
}

export function weightsOf(taps: usize, to: i32): usize {
  return taps + aligned(to << 2);
}

export function tapsMemory(to: i32): usize {
  return aligned(to << 2) + <usize>(to << 6);
}

/** The sum of four vectors at the addresses, weighted by the four vectors at `weights`. */
export function combined(a: usize, b: usize, c: usize, d: usize, weights: usize): v128 {
  return f32x4.add(
    f32x4.add(f32x4.mul(v128.load(weights), v128.load(a)), f32x4.mul(v128.load(weights, 16), v128.load(b))),
    f32x4.add(
      f32x4.mul(v128.load(weights, 32), v128.load(c)),
      f32x4.mul(v128.load(weights, 48), v128.load(d)),
    ),
  );
}
