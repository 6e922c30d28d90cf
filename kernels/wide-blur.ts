// A wide blur, whose result is so smooth that it is computed at every few pixels only and interpolated in between.

import { blurLine } from "./columns";
import { aligned, packed } from "./vector";

/**
 * Like `blur`, but exact only at every `step`-th row and column and at the last ones; linear in between. `work`:
 * wideBlurMemory(height, width, taps, step).
 */
export function wideBlur(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  kernel: usize,
  taps: i32,
  step: i32,
  work: usize,
): void {
  const radius = taps >> 1;
  const stride = width * 3;
  const rowBytes = aligned((stride + 16) << 2);
  const kept = min(height, taps);
  const folded = work + rowBytes * kept;
  const line = folded + aligned(kept << 2);
  const middle = line + <usize>(12 * radius);
  const sampled = line + aligned(((width + taps) * 3 + 32) << 2);
  let above = sampled + aligned((places(width, step) + 1) << 4);
  let below = above + rowBytes;
  let loaded = 0;
  const samples = places(height, step);
  for (let sample = 0; sample < samples; sample++) {
    const y = min(sample * step, height - 1);
    loaded = blurLine(source, height, width, kernel, taps, work, rowBytes, kept, folded, middle, y, loaded);
    sampleRow(line, kernel, taps, sampled, width, step);
    spreadRow(sampled, below, width, step);
    if (sample > 0) {
      const before = (sample - 1) * step;
      for (let row = before; row < y; row++) {
        const share = <f32>(row - before) / <f32>(y - before);
        blendRows(above, below, share, target + <usize>(row * stride), stride);
      }
    }
    if (sample === samples - 1) blendRows(below, below, 0, target + <usize>(y * stride), stride);
    const other = above;
    above = below;
    below = other;
  }
}

export function wideBlurMemory(height: i32, width: i32, taps: i32, step: i32): usize {
  const kept = min(height, taps);
  const rowBytes = aligned((width * 3 + 16) << 2);
  return (
    rowBytes * (kept + 2) +
    aligned(kept << 2) +
    aligned(((width + taps) * 3 + 32) << 2) +
    aligned((places(width, step) + 1) << 4)
  );
}

/** The number of exact positions along a side. */
function places(side: i32, step: i32): i32 {
  return (side - 1 + step - 1) / step + 1;
}

/** The blurred pixels at the exact positions of a line, four floats each, of which three count; the last one twice. */
function sampleRow(line: usize, kernel: usize, taps: i32, target: usize, width: i32, step: i32): void {
  const total = <usize>(taps << 2);
  const count = places(width, step);
  for (let sample = 0; sample < count; sample++) {
    let from = line + <usize>(12 * min(sample * step, width - 1));
    let sum = f32x4.splat(0);
    for (let w: usize = 0; w < total; w += 4) {
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(kernel + w), v128.load(from)));
      from += 12;
    }
    v128.store(target + (sample << 4), sum);
  }
  // Read as the neighbour of the last position if that is the only one.
  const end = target + (count << 4);
  v128.store(end, v128.load(end - 16));
}

/** Interpolates between the exact positions: `width` pixels of three floats, and one more float. */
function spreadRow(sampled: usize, target: usize, width: i32, step: i32): void {
  let to = target;
  for (let start = 0; start < width; start += step) {
    const from = sampled + ((<usize>(start / step)) << 4);
    const end = min(start + step, width - 1);
    const first = v128.load(from);
    const change = f32x4.sub(v128.load(from, 16), first);
    const length = <f32>max(1, end - start);
    // The last position is exact, and there is nothing after it.
    const last = end === width - 1 ? width : end;
    for (let x = start; x < last; x++) {
      v128.store(to, f32x4.add(first, f32x4.mul(change, f32x4.splat(<f32>(x - start) / length))));
      to += 12;
    }
    if (end === width - 1) return;
  }
}

function blendRows(above: usize, below: usize, share: f32, target: usize, count: i32): void {
  const weight = f32x4.splat(share);
  for (let i: usize = 0; i < <usize>count; i += 16) {
    const a = above + (i << 2);
    const b = below + (i << 2);
    v128.store(
      target + i,
      packed(
        blended(v128.load(a), v128.load(b), weight),
        blended(v128.load(a, 16), v128.load(b, 16), weight),
        blended(v128.load(a, 32), v128.load(b, 32), weight),
        blended(v128.load(a, 48), v128.load(b, 48), weight),
      ),
    );
  }
}

function blended(a: v128, b: v128, weight: v128): v128 {
  return f32x4.add(a, f32x4.mul(weight, f32x4.sub(b, a)));
}
