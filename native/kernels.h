// What the engine's kernels are called, whatever instructions they are made of.

#pragma once

#include <cstddef>
#include <cstdint>

/** The upper half of a float32. */
struct Bfloat16 {
  uint16_t bits;
};

/** In what an array's values are stored. */
enum class Type : int32_t { float32, bfloat16 };

/** What a layer ends with: max(x, 0), and min(max(x, 0), 6). */
enum class Activation : int32_t { none = 0, relu = 1, relu6 = 2 };

/** An array of either type, row by row. */
struct Values {
  void* data;
  Type type;
};
struct ConstValues {
  const void* data;
  Type type;
  ConstValues(const void* data, Type type) : data(data), type(type) {}
  ConstValues(const Values& values) : data(values.data), type(values.type) {}
};

/** A convolution of images [batch, height, width, inChannels] with a filter [filterHeight, filterWidth, in, out]. */
struct ConvolutionShape {
  int batch, height, width, inChannels;
  int outHeight, outWidth, outChannels;
  int filterHeight, filterWidth;
  int strideHeight, strideWidth;
  int dilationHeight, dilationWidth;
  int padTop, padLeft;
};

struct ArithmeticKernels;
struct DepthwiseKernels;
struct Passes;

/** Kernels for one instruction set. All arrays are float32, row by row. */
struct Kernels {
  const char* name;
  /** output [batch, outHeight, outWidth, outChannels] */
  void (*convolve)(const ConvolutionShape& shape, const float* input, const float* filter, float* output);
  /** The gradient of the input, from that of the output. */
  void (*inputGradient)(const ConvolutionShape& shape, const float* gradient, const float* filter, float* input);
  /** The gradient of the filter, from the input and the gradient of the output. */
  void (*filterGradient)(const ConvolutionShape& shape, const float* input, const float* gradient, float* filter);
  /** product [rows, columns] = a [rows, depth] b [depth, columns]; a transposed operand is given as it lies. */
  void (*multiply)(int rows, int columns, int depth, const float* a, bool isATransposed, const float* b,
                   bool isBTransposed, float* product);
  /** All that is no product: passes_table.h. */
  const Passes* passes;
  /** Depthwise convolutions: depthwise_table.h. */
  const DepthwiseKernels* depthwise;
  /** What TensorFlow.js composes gradients and layers of: arithmetic_table.h. */
  const ArithmeticKernels* arithmetic;
};

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

/** The fastest that this processor has; or those of this name, or null where it has not. */
const Kernels* chooseKernels(const char* name);
