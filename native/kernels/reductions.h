// Sums, means and maxima along an axis, for one instruction set. Long sums are split into short ones, since the error
// of a float32 sum grows with its length. The order is fixed, so results are reproducible.

#pragma once

#include "arithmetic.h"

namespace {

struct SumOf {
  static Vector start() { return Vector{}; }
  static Vector join(Vector a, Vector b) { return a + b; }
};

struct MaxOf {
  static Vector start() { return broadcast(-__builtin_inff()); }
  /** Joins `a` and then `b`; NaN propagates. */
  static Vector join(Vector a, Vector b) { return ((b > a) | (b != b)) ? b : a; }
};

/** Rows, or vectors of a row, that are joined before the result is joined with those of other runs. */
constexpr int kRun = 64;
/** Columns whose partial results are kept: within them a row is read from one end to the other. */
constexpr int kColumns = 1024;

/** Reduces rows [rows, columns], `step` floats apart, to partial [columns]. */
template <typename Operation>
inline void joinRows(const float* x, int rows, ptrdiff_t step, int columns, float* partial) {
  int row = 0;
  // Four at once, so that partial results are rarely loaded and stored.
  for (; row + 4 <= rows; row += 4, x += 4 * step) {
    forVectors(columns, [=](ptrdiff_t at, auto block) {
      const Vector first = Operation::join(block.load(x + at), block.load(x + step + at));
      const Vector second = Operation::join(block.load(x + 2 * step + at), block.load(x + 3 * step + at));
      const Vector four = Operation::join(first, second);
      block.store(partial + at, row == 0 ? four : Operation::join(block.load(partial + at), four));
    });
  }
  for (; row < rows; row++, x += step) {
    forVectors(columns, [=](ptrdiff_t at, auto block) {
      const Vector value = block.load(x + at);
      block.store(partial + at, Operation::join(row == 0 ? Operation::start() : block.load(partial + at), value));
    });
  }
}

/** Reduces x [size, inner] to result [inner]. */
template <typename Operation>
void reduceRows(int size, int inner, const float* x, float* result, float factor) {
  float partial[kColumns];
  for (int first = 0; first < inner; first += kColumns) {
    const int columns = inner - first < kColumns ? inner - first : kColumns;
    float* to = result + first;
    for (int row = 0; row < size; row += kRun) {
      const int rows = size - row < kRun ? size - row : kRun;
      joinRows<Operation>(x + ptrdiff_t(row) * inner + first, rows, inner, columns, partial);
      forVectors(columns, [&](ptrdiff_t at, auto block) {
        const Vector part = block.load(partial + at);
        const Vector total = row == 0 ? part : Operation::join(block.load(to + at), part);
        block.store(to + at, row + rows == size ? total * factor : total);
      });
    }
  }
}

/** Reduces adjacent vectors in 4 independent chains, since each operation waits for the one before. */
template <typename Operation>
inline Vector joinVectors(const float* x, int vectors) {
  Vector a = Operation::start(), b = a, c = a, d = a;
  int i = 0;
  for (; i + 4 <= vectors; i += 4, x += 4 * kLanes) {
    a = Operation::join(a, load(x));
    b = Operation::join(b, load(x + kLanes));
    c = Operation::join(c, load(x + 2 * kLanes));
    d = Operation::join(d, load(x + 3 * kLanes));
  }
  for (; i < vectors; i++, x += kLanes) a = Operation::join(a, load(x));
  return Operation::join(Operation::join(a, b), Operation::join(c, d));
}

/** Reduces x [size] to one value. */
template <typename Operation>
float reduceRow(int size, const float* x) {
  Vector total = Operation::start();
  const int vectors = size / kLanes;
  for (int first = 0; first < vectors; first += kRun) {
    const int count = vectors - first < kRun ? vectors - first : kRun;
    total = Operation::join(total, joinVectors<Operation>(x + ptrdiff_t(first) * kLanes, count));
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
