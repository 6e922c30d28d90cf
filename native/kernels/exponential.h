// Exponentials of vectors for one instruction set, accurate to 2 units in the last place. The argument is reduced by
// multiples of log 2 and the rest evaluated as a polynomial, after Moshier's Cephes library (expf, tanhf).

#pragma once

#include "vectors.h"

namespace {

/** (exp(x) - 1 - x) / x^2 for |x| of at most log(2) / 2. */
inline Vector exponentialTail(Vector x) {
  Vector y = broadcast(1.9875691500e-4f);
  y = y * x + 1.3981999507e-3f;
  y = y * x + 8.3334519073e-3f;
  y = y * x + 4.1665795894e-2f;
  y = y * x + 1.6666665459e-1f;
  return y * x + 5.0000001201e-1f;
}

/** 2^n for n in [-126, 127]. */
inline Vector powerOfTwo(Integers n) { return (Vector)((n + 127) << 23); }

/** Infinity or 0 outside the range of floats; NaN for NaN. */
inline Vector exponential(Vector x) {
  x = x > 89 ? broadcast(89) : x;
  x = x < -104 ? broadcast(-104) : x;
  // Adding 1.5 * 2^23 rounds to a whole number, which is then in the lowest bits.
  const Vector rounder = broadcast(12582912);
  const Vector shifted = x * 1.44269504088896341f + rounder;
  const Integers n = (Integers)shifted - (Integers)rounder;
  const Vector multiple = shifted - rounder;
  const Vector rest = x - multiple * 0.693359375f + multiple * 2.12194440e-4f;
  const Vector y = exponentialTail(rest) * (rest * rest) + rest + 1;
  // In two steps: 2^n itself may be too large or too small.
  const Integers half = n >> 1;
  return y * powerOfTwo(half) * powerOfTwo(n - half);
}

/** exp(x) - 1, also accurate for x near 0. */
inline Vector exponentialMinusOne(Vector x) {
  return absolute(x) < 0.34f ? exponentialTail(x) * (x * x) + x : exponential(x) - 1;
}

inline Vector sigmoid(Vector x) { return 1 / (1 + exponential(-x)); }

inline Vector hyperbolicTangent(Vector x) {
  const Vector square = x * x;
  Vector y = broadcast(-5.70498872745e-3f);
  y = y * square + 2.06390887954e-2f;
  y = y * square - 5.37397155531e-2f;
  y = y * square + 1.33314422036e-1f;
  y = y * square - 3.33332819422e-1f;
  const Vector nearZero = y * square * x + x;
  const Vector size = 1 - 2 / (exponential(absolute(x) * 2) + 1);
  const Vector signedSize = x < 0 ? -size : size;
  return absolute(x) < 0.625f ? nearZero : signedSize;
}

/**
 * The error function: for |x| of at most 1 as in Cephes (erff), accurate to 2 units in the last place, and otherwise by
 * formula 7.1.26 of Abramowitz and Stegun, with an error of at most 2e-7.
 */
inline Vector errorFunction(Vector x) {
  const Vector square = x * x;
  Vector y = broadcast(7.853861353e-5f);
  y = y * square - 8.010193625e-4f;
  y = y * square + 5.188327686e-3f;
  y = y * square - 2.685381194e-2f;
  y = y * square + 1.128358515e-1f;
  y = y * square - 3.761262582e-1f;
  const Vector nearZero = (y * square + 1.128379167f) * x;
  const Vector size = absolute(x);
  const Vector t = 1 / (1 + size * 0.3275911f);
  Vector z = broadcast(1.061405429f);
  z = z * t - 1.453152027f;
  z = z * t + 1.421413741f;
  z = z * t - 0.284496736f;
  z = z * t + 0.254829592f;
  const Vector far = 1 - z * t * exponential(-square);
  const Vector signedFar = x < 0 ? -far : far;
  return size <= 1 ? nearZero : signedFar;
}

}  // namespace
