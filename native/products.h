// The two inner loops that all matrix products of training are made of, for one instruction set. Both keep a block of
// sums in registers, ROWS x VECTORS vectors of floats, and read their operands where they lie: no matrix is laid out
// anew for them but the weights, which are small.
//
// Compiled once for each instruction set, with VECTOR_BYTES set to the width of its registers and PRODUCT_ROWS to as many
// rows as leave registers for the operands. After Goto and van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication", with the image itself in the place of the packed panel.

#pragma once

#include "vectors.h"

namespace {

/** Vectors of a block's width; a panel of weights is as wide. */
constexpr int kVectors = 2;
constexpr int kWidth = kVectors * kLanes;
constexpr int kRows = PRODUCT_ROWS;

/** Where the values lie that one row of the block is multiplied with. */
struct Segments {
  /** Of each segment, in floats from the row's start. */
  const ptrdiff_t* offsets;
  int count;
  /** Values of a segment, which lie next to each other. */
  int length;
};

template <int ROWS>
inline void storeBlock(const Vector (&sums)[ROWS][kVectors], float* target, ptrdiff_t stride, int width) {
  for (int row = 0; row < ROWS; row++) {
    if (width == kWidth) {
      for (int v = 0; v < kVectors; v++) store(target + row * stride + v * kLanes, sums[row][v]);
    } else {
      std::memcpy(target + row * stride, sums[row], sizeof(float) * width);
    }
  }
}

/**
 * target[row][column] = sum over k of source[row][k] panel[k][column], for ROWS rows `rowStep` floats apart and the
 * first `width` of kWidth columns. k runs through the segments of the source; the panel is [k, kWidth].
 */
template <int ROWS>
void innerProducts(const float* source, ptrdiff_t rowStep, const Segments& segments, const float* panel,
                   float* target, ptrdiff_t targetStep, int width) {
  Vector sums[ROWS][kVectors] = {};
  for (int segment = 0; segment < segments.count; segment++) {
    const float* values = source + segments.offsets[segment];
    for (int k = 0; k < segments.length; k++, values++, panel += kWidth) {
      Vector weights[kVectors];
      for (int v = 0; v < kVectors; v++) weights[v] = load(panel + v * kLanes);
#pragma GCC unroll 16
      for (int row = 0; row < ROWS; row++) {
        const Vector value = broadcast(values[row * rowStep]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; v++) sums[row][v] += value * weights[v];
      }
    }
  }
  storeBlock<ROWS>(sums, target, targetStep, width);
}

/**
 * target[row][column] += sum over places p of source[p][row] gradient[p][column], for ROWS rows next to each other in the
 * source. Places lie on `lines` lines of `length` places.
 */
struct Places {
  int lines;
  int length;
  ptrdiff_t sourceLine;
  ptrdiff_t sourceStep;
  ptrdiff_t gradientLine;
  ptrdiff_t gradientStep;
};

template <int ROWS>
void outerProducts(const float* source, const float* gradient, const Places& places, float* target,
                   ptrdiff_t targetStep, int width) {
  Vector sums[ROWS][kVectors] = {};
  for (int row = 0; row < ROWS; row++) std::memcpy(sums[row], target + row * targetStep, sizeof(float) * width);
  for (int line = 0; line < places.lines; line++) {
    const float* values = source + line * places.sourceLine;
    const float* gradients = gradient + line * places.gradientLine;
    for (int p = 0; p < places.length; p++) {
      Vector columns[kVectors];
      for (int v = 0; v < kVectors; v++) columns[v] = load(gradients + v * kLanes);
#pragma GCC unroll 16
      for (int row = 0; row < ROWS; row++) {
        const Vector value = broadcast(values[row]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; v++) sums[row][v] += value * columns[v];
      }
      values += places.sourceStep;
      gradients += places.gradientStep;
    }
  }
  storeBlock<ROWS>(sums, target, targetStep, width);
}

/** Calls `block.template run<ROWS>()` for a number of rows that is known only now, 1 to kRows. */
template <int ROWS, typename Block>
inline void dispatch(int rows, const Block& block) {
  if (rows == ROWS) {
    block.template run<ROWS>();
  } else if constexpr (ROWS > 1) {
    dispatch<ROWS - 1>(rows, block);
  }
}

/** Splits `count` rows into blocks of nearly equal size, at most kRows each. */
inline int blockSize(int count) {
  const int blocks = (count + kRows - 1) / kRows;
  return (count + blocks - 1) / blocks;
}

}  // namespace
