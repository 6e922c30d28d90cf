// JavaScript bindings of convolutions and matrix products. Images are Float32Array, or Uint16Array for bfloat16;
// filters are Float32Array. `operands` is the type in which they are multiplied.

#include <cstring>

#include "arguments.h"
#include "../kernels/memory.h"
#include "../kernels/winograd_table.h"

namespace {

const Products& products() { return *chosenKernels().products; }

size_t filterSize(const ConvolutionShape& s) {
  return productOf({size_t(s.filterHeight), size_t(s.filterWidth), size_t(s.inChannels), size_t(s.outChannels)});
}

/** (shape, operands, input, filter, bias or null, activation, output) */
void convolve(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto all = arguments.convolutions(0);
  const auto& s = all.shape;
  const Type operands = arguments.type(1, "operands");
  const Activation activation = arguments.activation(5);
  const Values input = arguments.values(2, "input", all.inputSize());
  const float* filter = arguments.floats(3, "filter", filterSize(s));
  const float* bias = arguments.floatsOrNull(4, "bias", s.outChannels);
  const Values output = arguments.values(6, "output", all.outputSize());
  const Memory packed(products().packedBytes(s, operands));
  products().pack(s, operands, filter, packed.data());
  products().convolve(s, operands, all.images, input, packed.data(), bias, activation, output);
}

/** (shape, operands, gradient of the output, filter, gradient of the input) */
void inputGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto all = arguments.convolutions(0);
  const auto& s = all.shape;
  const Type operands = arguments.type(1, "operands");
  const Values gradient = arguments.values(2, "gradient", all.outputSize());
  const float* filter = arguments.floats(3, "filter", filterSize(s));
  const Values input = arguments.values(4, "input", all.inputSize());
  const Memory packed(products().packedTurnedBytes(s, operands));
  products().packTurned(s, operands, filter, packed.data());
  products().inputGradient(s, operands, all.images, gradient, packed.data(), input);
}

/** (shape, operands, input, gradient of the output, gradient of the filter) */
void filterGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto all = arguments.convolutions(0);
  const auto& s = all.shape;
  const Type operands = arguments.type(1, "operands");
  const Values input = arguments.values(2, "input", all.inputSize());
  // The gradient may be of either type only for bfloat16 operands.
  const Values gradient = operands == Type::bfloat16
                              ? arguments.values(3, "gradient", all.outputSize())
                              : Values{arguments.floats(3, "gradient", all.outputSize()), Type::float32};
  float* filter = arguments.floats(4, "filter", filterSize(s));
  std::memset(filter, 0, filterSize(s) * sizeof(float));
  products().filterGradient(s, operands, all.images, input, gradient, true, filter);
}

/** A convolution of one-pixel images. */
ConvolutionShape pointShape(int inChannels, int outChannels) {
  return {1, 1, inChannels, 1, 1, outChannels, 1, 1, 1, 1, 1, 1, 0, 0};
}

/** Transposes a [rows, columns]. */
void transpose(const float* a, int rows, int columns, float* to) {
  for (int column = 0; column < columns; column++) {
    for (int row = 0; row < rows; row++) *to++ = a[size_t(row) * columns + column];
  }
}

/**
 * (operands, rows, columns, depth, a, whether a is transposed, b, whether b is transposed, product): product [rows,
 * columns] = a [rows, depth] b [depth, columns]; transposed operands are given in their stored layout.
 */
void multiply(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Type operands = arguments.type(0, "operands");
  const int rows = arguments.size(1, "rows", 1);
  const int columns = arguments.size(2, "columns", 1);
  const int depth = arguments.size(3, "depth", 1);
  const bool isATransposed = arguments.boolean(5, "isATransposed");
  const bool isBTransposed = arguments.boolean(7, "isBTransposed");
  const Values a{arguments.floats(4, "a", size_t(rows) * depth), Type::float32};
  const float* b = arguments.floats(6, "b", size_t(depth) * columns);
  const Values product{arguments.floats(8, "product", size_t(rows) * columns), Type::float32};
  if (isATransposed) {
    const Memory straight(isBTransposed ? size_t(depth) * columns * sizeof(float) : 0);
    if (isBTransposed) {
      transpose(b, columns, depth, static_cast<float*>(straight.data()));
      b = static_cast<const float*>(straight.data());
    }
    std::memset(product.data, 0, size_t(rows) * columns * sizeof(float));
    products().filterGradient(pointShape(rows, columns), operands, depth, a, {b, Type::float32}, true,
                              static_cast<float*>(product.data));
  } else if (isBTransposed) {
    const ConvolutionShape s = pointShape(columns, depth);
    const Memory packed(products().packedTurnedBytes(s, operands));
    products().packTurned(s, operands, b, packed.data());
    products().inputGradient(s, operands, rows, a, packed.data(), product);
  } else {
    const ConvolutionShape s = pointShape(depth, columns);
    const Memory packed(products().packedBytes(s, operands));
    products().pack(s, operands, b, packed.data());
    products().convolve(s, operands, rows, a, packed.data(), nullptr, Activation::none, product);
  }
}

/** Whether there are dedicated instructions for bfloat16 operands, which make them faster than float32. */
Napi::Value multipliesBfloat16(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), products().multipliesBfloat16);
}

/** (shape): whether a plan makes this convolution by Winograd's method, in float32. */
Napi::Value suitsWinograd(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  return Napi::Boolean::New(info.Env(), chosenKernels().winograd->suits(arguments.convolutions(0).shape));
}

}  // namespace

void exportProducts(Napi::Env env, Napi::Object exports) {
  exports.Set("convolve", Napi::Function::New(env, convolve));
  exports.Set("inputGradient", Napi::Function::New(env, inputGradient));
  exports.Set("filterGradient", Napi::Function::New(env, filterGradient));
  exports.Set("multiply", Napi::Function::New(env, multiply));
  exports.Set("multipliesBfloat16", Napi::Function::New(env, multipliesBfloat16));
  exports.Set("suitsWinograd", Napi::Function::New(env, suitsWinograd));
}
