// Parts of the blurs: weighted sums of rows, and the borders.

import { reflect101 } from "./vector";

export function copyPixel(from: usize, to: usize): void {
  store<f32>(to, load<f32>(from));
  store<f32>(to, load<f32>(from, 4), 4);
  store<f32>(to, load<f32>(from, 8), 8);
}

/** Adds the kernel's weights beyond the border to those of the positions that are mirrored there. */
export function fold(
  kernel: usize,
  taps: i32,
  start: i32,
  size: i32,
  folded: usize,
  first: i32,
  count: i32,
): void {
  memory.fill(folded, 0, <usize>(count << 2));
  for (let tap = 0; tap < taps; tap++) {
    const to = folded + ((reflect101(start + tap, size) - first) << 2);
    store<f32>(to, load<f32>(to) + load<f32>(kernel + (tap << 2)));
  }
}

/** The weighted sum of the rows from `first` to `end`; row r is in slot r modulo `kept`. */
export function blurColumns(
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
