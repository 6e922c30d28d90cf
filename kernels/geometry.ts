// Flips and the affine warp.

import { copyVectors, packedPixel } from "./vector";

/** Spreads 12 bytes RGB to four pixels RGBx with 0 as x. */
const WITH_FOURTH = memory.data<u8>([0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255], 16);
/** The order of five pixels from right to left. */
const REVERSED = memory.data<u8>([12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 15], 16);
/** 2^-24 */
const LAST_BIT = memory.data<f32>([<f32>(1.0 / 16777216.0)]);

/** Exchanges left and right. */
export function flipHorizontally(source: usize, target: usize, height: i32, width: i32): void {
  const stride = <usize>(width * 3);
  const order = v128.load(REVERSED);
  for (let y = 0; y < height; y++) {
    let from = source + stride * (y + 1);
    let to = target + stride * y;
    let left = width;
    // Five pixels per vector; the next store overwrites the sixteenth byte.
    for (; left >= 5; left -= 5) {
      from -= 15;
      v128.store(to, i8x16.swizzle(v128.load(from), order));
      to += 15;
    }
    for (; left > 0; left--) {
      from -= 3;
      store<u8>(to, load<u8>(from));
      store<u8>(to, load<u8>(from, 1), 1);
      store<u8>(to, load<u8>(from, 2), 2);
      to += 3;
    }
  }
}

/** Exchanges top and bottom. */
export function flipVertically(source: usize, target: usize, height: i32, width: i32): void {
  const stride = <usize>(width * 3);
  for (let y = 0; y < height; y++) {
    // The next row overwrites what is written past the end of a row.
    copyVectors(source + stride * (height - 1 - y), target + stride * y, stride);
  }
}

/**
 * Each target pixel (x, y) is read, with bilinear interpolation, at the source's
 *
 *   (xx (x - cx) + xy (y - cy) + shiftX + cx, yx (x - cx) + yy (y - cy) + shiftY + cy),
 *
 * where (cx, cy) is the centre; outside the source everything is black. `work`: warpMemory(height, width).
 */
export function warp(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  xx: f64,
  xy: f64,
  yx: f64,
  yy: f64,
  shiftX: f64,
  shiftY: f64,
  work: usize,
): void {
  const paddedWidth = width + 2;
  const origin = withBorder(source, height, width, work) + ((paddedWidth + 1) << 2);
  const stepX = fixed(xx);
  const stepY = fixed(yx);
  const centreX = <f64>width / 2 - 0.5;
  const centreY = <f64>height / 2 - 0.5;
  const stride = <usize>(width * 3);
  memory.fill(target, 0, stride * height);
  for (let y = 0; y < height; y++) {
    const rowX = xy * (<f64>y - centreY) + shiftX + centreX;
    const rowY = yy * (<f64>y - centreY) + shiftY + centreY;
    // The pixels of a row that fall inside the source are contiguous; those around them stay black.
    let first = 0;
    let end = width;
    const lowX = crossing(xx, rowX - centreX * xx, -1, <f64>width, false, width);
    const highX = crossing(xx, rowX - centreX * xx, -1, <f64>width, true, width);
    const lowY = crossing(yx, rowY - centreX * yx, -1, <f64>height, false, width);
    const highY = crossing(yx, rowY - centreX * yx, -1, <f64>height, true, width);
    first = max(first, max(lowX, lowY));
    end = min(end, min(highX, highY));
    while (first < end && !isInside(first, xx, yx, rowX, rowY, centreX, height, width)) first++;
    while (first < end && !isInside(end - 1, xx, yx, rowX, rowY, centreX, height, width)) end--;
    // From here on in fixed point, with 32 bits before and after the point: the error stays below a millionth of a
    // pixel.
    let sourceX = fixed(xx * (<f64>first - centreX) + rowX);
    let sourceY = fixed(yx * (<f64>first - centreX) + rowY);
    let to = target + stride * y + first * 3;
    for (let x = first; x < end; x++) {
      const at = origin + ((<i32>(sourceY >> 32) * paddedWidth + <i32>(sourceX >> 32)) << 2);
      const fractionX = fractionOf(sourceX);
      const fractionY = fractionOf(sourceY);
      const upper = between(v128.load8x8_u(at), fractionX);
      const lower = between(v128.load8x8_u(at + (paddedWidth << 2)), fractionX);
      const mean = f32x4.add(upper, f32x4.mul(fractionY, f32x4.sub(lower, upper)));
      // The next pixel overwrites the fourth byte, a 0; after the last pixel of a run it is black anyway.
      store<u32>(to, packedPixel(mean));
      to += 3;
      sourceX += stepX;
      sourceY += stepY;
    }
  }
}

function fixed(x: f64): i64 {
  return <i64>nearest(x * 4294967296.0);
}

/** The upper 24 fractional bits as a share, in all four lanes. */
function fractionOf(x: i64): v128 {
  const bits = i32x4.splat(<i32>((x >> 8) & 0xffffff));
  return f32x4.mul(f32x4.convert_i32x4_s(bits), v128.load32_splat(LAST_BIT));
}

export function warpMemory(height: i32, width: i32): usize {
  return <usize>((height + 3) * (width + 2) * 4 + 32);
}

/** Interpolates two adjacent RGBx pixels in int16, weighted by 1 - fraction and fraction. */
function between(pixels: v128, fraction: v128): v128 {
  const left = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(pixels));
  const right = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(pixels));
  return f32x4.add(left, f32x4.mul(fraction, f32x4.sub(right, left)));
}

function isInside(
  x: i32,
  xx: f64,
  yx: f64,
  rowX: f64,
  rowY: f64,
  centreX: f64,
  height: i32,
  width: i32,
): bool {
  const sourceX = xx * (<f64>x - centreX) + rowX;
  const sourceY = yx * (<f64>x - centreX) + rowY;
  return sourceX > -1 && sourceX < <f64>width && sourceY > -1 && sourceY < <f64>height;
}

/**
 * About the x in [0, size] at which slope x + start enters (or, if `leaving`, leaves) the interval (low, high): one
 * pixel too many on each side rather than one too few.
 */
function crossing(slope: f64, start: f64, low: f64, high: f64, leaving: bool, size: i32): i32 {
  if (abs(slope) < 1e-12) {
    const isIn = start > low - 1e-6 && start < high + 1e-6;
    return leaving ? (isIn ? size : 0) : isIn ? 0 : size;
  }
  const bound = leaving === slope > 0 ? high : low;
  const x = (bound - start) / slope;
  const place = leaving ? ceil(x) + 2 : floor(x) - 1;
  return <i32>max<f64>(0, min<f64>(<f64>size, place));
}

/** Copies the image to RGBx pixels [height + 2, width + 2, 4] with a black border. Returns their address. */
function withBorder(source: usize, height: i32, width: i32, work: usize): usize {
  const stride = <usize>((width + 2) << 2);
  memory.fill(work, 0, stride);
  const spread = v128.load(WITH_FOURTH);
  for (let y = 0; y < height; y++) {
    const from = source + <usize>(width * 3) * y;
    const row = work + stride * (y + 1);
    store<u32>(row, 0);
    for (let x = 0; x < width; x += 4) {
      const pixels = v128.load(from + 3 * x);
      v128.store(row + 4 + (x << 2), i8x16.swizzle(pixels, spread));
    }
    store<u32>(row + 4 + (width << 2), 0);
  }
  memory.fill(work + stride * (height + 1), 0, stride);
  return work;
}
