// Elementary functions on four float32 at once, with a relative error of about 1e-6: good enough for noise, not for
// numerics.

import { rounded } from "./vector";

/** Coefficients of the series, highest power first. */
const LOG2 = memory.data<f32>([0.3205989, 0.41219858, 0.57707801, 0.96179669, 2.88539008, 1]);
const EXP2 = memory.data<f32>([
  0.0001540353,
  0.0013333558,
  0.0096181291,
  0.055504109,
  0.24022651,
  <f32>Math.LN2,
  1,
  -126,
  127,
]);
const SINE = memory.data<f32>([
  -2.5052108e-8, 2.7557319e-6, -1.984127e-4, 8.3333333e-3, -0.16666667, 1, 6.2831853, 0.5,
]);
/** The bits of sqrt(1/2), and the sign bit. */
const BITS = memory.data<i32>([0x3f3504f3, <i32>0x80000000]);

/** series x + the coefficient at an address: one step of Horner's scheme. */
function nextTerm(series: v128, x: v128, coefficient: usize): v128 {
  return f32x4.add(f32x4.mul(series, x), v128.load32_splat(coefficient));
}

/** x to the power of `exponent`, for positive normal x. */
export function power(x: v128, exponent: v128): v128 {
  return exp2(f32x4.mul(exponent, log2(x)));
}

/**
 * Splits off the exponent, so that the remaining m is in [sqrt(1/2), sqrt(2)); then ln m = 2 artanh((m - 1) / (m + 1)).
 */
function log2(x: v128): v128 {
  const offset = v128.load32_splat(BITS);
  const whole = i32x4.shr_s(i32x4.sub(x, offset), 23);
  const m = i32x4.sub(x, i32x4.shl(whole, 23));
  const one = v128.load32_splat(LOG2, 20);
  const t = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one));
  const square = f32x4.mul(t, t);
  let series = v128.load32_splat(LOG2);
  series = nextTerm(series, square, LOG2 + 4);
  series = nextTerm(series, square, LOG2 + 8);
  series = nextTerm(series, square, LOG2 + 12);
  series = nextTerm(series, square, LOG2 + 16);
  return f32x4.add(f32x4.convert_i32x4_s(whole), f32x4.mul(t, series));
}

/** 2 to the power of x, for x in [-126, 127]; smaller x give 2 to the power of -126. Taylor series. */
function exp2(x: v128): v128 {
  const inRange = f32x4.pmax(v128.load32_splat(EXP2, 28), f32x4.pmin(v128.load32_splat(EXP2, 32), x));
  const whole = f32x4.nearest(inRange);
  const f = f32x4.sub(inRange, whole);
  let series = v128.load32_splat(EXP2);
  series = nextTerm(series, f, EXP2 + 4);
  series = nextTerm(series, f, EXP2 + 8);
  series = nextTerm(series, f, EXP2 + 12);
  series = nextTerm(series, f, EXP2 + 16);
  series = nextTerm(series, f, EXP2 + 20);
  series = nextTerm(series, f, EXP2 + 24);
  return i32x4.add(series, i32x4.shl(rounded(whole), 23));
}

/** sin(2 pi turns), for turns in [-1/2, 1/2]. */
export function sineOfTurns(turns: v128): v128 {
  // Beyond a quarter turn the sine decreases again.
  const half = v128.load32_splat(SINE, 28);
  const size = f32x4.abs(turns);
  const sign = v128.and(turns, v128.load32_splat(BITS, 4));
  const folded = v128.or(f32x4.pmin(size, f32x4.sub(half, size)), sign);
  const x = f32x4.mul(folded, v128.load32_splat(SINE, 24));
  const square = f32x4.mul(x, x);
  let series = v128.load32_splat(SINE);
  series = nextTerm(series, square, SINE + 4);
  series = nextTerm(series, square, SINE + 8);
  series = nextTerm(series, square, SINE + 12);
  series = nextTerm(series, square, SINE + 16);
  series = nextTerm(series, square, SINE + 20);
  return f32x4.mul(x, series);
}
