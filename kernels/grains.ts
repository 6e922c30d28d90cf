// Gaussian noise on grains larger than a pixel.

import { fillRandom } from "./random";
import { aligned, packed } from "./vector";

/**
 * Adds deviation x normal[16 bits] to the pixels of each grain: to each channel its own with 3 `channels`, to all of
 * them the same with 1. There are grainsHigh x grainsWide grains, at most one per pixel, enlarged to the image by
 * nearest neighbour; the table is [65536], float32. `work`: grainMemory(width).
 */
export function addNoiseToGrains(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  grainsHigh: i32,
  grainsWide: i32,
  channels: i32,
  deviation: f32,
  normal: usize,
  random: usize,
  work: usize,
): void {
  const stride = width * 3;
  const bits = work + lineBytes(width);
  const vectors = (grainsWide * channels + 7) >> 3;
  let drawn = -1;
  for (let y = 0; y < height; y++) {
    const row = (y * grainsHigh) / height;
    if (row !== drawn) {
      drawn = row;
      fillRandom(random, bits, vectors);
      enlargeGrains(bits, grainsWide, channels, work, width, deviation, normal);
    }
    const from = source + <usize>(y * stride);
    const to = target + <usize>(y * stride);
    for (let i: usize = 0; i < <usize>stride; i += 16) {
      const bytes = v128.load(from + i);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      const added = work + (i << 2);
      v128.store(
        to + i,
        packed(
          f32x4.add(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), v128.load(added)),
          f32x4.add(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), v128.load(added, 16)),
          f32x4.add(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), v128.load(added, 32)),
          f32x4.add(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), v128.load(added, 48)),
        ),
      );
    }
  }
}

export function grainMemory(width: i32): usize {
  return lineBytes(width) + aligned(((width * 3) << 1) + 32);
}

/** A row of pixels as floats, and a vector of bytes' worth more. */
function lineBytes(width: i32): usize {
  return aligned((width * 3 + 16) << 2);
}

/** The values to add to a row of pixels, three floats each. */
function enlargeGrains(
  bits: usize,
  grainsWide: i32,
  channels: i32,
  target: usize,
  width: i32,
  deviation: f32,
  normal: usize,
): void {
  let to = target;
  // x grainsWide = width grain + rest
  let grain = bits;
  let rest = 0;
  const next = <usize>(channels << 1);
  // The same word for all channels, or one each.
  const apart: usize = channels === 3 ? 2 : 0;
  for (let x = 0; x < width; x++) {
    store<f32>(to, deviation * load<f32>(normal + ((<usize>load<u16>(grain)) << 2)));
    store<f32>(to, deviation * load<f32>(normal + ((<usize>load<u16>(grain + apart)) << 2)), 4);
    store<f32>(to, deviation * load<f32>(normal + ((<usize>load<u16>(grain + 2 * apart)) << 2)), 8);
    to += 12;
    for (rest += grainsWide; rest >= width; rest -= width) grain += next;
  }
}
