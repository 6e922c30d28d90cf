// Sums, means and maxima along an axis, for one instruction set. Long sums are made of short ones: the error of a
// float32 sum grows with its length. The order is fixed, so that results are the same on every run.

#pragma once

#include "arithmetic.h"

namespace {

/** Vectors joined in one go, before the outcome is joined with the others'. */
constexpr int kRun = 64;
/** Floats of a run of rows, which stay in the cache while its columns are joined one after the other. */
constexpr int kRunFloats = 4096;

struct SumOf {
  static Vector start() { return Vector{}; }
  static Vector join(Vector a, Vector b) { return a + b; }
};

struct MaxOf {
  static Vector start() { return broadcast(-__builtin_inff()); }
  /** Of `a` and then `b`; NaN stays. */
  static Vector join(Vector a, Vector b) { return choose((b > a) | (b != b), b, a); }
};

/** How many rows of so many values are joined in one go. */
inline int runOf(int width) {
  const int fitting = kRunFloats / width;
  return fitting < 4 ? 4 : fitting > kRun ? kRun : fitting;
}

inline Vector loadFirst(const float* from, int width) { return width == kLanes ? load(from) : loadPart(from, width); }
inline void storeFirst(float* to, Vector values, int width) {
  if (width == kLanes) {
    store(to, values);
  } else {
    storePart(to, values, width);
  }
}

template <typename Operation>
Vector joinRows(const float* x, int rows, ptrdiff_t step, int width) {
  // Four at once, since each addition waits for the one before.
  Vector a = Operation::start(), b = a, c = a, d = a;
  int row = 0;
  if (width == kLanes) {
    for (; row + 4 <= rows; row += 4, x += 4 * step) {
      a = Operation::join(a, load(x));
      b = Operation::join(b, load(x + step));
      c = Operation::join(c, load(x + 2 * step));
      d = Operation::join(d, load(x + 3 * step));
    }
  }
  for (; row < rows; row++, x += step) a = Operation::join(a, loadFirst(x, width));
  return Operation::join(Operation::join(a, b), Operation::join(c, d));
}

/** x [size, inner] to result [inner]. */
template <typename Operation>
void reduceRows(int size, int inner, const float* x, float* result, float factor) {
  const int run = runOf(inner);
  for (int row = 0; row < size; row += run) {
    const int rows = size - row < run ? size - row : run;
    for (int c = 0; c < inner; c += kLanes) {
      const int width = inner - c < kLanes ? inner - c : kLanes;
      const Vector part = joinRows<Operation>(x + ptrdiff_t(row) * inner + c, rows, inner, width);
      const Vector total = row == 0 ? part : Operation::join(loadFirst(result + c, width), part);
      storeFirst(result + c, row + rows == size ? total * factor : total, width);
    }
  }
}

/** x [size] to one value. */
template <typename Operation>
float reduceRow(int size, const float* x) {
  Vector total = Operation::start();
  int i = 0;
  while (i + kLanes <= size) {
    const int vectors = (size - i) / kLanes;
    const int run = vectors < kRun ? vectors : kRun;
    total = Operation::join(total, joinRows<Operation>(x + i, run, kLanes, kLanes));
    i += run * kLanes;
  }
  float lanes[kLanes];
  store(lanes, total);
  for (; i < size; i++) {
    const int lane = i % kLanes;
    lanes[lane] = Operation::join(broadcast(lanes[lane]), broadcast(x[i]))[0];
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
    reducePass<SumOf>(outer, size, inner, x, result, operation == Reduction::Mean ? 1.0f / size : 1);
  }
}

constexpr ArithmeticKernels kArithmetic = {unary, clip, clipGradient, binary, addBias, reduce};

}  // namespace
