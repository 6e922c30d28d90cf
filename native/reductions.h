// Sums, means and maxima along an axis, for one instruction set. Long sums are made of short ones: the error of a
// float32 sum grows with its length. The order is fixed, so that results are the same on every run.

#pragma once

#include "arithmetic.h"

namespace {

struct SumOf {
  static Vector start() { return Vector{}; }
  static Vector join(Vector a, Vector b) { return a + b; }
};

struct MaxOf {
  static Vector start() { return broadcast(-__builtin_inff()); }
  /** Of `a` and then `b`; NaN stays. */
  static Vector join(Vector a, Vector b) { return (b > a) | (b != b) ? b : a; }
};

/** Rows joined in one go, before the outcome is joined with the others'. */
constexpr int kRun = 64;
/** Floats of a run of rows, which stay in the cache while its columns are joined one after the other. */
constexpr int kRunFloats = 4096;

inline int runOf(int columns) {
  const int fitting = kRunFloats / columns;
  return fitting < 4 ? 4 : fitting > kRun ? kRun : fitting;
}

/** Of one vector of columns: 4 chains, since each operation waits for the one before. */
template <typename Operation, typename Block>
inline Vector joinRows(const float* x, int rows, ptrdiff_t step, Block block, int vector) {
  Vector a = Operation::start(), b = a, c = a, d = a;
  int row = 0;
  for (; row + 4 <= rows; row += 4, x += 4 * step) {
    a = Operation::join(a, block.load(x, vector));
    b = Operation::join(b, block.load(x + step, vector));
    c = Operation::join(c, block.load(x + 2 * step, vector));
    d = Operation::join(d, block.load(x + 3 * step, vector));
  }
  for (; row < rows; row++, x += step) a = Operation::join(a, block.load(x, vector));
  return Operation::join(Operation::join(a, b), Operation::join(c, d));
}

/** x [size, inner] to result [inner]. */
template <typename Operation>
void reduceRows(int size, int inner, const float* x, float* result, float factor) {
  const int run = runOf(inner);
  for (int row = 0; row < size; row += run) {
    const int rows = size - row < run ? size - row : run;
    forColumns(inner, [&](ptrdiff_t first, auto block) {
      for (int v = 0; v < block.kCount; v++) {
        Vector total = joinRows<Operation>(x + ptrdiff_t(row) * inner + first, rows, inner, block, v);
        if (row > 0) total = Operation::join(block.load(result + first, v), total);
        block.store(result + first, row + rows == size ? total * factor : total, v);
      }
    });
  }
}

/** x [size] to one value. */
template <typename Operation>
float reduceRow(int size, const float* x) {
  Vector total = Operation::start();
  const int vectors = size / kLanes;
  for (int first = 0; first < vectors; first += kRun) {
    const int count = vectors - first < kRun ? vectors - first : kRun;
    const Vector part = joinRows<Operation>(x + ptrdiff_t(first) * kLanes, count, kLanes, Whole<1>{}, 0);
    total = Operation::join(total, part);
  }
  float lanes[kLanes];
  store(lanes, total);
  for (int lane = 0; lane < size % kLanes; lane++) {
    lanes[lane] = Operation::join(broadcast(lanes[lane]), broadcast(x[vectors * kLanes + lane]))[0];
  }
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; lane++) {
      lanes[lane] = Operation::join(broadcast(lanes[lane]), broadcast(lanes[lane + half]))[0];
    }
  }
  return lanes[0];
}

template <typename Operation>
void reducePass(int outer, int size, int inner, const float* x, float* result, float factor) {
  for (int o = 0; o < outer; o++, x += ptrdiff_t(size) * inner, result += inner) {
    if (inner == 1) {
      *result = reduceRow<Operation>(size, x) * factor;
    } else {
      reduceRows<Operation>(size, inner, x, result, factor);
    }
  }
}

void reduce(Reduction operation, int outer, int size, int inner, const float* x, float* result) {
  if (operation == Reduction::Max) {
    reducePass<MaxOf>(outer, size, inner, x, result, 1);
  } else {
    reducePass<SumOf>(outer, size, inner, x, result, operation == Reduction::Mean ? 1.0f / float(size) : 1);
  }
}

constexpr ArithmeticKernels kArithmetic = {unary, clip, clipGradient, binary, reduce};

}  // namespace
