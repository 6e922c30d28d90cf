// Depthwise convolutions as functions of JavaScript, in float32.

#include "depthwise_table.h"

#include "arguments.h"
#include "groups.h"

namespace {

ConvolutionShape depthwiseShapeOf(const Napi::Value& value) {
  const ConvolutionShape s = shapeOf(value);
  if (s.inChannels <= 0 || s.outChannels % s.inChannels != 0) {
    throw Napi::RangeError::New(value.Env(), "a depthwise convolution has a multiple of its input's channels, received " +
                                                 std::to_string(s.inChannels) + " and " +
                                                 std::to_string(s.outChannels));
  }
  return s;
}

size_t filterSize(const ConvolutionShape& s) { return size_t(s.filterHeight) * s.filterWidth * s.outChannels; }

Values values(const Napi::Value& value, size_t least) { return {floats(value, least), Type::float32}; }

void convolve(const Napi::CallbackInfo& info) {
  const auto s = depthwiseShapeOf(info[0]);
  chosenKernels().depthwise->convolve(s, values(info[1], inputSize(s)), floats(info[2], filterSize(s)),
                                      values(info[3], outputSize(s)));
}

void inputGradient(const Napi::CallbackInfo& info) {
  const auto s = depthwiseShapeOf(info[0]);
  chosenKernels().depthwise->inputGradient(s, values(info[1], outputSize(s)), floats(info[2], filterSize(s)),
                                           values(info[3], inputSize(s)));
}

void filterGradient(const Napi::CallbackInfo& info) {
  const auto s = depthwiseShapeOf(info[0]);
  chosenKernels().depthwise->filterGradient(s, values(info[1], inputSize(s)), values(info[2], outputSize(s)),
                                            floats(info[3], filterSize(s)));
}

}  // namespace

void exportDepthwise(Napi::Env env, Napi::Object exports) {
  exports.Set("convolveDepthwise", Napi::Function::New(env, convolve));
  exports.Set("depthwiseInputGradient", Napi::Function::New(env, inputGradient));
  exports.Set("depthwiseFilterGradient", Napi::Function::New(env, filterGradient));
}
