// Noise on single pixels and on coarse rectangles. `random` is the address of a generator's state; of the random bits
// 16 decide about a value.

import { fillRandom } from "./random";
import { packed } from "./vector";

/** Random vectors that are made at once, and the vectors of 16 values or pixels that they are for. */
const BLOCK = 64;
const words = memory.data(16 * 2 * BLOCK, 16);

/** Each of 16 bytes three times. */
const THRICE = memory.data<u8>(
  [
    0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10, 10, 11,
    11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15,
  ],
  16,
);

/** A value becomes 0 where its 16 bits are at most `limit`. */
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

/** All three channels of a pixel become 0 where its 16 bits are at most `limit`. */
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

/** For the 16 words of 16 bits at an address: bytes of ones where they are at most `most`. */
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
    // Four pixels are 12 values; of the 16 that are stored the last four are written over.
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

/** The table's values for the four words of 16 bits at an address. */
function fourNormals(normal: usize, w: usize): v128 {
  let values = v128.load32_zero(normal + ((<usize>load<u16>(w)) << 2));
  values = v128.load32_lane(normal + ((<usize>load<u16>(w, 2)) << 2), values, 1);
  values = v128.load32_lane(normal + ((<usize>load<u16>(w, 4)) << 2), values, 2);
  return v128.load32_lane(normal + ((<usize>load<u16>(w, 6)) << 2), values, 3);
}

/** Writes `count` bytes of ones where 16 bits are at most `limit`, else 0; room for 1,024 more is needed. */
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
 * Values become 0 where their cell is hit. `cells` [cellsHigh, cellsWide, channels], bytes of ones or 0, channels 1 or
 * 3, is enlarged to the image with the nearest value. `work`: cellMemory(width).
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

/** A row of cells as a row of pixels with three channels each. */
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
 * Pixels become grey salt or pepper where their cell is hit. `cells` [cellsHigh, cellsWide] as for `dropCells`;
 * `grains` [4096], uint8, holds equally likely values of grey. `work`: cellMemory(width).
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
  random: usize,
  work: usize,
): void {
  const stride = width * 3;
  const bits = work + <usize>((stride + 47) & ~15);
  const vectors = (width + 7) >> 3;
  let enlarged = -1;
  memory.copy(target, source, <usize>(height * stride));
  for (let y = 0; y < height; y++) {
    const row = (y * cellsHigh) / height;
    if (row !== enlarged) {
      enlarged = row;
      enlargeRow(cells + <usize>(row * cellsWide), cellsWide, 1, work, width);
    }
    fillRandom(random, bits, vectors);
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
