// The interface of the engine's kernels, which is the same for all instruction sets.

#pragma once

#include <cstddef>
#include <cstdint>

/** The upper half of a float32. */
struct Bfloat16 {
  uint16_t bits;
};

/** The type of an array's values or of a product's operands; all sums are float32. */
enum class Type : int32_t { float32, bfloat16 };

inline size_t sizeOf(Type type) { return type == Type::float32 ? sizeof(float) : sizeof(Bfloat16); }

/** An array of either type, row-major. */
struct Values {
  void* data;
  Type type;

  Values from(ptrdiff_t index) const { return {static_cast<char*>(data) + index * ptrdiff_t(sizeOf(type)), type}; }
};

struct ConstValues {
  const void* data;
  Type type;

  ConstValues(const void* data, Type type) : data(data), type(type) {}
  ConstValues(const Values& values) : data(values.data), type(values.type) {}

  ConstValues from(ptrdiff_t index) const {
    return {static_cast<const char*>(data) + index * ptrdiff_t(sizeOf(type)), type};
  }
};

/** The activation at the end of a layer: max(x, 0), or min(max(x, 0), 6). */
enum class Activation : int32_t { none = 0, relu = 1, relu6 = 2 };

/** A convolution of images [height, width, inChannels] with a filter [filterHeight, filterWidth, in, out]. */
struct ConvolutionShape {
  int height, width, inChannels;
  int outHeight, outWidth, outChannels;
  int filterHeight, filterWidth;
  int strideHeight, strideWidth;
  int dilationHeight, dilationWidth;
  int padTop, padLeft;
};

/**
 * Convolutions and matrix products. Operands of higher precision are rounded to the type `operands`. A matrix product
 * is a convolution of one-pixel images with a one-pixel filter.
 */
struct Products {
  /** Whether there are dedicated instructions for bfloat16 operands, which make them faster than float32. */
  bool multipliesBfloat16;

  /** Bytes of a filter packed for `convolve`, and the packing. */
  size_t (*packedBytes)(const ConvolutionShape& shape, Type operands);
  void (*pack)(const ConvolutionShape& shape, Type operands, const float* filter, void* packed);

  /** output [images, outHeight, outWidth, outChannels] = activation(convolution + bias [outChannels] or null) */
  void (*convolve)(const ConvolutionShape& shape, Type operands, int images, ConstValues input, const void* packed,
                   const float* bias, Activation activation, Values output);

  /** Bytes of a filter packed for `inputGradient`, and the packing. */
  size_t (*packedTurnedBytes)(const ConvolutionShape& shape, Type operands);
  void (*packTurned)(const ConvolutionShape& shape, Type operands, const float* filter, void* packed);

  /** The gradient of the input [images, height, width, inChannels], from that of the output. */
  void (*inputGradient)(const ConvolutionShape& shape, Type operands, int images, ConstValues gradient,
                        const void* packedTurned, Values input);

  /** The gradient of the filter, from the input and the gradient of the output. If `adds`, it is added to `filter`. */
  void (*filterGradient)(const ConvolutionShape& shape, Type operands, int images, ConstValues input,
                         ConstValues gradient, bool adds, float* filter);
};

struct ArithmeticKernels;
struct DepthwiseKernels;
struct Passes;
struct WinogradKernels;

/** Kernels for one instruction set. */
struct Kernels {
  const char* name;
  const Products* products;
  /** Faster float32 convolutions for some shapes: winograd_table.h. */
  const WinogradKernels* winograd;
  /** Everything other than products: passes_table.h. */
  const Passes* passes;
  /** Depthwise convolutions: depthwise_table.h. */
  const DepthwiseKernels* depthwise;
  /** Operations from which TensorFlow.js composes gradients and layers, float32: arithmetic_table.h. */
  const ArithmeticKernels* arithmetic;
};

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
/** Null if the compiler does not support these instructions. */
extern const Kernels* const kAvx512Bfloat16Kernels;
/** Products on AMX tiles; null if the compiler does not support them. */
extern const Products* const kAmxProducts;
#endif
/** The same with emulated tiles, for tests. */
extern const Products kEmulatedTilesProducts;

/**
 * Chooses the fastest kernels that this processor supports, or those with the given name. Returns false and keeps the
 * previous choice if the processor does not support them.
 */
bool chooseKernels(const char* name);

/** The kernels chosen last. */
const Kernels& chosenKernels();
