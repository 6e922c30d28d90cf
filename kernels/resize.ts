// Crops and planes resized with bicubic interpolation (cubic.ts).

import { combined, fillTaps, tapsMemory, weightsOf } from "./cubic";
import { aligned, packed, withoutFourth } from "./vector";

/**
 * Crops an image [height, width, 3] by the given number of pixels on each side and enlarges the rest back to its size.
 * `work`: cropMemory(height, width).
 */
export function crop(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  top: i32,
  right: i32,
  bottom: i32,
  left: i32,
  work: usize,
): void {
  const fromHeight = height - top - bottom;
  const fromWidth = width - left - right;
  const columns = work;
  const rows = columns + tapsMemory(width);
  const pixels = rows + tapsMemory(height);
  const enlarged = pixels + <usize>((width + 8) << 4);
  const rowBytes = <usize>((width + 4) << 4);
  fillTaps(columns, fromWidth, width);
  fillTaps(rows, fromHeight, height);
  const columnWeights = weightsOf(columns, width);
  const rowWeights = weightsOf(rows, height);
  // Four rows of the source are kept, enlarged along x; row r is in slot r modulo 4.
  let loaded = 0;
  for (let y = 0; y < height; y++) {
    const base = load<i32>(rows + (y << 2));
    const last = min(fromHeight - 1, base + 3);
    loaded = max(loaded, min(last, max(0, base)));
    for (; loaded <= last; loaded++) {
      loadPixels(source + <usize>(((top + loaded) * width + left) * 3), pixels, fromWidth);
      const to = enlarged + rowBytes * (loaded & 3);
      for (let x = 0; x < width; x++) {
        const from = pixels + ((load<i32>(columns + (x << 2)) + 2) << 4);
        v128.store(to + (x << 4), combined(from, from + 16, from + 32, from + 48, columnWeights + (x << 6)));
      }
    }
    const a = enlarged + rowBytes * (max(0, base) & 3);
    const b = enlarged + rowBytes * (max(0, min(fromHeight - 1, base + 1)) & 3);
    const c = enlarged + rowBytes * (min(fromHeight - 1, base + 2) & 3);
    const d = enlarged + rowBytes * (last & 3);
    const weights = rowWeights + (y << 6);
    let to = target + <usize>(y * width * 3);
    for (let x: usize = 0; x < (<usize>width) << 4; x += 64) {
      const four = packed(
        combined(a + x, b + x, c + x, d + x, weights),
        combined(a + x + 16, b + x + 16, c + x + 16, d + x + 16, weights),
        combined(a + x + 32, b + x + 32, c + x + 32, d + x + 32, weights),
        combined(a + x + 48, b + x + 48, c + x + 48, d + x + 48, weights),
      );
      v128.store(to, withoutFourth(four));
      to += 12;
    }
  }
}

export function cropMemory(height: i32, width: i32): usize {
  return (
    tapsMemory(width) + tapsMemory(height) + <usize>((width + 8) << 4) + ((<usize>((width + 4) << 4)) << 2)
  );
}

/**
 * Converts a row of RGB to pixels of four floats, with the first pixel repeated twice before it and the last one twice
 * after it.
 */
function loadPixels(source: usize, pixels: usize, count: i32): void {
  const start = pixels + 32;
  for (let x = 0; x < count; x++) {
    // The fourth lane holds the value that follows; it is never read.
    const words = i16x8.extend_low_i8x16_u(v128.load32_zero(source + 3 * x));
    v128.store(start + (x << 4), f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)));
  }
  const first = v128.load(start);
  v128.store(pixels, first);
  v128.store(pixels, first, 16);
  const end = start + (count << 4);
  const last = v128.load(end - 16);
  v128.store(end, last);
  v128.store(end, last, 16);
}

/**
 * A plane of floats [fromHeight, fromWidth] resized to [height, width]; up to 3 floats after it are written. `work`:
 * resizeMemory(fromHeight, height, width).
 */
export function resizePlane(
  source: usize,
  fromHeight: i32,
  fromWidth: i32,
  target: usize,
  height: i32,
  width: i32,
  work: usize,
): void {
  const columns = work;
  const rows = columns + tapsMemory(width);
  const enlarged = rows + tapsMemory(height);
  const rowBytes = aligned(width << 2);
  fillTaps(columns, fromWidth, width);
  fillTaps(rows, fromHeight, height);
  const columnWeights = weightsOf(columns, width);
  const rowWeights = weightsOf(rows, height);
  for (let y = 0; y < fromHeight; y++) {
    const from = source + <usize>((y * fromWidth) << 2);
    const to = enlarged + rowBytes * y;
    for (let x = 0; x < width; x++) {
      const base = load<i32>(columns + (x << 2));
      const weights = columnWeights + (x << 6);
      const sum =
        load<f32>(weights) * load<f32>(from + (clampedTo(base, fromWidth) << 2)) +
        load<f32>(weights, 16) * load<f32>(from + (clampedTo(base + 1, fromWidth) << 2)) +
        load<f32>(weights, 32) * load<f32>(from + (clampedTo(base + 2, fromWidth) << 2)) +
        load<f32>(weights, 48) * load<f32>(from + (clampedTo(base + 3, fromWidth) << 2));
      store<f32>(to + (x << 2), sum);
    }
  }
  for (let y = 0; y < height; y++) {
    const base = load<i32>(rows + (y << 2));
    const a = enlarged + rowBytes * clampedTo(base, fromHeight);
    const b = enlarged + rowBytes * clampedTo(base + 1, fromHeight);
    const c = enlarged + rowBytes * clampedTo(base + 2, fromHeight);
    const d = enlarged + rowBytes * clampedTo(base + 3, fromHeight);
    const weights = rowWeights + (y << 6);
    const to = target + <usize>((y * width) << 2);
    for (let x: usize = 0; x < (<usize>width) << 2; x += 16) {
      v128.store(to + x, combined(a + x, b + x, c + x, d + x, weights));
    }
  }
}

export function resizeMemory(fromHeight: i32, height: i32, width: i32): usize {
  return tapsMemory(width) + tapsMemory(height) + aligned(width << 2) * fromHeight;
}

function clampedTo(index: i32, size: i32): i32 {
  return max(0, min(size - 1, index));
}
