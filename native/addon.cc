// The kernels as functions of JavaScript. Arrays are Float32Arrays over memory of their own length or more; shapes are
// Int32Arrays in the order of ConvolutionShape's fields.

#include <string>

#include "arguments.h"
#include "kernels.h"

namespace {

const Kernels* kernels = nullptr;

size_t inputSize(const ConvolutionShape& s) { return size_t(s.batch) * s.height * s.width * s.inChannels; }
size_t outputSize(const ConvolutionShape& s) { return size_t(s.batch) * s.outHeight * s.outWidth * s.outChannels; }
size_t filterSize(const ConvolutionShape& s) {
  return size_t(s.filterHeight) * s.filterWidth * s.inChannels * s.outChannels;
}

void convolve(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto s = arguments.convolution(0);
  kernels->convolve(s, arguments.floats(1, "input", inputSize(s)), arguments.floats(2, "filter", filterSize(s)),
                    arguments.floats(3, "output", outputSize(s)));
}

void inputGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto s = arguments.convolution(0);
  kernels->inputGradient(s, arguments.floats(1, "gradient", outputSize(s)),
                         arguments.floats(2, "filter", filterSize(s)), arguments.floats(3, "input", inputSize(s)));
}

void filterGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto s = arguments.convolution(0);
  kernels->filterGradient(s, arguments.floats(1, "input", inputSize(s)),
                          arguments.floats(2, "gradient", outputSize(s)),
                          arguments.floats(3, "filter", filterSize(s)));
}

void multiply(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const int rows = arguments.integer(0, "rows", 1);
  const int columns = arguments.integer(1, "columns", 1);
  const int depth = arguments.integer(2, "depth", 1);
  kernels->multiply(rows, columns, depth, arguments.floats(3, "a", size_t(rows) * depth),
                    arguments.boolean(4, "isATransposed"), arguments.floats(5, "b", size_t(depth) * columns),
                    arguments.boolean(6, "isBTransposed"), arguments.floats(7, "product", size_t(rows) * columns));
}

/** Where the first value of an array lies within a cache line, in bytes. */
Napi::Value addressOf(const Napi::CallbackInfo& info) {
  const auto address = reinterpret_cast<uintptr_t>(Arguments(info).floats(0, "array", 0));
  return Napi::Number::New(info.Env(), double(address % 64));
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
  exports.Set("addressOf", Napi::Function::New(env, addressOf));
  exportArithmetic(env, exports);
  exportDepthwise(env, exports);
  exportMoves(env, exports);
  exportPasses(env, exports);
  return exports;
}

}  // namespace

const Kernels& chosenKernels() { return *kernels; }

NODE_API_MODULE(deepaugment, initialize)
