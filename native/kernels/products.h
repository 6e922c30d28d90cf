// The inner loop of all matrix products of training, for one instruction set. It keeps a block of sums in registers
// (ROWS x kVectors vectors of floats) and reads images in place: they are not laid out as matrices first. After Goto
// and van de Geijn 2008, "Anatomy of high-performance matrix multiplication", with the image itself instead of the
// packed panel.
//
// PRODUCT_ROWS is the largest number of rows that leaves registers for the operands.

#pragma once

#include "vectors.h"

namespace {

/** Width of a block in vectors; panels of weights are equally wide. */
constexpr int kVectors = 2;
constexpr int kWidth = kVectors * kLanes;
constexpr int kRows = PRODUCT_ROWS;

/** Values of an operand that are multiplied together: one float, or two neighbouring bfloat16 values. */
template <typename P>
constexpr int kGroup = int(sizeof(float) / sizeof(P));

/** The values by which one row of the block is multiplied. */
struct Segments {
  /** Offset of each segment from the row's start, in values. */
  const ptrdiff_t* offsets;
  int count;
  /** Values of a segment, which are contiguous; a multiple of kGroup. */
  int length;
};

/** Where the sums go: a matrix whose rows are `step` values apart. */
struct Target {
  Values values;
  ptrdiff_t step;
  /** One value per column, or null. */
  const float* bias = nullptr;
  Activation activation = Activation::none;
  /** Adds to the existing values, in float32. */
  bool adds = false;

  Target at(ptrdiff_t row, ptrdiff_t column) const {
    return {values.from(row * step + column), step, bias ? bias + column : nullptr, activation, adds};
  }
};

inline Vector activate(Vector values, Activation activation) {
  if (activation == Activation::none) return values;
  const Vector zero = {};
  values = values < zero ? zero : values;
  if (activation == Activation::relu) return values;
  const Vector six = broadcast(6);
  return values > six ? six : values;
}

template <typename T>
inline void storeSums(T* to, Vector sums, int count) {
  if (count >= kLanes) {
    store(to, sums);
  } else {
    storePart(to, sums, count);
  }
}

/** Stores the first `width` columns of the sums [rows, vectors, kLanes]. */
inline void storeBlock(const Vector* sums, int rows, int vectors, const Target& target, int width) {
  for (int v = 0; v < vectors && v * kLanes < width; v++) {
    const int count = width - v * kLanes < kLanes ? width - v * kLanes : kLanes;
    const float* const biases = target.bias ? target.bias + v * kLanes : nullptr;
    const Vector bias = !biases ? Vector{} : count == kLanes ? load(biases) : loadPart(biases, count);
    for (int row = 0; row < rows; row++) {
      const Vector sum = activate(sums[row * vectors + v] + bias, target.activation);
      const ptrdiff_t at = row * target.step + v * kLanes;
      if (target.values.type == Type::bfloat16) {
        storeSums((Bfloat16*)target.values.data + at, sum, count);
      } else {
        float* to = (float*)target.values.data + at;
        if (!target.adds) {
          storeSums(to, sum, count);
        } else {
          storeSums(to, sum + (count == kLanes ? load(to) : loadPart(to, count)), count);
        }
      }
    }
  }
}

/** One group of an operand in every lane, or a different one in each: a float, or a pair. */
inline Vector broadcastGroup(const float* from) { return broadcast(*from); }
inline Vector loadGroups(const float* from) { return load(from); }
inline Integers broadcastGroup(const Bfloat16* from) {
  int32_t pair;
  std::memcpy(&pair, from, sizeof pair);
  return Integers{} + pair;
}
inline Integers loadGroups(const Bfloat16* from) {
  Integers pairs;
  std::memcpy(&pairs, from, sizeof pairs);
  return pairs;
}

inline Vector multiplyAdd(Vector sum, Vector a, Vector b) { return sum + a * b; }
inline Vector multiplyAdd(Vector sum, Integers a, Integers b) {
#if defined(__AVX512BF16__)
  return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  const Integers upper = Integers{} + int32_t(0xffff0000);
  sum += (Vector)(a & upper) * (Vector)(b & upper);
  return sum + (Vector)((Unsigned)a << 16) * (Vector)((Unsigned)b << 16);
#endif
}

/** Stores all columns of float32 sums that are in registers, without moving them to memory first. */
template <int ROWS, typename Finish>
inline __attribute__((always_inline)) void storeRows(const Vector (&sums)[ROWS][kVectors], const Target& target,
                                                     const Finish& finish) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; v++) {
    const Vector bias = target.bias ? load(target.bias + v * kLanes) : Vector{};
    float* to = (float*)target.values.data + v * kLanes;
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; row++, to += target.step) store(to, finish(sums[row][v] + bias, to));
  }
}

/**
 * target[row][column] = sum over k of source[row][k] panel[k][column], for ROWS rows `rowStep` values apart and the
 * first `width` of kWidth columns. k runs through the segments of the source; the panel is [k / kGroup, kWidth,
 * kGroup].
 */
template <int ROWS, typename P>
void innerProducts(const P* source, ptrdiff_t rowStep, const Segments& segments, const P* panel, const Target& target,
                   int width) {
  Vector sums[ROWS][kVectors] = {};
  for (int segment = 0; segment < segments.count; segment++) {
    const P* values = source + segments.offsets[segment];
    for (int k = 0; k < segments.length; k += kGroup<P>) {
      decltype(loadGroups(panel)) weights[kVectors];
      for (int v = 0; v < kVectors; v++) weights[v] = loadGroups(panel + v * kLanes * kGroup<P>);
#pragma GCC unroll 16
      for (int row = 0; row < ROWS; row++) {
        const auto value = broadcastGroup(values + row * rowStep);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; v++) sums[row][v] = multiplyAdd(sums[row][v], value, weights[v]);
      }
      values += kGroup<P>;
      panel += kWidth * kGroup<P>;
    }
  }
  if (width >= kWidth && target.values.type == Type::float32) {
    const Activation activation = target.activation;
    if (target.adds) return storeRows(sums, target, [](Vector sum, const float* to) { return sum + load(to); });
    if (activation == Activation::none) return storeRows(sums, target, [](Vector sum, const float*) { return sum; });
    return storeRows(sums, target, [&](Vector sum, const float*) { return activate(sum, activation); });
  }
  // A separate array, so that the sums above need no address and stay in registers.
  Vector results[ROWS][kVectors];
  for (int row = 0; row < ROWS; row++) {
    for (int v = 0; v < kVectors; v++) results[row][v] = sums[row][v];
  }
  storeBlock(results[0], ROWS, kVectors, target, width);
}

/** Calls `block.template run<ROWS>()` for a number of rows known only at run time, 1 to kRows. */
template <int ROWS, typename Block>
inline void dispatch(int rows, const Block& block) {
  if (rows == ROWS) {
    block.template run<ROWS>();
  } else if constexpr (ROWS > 1) {
    dispatch<ROWS - 1>(rows, block);
  }
}

/** Calls action(first, count) for blocks of at most kRows rows of similar size. */
template <typename Action>
inline void eachBlock(int rows, const Action& action) {
  for (int row = 0, count; row < rows; row += count) {
    const int blocks = (rows - row + kRows - 1) / kRows;
    count = (rows - row + blocks - 1) / blocks;
    action(row, count);
  }
}

template <typename P>
struct InnerBlock {
  const P* source;
  ptrdiff_t rowStep;
  const Segments& segments;
  const P* panel;
  const Target& target;
  int width;

  template <int ROWS>
  void run() const {
    innerProducts<ROWS>(source, rowStep, segments, panel, target, width);
  }
};

/** Number of values multiplied at once; the length of segments is a multiple of it. */
template <typename P>
constexpr int kDepthStep = kGroup<P>;

/** Inner products of `rows` rows, `rowStep` values apart, with all panels. */
template <typename P>
void multiplyPanels(const P* source, int rows, ptrdiff_t rowStep, const Segments& segments, const P* panels,
                    int columns, const Target& target) {
  const ptrdiff_t depth = ptrdiff_t(segments.count) * segments.length;
  for (int first = 0; first < columns; first += kWidth, panels += depth * kWidth) {
    const int width = columns - first < kWidth ? columns - first : kWidth;
    eachBlock(rows, [&](int row, int count) {
      const Target part = target.at(row, first);
      dispatch<kRows>(count, InnerBlock<P>{source + row * rowStep, rowStep, segments, panels, part, width});
    });
  }
}

}  // namespace
