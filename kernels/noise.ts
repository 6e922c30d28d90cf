// Noise on single pixels and on coarse rectangles. `random` is the address of a generator's state; each value is
// decided by 16 random bits.

import { fillRandom } from "./random";
import { packed } from "./vector";

/** Vectors of 16 values or pixels for which random bits are drawn at once; each takes two vectors of 16-bit words. */
const BLOCK = 64;
const words = memory.data(16 * 2 * BLOCK, 16);

/** Repeats each of 16 bytes three times. */
const THRICE = memory.data<u8>(
  [
    0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10, 10, 11,
    11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15,
  ],
  16,
);

/** A value becomes 0 if its 16 bits are at most `limit`. */
export function dropValues(source: usize, target: usize, size: i32, limit: i32, random: usize): void {
  const most = i16x8.splat(<i16>limit);
  for (let start: usize = 0; start < <usize>size; start += 16 * BLOCK) {
    const end = min(<usize>size, start + 16 * BLOCK);
    fillRandom(random, words, 2 * BLOCK);
    for (let i = start, w = words; i < end; i += 16, w += 32) {
      v128.store(target + i, v128.andnot(v128.load(source + i), hits(w, most)));
    }
  }
}

/** All three channels of a pixel become 0 if its 16 bits are at most `limit`. */
export function dropPixels(source: usize, target: usize, pixels: i32, limit: i32, random: usize): void {
  const most = i16x8.splat(<i16>limit);
  for (let start: usize = 0; start < <usize>pixels; start += 16 * BLOCK) {
    const end = min(<usize>pixels, start + 16 * BLOCK);
    fillRandom(random, words, 2 * BLOCK);
    for (let p = start, w = words; p < end; p += 16, w += 32) {
      const hit = hits(w, most);
      const from = source + 3 * p;
      const to = target + 3 * p;
      const first = i8x16.swizzle(hit, v128.load(THRICE));
      const second = i8x16.swizzle(hit, v128.load(THRICE, 16));
      const third = i8x16.swizzle(hit, v128.load(THRICE, 32));
      v128.store(to, v128.andnot(v128.load(from), first));
      v128.store(to, v128.andnot(v128.load(from, 16), second), 16);
      v128.store(to, v128.andnot(v128.load(from, 32), third), 32);
    }
  }
}

/** Compares the 16 16-bit words at an address: 255 for words of at most `most`, else 0. */
function hits(w: usize, most: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.le_u(v128.load(w), most), i16x8.le_u(v128.load(w, 16), most));
}

/** Adds deviation x normal[16 bits] to each value; the table is [65536], float32. */
export function addNoiseToValues(
  source: usize,
  target: usize,
  size: i32,
  deviation: f32,
  normal: usize,
  random: usize,
): void {
  const scale = f32x4.splat(deviation);
  for (let start: usize = 0; start < <usize>size; start += 16 * BLOCK) {
    const end = min(<usize>size, start + 16 * BLOCK);
    fillRandom(random, words, 2 * BLOCK);
    for (let i = start, w = words; i < end; i += 16, w += 32) {
      const bytes = v128.load(source + i);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      v128.store(
        target + i,
        packed(
          f32x4.add(lowFloats(low), f32x4.mul(scale, fourNormals(normal, w))),
          f32x4.add(highFloats(low), f32x4.mul(scale, fourNormals(normal, w + 8))),
          f32x4.add(lowFloats(high), f32x4.mul(scale, fourNormals(normal, w + 16))),
          f32x4.add(highFloats(high), f32x4.mul(scale, fourNormals(normal, w + 24))),
        ),
      );
    }
  }
}

/** Adds deviation x normal[16 bits] to all channels of each pixel. */
export function addNoiseToPixels(
  source: usize,
  target: usize,
  pixels: i32,
  deviation: f32,
  normal: usize,
  random: usize,
): void {
  const scale = f32x4.splat(deviation);
  for (let start: usize = 0; start < <usize>pixels; start += 16 * BLOCK) {
    const end = min(<usize>pixels, start + 16 * BLOCK);
    fillRandom(random, words, 2 * BLOCK);
    // Four pixels are 12 values; 16 are stored, and the last four are overwritten.
    for (let p = start, w = words; p < end; p += 4, w += 8) {
      const bytes = v128.load(source + 3 * p);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      const added = f32x4.mul(scale, fourNormals(normal, w));
      const first = i8x16.shuffle(added, added, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7);
      const second = i8x16.shuffle(added, added, 4, 5, 6, 7, 4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 10, 11);
      const third = i8x16.shuffle(added, added, 8, 9, 10, 11, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15);
      const thirdValues = f32x4.add(lowFloats(high), third);
      v128.store(
        target + 3 * p,
        packed(
          f32x4.add(lowFloats(low), first),
          f32x4.add(highFloats(low), second),
          thirdValues,
          thirdValues,
        ),
      );
    }
  }
}

function lowFloats(words: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words));
}

function highFloats(words: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words));
}

/** The table's values for the four 16-bit words at an address. */
function fourNormals(normal: usize, w: usize): v128 {
  let values = v128.load32_zero(normal + ((<usize>load<u16>(w)) << 2));
  values = v128.load32_lane(normal + ((<usize>load<u16>(w, 2)) << 2), values, 1);
  values = v128.load32_lane(normal + ((<usize>load<u16>(w, 4)) << 2), values, 2);
  return v128.load32_lane(normal + ((<usize>load<u16>(w, 6)) << 2), values, 3);
}

/** Writes `count` bytes: 255 if 16 random bits are at most `limit`, else 0. Needs room for 1,024 more bytes. */
export function drawHits(target: usize, count: i32, limit: i32, random: usize): void {
  const most = i16x8.splat(<i16>limit);
  for (let start: usize = 0; start < <usize>count; start += 16 * BLOCK) {
    fillRandom(random, words, 2 * BLOCK);
    for (let i = start, w = words; i < start + 16 * BLOCK; i += 16, w += 32) {
      v128.store(target + i, hits(w, most));
    }
  }
}

/**
 * Sets values to 0 if their cell is hit. `cells` [cellsHigh, cellsWide, channels], 255 or 0, with 1 or 3 channels, is
 * enlarged to the image by nearest neighbour. `work`: cellMemory(width).
 */
export function dropCells(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  cells: usize,
  cellsHigh: i32,
  cellsWide: i32,
  channels: i32,
  work: usize,
): void {
  const stride = width * 3;
  let enlarged = -1;
  for (let y = 0; y < height; y++) {
    const row = (y * cellsHigh) / height;
    if (row !== enlarged) {
      enlarged = row;
      enlargeRow(cells + <usize>(row * cellsWide * channels), cellsWide, channels, work, width);
    }
    const from = source + <usize>(y * stride);
    const to = target + <usize>(y * stride);
    for (let i: usize = 0; i < <usize>stride; i += 16) {
      v128.store(to + i, v128.andnot(v128.load(from + i), v128.load(work + i)));
    }
  }
}

export function cellMemory(width: i32): usize {
  return <usize>(5 * width + 112);
}

/** Enlarges a row of cells to a row of pixels with three channels each. */
function enlargeRow(cells: usize, cellsWide: i32, channels: i32, target: usize, width: i32): void {
  let to = target;
  // x cellsWide = width cell + rest
  let cell = cells;
  let rest = 0;
  for (let x = 0; x < width; x++) {
    if (channels === 3) {
      store<u8>(to, load<u8>(cell));
      store<u8>(to, load<u8>(cell, 1), 1);
      store<u8>(to, load<u8>(cell, 2), 2);
    } else {
      const hit = load<u8>(cell);
      store<u8>(to, hit);
      store<u8>(to, hit, 1);
      store<u8>(to, hit, 2);
    }
    to += 3;
    for (rest += cellsWide; rest >= width; rest -= width) cell += channels;
  }
}

/**
 * Turns pixels into grey salt or pepper if their cell is hit. `cells` [cellsHigh, cellsWide] as for `dropCells`;
 * `grains` [4096], uint8, holds equally likely grey levels. There are grainsHigh x grainsWide grains, at most one per
 * pixel, enlarged to the image by nearest neighbour. `work`: cellMemory(width).
 */
export function saltCells(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  cells: usize,
  cellsHigh: i32,
  cellsWide: i32,
  grains: usize,
  grainsHigh: i32,
  grainsWide: i32,
  random: usize,
  work: usize,
): void {
  const stride = width * 3;
  const bits = work + <usize>((stride + 47) & ~15);
  const vectors = (grainsWide + 7) >> 3;
  let enlarged = -1;
  let drawn = -1;
  memory.copy(target, source, <usize>(height * stride));
  for (let y = 0; y < height; y++) {
    const row = (y * cellsHigh) / height;
    if (row !== enlarged) {
      enlarged = row;
      enlargeRow(cells + <usize>(row * cellsWide), cellsWide, 1, work, width);
    }
    const grainRow = (y * grainsHigh) / height;
    if (grainRow !== drawn) {
      drawn = grainRow;
      fillRandom(random, bits, vectors);
      if (grainsWide < width) spreadGrains(bits, grainsWide, width);
    }
    let to = target + <usize>(y * stride);
    for (let x = 0; x < width; x++) {
      if (load<u8>(work + 3 * x)) {
        const grain = load<u8>(grains + (load<u16>(bits + (x << 1)) >> 4));
        store<u8>(to, grain);
        store<u8>(to, grain, 1);
        store<u8>(to, grain, 2);
      }
      to += 3;
    }
  }
}

/** Enlarges a row of 16-bit words to one word per pixel, in place. */
function spreadGrains(bits: usize, grainsWide: i32, width: i32): void {
  // From the end: a grain's place is never after its pixels.
  for (let x = width - 1; x >= 0; x--) {
    store<u16>(bits + (x << 1), load<u16>(bits + (((x * grainsWide) / width) << 1)));
  }
}
