// A 3 x 3 kernel whose neighbours are several pixels apart: it filters the means of a coarse grid's cells, and the result
// is enlarged.

import { combined, fillTaps, tapsMemory, weightsOf } from "./cubic";
import { aligned, packed, reflect101, widen, withoutFourth } from "./vector";

/** Limits of a filtered mean: half of the range of values more on each side. */
const LEAST = memory.data<f32>([-128]);
const MOST = memory.data<f32>([383]);

/**
 * Filters an image [height, width, 3] like an image of gridHigh x gridWide pixels, the means of as many cells. What a
 * pixel differs from the (enlarged) means is kept, multiplied by `gain`, the sum of the weights: details smaller than a
 * cell get what the kernel does to even areas. `kernel`: float32 [9], as for `convolve3x3`. Filtered means are limited
 * to [-128, 383] before they are enlarged, or an edge between one far below 0 and one slightly above 255 would move.
 * `work`: gridFilterMemory(height, width, gridHigh, gridWide).
 */
export function gridFilter(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  gridHigh: i32,
  gridWide: i32,
  kernel: usize,
  gain: f32,
  work: usize,
): void {
  const pixelsWide = gridWide + 4;
  const rowBytes = <usize>(pixelsWide << 4);
  const means = work;
  const changes = means + rowBytes * gridHigh;
  const rest = changes + rowBytes * gridHigh;
  averageCells(source, height, width, gridHigh, gridWide, means, rest);
  for (let row = 0; row < gridHigh; row++) {
    filterRow(means, rowBytes, row, gridHigh, gridWide, kernel, gain, changes + rowBytes * row);
  }
  addEnlarged(source, target, height, width, gridHigh, gridWide, changes, gain, rest);
}

export function gridFilterMemory(height: i32, width: i32, gridHigh: i32, gridWide: i32): usize {
  const grid: usize = <usize>((gridWide + 4) << 4) * gridHigh;
  const averaging = aligned((width * 3 + 16) << 2) << 1;
  const enlarging: usize = tapsMemory(width) + tapsMemory(height) + ((<usize>((width + 4) << 4)) << 2);
  return (grid << 1) + max<usize>(averaging, enlarging);
}

/**
 * The means of the cells, [gridHigh, gridWide + 4] pixels of four floats, of which three count; two pixels of each row
 * precede its cells. Pixels that belong to two cells count by their share.
 */
function averageCells(
  source: usize,
  height: i32,
  width: i32,
  gridHigh: i32,
  gridWide: i32,
  means: usize,
  work: usize,
): void {
  const stride = width * 3;
  const line = work + aligned((stride + 16) << 2);
  const cellHeight = <f64>height / <f64>gridHigh;
  const cellWidth = <f64>width / <f64>gridWide;
  let to = means + 32;
  for (let row = 0; row < gridHigh; row++) {
    const top = <f64>row * cellHeight;
    const bottom = min(<f64>height, top + cellHeight);
    const end = min(height, <i32>ceil(bottom));
    memory.fill(line, 0, <usize>((stride + 16) << 2));
    for (let y = <i32>top; y < end; y++) {
      const share = <f32>((min(bottom, <f64>(y + 1)) - max(top, <f64>y)) / cellHeight);
      widen(source + <usize>(y * stride), work, stride);
      addWeighted(line, work, share, stride);
    }
    for (let column = 0; column < gridWide; column++) {
      const left = <f64>column * cellWidth;
      const right = min(<f64>width, left + cellWidth);
      const last = min(width, <i32>ceil(right));
      let sum = f32x4.splat(0);
      for (let x = <i32>left; x < last; x++) {
        const share = <f32>((min(right, <f64>(x + 1)) - max(left, <f64>x)) / cellWidth);
        sum = f32x4.add(sum, f32x4.mul(f32x4.splat(share), v128.load(line + <usize>(12 * x))));
      }
      v128.store(to + (column << 4), sum);
    }
    to += <usize>((gridWide + 4) << 4);
  }
}

function addWeighted(sums: usize, values: usize, weight: f32, count: i32): void {
  const share = f32x4.splat(weight);
  for (let i: usize = 0; i < <usize>(count << 2); i += 16) {
    v128.store(sums + i, f32x4.add(v128.load(sums + i), f32x4.mul(share, v128.load(values + i))));
  }
}

/** A row of filtered, limited means minus `gain` times the means; the first and the last one are repeated twice. */
function filterRow(
  means: usize,
  rowBytes: usize,
  row: i32,
  gridHigh: i32,
  gridWide: i32,
  kernel: usize,
  gain: f32,
  target: usize,
): void {
  const above = means + 32 + rowBytes * reflect101(row - 1, gridHigh);
  const middle = means + 32 + rowBytes * row;
  const below = means + 32 + rowBytes * reflect101(row + 1, gridHigh);
  const start = target + 32;
  for (let column = 0; column < gridWide; column++) {
    const left = <usize>(reflect101(column - 1, gridWide) << 4);
    const centre = <usize>(column << 4);
    const right = <usize>(reflect101(column + 1, gridWide) << 4);
    let sum = weightedRow(above, left, centre, right, kernel);
    sum = f32x4.add(sum, weightedRow(middle, left, centre, right, kernel + 12));
    sum = f32x4.add(sum, weightedRow(below, left, centre, right, kernel + 24));
    sum = f32x4.pmin(v128.load32_splat(MOST), f32x4.pmax(v128.load32_splat(LEAST), sum));
    const mean = v128.load(middle + centre);
    v128.store(start + centre, f32x4.sub(sum, f32x4.mul(f32x4.splat(gain), mean)));
  }
  const first = v128.load(start);
  v128.store(target, first);
  v128.store(target, first, 16);
  const end = start + (gridWide << 4);
  const last = v128.load(end - 16);
  v128.store(end, last);
  v128.store(end, last, 16);
}

function weightedRow(row: usize, left: usize, centre: usize, right: usize, kernel: usize): v128 {
  return f32x4.add(
    f32x4.add(
      f32x4.mul(v128.load32_splat(kernel), v128.load(row + left)),
      f32x4.mul(v128.load32_splat(kernel, 4), v128.load(row + centre)),
    ),
    f32x4.mul(v128.load32_splat(kernel, 8), v128.load(row + right)),
  );
}

/** Writes gain x pixel + the enlarged changes. */
function addEnlarged(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  gridHigh: i32,
  gridWide: i32,
  changes: usize,
  gain: f32,
  work: usize,
): void {
  const changesBytes = <usize>((gridWide + 4) << 4);
  const columns = work;
  const rows = columns + tapsMemory(width);
  const enlarged = rows + tapsMemory(height);
  const rowBytes = <usize>((width + 4) << 4);
  fillTaps(columns, gridWide, width);
  fillTaps(rows, gridHigh, height);
  const columnWeights = weightsOf(columns, width);
  const rowWeights = weightsOf(rows, height);
  const factor = f32x4.splat(gain);
  // Four rows of the grid are kept, enlarged along x; row r is in slot r modulo 4.
  let loaded = 0;
  for (let y = 0; y < height; y++) {
    const base = load<i32>(rows + (y << 2));
    for (const end = min(gridHigh, base + 4); loaded < end; loaded++) {
      const from = changes + changesBytes * loaded;
      const to = enlarged + rowBytes * (loaded & 3);
      for (let x = 0; x < width; x++) {
        const at = from + ((load<i32>(columns + (x << 2)) + 2) << 4);
        v128.store(to + (x << 4), combined(at, at + 16, at + 32, at + 48, columnWeights + (x << 6)));
      }
    }
    const a = enlarged + rowBytes * (slot(base, gridHigh) & 3);
    const b = enlarged + rowBytes * (slot(base + 1, gridHigh) & 3);
    const c = enlarged + rowBytes * (slot(base + 2, gridHigh) & 3);
    const d = enlarged + rowBytes * (slot(base + 3, gridHigh) & 3);
    const weights = rowWeights + (y << 6);
    let from = source + <usize>(y * width * 3);
    let to = target + <usize>(y * width * 3);
    for (let x: usize = 0; x < (<usize>width) << 4; x += 64) {
      const four = packed(
        f32x4.add(f32x4.mul(factor, pixelAt(from)), combined(a + x, b + x, c + x, d + x, weights)),
        f32x4.add(
          f32x4.mul(factor, pixelAt(from + 3)),
          combined(a + x + 16, b + x + 16, c + x + 16, d + x + 16, weights),
        ),
        f32x4.add(
          f32x4.mul(factor, pixelAt(from + 6)),
          combined(a + x + 32, b + x + 32, c + x + 32, d + x + 32, weights),
        ),
        f32x4.add(
          f32x4.mul(factor, pixelAt(from + 9)),
          combined(a + x + 48, b + x + 48, c + x + 48, d + x + 48, weights),
        ),
      );
      v128.store(to, withoutFourth(four));
      from += 12;
      to += 12;
    }
  }
}

/** Beyond the grid, its first and last rows are repeated. */
function slot(row: i32, gridHigh: i32): i32 {
  return max(0, min(gridHigh - 1, row));
}

/** Three floats, and a fourth one that is never used. */
function pixelAt(source: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_u(v128.load32_zero(source))));
}
