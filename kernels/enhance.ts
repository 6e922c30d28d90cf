// Pillow's enhancers: each value is moved from a degenerate image's (black, the mean grey, the grey of the pixel, the
// smoothed image) towards the original's, in float32, truncated and clipped. Below share 0 to 1 it is between the two,
// above 1 beyond the original.

import { copyVectors } from "./vector";

/** 1.5 x 2^23, see vector.ts. */
const ROUNDER = memory.data<f32>([12582912, 12582912, 12582912, 12582912], 16);
/** Four pixels RGB as RGBG. */
const RGBG = memory.data<u8>([0, 1, 2, 1, 3, 4, 5, 4, 6, 7, 8, 7, 9, 10, 11, 10], 16);
/** Weights of RGBG in 1/65536; green's, 38470, is more than an int16 holds, so it counts twice. */
const GREY = memory.data<i16>([19595, 19235, 7471, 19235, 19595, 19235, 7471, 19235], 16);
const HALF = memory.data<i32>([0x8000, 0x8000, 0x8000, 0x8000], 16);
/** Repeats each of 16 grey values three times. */
const THREE_TIMES = memory.data<u8>(
  [
    0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10, 10, 11,
    11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15,
  ],
  16,
);
/** 128 x 13 */
const MIDDLE_SUM = memory.data<i16>([1664, 1664, 1664, 1664, 1664, 1664, 1664, 1664], 16);
/** 2^15 / 13 */
const THIRTEENTH = memory.data<i16>([2521, 2521, 2521, 2521, 2521, 2521, 2521, 2521], 16);
const MIDDLE = memory.data<i16>([128, 128, 128, 128, 128, 128, 128, 128], 16);

/** Moves `size` values from a constant level. */
export function enhanceFromLevel(source: usize, target: usize, size: i32, level: i32, share: f32): void {
  const from = i16x8.splat(<i16>level);
  const shares = f32x4.splat(share);
  for (let i: usize = 0; i < <usize>size; i += 16) {
    const to = v128.load(source + i);
    const low = moved(from, i16x8.extend_low_i8x16_u(to), shares);
    const high = moved(from, i16x8.extend_high_i8x16_u(to), shares);
    v128.store(target + i, i8x16.narrow_i16x8_u(low, high));
  }
}

/** Moves the values of each pixel from its grey. */
export function enhanceFromGrey(source: usize, target: usize, pixels: i32, share: f32): void {
  const shares = f32x4.splat(share);
  for (let i: usize = 0; i < <usize>(pixels * 3); i += 48) {
    const from = source + i;
    const grey = i8x16.narrow_i16x8_u(
      i16x8.narrow_i32x4_s(greyOfFour(from), greyOfFour(from + 12)),
      i16x8.narrow_i32x4_s(greyOfFour(from + 24), greyOfFour(from + 36)),
    );
    for (let part: usize = 0; part < 48; part += 16) {
      const degenerate = i8x16.swizzle(grey, v128.load(THREE_TIMES + part));
      v128.store(target + i + part, movedBytes(degenerate, v128.load(from + part), shares));
    }
  }
}

/** The mean grey of the image, rounded (halves up). */
export function meanGrey(source: usize, pixels: i32): i32 {
  let total: i64 = 0;
  let done = 0;
  const vectors = pixels & ~3;
  while (done < vectors) {
    // As many pixels as int32 sums can hold.
    const end = min(vectors, done + (1 << 22));
    let sums = i32x4.splat(0);
    for (; done < end; done += 4) sums = i32x4.add(sums, greyOfFour(source + <usize>(done * 3)));
    total += i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
    total += i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  }
  for (; done < pixels; done++) {
    const at = source + <usize>(done * 3);
    total += (load<u8>(at) * 19595 + load<u8>(at, 1) * 38470 + load<u8>(at, 2) * 7471 + 0x8000) >> 16;
  }
  return <i32>floor(<f64>total / <f64>pixels + 0.5);
}

/**
 * Moves the values from those of the image smoothed by [1 1 1; 1 5 1; 1 1 1] / 13, rounded. The outermost pixels are not
 * smoothed, so they stay.
 */
export function enhanceFromSmooth(source: usize, target: usize, height: i32, width: i32, share: f32): void {
  const stride = <usize>(width * 3);
  copyVectors(source, target, height < 3 || width < 3 ? stride * height : stride);
  if (height < 3 || width < 3) return;
  const shares = f32x4.splat(share);
  for (let y = 1; y < height - 1; y++) {
    const row = source + stride * y;
    const to = target + stride * y;
    // What is written past the end of a row is overwritten by the next one.
    for (let i: usize = 0; i < stride; i += 16) {
      const at = row + i;
      const low = moved(smooth(at, stride), v128.load8x8_u(at), shares);
      const high = moved(smooth(at + 8, stride), v128.load8x8_u(at + 8), shares);
      v128.store(to + i, i8x16.narrow_i16x8_u(low, high));
    }
    copyPixel(row, to);
    copyPixel(row + stride - 3, to + stride - 3);
  }
  copyVectors(source + stride * (height - 1), target + stride * (height - 1), stride);
}

function copyPixel(from: usize, to: usize): void {
  store<u8>(to, load<u8>(from));
  store<u8>(to, load<u8>(from, 1), 1);
  store<u8>(to, load<u8>(from, 2), 2);
}

/** Eight smoothed values, int16. */
function smooth(at: usize, stride: usize): v128 {
  const above = at - stride;
  const below = at + stride;
  const centre = v128.load8x8_u(at);
  const upper = i16x8.add(
    i16x8.add(v128.load8x8_u(above - 3), v128.load8x8_u(above)),
    v128.load8x8_u(above + 3),
  );
  const lower = i16x8.add(
    i16x8.add(v128.load8x8_u(below - 3), v128.load8x8_u(below)),
    v128.load8x8_u(below + 3),
  );
  const sides = i16x8.add(v128.load8x8_u(at - 3), v128.load8x8_u(at + 3));
  const sum = i16x8.add(i16x8.add(upper, lower), i16x8.add(sides, i16x8.add(centre, i16x8.shl(centre, 2))));
  // Relative to the middle, so that the error of the reciprocal stays below half of 1/13. There are no ties.
  const apart = i16x8.sub(sum, v128.load(MIDDLE_SUM));
  return i16x8.add(i16x8.q15mulr_sat_s(apart, v128.load(THIRTEENTH)), v128.load(MIDDLE));
}

/** The greys of four pixels, int32: ITU-R 601, rounded. */
function greyOfFour(at: usize): v128 {
  const pixels = i8x16.swizzle(v128.load(at), v128.load(RGBG));
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pixels), v128.load(GREY));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(pixels), v128.load(GREY));
  const sum = i32x4.add(v128.shuffle<i32>(low, high, 0, 2, 4, 6), v128.shuffle<i32>(low, high, 1, 3, 5, 7));
  return i32x4.shr_u(i32x4.add(sum, v128.load(HALF)), 16);
}

function movedBytes(from: v128, to: v128, shares: v128): v128 {
  const low = moved(i16x8.extend_low_i8x16_u(from), i16x8.extend_low_i8x16_u(to), shares);
  const high = moved(i16x8.extend_high_i8x16_u(from), i16x8.extend_high_i8x16_u(to), shares);
  return i8x16.narrow_i16x8_u(low, high);
}

/** Eight int16: from + share x (to - from), rounded down; below 0 and above 255 if the share is not in [0, 1]. */
function moved(from: v128, to: v128, shares: v128): v128 {
  const apart = i16x8.sub(to, from);
  const low = movedFour(i32x4.extend_low_i16x8_s(from), i32x4.extend_low_i16x8_s(apart), shares);
  const high = movedFour(i32x4.extend_high_i16x8_s(from), i32x4.extend_high_i16x8_s(apart), shares);
  return i16x8.narrow_i32x4_s(low, high);
}

function movedFour(from: v128, apart: v128, shares: v128): v128 {
  const sum = f32x4.add(f32x4.convert_i32x4_s(from), f32x4.mul(shares, f32x4.convert_i32x4_s(apart)));
  const rounder = v128.load(ROUNDER);
  return i32x4.sub(f32x4.add(f32x4.floor(sum), rounder), rounder);
}
