// Element-wise operations for one instruction set. Each is memory-bound: one pass that reads its operands once,
// regardless of their shapes. NaN propagates as in JavaScript's Math.max and Math.min.

#pragma once

#include "arithmetic_table.h"
#include "columns.h"
#include "exponential.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

// Comparisons with NaN are false, so each is written the way round that keeps NaN.
inline Vector notNegative(Vector x) { return x <= 0 ? Vector{} : x; }
inline Vector atMostSix(Vector x) { return x >= 6 ? broadcast(6) : x; }
inline Vector stepOf(Vector x, Vector below) {
  const Vector notPositive = x == x ? below : x;
  return x > 0 ? broadcast(1) : notPositive;
}
inline Vector maskOf(Integers where) { return where ? broadcast(1) : Vector{}; }

#define UNARY(Name, expression)                                                             \
  struct Name##Of {                                                                         \
    static Vector apply(Vector x, Vector parameter) { return (void)parameter, expression; } \
  };
UNARY(Relu, notNegative(x))
UNARY(Relu6, atMostSix(notNegative(x)))
UNARY(LeakyRelu, x < 0 ? x * parameter : x)
UNARY(Elu, x >= 0 ? x : exponentialMinusOne(x))
UNARY(Sigmoid, sigmoid(x))
UNARY(Tanh, hyperbolicTangent(x))
UNARY(Exp, exponential(x))
UNARY(Erf, errorFunction(x))
UNARY(Step, stepOf(x, parameter))
UNARY(Neg, -x)
UNARY(Abs, absolute(x))
UNARY(Square, x* x)
UNARY(Sqrt, squareRoot(x))
UNARY(Rsqrt, 1 / squareRoot(x))
UNARY(Reciprocal, 1 / x)
#undef UNARY

#define BINARY(Name, expression)                                                                      \
  struct Name##Of {                                                                                   \
    static Vector apply(Vector a, Vector b, Vector parameter) { return (void)parameter, expression; } \
  };
BINARY(Add, a + b)
BINARY(Sub, a - b)
BINARY(Multiply, a* b)
BINARY(RealDiv, a / b)
BINARY(Maximum, ((a > b) | (a != a)) ? a : b)
BINARY(Minimum, ((a < b) | (a != a)) ? a : b)
BINARY(SquaredDifference, (a - b) * (a - b))
BINARY(ReluGrad, a* stepOf(b, Vector{}))
BINARY(Relu6Grad, a*(b > 6 ? Vector{} : stepOf(b, Vector{})))
BINARY(LeakyReluGrad, b > 0 ? a : a * parameter)
BINARY(EluGrad, b >= 0 ? a : a * (b + 1))
BINARY(SquareGrad, a*(b * 2))
BINARY(LessMask, maskOf(a < b))
BINARY(LessEqualMask, maskOf(a <= b))
BINARY(GreaterMask, maskOf(a > b))
BINARY(GreaterEqualMask, maskOf(a >= b))
#undef BINARY

/**
 * Results larger than this many bytes bypass the cache, which could not hold them together with what the next pass
 * reads. It also saves reading memory that is only going to be written.
 */
constexpr ptrdiff_t kStreamedBytes = 16 << 20;

inline bool isStreamed(const float* result, ptrdiff_t size) {
#if defined(__x86_64__)
  return size * ptrdiff_t(sizeof(float)) >= kStreamedBytes && uintptr_t(result) % VECTOR_BYTES == 0;
#else
  return (void)result, (void)size, false;
#endif
}

template <bool IS_STREAMED, typename Block>
inline void put(float* to, Vector values, Block block) {
#if defined(__x86_64__)
  if constexpr (IS_STREAMED && Block::kIsWhole) {
#if VECTOR_BYTES == 64
    _mm512_stream_ps(to, (__m512)values);
#elif VECTOR_BYTES == 32
    _mm256_stream_ps(to, (__m256)values);
#else
    _mm_stream_ps(to, (__m128)values);
#endif
    return;
  }
#endif
  block.store(to, values);
}

/** Makes streamed writes visible to all threads. */
inline void endStream() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

template <typename Operation, bool IS_STREAMED>
void unaryLoop(ptrdiff_t size, Vector parameter, const float* x, float* result) {
  forVectors(size, [=](ptrdiff_t at, auto block) {
    put<IS_STREAMED>(result + at, Operation::apply(block.load(x + at), parameter), block);
  });
}

template <typename Operation>
void unaryPass(ptrdiff_t size, float parameter, const float* x, float* result) {
  if (!isStreamed(result, size)) return unaryLoop<Operation, false>(size, broadcast(parameter), x, result);
  unaryLoop<Operation, true>(size, broadcast(parameter), x, result);
  endStream();
}

void unary(Unary operation, ptrdiff_t size, float parameter, const float* x, float* result) {
#define PASS(Name) unaryPass<Name##Of>,
  static constexpr decltype(&unaryPass<ReluOf>) kPasses[] = {UNARY_OPERATIONS(PASS)};
#undef PASS
  kPasses[int(operation)](size, parameter, x, result);
}

void clip(ptrdiff_t size, float least, float most, const float* x, float* result) {
  const Vector low = broadcast(least), high = broadcast(most);
  forVectors(size, [=](ptrdiff_t at, auto block) {
    const Vector value = block.load(x + at);
    const Vector raised = value < low ? low : value;
    block.store(result + at, value > high ? high : raised);
  });
}

void clipGradient(ptrdiff_t size, float least, float most, const float* gradient, const float* x, float* result) {
  const Vector low = broadcast(least), high = broadcast(most);
  forVectors(size, [=](ptrdiff_t at, auto block) {
    const Vector value = block.load(x + at);
    block.store(result + at, ((value >= low) & (value <= high)) ? block.load(gradient + at) : Vector{});
  });
}

/** How a loop runs: which operands repeat along the innermost axis (step 0), and whether it writes past the cache. */
template <bool A_REPEATS, bool B_REPEATS, bool IS_STREAMED>
struct Way {};

template <typename Operation, bool A_REPEATS, bool B_REPEATS, bool IS_STREAMED>
inline void binaryRow(ptrdiff_t size, Vector parameter, const float* a, const float* b, float* result,
                      Way<A_REPEATS, B_REPEATS, IS_STREAMED>) {
  const Vector onlyA = broadcast(*a), onlyB = broadcast(*b);
  forVectors(size, [=](ptrdiff_t at, auto block) {
    const Vector left = A_REPEATS ? onlyA : block.load(a + at);
    const Vector right = B_REPEATS ? onlyB : block.load(b + at);
    put<IS_STREAMED>(result + at, Operation::apply(left, right, parameter), block);
  });
}

template <typename Operation, typename SomeWay>
float* binaryAxes(const Broadcast& layout, int axis, Vector parameter, const float* a, const float* b, float* result,
                  SomeWay way) {
  const int size = layout.sizes[axis];
  if (axis == layout.rank - 1) {
    binaryRow<Operation>(size, parameter, a, b, result, way);
    return result + size;
  }
  for (int i = 0; i < size; i++) {
    result = binaryAxes<Operation>(layout, axis + 1, parameter, a + i * layout.aSteps[axis],
                                   b + i * layout.bSteps[axis], result, way);
  }
  return result;
}

template <typename Operation, bool A_REPEATS, bool B_REPEATS>
void binaryLoop(const Broadcast& layout, Vector parameter, const float* a, const float* b, float* result) {
  ptrdiff_t size = 1;
  for (int axis = 0; axis < layout.rank; axis++) size *= layout.sizes[axis];
  // Each row begins at a whole vector.
  if (isStreamed(result, size) && layout.sizes[layout.rank - 1] % kLanes == 0) {
    binaryAxes<Operation>(layout, 0, parameter, a, b, result, Way<A_REPEATS, B_REPEATS, true>{});
    endStream();
  } else {
    binaryAxes<Operation>(layout, 0, parameter, a, b, result, Way<A_REPEATS, B_REPEATS, false>{});
  }
}

template <typename Operation>
void binaryPass(const Broadcast& layout, float parameter, const float* a, const float* b, float* result) {
  const bool aRepeats = layout.aSteps[layout.rank - 1] == 0;
  const bool bRepeats = layout.bSteps[layout.rank - 1] == 0;
  const Vector parameters = broadcast(parameter);
  if (aRepeats && bRepeats) {
    binaryLoop<Operation, true, true>(layout, parameters, a, b, result);
  } else if (aRepeats) {
    binaryLoop<Operation, true, false>(layout, parameters, a, b, result);
  } else if (bRepeats) {
    binaryLoop<Operation, false, true>(layout, parameters, a, b, result);
  } else {
    binaryLoop<Operation, false, false>(layout, parameters, a, b, result);
  }
}

void binary(Binary operation, const Broadcast& layout, float parameter, const float* a, const float* b, float* result) {
#define PASS(Name) binaryPass<Name##Of>,
  static constexpr decltype(&binaryPass<AddOf>) kPasses[] = {BINARY_OPERATIONS(PASS)};
#undef PASS
  kPasses[int(operation)](layout, parameter, a, b, result);
}

}  // namespace
