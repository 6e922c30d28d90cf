// Vectors of floats of one instruction set, and the two types in which arrays are stored: float32, and bfloat16, the
// upper half of it (Kalamkar et al. 2019, "A study of BFLOAT16 for deep learning training"). All sums are float32.
//
// This header, and all that include it, are compiled once for each instruction set, in an unnamed namespace, with
// VECTOR_BYTES set to the width of its registers. Nothing of the standard library's templates is used in them: the
// linker keeps one copy of each, which might be the one that was compiled for instructions that a processor has not.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels.h"

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

namespace {

using Vector = float __attribute__((vector_size(VECTOR_BYTES)));
/** The bits of a vector, or a choice for each of its values: all ones, or zeros. */
using Integers = int32_t __attribute__((vector_size(VECTOR_BYTES)));
using Unsigned = uint32_t __attribute__((vector_size(VECTOR_BYTES)));
using Halves = uint16_t __attribute__((vector_size(VECTOR_BYTES / 2)));
/** The same at any address. */
using LooseVector = float __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
using LooseHalves = uint16_t __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2), may_alias));

/** Floats in a vector. */
constexpr int kLanes = VECTOR_BYTES / 4;

inline Vector broadcast(float value) { return Vector{} + value; }

inline Vector load(const float* from) { return *(const LooseVector*)from; }
inline void store(float* to, Vector values) { *(LooseVector*)to = values; }

inline Vector load(const Bfloat16* from) {
  const Halves halves = *(const LooseHalves*)from;
  return (Vector)(__builtin_convertvector(halves, Unsigned) << 16);
}

/** Rounds to the nearest, halves to even. */
inline void store(Bfloat16* to, Vector values) {
#if defined(__AVX512BF16__) && VECTOR_BYTES == 64
  const __m256bh halves = _mm512_cvtneps_pbh((__m512)values);
  std::memcpy(to, &halves, sizeof halves);
#else
  const Unsigned bits = (Unsigned)values;
  const Unsigned rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  // Rounding could make an infinity of a NaN.
  const Unsigned quiet = (bits >> 16) | 0x40;
  const Integers isNumber = values == values;
  const Unsigned kept = ((Unsigned)isNumber & rounded) | (~(Unsigned)isNumber & quiet);
  *(LooseHalves*)to = __builtin_convertvector(kept, Halves);
#endif
}

/** The first `count` values, less than a vector; the others are 0. */
template <typename T>
inline Vector loadPart(const T* from, int count) {
  T values[kLanes] = {};
  std::memcpy(values, from, sizeof(T) * count);
  return load(values);
}

template <typename T>
inline void storePart(T* to, Vector vector, int count) {
  T values[kLanes];
  store(values, vector);
  std::memcpy(to, values, sizeof(T) * count);
}

inline float toFloat(float value) { return value; }
inline float toFloat(Bfloat16 value) {
  const uint32_t bits = uint32_t(value.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

}  // namespace
