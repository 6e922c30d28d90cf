// What the blurs have in common: a line of blurred columns, with its borders.

import { reflect101, widen } from "./vector";

export function copyPixel(from: usize, to: usize): void {
  store<f32>(to, load<f32>(from));
  store<f32>(to, load<f32>(from, 4), 4);
  store<f32>(to, load<f32>(from, 8), 8);
}

/** Adds the kernel's weights beyond the border to those of the positions that are mirrored there. */
function fold(kernel: usize, taps: i32, start: i32, size: i32, folded: usize, first: i32, count: i32): void {
  memory.fill(folded, 0, <usize>(count << 2));
  for (let tap = 0; tap < taps; tap++) {
    const to = folded + ((reflect101(start + tap, size) - first) << 2);
    store<f32>(to, load<f32>(to) + load<f32>(kernel + (tap << 2)));
  }
}

/** The weighted sum of the rows from `first` to `end`; row r is in slot r modulo `kept`. */
function blurColumns(
  rows: usize,
  rowBytes: usize,
  kept: i32,
  first: i32,
  end: i32,
  weights: usize,
  target: usize,
  count: i32,
): void {
  const behind = rows + rowBytes * kept;
  const start = rows + rowBytes * (first % kept);
  const total = <usize>((end - first) << 2);
  for (let i: usize = 0; i < <usize>count; i += 16) {
    const at = i << 2;
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let row = start;
    for (let w: usize = 0; w < total; w += 4) {
      const weight = v128.load32_splat(weights + w);
      const from = row + at;
      s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(from)));
      s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(from, 16)));
      s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(from, 32)));
      s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(from, 48)));
      row += rowBytes;
      if (row === behind) row = rows;
    }
    const to = target + at;
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
  }
}

/**
 * Blurs the columns at row y into the line at `middle`, which becomes mirrored by half of the kernel on both sides. Rows are
 * read as they are needed, the first `loaded` ones before; returns how many are read now. `rows` has `kept` of them, `folded`
 * is memory for as many weights.
 */
export function blurLine(
  source: usize,
  height: i32,
  width: i32,
  kernel: usize,
  taps: i32,
  rows: usize,
  rowBytes: usize,
  kept: i32,
  folded: usize,
  middle: usize,
  y: i32,
  loaded: i32,
): i32 {
  const radius = taps >> 1;
  const stride = width * 3;
  const read = min(height, max(loaded, y + radius + 1));
  for (let row = loaded; row < read; row++) {
    widen(source + <usize>(row * stride), rows + rowBytes * (row % kept), stride);
  }
  const first = max(0, y - radius);
  const end = min(height, y + radius + 1);
  let weights = kernel;
  if (end - first < taps) {
    fold(kernel, taps, y - radius, height, folded, first, end - first);
    weights = folded;
  }
  blurColumns(rows, rowBytes, kept, first, end, weights, middle, stride);
  for (let i = 1; i <= radius; i++) {
    copyPixel(middle + 12 * reflect101(-i, width), middle - 12 * i);
    copyPixel(middle + 12 * reflect101(width - 1 + i, width), middle + 12 * (width - 1 + i));
  }
  return read;
}
