// Passes over arrays value by value, for one instruction set. Each is bound by memory: one pass that reads its operands
// once, whatever the shapes. NaN passes through as in JavaScript's Math.max and Math.min.

#pragma once

#include "arithmetic_table.h"
#include "exponential.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

inline Vector squareRoot(Vector x) {
#if defined(__x86_64__) && VECTOR_BYTES == 64
  return (Vector)_mm512_maskz_sqrt_ps(__mmask16(-1), (__m512)x);
#elif defined(__x86_64__) && VECTOR_BYTES == 32
  return (Vector)_mm256_sqrt_ps((__m256)x);
#elif defined(__x86_64__)
  return (Vector)_mm_sqrt_ps((__m128)x);
#elif defined(__aarch64__)
  return (Vector)vsqrtq_f32((float32x4_t)x);
#else
  Vector roots;
  for (int lane = 0; lane < kLanes; lane++) roots[lane] = __builtin_sqrtf(x[lane]);
  return roots;
#endif
}

// Comparisons with NaN are false: each is turned so that NaN stays.
inline Vector notNegative(Vector x) { return choose(x <= 0, Vector{}, x); }
inline Vector atMostSix(Vector x) { return choose(x >= 6, broadcast(6), x); }
inline Vector stepOf(Vector x, Vector below) { return choose(x > 0, broadcast(1), choose(x == x, below, x)); }

inline Vector maskOf(Integers where) { return choose(where, broadcast(1), Vector{}); }

#define UNARY(Name, expression) \
  struct Name##Of {             \
    static Vector apply(Vector x, Vector parameter) { return (void)parameter, expression; } \
  };
UNARY(Relu, notNegative(x))
UNARY(Relu6, atMostSix(notNegative(x)))
UNARY(Step, stepOf(x, parameter))
UNARY(Neg, -x)
UNARY(Square, x* x)
UNARY(Sqrt, squareRoot(x))
UNARY(Rsqrt, 1 / squareRoot(x))
UNARY(Reciprocal, 1 / x)
UNARY(Abs, absolute(x))
UNARY(LeakyRelu, choose(x < 0, x * parameter, x))
UNARY(Elu, choose(x >= 0, x, exponentialMinusOne(x)))
UNARY(Sigmoid, sigmoid(x))
UNARY(Tanh, hyperbolicTangent(x))
UNARY(Exp, exponential(x))
#undef UNARY

#define BINARY(Name, expression) \
  struct Name##Of {              \
    static Vector apply(Vector a, Vector b, Vector parameter) { return (void)parameter, expression; } \
  };
BINARY(Add, a + b)
BINARY(Sub, a - b)
BINARY(Multiply, a* b)
BINARY(RealDiv, a / b)
BINARY(Maximum, choose((a > b) | (a != a), a, b))
BINARY(Minimum, choose((a < b) | (a != a), a, b))
BINARY(SquaredDifference, (a - b) * (a - b))
BINARY(ReluGrad, a* stepOf(b, Vector{}))
BINARY(Relu6Grad, a* choose(b > 6, Vector{}, stepOf(b, Vector{})))
BINARY(LeakyReluGrad, choose(b > 0, a, a * parameter))
BINARY(EluGrad, choose(b >= 0, a, a * (b + 1)))
BINARY(SquareGrad, a*(b * 2))
BINARY(LessMask, maskOf(a < b))
BINARY(LessEqualMask, maskOf(a <= b))
BINARY(GreaterMask, maskOf(a > b))
BINARY(GreaterEqualMask, maskOf(a >= b))
#undef BINARY

template <typename Operation>
void unaryPass(size_t size, float parameter, const float* x, float* result) {
  const Vector parameters = broadcast(parameter);
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) store(result + i, Operation::apply(load(x + i), parameters));
  if (i < size) storePart(result + i, Operation::apply(loadPart(x + i, size - i), parameters), size - i);
}

void unary(Unary operation, size_t size, float parameter, const float* x, float* result) {
#define PASS(Name) unaryPass<Name##Of>,
  static constexpr decltype(&unaryPass<ReluOf>) kPasses[] = {UNARY_OPERATIONS(PASS)};
#undef PASS
  kPasses[int(operation)](size, parameter, x, result);
}

void clip(size_t size, float least, float most, const float* x, float* result) {
  const auto clipped = [&](Vector values) {
    return choose(values > most, broadcast(most), choose(values < least, broadcast(least), values));
  };
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) store(result + i, clipped(load(x + i)));
  if (i < size) storePart(result + i, clipped(loadPart(x + i, size - i)), size - i);
}

void clipGradient(size_t size, float least, float most, const float* gradient, const float* x, float* result) {
  const auto passed = [&](Vector slope, Vector value) {
    return choose((value >= least) & (value <= most), slope, Vector{});
  };
  size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) store(result + i, passed(load(gradient + i), load(x + i)));
  if (i == size) return;
  storePart(result + i, passed(loadPart(gradient + i, size - i), loadPart(x + i, size - i)), size - i);
}

/** The innermost axis, along which each operand goes on by 1 or 0. */
template <typename Operation, bool A_REPEATS, bool B_REPEATS>
void binaryRow(int size, Vector parameter, const float* a, const float* b, float* result) {
  const Vector onlyA = broadcast(*a);
  const Vector onlyB = broadcast(*b);
  int i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const Vector left = A_REPEATS ? onlyA : load(a + i);
    store(result + i, Operation::apply(left, B_REPEATS ? onlyB : load(b + i), parameter));
  }
  if (i == size) return;
  const int rest = size - i;
  const Vector left = A_REPEATS ? onlyA : loadPart(a + i, rest);
  storePart(result + i, Operation::apply(left, B_REPEATS ? onlyB : loadPart(b + i, rest), parameter), rest);
}

template <typename Operation, bool A_REPEATS, bool B_REPEATS>
float* binaryAxes(const Broadcast& layout, int axis, Vector parameter, const float* a, const float* b, float* result) {
  const int size = layout.sizes[axis];
  if (axis == layout.rank - 1) {
    binaryRow<Operation, A_REPEATS, B_REPEATS>(size, parameter, a, b, result);
    return result + size;
  }
  for (int i = 0; i < size; i++) {
    result = binaryAxes<Operation, A_REPEATS, B_REPEATS>(layout, axis + 1, parameter, a, b, result);
    a += layout.aSteps[axis];
    b += layout.bSteps[axis];
  }
  return result;
}

template <typename Operation>
void binaryPass(const Broadcast& layout, float parameter, const float* a, const float* b, float* result) {
  const bool aRepeats = layout.aSteps[layout.rank - 1] == 0;
  const bool bRepeats = layout.bSteps[layout.rank - 1] == 0;
  const Vector parameters = broadcast(parameter);
  if (aRepeats && bRepeats) {
    binaryAxes<Operation, true, true>(layout, 0, parameters, a, b, result);
  } else if (aRepeats) {
    binaryAxes<Operation, true, false>(layout, 0, parameters, a, b, result);
  } else if (bRepeats) {
    binaryAxes<Operation, false, true>(layout, 0, parameters, a, b, result);
  } else {
    binaryAxes<Operation, false, false>(layout, 0, parameters, a, b, result);
  }
}

void binary(Binary operation, const Broadcast& layout, float parameter, const float* a, const float* b,
            float* result) {
#define PASS(Name) binaryPass<Name##Of>,
  static constexpr decltype(&binaryPass<AddOf>) kPasses[] = {BINARY_OPERATIONS(PASS)};
#undef PASS
  kPasses[int(operation)](layout, parameter, a, b, result);
}

template <typename Operation>
void addBiasPass(int rows, int channels, const float* bias, float* values) {
  const Vector none{};
  for (int row = 0; row < rows; row++, values += channels) {
    int c = 0;
    for (; c + kLanes <= channels; c += kLanes) {
      store(values + c, Operation::apply(load(values + c) + (bias ? load(bias + c) : none), none));
    }
    if (c == channels) continue;
    const int rest = channels - c;
    const Vector part = loadPart(values + c, rest) + (bias ? loadPart(bias + c, rest) : none);
    storePart(values + c, Operation::apply(part, none), rest);
  }
}

struct Nothing {
  static Vector apply(Vector x, Vector) { return x; }
};

void addBias(int rows, int channels, const float* bias, Activation activation, float* values) {
  if (activation == Activation::relu) {
    addBiasPass<ReluOf>(rows, channels, bias, values);
  } else if (activation == Activation::relu6) {
    addBiasPass<Relu6Of>(rows, channels, bias, values);
  } else {
    addBiasPass<Nothing>(rows, channels, bias, values);
  }
}

}  // namespace
