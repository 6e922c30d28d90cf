// Helpers shared by all loops: uint8 to float32 vectors and back.
//
// Constants are stored in memory and loaded within the loops: V8 would build a constant vector from its halves at each
// use, which takes longer than a load.

/** 1.5 x 2^23: adding it to a float32 below 2^22 leaves the whole part, rounded half to even, in the low bits. */
const ROUNDER = memory.data<f32>([12582912, 12582912, 12582912, 12582912], 16);
const WITHOUT_FOURTH = memory.data<u8>([0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15], 16);

/** The nearest whole numbers (halves to even) as int32, for values within +-2^22. */
export function rounded(x: v128): v128 {
  const rounder = v128.load(ROUNDER);
  return i32x4.sub(f32x4.add(x, rounder), rounder);
}

/** 16 floats, rounded and clipped, as uint8. */
export function packed(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(
    i16x8.narrow_i32x4_s(rounded(a), rounded(b)),
    i16x8.narrow_i32x4_s(rounded(c), rounded(d)),
  );
}

/** One pixel of four floats, rounded and clipped, as four uint8. */
export function packedPixel(pixel: v128): u32 {
  const whole = rounded(pixel);
  const narrow = i16x8.narrow_i32x4_s(whole, whole);
  return i32x4.extract_lane(i8x16.narrow_i16x8_u(narrow, narrow), 0);
}

/** Converts `count` uint8 at `source` to float32 at `target`; up to 15 more are read and written. */
export function widen(source: usize, target: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count; i += 16) {
    const bytes = v128.load(source + i);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    const to = target + (i << 2);
    v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)));
    v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), 16);
    v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), 32);
    v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), 48);
  }
}

/** Copies `count` bytes and up to 31 more. For a row this is far faster than memory.copy, which is a call. */
export function copyVectors(source: usize, target: usize, count: usize): void {
  for (let i: usize = 0; i < count; i += 32) {
    v128.store(target + i, v128.load(source + i));
    v128.store(target + i, v128.load(source + i, 16), 16);
  }
}

/** `size`, rounded up to whole 16-byte vectors. */
export function aligned(size: usize): usize {
  return (size + 15) & ~15;
}

/** The index in [0, size) that reflection maps to `index`, without repeating the border: gfedcb|abcdefgh|gfedcba. */
export function reflect101(index: i32, size: i32): i32 {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const phase = abs(index) % period;
  return phase < size ? phase : period - phase;
}

/** Packs four RGBx pixels, 16 uint8, as RGB in the first 12. */
export function withoutFourth(pixels: v128): v128 {
  return i8x16.swizzle(pixels, v128.load(WITHOUT_FOURTH));
}
