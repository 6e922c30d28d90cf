// What the engine's kernels are called, whatever instructions they are made of.

#pragma once

#include <cstddef>
#include <cstdint>

/** The upper half of a float32. */
struct Bfloat16 {
  uint16_t bits;
};

/** In what an array's values are stored, or the operands of a product given; all sums are float32. */
enum class Type : int32_t { float32, bfloat16 };

inline size_t sizeOf(Type type) { return type == Type::float32 ? sizeof(float) : sizeof(Bfloat16); }

/** An array of either type, row by row. */
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

/** What a layer ends with: max(x, 0), and min(max(x, 0), 6). */
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
 * Convolutions and matrix products. Operands are rounded to `operands` where they are of more precision; a matrix product
 * is a convolution of images of one pixel with a filter of one place.
 */
struct Products {
  /** Whether bfloat16 operands have instructions of their own here, and are faster for it. */
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

  /** The gradient of the filter, from the input and the gradient of the output; or adds it to what is there. */
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
  /** Faster products of some convolutions in float32: winograd_table.h. */
  const WinogradKernels* winograd;
  /** All that is no product: passes_table.h. */
  const Passes* passes;
  /** Depthwise convolutions: depthwise_table.h. */
  const DepthwiseKernels* depthwise;
  /** What TensorFlow.js composes gradients and layers of, float32: arithmetic_table.h. */
  const ArithmeticKernels* arithmetic;
};

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
/** Null where the compiler did not know these instructions. */
extern const Kernels* const kAvx512Bfloat16Kernels;
/** Products on AMX tiles; null as above. */
extern const Products* const kAmxProducts;
#endif
/** The same with tiles of our own instead of the processor's: for tests. */
extern const Products kEmulatedTilesProducts;

/**
 * Chooses the fastest kernels that this processor runs, or with a name those alone. Returns false, and leaves the choice
 * as it is, if this processor does not run them.
 */
bool chooseKernels(const char* name);

/** The kernels chosen last. */
const Kernels& chosenKernels();
