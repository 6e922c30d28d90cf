// What TensorFlow.js composes layers and gradients of, in float32: operations value by value, and reductions. As each
// instruction set brings them.

#pragma once

#include <cstddef>
#include <cstdint>

// Named as TensorFlow.js names its kernels. The gradients take that of the output first, then the input (EluGrad: the
// output). Those named ...Mask tell by 1 and 0 what the kernel of that name tells by true and false.
// clang-format off
#define UNARY_OPERATIONS(X)                                                                            \
  X(Relu) X(Relu6) X(LeakyRelu) X(Elu) X(Sigmoid) X(Tanh) X(Exp) X(Step)                               \
  X(Neg) X(Abs) X(Square) X(Sqrt) X(Rsqrt) X(Reciprocal)
#define BINARY_OPERATIONS(X)                                                                           \
  X(Add) X(Sub) X(Multiply) X(RealDiv) X(Maximum) X(Minimum) X(SquaredDifference)                      \
  X(ReluGrad) X(Relu6Grad) X(LeakyReluGrad) X(EluGrad) X(SquareGrad)                                   \
  X(LessMask) X(LessEqualMask) X(GreaterMask) X(GreaterEqualMask)
// clang-format on
#define REDUCTIONS(X) X(Sum) X(Mean) X(Max)

#define ENUMERATOR(name) name,
enum class Unary : int32_t { UNARY_OPERATIONS(ENUMERATOR) kCount };
enum class Binary : int32_t { BINARY_OPERATIONS(ENUMERATOR) kCount };
enum class Reduction : int32_t { REDUCTIONS(ENUMERATOR) kCount };
#undef ENUMERATOR

constexpr int kMostAxes = 6;

/** A result of `rank` axes, outermost first, and how far apart the operands' values lie along each: 0 repeats them. */
struct Broadcast {
  int rank;
  int sizes[kMostAxes];
  ptrdiff_t aSteps[kMostAxes];
  ptrdiff_t bSteps[kMostAxes];
};

struct ArithmeticKernels {
  /** result [size]. `parameter` is what LeakyRelu and Step have for values that are not positive. */
  void (*unary)(Unary operation, ptrdiff_t size, float parameter, const float* x, float* result);
  /** result [size] = x, at least `least` and at most `most`. */
  void (*clip)(ptrdiff_t size, float least, float most, const float* x, float* result);
  /** result [size] = gradient where x is from `least` to `most`, and 0 elsewhere. */
  void (*clipGradient)(ptrdiff_t size, float least, float most, const float* gradient, const float* x, float* result);
  /** `parameter` is LeakyReluGrad's. */
  void (*binary)(Binary operation, const Broadcast& broadcast, float parameter, const float* a, const float* b,
                 float* result);
  /** x [outer, size, inner] to result [outer, inner]. */
  void (*reduce)(Reduction operation, int outer, int size, int inner, const float* x, float* result);
};
