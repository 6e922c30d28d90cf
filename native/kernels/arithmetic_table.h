// Table of the float32 operations from which TensorFlow.js composes layers and gradients: element-wise operations and
// reductions. Each instruction set provides one.

#pragma once

#include <cstddef>
#include <cstdint>

// Named after TensorFlow.js's kernels. Gradients take the gradient of the output first, then the input (EluGrad: the
// output). The ...Mask operations return 1 and 0 instead of true and false.
// clang-format off
#define UNARY_OPERATIONS(X)                                                                            \
  X(Relu) X(Relu6) X(LeakyRelu) X(Elu) X(Sigmoid) X(Tanh) X(Exp) X(Erf) X(Step)                        \
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

/** A result with `rank` axes, outermost first, and the operands' steps along each axis; a step of 0 repeats a value. */
struct Broadcast {
  int rank;
  int sizes[kMostAxes];
  ptrdiff_t aSteps[kMostAxes];
  ptrdiff_t bSteps[kMostAxes];
};

struct ArithmeticKernels {
  /** result [size]. `parameter` is the slope (LeakyRelu) or value (Step) for inputs that are not positive. */
  void (*unary)(Unary operation, ptrdiff_t size, float parameter, const float* x, float* result);
  /** result [size] = x clamped to [`least`, `most`]. */
  void (*clip)(ptrdiff_t size, float least, float most, const float* x, float* result);
  /** result [size] = gradient if x is in [`least`, `most`], else 0. */
  void (*clipGradient)(ptrdiff_t size, float least, float most, const float* gradient, const float* x, float* result);
  /** Only LeakyReluGrad uses `parameter`. */
  void (*binary)(Binary operation, const Broadcast& broadcast, float parameter, const float* a, const float* b,
                 float* result);
  /** x [outer, size, inner] to result [outer, inner]. */
  void (*reduce)(Reduction operation, int outer, int size, int inner, const float* x, float* result);
};
