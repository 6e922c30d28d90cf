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

/** Any number, including infinities and NaN. */
float parameterOf(const Napi::CallbackInfo& info, size_t place) { return info[place].ToNumber().FloatValue(); }

/** (operation, parameter, x, result) */
void unary(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto operation = operationOf<Unary>(arguments, info.Env());
  const size_t size = arguments.lengthOf(2, "x");
  arithmetic().unary(operation, size, parameterOf(info, 1), arguments.floats(2, "x", size),
                     arguments.floats(3, "result", size));
}

/** (least, most, x, result) */
void clip(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t size = arguments.lengthOf(2, "x");
  arithmetic().clip(size, parameterOf(info, 0), parameterOf(info, 1), arguments.floats(2, "x", size),
                    arguments.floats(3, "result", size));
}

/** (least, most, gradient, x, result) */
void clipGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t size = arguments.lengthOf(2, "gradient");
  arithmetic().clipGradient(size, parameterOf(info, 0), parameterOf(info, 1), arguments.floats(2, "gradient", size),
                            arguments.floats(3, "x", size), arguments.floats(4, "result", size));
}

/** (operation, Int32Array [3, rank]: sizes, steps of a, steps of b; parameter, a, b, result) */
void binary(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto operation = operationOf<Binary>(arguments, info.Env());
  const size_t rank = arguments.lengthOf(1, "layout") / 3;
  if (rank < 1 || rank > kMostAxes) throw Napi::RangeError::New(info.Env(), "layout: expected 1 to 6 axes");
  const int32_t* layout = arguments.integers(1, "layout", 3 * rank);
  Broadcast broadcast;
  broadcast.rank = int(rank);
  size_t size = 1, aLast = 0, bLast = 0;
  for (size_t axis = 0; axis < rank; axis++) {
    const int length = broadcast.sizes[axis] = layout[axis];
    const ptrdiff_t aStep = broadcast.aSteps[axis] = layout[rank + axis];
    const ptrdiff_t bStep = broadcast.bSteps[axis] = layout[2 * rank + axis];
    const int most = axis == rank - 1 ? 1 : INT32_MAX;
    if (length < 1 || aStep < 0 || bStep < 0 || aStep > most || bStep > most) {
      throw Napi::RangeError::New(info.Env(),
                                  "layout: expected sizes of 1 or more, steps of 0 or more, at last 0 or 1");
    }
    size *= length;
    aLast += (length - 1) * aStep;
    bLast += (length - 1) * bStep;
  }
  arithmetic().binary(operation, broadcast, parameterOf(info, 2), arguments.floats(3, "a", aLast + 1),
                      arguments.floats(4, "b", bLast + 1), arguments.floats(5, "result", size));
}

/** (operation, outer, size, inner, x, result) */
void reduce(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const auto operation = operationOf<Reduction>(arguments, info.Env());
  const int outer = arguments.integer(1, "outer", 0);
  const int size = arguments.integer(2, "size", 1);
  const int inner = arguments.integer(3, "inner", 1);
  arithmetic().reduce(operation, outer, size, inner, arguments.floats(4, "x", size_t(outer) * size * inner),
                      arguments.floats(5, "result", size_t(outer) * inner));
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
