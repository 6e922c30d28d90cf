// JavaScript bindings of depthwise convolutions. Images are Float32Array, or Uint16Array for bfloat16, the same within
// a call.

#include <cstring>

#include "arguments.h"
#include "../kernels/depthwise_table.h"

namespace {

Convolutions depthwiseOf(const Arguments& arguments, const Napi::Env& env) {
  const Convolutions all = arguments.convolutions(0);
  const int inChannels = all.shape.inChannels, outChannels = all.shape.outChannels;
  if (outChannels % inChannels != 0) {
    throw Napi::RangeError::New(env, "shape: expected a multiple of " + std::to_string(inChannels) +
                                         " channels, received " + std::to_string(outChannels));
  }
  return all;
}

size_t filterSize(const ConvolutionShape& s) {
  return productOf({size_t(s.filterHeight), size_t(s.filterWidth), size_t(s.outChannels)});
}

void convolve(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Convolutions all = depthwiseOf(arguments, info.Env());
  const Values input = arguments.values(1, "input", all.inputSize());
  const float* filter = arguments.floats(2, "filter", filterSize(all.shape));
  const Values output{arguments.values(3, "output", all.outputSize(), input.type), input.type};
  chosenKernels().depthwise->convolve(all.shape, all.images, input, filter, output);
}

void inputGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Convolutions all = depthwiseOf(arguments, info.Env());
  const Values gradient = arguments.values(1, "gradient", all.outputSize());
  const float* filter = arguments.floats(2, "filter", filterSize(all.shape));
  const Values input{arguments.values(3, "input", all.inputSize(), gradient.type), gradient.type};
  chosenKernels().depthwise->inputGradient(all.shape, all.images, gradient, filter, input);
}

void filterGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Convolutions all = depthwiseOf(arguments, info.Env());
  const Values input = arguments.values(1, "input", all.inputSize());
  const Values gradient{arguments.values(2, "gradient", all.outputSize(), input.type), input.type};
  float* filter = arguments.floats(3, "filter", filterSize(all.shape));
  std::memset(filter, 0, filterSize(all.shape) * sizeof(float));
  chosenKernels().depthwise->filterGradient(all.shape, all.images, input, gradient, filter);
}

}  // namespace

void exportDepthwise(Napi::Env env, Napi::Object exports) {
  exports.Set("convolveDepthwise", Napi::Function::New(env, convolve));
  exports.Set("depthwiseInputGradient", Napi::Function::New(env, inputGradient));
  exports.Set("depthwiseFilterGradient", Napi::Function::New(env, filterGradient));
}
