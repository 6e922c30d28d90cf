// Building blocks of fog and clouds: planes of noise with a given spectrum, and blending a layer over an image.

import { columnLanes } from "./fourier";
import { power, sineOfTurns } from "./power";
import { fillRandom } from "./random";
import { packed } from "./vector";

/** A row of random words is drawn in pieces of this many vectors, for half as many vectors of frequencies. */
const BLOCK = 64;
const words = memory.data(16 * BLOCK, 16);

/** 0 to 3. */
const LANES = memory.data<i32>([0, 1, 2, 3], 16);
/** 10 bits. */
const LOWER = memory.data<i32>([1023]);
/** 2^-22, 2^-10, 1/2, 1/4, 1. */
const FLOATS = memory.data<f32>([<f32>(1.0 / 4194304.0), <f32>(1.0 / 1024.0), 0.5, 0.25, 1]);

/**
 * One half of the spectrum of a plane [height, width], in the form that `realPlane` takes: random amplitudes and
 * phases, scaled by the frequency to the power of `exponent`. Only the real part of the transform is needed, so the
 * value at each frequency is the mean of its own draw and the conjugate of its mirror image's. Column 0 and the middle
 * one hold both, and the transform itself takes their mean.
 */
export function drawSpectrum(
  target: usize,
  apart: usize,
  height: i32,
  width: i32,
  exponent: f32,
  random: usize,
): void {
  const columns = columnLanes(width);
  const half = f32x4.splat(exponent / 2);
  const middle = width % 2 === 0 ? width / 2 : -1;
  for (let y = 0; y < height; y++) {
    const distance = min(y, height - y);
    const squareY = f32x4.splat(<f32>distance * <f32>distance);
    const row = target + <usize>((y * columns) << 2);
    for (let x = 0; x < columns; x += 4) {
      const word = (x >> 2) % (BLOCK / 2);
      if (word === 0) fillRandom(random, words, min(BLOCK, (columns - x) >> 1));
      const places = i32x4.add(i32x4.splat(x), v128.load(LANES));
      const floats = f32x4.convert_i32x4_s(places);
      const square = f32x4.add(f32x4.mul(floats, floats), squareY);
      const scale = power(f32x4.pmax(square, v128.load32_splat(FLOATS, 16)), half);
      const first = v128.load(words + (word << 5));
      const second = v128.load(words + (word << 5), 16);
      const amplitude = f32x4.mul(scale, amplitudeOf(first));
      const mirrored = f32x4.mul(scale, amplitudeOf(second));
      const phase = phaseOf(first);
      const mirroredPhase = phaseOf(second);
      const re = f32x4.mul(amplitude, cosineOfTurns(phase));
      const im = f32x4.mul(amplitude, cosineTimesSine(phase));
      const mirroredRe = f32x4.mul(mirrored, cosineOfTurns(mirroredPhase));
      const mirroredIm = f32x4.mul(mirrored, cosineTimesSine(mirroredPhase));
      const mean = v128.load32_splat(FLOATS, 8);
      const own = v128.or(i32x4.eq(places, i32x4.splat(0)), i32x4.eq(places, i32x4.splat(middle)));
      const at = row + (x << 2);
      v128.store(at, v128.bitselect(re, f32x4.mul(mean, f32x4.add(re, mirroredRe)), own));
      v128.store(at + apart, v128.bitselect(im, f32x4.mul(mean, f32x4.sub(im, mirroredIm)), own));
    }
  }
  // The plane's mean is not part of the noise.
  store<f32>(target, 0);
  store<f32>(target + apart, 0);
}

/** A share in [0, 1) from the upper 22 bits. */
function amplitudeOf(bits: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(bits, 10)), v128.load32_splat(FLOATS));
}

/** Turns in [-1/2, 1/2) from the lower 10 bits. */
function phaseOf(bits: v128): v128 {
  const whole = f32x4.convert_i32x4_s(v128.and(bits, v128.load32_splat(LOWER)));
  return f32x4.sub(f32x4.mul(whole, v128.load32_splat(FLOATS, 4)), v128.load32_splat(FLOATS, 8));
}

/** cos(2 pi t) = sin(2 pi (1/4 - |t|)). */
function cosineOfTurns(turns: v128): v128 {
  return sineOfTurns(f32x4.sub(v128.load32_splat(FLOATS, 12), f32x4.abs(turns)));
}

/** cos(2 pi t) sin(2 pi t) = sin(2 pi 2 t) / 2: the imaginary part as in imgaug, which includes the cosine. */
function cosineTimesSine(turns: v128): v128 {
  const twice = f32x4.add(turns, turns);
  return f32x4.mul(v128.load32_splat(FLOATS, 8), sineOfTurns(f32x4.sub(twice, f32x4.nearest(twice))));
}

/** Maps the range of the values to 0-1; a constant plane becomes 0. Overwrites up to 3 floats after the plane. */
export function stretch(plane: usize, size: i32): void {
  const end = plane + <usize>(size << 2);
  // Values read past the end must not count.
  const last = f32x4.splat(load<f32>(end - 4));
  v128.store(end, last);
  let smallest = last;
  let largest = last;
  for (let i = plane; i < end; i += 16) {
    const values = v128.load(i);
    smallest = f32x4.pmin(smallest, values);
    largest = f32x4.pmax(largest, values);
  }
  const low = leastLane(smallest);
  const high = -leastLane(f32x4.neg(largest));
  const least = f32x4.splat(low);
  const scale = f32x4.splat(high > low ? 1 / (high - low) : 0);
  for (let i = plane; i < end; i += 16) {
    v128.store(i, f32x4.mul(f32x4.sub(v128.load(i), least), scale));
  }
}

function leastLane(x: v128): f32 {
  return min(
    min(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    min(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** 1, 255, and the lower bound of opacity before the power is taken. */
const LIMITS = memory.data<f32>([1, 255, 1e-20]);

/**
 * Blends a layer over an image of `pixels` pixels; `target` may be `source`. `coarse`, `fine` and `mask` are float32
 * [pixels], the latter two clipped to [0, 1]. Intensity: mean + coarse + mean (2 fine - 1) / 5. Opacity: (least +
 * factor mask) to the power of `sparsity`, times `density`, at most 1.
 */
export function blend(
  source: usize,
  target: usize,
  pixels: i32,
  coarse: usize,
  fine: usize,
  mask: usize,
  mean: f32,
  least: f32,
  factor: f32,
  sparsity: f32,
  density: f32,
): void {
  const zero = f32x4.splat(0);
  const one = v128.load32_splat(LIMITS);
  const brightest = v128.load32_splat(LIMITS, 4);
  const thinnest = v128.load32_splat(LIMITS, 8);
  const lowest = f32x4.splat(least);
  const slope = f32x4.splat(factor);
  const thickness = f32x4.splat(density);
  const base = f32x4.splat(mean - mean / 5);
  const variation = f32x4.splat((mean * 2) / 5);
  const exponent = f32x4.splat(sparsity);
  for (let p = 0; p < pixels; p += 4) {
    const grain = f32x4.pmin(one, f32x4.pmax(zero, v128.load(fine + (p << 2))));
    const raw = f32x4.add(f32x4.add(base, v128.load(coarse + (p << 2))), f32x4.mul(variation, grain));
    const intensity = f32x4.pmin(brightest, f32x4.pmax(zero, raw));
    const place = f32x4.pmin(one, f32x4.pmax(zero, v128.load(mask + (p << 2))));
    const opaque = f32x4.add(lowest, f32x4.mul(slope, place));
    const thinned = power(f32x4.pmax(thinnest, opaque), exponent);
    const alpha = f32x4.pmin(one, f32x4.mul(thickness, thinned));

    const bytes = v128.load(source + 3 * p);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    const first = mixed(
      f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)),
      i8x16.shuffle(intensity, zero, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7),
      i8x16.shuffle(alpha, zero, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7),
    );
    const second = mixed(
      f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)),
      i8x16.shuffle(intensity, zero, 4, 5, 6, 7, 4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 10, 11),
      i8x16.shuffle(alpha, zero, 4, 5, 6, 7, 4, 5, 6, 7, 8, 9, 10, 11, 8, 9, 10, 11),
    );
    const third = mixed(
      f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)),
      i8x16.shuffle(intensity, zero, 8, 9, 10, 11, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15),
      i8x16.shuffle(alpha, zero, 8, 9, 10, 11, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15),
    );
    const four = packed(first, second, third, third);
    // The last four bytes are kept: they belong to the next pixels, which may still have to be read.
    v128.store(
      target + 3 * p,
      i8x16.shuffle(four, bytes, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 28, 29, 30, 31),
    );
  }
}

function mixed(value: v128, intensity: v128, alpha: v128): v128 {
  return f32x4.add(value, f32x4.mul(alpha, f32x4.sub(intensity, value)));
}
