// The kernels as functions of JavaScript. Arrays are Float32Arrays over memory of their own length or more; shapes are
// Int32Arrays in the order of ConvolutionShape's fields.

#include <napi.h>

#include <string>

#include "arguments.h"
#include "kernels.h"

namespace {

const Kernels* kernels = nullptr;

float* floats(const Napi::Value& value, size_t least) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), "expected a Float32Array");
  auto array = value.As<Napi::Float32Array>();
  if (array.ElementLength() < least) {
    throw Napi::RangeError::New(value.Env(), "expected " + std::to_string(least) + " values, received " +
                                                 std::to_string(array.ElementLength()));
  }
  return array.Data();
}

ConvolutionShape shapeOf(const Napi::Value& value) {
  const auto f = value.As<Napi::Int32Array>();
  if (f.ElementLength() != 15) throw Napi::RangeError::New(value.Env(), "a convolution's shape has 15 numbers");
  return {f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11], f[12], f[13], f[14]};
}

size_t inputSize(const ConvolutionShape& s) { return size_t(s.batch) * s.height * s.width * s.inChannels; }
size_t outputSize(const ConvolutionShape& s) { return size_t(s.batch) * s.outHeight * s.outWidth * s.outChannels; }
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

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  kernels = chooseKernels(nullptr);
  exports.Set("choose", Napi::Function::New(env, choose));
  exports.Set("convolve", Napi::Function::New(env, convolve));
  exports.Set("inputGradient", Napi::Function::New(env, inputGradient));
  exports.Set("filterGradient", Napi::Function::New(env, filterGradient));
  exports.Set("multiply", Napi::Function::New(env, multiply));
  exportPasses(env, exports);
  return exports;
}

}  // namespace

const Kernels& chosenKernels() { return *kernels; }

NODE_API_MODULE(deepaugment, initialize)
