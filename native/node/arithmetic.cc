// JavaScript bindings of the element-wise operations and reductions.

#include "arguments.h"
#include "../kernels/arithmetic_table.h"

namespace {

#define NAME(name) #name,
const char* const kUnaryNames[] = {UNARY_OPERATIONS(NAME)};
const char* const kBinaryNames[] = {BINARY_OPERATIONS(NAME)};
const char* const kReductionNames[] = {REDUCTIONS(NAME)};
#undef NAME

const ArithmeticKernels& arithmetic() { return *chosenKernels().arithmetic; }

template <typename Operation>
Operation operationOf(const Arguments& arguments, const Napi::Env& env) {
  const int code = arguments.integer(0, "operation", 0);
  if (code >= int(Operation::kCount))
    throw Napi::RangeError::New(env, "operation: unknown code " + std::to_string(code));
  return Operation(code);
}

/** (operation, parameter, x, result) */
void unary(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto operation = operationOf<Unary>(arguments, info.Env());
  const float parameter = float(arguments.anyNumber(1, "parameter"));
  const size_t size = arguments.lengthOf(2, "x");
  const float* x = arguments.floats(2, "x", size);
  arithmetic().unary(operation, size, parameter, x, arguments.floats(3, "result", size));
}

/** (least, most, x, result) */
void clip(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const float least = float(arguments.anyNumber(0, "least")), most = float(arguments.anyNumber(1, "most"));
  const size_t size = arguments.lengthOf(2, "x");
  const float* x = arguments.floats(2, "x", size);
  arithmetic().clip(size, least, most, x, arguments.floats(3, "result", size));
}

/** (least, most, gradient, x, result) */
void clipGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const float least = float(arguments.anyNumber(0, "least")), most = float(arguments.anyNumber(1, "most"));
  const size_t size = arguments.lengthOf(2, "gradient");
  const float* gradient = arguments.floats(2, "gradient", size);
  const float* x = arguments.floats(3, "x", size);
  arithmetic().clipGradient(size, least, most, gradient, x, arguments.floats(4, "result", size));
}

/** (operation, Int32Array [3, rank]: sizes, steps of a, steps of b; parameter, a, b, result) */
void binary(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto operation = operationOf<Binary>(arguments, info.Env());
  const Layout layout = arguments.layout(1);
  Broadcast broadcast;
  broadcast.rank = layout.rank;
  for (int axis = 0; axis < layout.rank; axis++) {
    broadcast.sizes[axis] = layout.sizes[axis];
    broadcast.aSteps[axis] = layout.steps[0][axis];
    broadcast.bSteps[axis] = layout.steps[1][axis];
  }
  if (broadcast.aSteps[layout.rank - 1] > 1 || broadcast.bSteps[layout.rank - 1] > 1) {
    throw Napi::RangeError::New(info.Env(), "layout: expected a last step of 0 or 1");
  }
  const float parameter = float(arguments.anyNumber(2, "parameter"));
  const float* a = arguments.floats(3, "a", layout.reach(0));
  const float* b = arguments.floats(4, "b", layout.reach(1));
  arithmetic().binary(operation, broadcast, parameter, a, b, arguments.floats(5, "result", layout.size()));
}

/** (operation, outer, size, inner, x, result) */
void reduce(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto operation = operationOf<Reduction>(arguments, info.Env());
  const int outer = arguments.size(1, "outer", 0);
  const int size = arguments.size(2, "size", 1);
  const int inner = arguments.size(3, "inner", 1);
  const float* x = arguments.floats(4, "x", productOf({size_t(outer), size_t(size), size_t(inner)}));
  arithmetic().reduce(operation, outer, size, inner, x, arguments.floats(5, "result", size_t(outer) * size_t(inner)));
}

template <size_t COUNT>
Napi::Array namesOf(Napi::Env env, const char* const (&names)[COUNT]) {
  const auto array = Napi::Array::New(env, COUNT);
  for (size_t i = 0; i < COUNT; i++) array.Set(i, names[i]);
  return array;
}

}  // namespace

void exportArithmetic(Napi::Env env, Napi::Object exports) {
  exports.Set("unaryNames", namesOf(env, kUnaryNames));
  exports.Set("binaryNames", namesOf(env, kBinaryNames));
  exports.Set("reductionNames", namesOf(env, kReductionNames));
  exports.Set("unary", Napi::Function::New(env, unary));
  exports.Set("clip", Napi::Function::New(env, clip));
  exports.Set("clipGradient", Napi::Function::New(env, clipGradient));
  exports.Set("binary", Napi::Function::New(env, binary));
  exports.Set("reduce", Napi::Function::New(env, reduce));
}
