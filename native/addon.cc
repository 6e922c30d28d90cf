// The kernels as functions of JavaScript. Arrays are Float32Arrays over memory of their own length or more; shapes are
// Int32Arrays in the order of ConvolutionShape's fields.

#include "arguments.h"
#include "groups.h"
#include "kernels.h"

namespace {

const Kernels* kernels = nullptr;

size_t filterSize(const ConvolutionShape& s) {
  return size_t(s.filterHeight) * s.filterWidth * s.inChannels * s.outChannels;
}

void convolve(const Napi::CallbackInfo& info) {
  const auto s = shapeOf(info[0]);
  kernels->convolve(s, floats(info[1], inputSize(s)), floats(info[2], filterSize(s)), floats(info[3], outputSize(s)));
}

void inputGradient(const Napi::CallbackInfo& info) {
  const auto s = shapeOf(info[0]);
  kernels->inputGradient(s, floats(info[1], outputSize(s)), floats(info[2], filterSize(s)),
                         floats(info[3], inputSize(s)));
}

void filterGradient(const Napi::CallbackInfo& info) {
  const auto s = shapeOf(info[0]);
  kernels->filterGradient(s, floats(info[1], inputSize(s)), floats(info[2], outputSize(s)),
                          floats(info[3], filterSize(s)));
}

void multiply(const Napi::CallbackInfo& info) {
  const int rows = info[0].ToNumber();
  const int columns = info[1].ToNumber();
  const int depth = info[2].ToNumber();
  kernels->multiply(rows, columns, depth, floats(info[3], size_t(rows) * depth), info[4].ToBoolean(),
                    floats(info[5], size_t(depth) * columns), info[6].ToBoolean(),
                    floats(info[7], size_t(rows) * columns));
}

/** Takes the kernels of this name, or the fastest; returns their name, or undefined where there are none such. */
Napi::Value choose(const Napi::CallbackInfo& info) {
  const bool isNamed = info[0].IsString();
  const std::string name = isNamed ? info[0].ToString().Utf8Value() : "";
  const Kernels* found = chooseKernels(isNamed ? name.c_str() : nullptr);
  if (found == nullptr) return info.Env().Undefined();
  kernels = found;
  return Napi::String::New(info.Env(), found->name);
}

/** Where the first value of an array lies within a cache line, in bytes. */
Napi::Value addressOf(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), double(reinterpret_cast<uintptr_t>(floats(info[0], 0)) % 64));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  kernels = chooseKernels(nullptr);
  exports.Set("choose", Napi::Function::New(env, choose));
  exports.Set("addressOf", Napi::Function::New(env, addressOf));
  exports.Set("convolve", Napi::Function::New(env, convolve));
  exports.Set("inputGradient", Napi::Function::New(env, inputGradient));
  exports.Set("filterGradient", Napi::Function::New(env, filterGradient));
  exports.Set("multiply", Napi::Function::New(env, multiply));
  exportDepthwise(env, exports);
  exportArithmetic(env, exports);
  exportBatchNorm(env, exports);
  exportMoves(env, exports);
  return exports;
}

}  // namespace

const Kernels& chosenKernels() { return *kernels; }

NODE_API_MODULE(deepaugment, initialize)
