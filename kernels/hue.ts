// Hue and saturation as in OpenCV for uint8: hue in half degrees (0-179), saturation and value 0-255. The same integer
// arithmetic to HSV (12-bit reciprocals) and the same single-precision arithmetic back. Four pixels at a time.

import { rounded } from "./vector";

/** 1 / 255, 6 / 180 (sextants per half degree), 1, 255. */
const FLOATS = memory.data<f32>([<f32>(1.0 / 255.0), <f32>(6.0 / 180.0), 1, 255]);
/** One half of 12 bits, a full turn in half degrees, the largest value. */
const WHOLES = memory.data<i32>([1 << 11, 180, 255]);
const SECTORS = memory.data<i32>([1, 2, 3, 4, 5]);
/** Positions of four pixels' channels in 12 bytes RGB, and back. */
const SPLIT = memory.data<u8>(
  [
    0, 255, 255, 255, 3, 255, 255, 255, 6, 255, 255, 255, 9, 255, 255, 255, 1, 255, 255, 255, 4, 255, 255,
    255, 7, 255, 255, 255, 10, 255, 255, 255, 2, 255, 255, 255, 5, 255, 255, 255, 8, 255, 255, 255, 11, 255,
    255, 255, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 255, 255, 255, 255,
  ],
  16,
);

/** Adds `added` (-179 to 179) to the hue, which wraps, and to the saturation, which is clipped. */
export function addToHueAndSaturation(source: usize, target: usize, pixels: i32, added: i32): void {
  const zero = i32x4.splat(0);
  const shift = i32x4.splat(added);
  for (let p = 0; p < pixels; p += 4) {
    const bytes = v128.load(source + 3 * p);
    const red = i8x16.swizzle(bytes, v128.load(SPLIT));
    const green = i8x16.swizzle(bytes, v128.load(SPLIT, 16));
    const blue = i8x16.swizzle(bytes, v128.load(SPLIT, 32));

    const value = i32x4.max_s(i32x4.max_s(red, green), blue);
    const range = i32x4.sub(value, i32x4.min_s(i32x4.min_s(red, green), blue));
    let saturation = rightShifted(i32x4.mul(range, reciprocal(value, 255 << 12)));
    const isRed = i32x4.eq(value, red);
    const isGreen = i32x4.eq(value, green);
    const ofRed = i32x4.sub(green, blue);
    const ofGreen = i32x4.add(i32x4.sub(blue, red), i32x4.shl(range, 1));
    const ofBlue = i32x4.add(i32x4.sub(red, green), i32x4.shl(range, 2));
    const sextant = v128.bitselect(ofRed, v128.bitselect(ofGreen, ofBlue, isGreen), isRed);
    let hue = rightShifted(i32x4.mul(sextant, reciprocal(range, 30 << 12)));

    hue = wrapped(i32x4.add(wrapped(hue), shift));
    saturation = i32x4.min_s(i32x4.max_s(i32x4.add(saturation, shift), zero), v128.load32_splat(WHOLES, 8));

    const s = f32x4.mul(f32x4.convert_i32x4_s(saturation), v128.load32_splat(FLOATS));
    const v = f32x4.mul(f32x4.convert_i32x4_s(value), v128.load32_splat(FLOATS));
    const turned = f32x4.mul(f32x4.convert_i32x4_s(hue), v128.load32_splat(FLOATS, 4));
    const floor = f32x4.floor(turned);
    const f = f32x4.sub(turned, floor);
    const sector = rounded(floor);
    const one = v128.load32_splat(FLOATS, 8);
    const low = level(f32x4.mul(v, f32x4.sub(one, s)));
    // The third colour rises through the even sectors and falls through the odd ones.
    const odd = i32x4.shr_s(i32x4.shl(sector, 31), 31);
    const part = v128.bitselect(f, f32x4.sub(one, f), odd);
    const third = level(f32x4.mul(v, f32x4.sub(one, f32x4.mul(s, part))));

    // Sector        0  1  2  3  4  5
    // red           v  t  l  l  t  v
    // green         t  v  v  t  l  l
    // blue          l  l  t  v  v  t
    const is0 = i32x4.eq(sector, zero);
    const is1 = i32x4.eq(sector, v128.load32_splat(SECTORS));
    const is2 = i32x4.eq(sector, v128.load32_splat(SECTORS, 4));
    const is3 = i32x4.eq(sector, v128.load32_splat(SECTORS, 8));
    const is4 = i32x4.eq(sector, v128.load32_splat(SECTORS, 12));
    const is5 = i32x4.eq(sector, v128.load32_splat(SECTORS, 16));
    const newRed = choose(value, v128.or(is0, is5), third, v128.or(is1, is4), low);
    const newGreen = choose(value, v128.or(is1, is2), third, v128.or(is0, is3), low);
    const newBlue = choose(value, v128.or(is3, is4), third, v128.or(is2, is5), low);

    const redGreen = i16x8.narrow_i32x4_s(newRed, newGreen);
    const planes = i8x16.narrow_i16x8_u(redGreen, i16x8.narrow_i32x4_s(newBlue, newBlue));
    v128.store(target + 3 * p, i8x16.swizzle(planes, v128.load(SPLIT, 48)));
  }
}

/** scale / x, rounded, and 0 if x is 0: exact in float32, since no quotient is near a half. */
function reciprocal(x: v128, scale: i32): v128 {
  const quotient = f32x4.div(f32x4.splat(<f32>scale), f32x4.convert_i32x4_s(x));
  return v128.andnot(rounded(quotient), i32x4.eq(x, i32x4.splat(0)));
}

/** x / 4,096, rounded half up. */
function rightShifted(x: v128): v128 {
  return i32x4.shr_s(i32x4.add(x, v128.load32_splat(WHOLES)), 12);
}

/** Wraps a hue in [-180, 360) to [0, 180). */
function wrapped(hue: v128): v128 {
  const turn = v128.load32_splat(WHOLES, 4);
  const raised = i32x4.add(hue, v128.and(turn, i32x4.lt_s(hue, i32x4.splat(0))));
  return i32x4.sub(raised, v128.and(turn, i32x4.ge_s(raised, turn)));
}

/** Converts shares in [0, 1] to levels 0-255. */
function level(share: v128): v128 {
  return rounded(f32x4.mul(share, v128.load32_splat(FLOATS, 12)));
}

function choose(first: v128, isFirst: v128, second: v128, isSecond: v128, third: v128): v128 {
  return v128.bitselect(first, v128.bitselect(second, third, isSecond), isFirst);
}
