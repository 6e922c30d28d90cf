// Geometric operations that read one source pixel per target pixel, as Pillow does without interpolation: shifts, and an
// affine map in fixed point. Outside the source everything is black.

import { copyVectors } from "./vector";

/** Moves the image by whole pixels, to the right and downwards if they are positive. */
export function shift(source: usize, target: usize, height: i32, width: i32, right: i32, down: i32): void {
  const stride = <usize>(width * 3);
  memory.fill(target, 0, stride * height);
  const count = width - abs(right);
  if (count <= 0) return;
  const from = source + <usize>(max(0, -right) * 3);
  const to = target + <usize>(max(0, right) * 3);
  const bytes = <usize>(count * 3);
  const end = min(height, height + down);
  for (let y = max(0, down); y < end; y++) {
    const row = to + stride * y;
    const after = row + bytes;
    copyVectors(from + stride * (y - down), row, bytes);
    // Black again what was written past the end: up to 31 bytes, which may reach into the rows below.
    v128.store(after, i8x16.splat(0));
    v128.store(after, i8x16.splat(0), 16);
  }
}

/**
 * Target pixel (x, y) is the source pixel ((xx x + xy y + startX) >> 16, (yx x + yy y + startY) >> 16); all six
 * numbers are whole.
 */
export function warpNearest(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  xx: f64,
  xy: f64,
  startX: f64,
  yx: f64,
  yy: f64,
  startY: f64,
): void {
  const stride = <usize>(width * 3);
  memory.fill(target, 0, stride * height);
  const stepX = <i64>xx;
  const stepY = <i64>yx;
  const limitX = (<i64>width) << 16;
  const limitY = (<i64>height) << 16;
  let rowX = <i64>startX;
  let rowY = <i64>startY;
  for (let y = 0; y < height; y++) {
    // The pixels of a row that fall inside the source are contiguous.
    const first = max(firstInside(rowX, stepX, limitX, width), firstInside(rowY, stepY, limitY, width));
    const end = min(endInside(rowX, stepX, limitX, width), endInside(rowY, stepY, limitY, width));
    let x = rowX + stepX * first;
    let y16 = rowY + stepY * first;
    let to = target + stride * y + first * 3;
    for (let i = first; i < end; i++) {
      const from = source + <usize>((<i32>(y16 >> 16) * width + <i32>(x >> 16)) * 3);
      // The fourth byte belongs to the next pixel, which is written later or black.
      store<u32>(to, load<u32>(from) & 0xffffff);
      to += 3;
      x += stepX;
      y16 += stepY;
    }
    rowX += <i64>xy;
    rowY += <i64>yy;
  }
}

/** The first x in [0, size] for which start + step x is in [0, limit). */
function firstInside(start: i64, step: i64, limit: i64, size: i32): i32 {
  if (start >= 0 && start < limit) return 0;
  if (start < 0) return step > 0 ? <i32>min<i64>(size, (step - 1 - start) / step) : size;
  return step < 0 ? <i32>min<i64>(size, (start - limit) / -step + 1) : size;
}

/** One more than the last such x; 0 if there is none. */
function endInside(start: i64, step: i64, limit: i64, size: i32): i32 {
  if (step > 0) return start >= limit ? 0 : <i32>min<i64>(size, (limit - 1 - start) / step + 1);
  if (step < 0) return start < 0 ? 0 : <i32>min<i64>(size, start / -step + 1);
  return start >= 0 && start < limit ? size : 0;
}
