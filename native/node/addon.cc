// The addon: chooses the kernels and registers all exports.

#include <string>

#include "arguments.h"
#include "../kernels/kernels.h"

namespace {

/** Offset of an array's first value within a cache line, in bytes. */
Napi::Value addressOf(const Napi::CallbackInfo& info) {
  const auto address = reinterpret_cast<uintptr_t>(Arguments(info).floats(0, "array", 0));
  return Napi::Number::New(info.Env(), double(address % 64));
}

/** Chooses the kernels of this name, or the fastest; returns their name, or undefined if there are none. */
Napi::Value choose(const Napi::CallbackInfo& info) {
  const bool isNamed = info[0].IsString();
  const std::string name = isNamed ? info[0].ToString().Utf8Value() : "";
  if (!chooseKernels(isNamed ? name.c_str() : nullptr)) return info.Env().Undefined();
  return Napi::String::New(info.Env(), chosenKernels().name);
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  chooseKernels(nullptr);
  exports.Set("choose", Napi::Function::New(env, choose));
  exports.Set("addressOf", Napi::Function::New(env, addressOf));
  exportArithmetic(env, exports);
  exportDepthwise(env, exports);
  exportMoves(env, exports);
  exportPasses(env, exports);
  exportPlan(env, exports);
  exportProducts(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(deepaugment, initialize)
