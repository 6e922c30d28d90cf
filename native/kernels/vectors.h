// Vectors of floats of one instruction set, and the two types of stored values: float32, and bfloat16, its upper half
// (Kalamkar et al. 2019, "A study of BFLOAT16 for deep learning training"). All sums are float32.
//
// This header and all that include it are compiled once per instruction set, in an unnamed namespace, with VECTOR_BYTES
// set to the width of its registers. They use no standard library templates: the linker keeps one copy of each, which
// might be the one compiled for instructions that the processor lacks.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

using Vector = float __attribute__((vector_size(VECTOR_BYTES)));
/** The bits of a vector, or a mask with all ones or all zeros for each value. */
using Integers = int32_t __attribute__((vector_size(VECTOR_BYTES)));
using Unsigned = uint32_t __attribute__((vector_size(VECTOR_BYTES)));
using Halves = uint16_t __attribute__((vector_size(VECTOR_BYTES / 2)));
using Bytes = uint8_t __attribute__((vector_size(VECTOR_BYTES / 4)));
/** The same without alignment. Clang ignores `aligned` in a type after `using`. */
typedef float LooseVector __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef uint16_t LooseHalves __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2), may_alias));

/** Floats in a vector. */
constexpr int kLanes = VECTOR_BYTES / 4;

/** Subtracting zeros changes nothing, not even -0, so the compiler drops it; adding zeros would cost an instruction. */
inline Vector broadcast(float value) { return value - Vector{}; }

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
  // Rounding could turn a NaN into infinity.
  const Unsigned quiet = (bits >> 16) | 0x40;
  const Integers isNumber = values == values;
  const Unsigned kept = ((Unsigned)isNumber & rounded) | (~(Unsigned)isNumber & quiet);
  *(LooseHalves*)to = __builtin_convertvector(kept, Halves);
#endif
}

/** Loads the first `count` values, fewer than a vector holds; the others are 0. */
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

#if !(VECTOR_BYTES == 64 && defined(__AVX512BW__) && defined(__AVX512VL__))
inline Bytes loadPart(const uint8_t* from, int count) {
  Bytes bytes = {};
  std::memcpy(&bytes, from, count);
  return bytes;
}
inline void storePart(uint8_t* to, Bytes bytes, int count) { std::memcpy(to, &bytes, count); }
#endif

// A copy through memory stalls until the preceding store is done; masks, if available, do not.
#if VECTOR_BYTES == 64 && defined(__AVX512F__)
inline __mmask16 firstLanes(int count) { return __mmask16((1u << count) - 1); }

inline Vector loadPart(const float* from, int count) { return (Vector)_mm512_maskz_loadu_ps(firstLanes(count), from); }
inline void storePart(float* to, Vector vector, int count) {
  _mm512_mask_storeu_ps(to, firstLanes(count), (__m512)vector);
}
#endif
#if VECTOR_BYTES == 64 && defined(__AVX512BW__) && defined(__AVX512VL__)
/**
 * A mask that the compiler does not know. If it knows that one half is stored, after a conversion from 32 bits, Clang 22.1 writes
 * all 32 bits: beyond the array, or over the next value.
 */
inline __mmask16 storedLanes(int count) {
  uint32_t mask = firstLanes(count);
  asm("" : "+r"(mask));
  return __mmask16(mask);
}

inline Vector loadPart(const Bfloat16* from, int count) {
  const Halves halves = (Halves)_mm256_maskz_loadu_epi16(firstLanes(count), from);
  return (Vector)(__builtin_convertvector(halves, Unsigned) << 16);
}
inline void storePart(Bfloat16* to, Vector vector, int count) {
  Bfloat16 values[kLanes];
  store(values, vector);
  __m256i halves;
  std::memcpy(&halves, values, sizeof halves);
  _mm256_mask_storeu_epi16(to, storedLanes(count), halves);
}
inline Bytes loadPart(const uint8_t* from, int count) { return (Bytes)_mm_maskz_loadu_epi8(firstLanes(count), from); }
inline void storePart(uint8_t* to, Bytes bytes, int count) {
  _mm_mask_storeu_epi8(to, storedLanes(count), (__m128i)bytes);
}
#endif
#if VECTOR_BYTES == 32 && defined(__AVX2__)
inline __m256i firstLanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

inline Vector loadPart(const float* from, int count) { return (Vector)_mm256_maskload_ps(from, firstLanes(count)); }
inline void storePart(float* to, Vector vector, int count) {
  _mm256_maskstore_ps(to, firstLanes(count), (__m256)vector);
}
#endif

inline Vector squareRoot(Vector x) {
  Vector roots;
  for (int lane = 0; lane < kLanes; lane++) roots[lane] = __builtin_sqrtf(x[lane]);
  return roots;
}

inline Vector absolute(Vector x) { return (Vector)((Integers)x & 0x7fffffff); }

inline float toFloat(float value) { return value; }
inline float toFloat(Bfloat16 value) {
  const uint32_t bits = uint32_t(value.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

}  // namespace
