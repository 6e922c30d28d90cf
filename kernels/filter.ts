// Weighted sums over a pixel's neighbours, with reflected borders (101): 3 x 3 kernels, and a separable blur.

import { blurLine, copyPixel } from "./columns";
import { aligned, packed, reflect101, widen } from "./vector";

/**
 * Each value of `target` is the sum of the 3 x 3 source values around it, weighted by the kernel, float32 [9],
 * row-major (a correlation: it is not flipped). `work`: convolutionMemory(width).
 */
export function convolve3x3(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  kernel: usize,
  work: usize,
): void {
  const k0 = v128.load32_splat(kernel);
  const k1 = v128.load32_splat(kernel, 4);
  const k2 = v128.load32_splat(kernel, 8);
  const k3 = v128.load32_splat(kernel, 12);
  const k4 = v128.load32_splat(kernel, 16);
  const k5 = v128.load32_splat(kernel, 20);
  const k6 = v128.load32_splat(kernel, 24);
  const k7 = v128.load32_splat(kernel, 28);
  const k8 = v128.load32_splat(kernel, 32);
  const stride = width * 3;
  const rowBytes = convolutionRow(width);
  let loaded = 0;
  for (let y = 0; y < height; y++) {
    for (; loaded < height && loaded <= y + 1; loaded++) {
      loadRow(source + <usize>(loaded * stride), work + rowBytes * (loaded % 3), width);
    }
    const above = work + rowBytes * (reflect101(y - 1, height) % 3);
    const middle = work + rowBytes * (y % 3);
    const below = work + rowBytes * (reflect101(y + 1, height) % 3);
    const to = target + <usize>(y * stride);
    for (let i: usize = 0; i < <usize>stride; i += 16) {
      const at = i << 2;
      const a = above + at;
      const m = middle + at;
      const b = below + at;
      const s0 = weighted(a, m, b, k0, k1, k2, k3, k4, k5, k6, k7, k8);
      const s1 = weighted(a + 16, m + 16, b + 16, k0, k1, k2, k3, k4, k5, k6, k7, k8);
      const s2 = weighted(a + 32, m + 32, b + 32, k0, k1, k2, k3, k4, k5, k6, k7, k8);
      const s3 = weighted(a + 48, m + 48, b + 48, k0, k1, k2, k3, k4, k5, k6, k7, k8);
      v128.store(to + i, packed(s0, s1, s2, s3));
    }
  }
}

export function convolutionMemory(width: i32): usize {
  return 3 * convolutionRow(width);
}

function convolutionRow(width: i32): usize {
  return aligned((width * 3 + 6 + 32) << 2);
}

/** A row as float32 with one reflected pixel before and after it. */
function loadRow(source: usize, row: usize, width: i32): void {
  widen(source, row + 12, width * 3);
  copyPixel(row + 12 * (1 + reflect101(-1, width)), row);
  copyPixel(row + 12 * (1 + reflect101(width, width)), row + 12 * (1 + width));
}

/** Four sums; the addresses are those of the pixel to the left. */
function weighted(
  a: usize,
  m: usize,
  b: usize,
  k0: v128,
  k1: v128,
  k2: v128,
  k3: v128,
  k4: v128,
  k5: v128,
  k6: v128,
  k7: v128,
  k8: v128,
): v128 {
  const upper = f32x4.add(
    f32x4.add(f32x4.mul(k0, v128.load(a)), f32x4.mul(k1, v128.load(a, 12))),
    f32x4.mul(k2, v128.load(a, 24)),
  );
  const level = f32x4.add(
    f32x4.add(f32x4.mul(k3, v128.load(m)), f32x4.mul(k4, v128.load(m, 12))),
    f32x4.mul(k5, v128.load(m, 24)),
  );
  const lower = f32x4.add(
    f32x4.add(f32x4.mul(k6, v128.load(b)), f32x4.mul(k7, v128.load(b, 12))),
    f32x4.mul(k8, v128.load(b, 24)),
  );
  return f32x4.add(f32x4.add(upper, level), lower);
}

/**
 * Blurs along columns and rows with the kernel, float32 [taps]; taps is odd and the middle tap belongs to the pixel
 * itself. `work`: blurMemory(height, width, taps).
 */
export function blur(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  kernel: usize,
  taps: i32,
  work: usize,
): void {
  const radius = taps >> 1;
  const stride = width * 3;
  const rowBytes = aligned((stride + 16) << 2);
  const kept = min(height, taps);
  const folded = work + rowBytes * kept;
  const line = folded + aligned(kept << 2);
  const middle = line + <usize>(12 * radius);
  let loaded = 0;
  for (let y = 0; y < height; y++) {
    loaded = blurLine(source, height, width, kernel, taps, work, rowBytes, kept, folded, middle, y, loaded);
    blurRow(line, kernel, taps, target + <usize>(y * stride), stride);
  }
}

export function blurMemory(height: i32, width: i32, taps: i32): usize {
  const kept = min(height, taps);
  return aligned((width * 3 + 16) << 2) * kept + aligned(kept << 2) + aligned(((width + taps) * 3 + 32) << 2);
}

/** Blurs a line along itself; it must extend by half of the kernel on both sides. */
function blurRow(line: usize, kernel: usize, taps: i32, target: usize, count: i32): void {
  const total = <usize>(taps << 2);
  for (let i: usize = 0; i < <usize>count; i += 16) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let from = line + (i << 2);
    for (let w: usize = 0; w < total; w += 4) {
      const weight = v128.load32_splat(kernel + w);
      s0 = f32x4.add(s0, f32x4.mul(weight, v128.load(from)));
      s1 = f32x4.add(s1, f32x4.mul(weight, v128.load(from, 16)));
      s2 = f32x4.add(s2, f32x4.mul(weight, v128.load(from, 32)));
      s3 = f32x4.add(s3, f32x4.mul(weight, v128.load(from, 48)));
      from += 12;
    }
    v128.store(target + i, packed(s0, s1, s2, s3));
  }
}
