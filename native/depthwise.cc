// Depthwise convolutions as functions of JavaScript: images are Float32Array, or Uint16Array of bfloat16, both of a call
// the same.

#include "depthwise_table.h"

#include "arguments.h"

namespace {

ConvolutionShape shapeOf(const Arguments& arguments, const Napi::Env& env) {
  const ConvolutionShape s = arguments.convolution(0);
  if (s.outChannels % s.inChannels != 0) {
    throw Napi::RangeError::New(env, "shape: expected a multiple of " + std::to_string(s.inChannels) +
                                         " channels, received " + std::to_string(s.outChannels));
  }
  return s;
}

size_t inputSize(const ConvolutionShape& s) { return size_t(s.batch) * s.height * s.width * s.inChannels; }
size_t outputSize(const ConvolutionShape& s) { return size_t(s.batch) * s.outHeight * s.outWidth * s.outChannels; }
size_t filterSize(const ConvolutionShape& s) { return size_t(s.filterHeight) * s.filterWidth * s.outChannels; }

void convolve(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto s = shapeOf(arguments, info.Env());
  const Values input = arguments.values(1, "input", inputSize(s));
  const float* filter = arguments.floats(2, "filter", filterSize(s));
  const Values output{arguments.values(3, "output", outputSize(s), input.type), input.type};
  chosenKernels().depthwise->convolve(s, input, filter, output);
}

void inputGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto s = shapeOf(arguments, info.Env());
  const Values gradient = arguments.values(1, "gradient", outputSize(s));
  const float* filter = arguments.floats(2, "filter", filterSize(s));
  const Values input{arguments.values(3, "input", inputSize(s), gradient.type), gradient.type};
  chosenKernels().depthwise->inputGradient(s, gradient, filter, input);
}

void filterGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto s = shapeOf(arguments, info.Env());
  const Values input = arguments.values(1, "input", inputSize(s));
  const Values gradient{arguments.values(2, "gradient", outputSize(s), input.type), input.type};
  chosenKernels().depthwise->filterGradient(s, input, gradient, arguments.floats(3, "filter", filterSize(s)));
}

}  // namespace

void exportDepthwise(Napi::Env env, Napi::Object exports) {
  exports.Set("convolveDepthwise", Napi::Function::New(env, convolve));
  exports.Set("depthwiseInputGradient", Napi::Function::New(env, inputGradient));
  exports.Set("depthwiseFilterGradient", Napi::Function::New(env, filterGradient));
}
