// Passes over arrays value by value, and reductions, as functions of JavaScript.

#include "arithmetic_table.h"

#include "arguments.h"
#include "groups.h"

namespace {

#define NAME(name) #name,
const char* const kUnaryNames[] = {UNARY_OPERATIONS(NAME)};
const char* const kBinaryNames[] = {BINARY_OPERATIONS(NAME)};
const char* const kReductionNames[] = {REDUCTIONS(NAME)};
const char* const kActivationNames[] = {"linear", "relu", "relu6"};
#undef NAME

template <typename Operation>
Operation operationOf(const Napi::Value& value, int operations) {
  const int code = count(value);
  if (code >= operations) throw Napi::RangeError::New(value.Env(), "no operation " + std::to_string(code));
  return Operation(code);
}

/** (operation, parameter, x, result) */
void unary(const Napi::CallbackInfo& info) {
  const auto operation = operationOf<Unary>(info[0], int(Unary::kCount));
  const size_t size = info[2].As<Napi::TypedArray>().ElementLength();
  chosenKernels().arithmetic->unary(operation, size, info[1].ToNumber().FloatValue(), floats(info[2], size),
                                     floats(info[3], size));
}

/** (least, most, x, result) */
void clip(const Napi::CallbackInfo& info) {
  const size_t size = info[2].As<Napi::TypedArray>().ElementLength();
  chosenKernels().arithmetic->clip(size, info[0].ToNumber().FloatValue(), info[1].ToNumber().FloatValue(),
                                    floats(info[2], size), floats(info[3], size));
}

/** (least, most, gradient, x, result) */
void clipGradient(const Napi::CallbackInfo& info) {
  const size_t size = info[2].As<Napi::TypedArray>().ElementLength();
  chosenKernels().arithmetic->clipGradient(size, info[0].ToNumber().FloatValue(), info[1].ToNumber().FloatValue(),
                                            floats(info[2], size), floats(info[3], size), floats(info[4], size));
}

/** (operation, Int32Array [3, rank]: sizes, steps of a, steps of b; parameter, a, b, result) */
void binary(const Napi::CallbackInfo& info) {
  const auto operation = operationOf<Binary>(info[0], int(Binary::kCount));
  const int numbers = info[1].As<Napi::TypedArray>().ElementLength();
  const int32_t* layout = integers(info[1], 3);
  Broadcast broadcast;
  broadcast.rank = numbers / 3;
  if (broadcast.rank * 3 != numbers || broadcast.rank > kMostAxes) {
    throw Napi::RangeError::New(info.Env(), "expected sizes and steps of 1 to 6 axes");
  }
  size_t size = 1, aLast = 0, bLast = 0;
  for (int axis = 0; axis < broadcast.rank; axis++) {
    const int length = broadcast.sizes[axis] = layout[axis];
    const ptrdiff_t aStep = broadcast.aSteps[axis] = layout[broadcast.rank + axis];
    const ptrdiff_t bStep = broadcast.bSteps[axis] = layout[2 * broadcast.rank + axis];
    const int most = axis == broadcast.rank - 1 ? 1 : INT32_MAX;
    if (length < 1 || aStep < 0 || bStep < 0 || aStep > most || bStep > most) {
      throw Napi::RangeError::New(info.Env(), "expected sizes of 1 or more, steps of 0 or more, at last of 0 or 1");
    }
    size *= length;
    aLast += (length - 1) * aStep;
    bLast += (length - 1) * bStep;
  }
  chosenKernels().arithmetic->binary(operation, broadcast, info[2].ToNumber().FloatValue(),
                                     floats(info[3], aLast + 1), floats(info[4], bLast + 1), floats(info[5], size));
}

/** (rows, channels, bias or undefined, activation, values) */
void addBias(const Napi::CallbackInfo& info) {
  const int rows = count(info[0]);
  const int channels = count(info[1]);
  chosenKernels().arithmetic->addBias(rows, channels, floatsOrNull(info[2], channels),
                                       operationOf<Activation>(info[3], 3), floats(info[4], size_t(rows) * channels));
}

/** (operation, outer, size, inner, x, result) */
void reduce(const Napi::CallbackInfo& info) {
  const auto operation = operationOf<Reduction>(info[0], int(Reduction::kCount));
  const int outer = count(info[1]);
  const int size = count(info[2]);
  const int inner = count(info[3]);
  if (size == 0 || inner == 0) throw Napi::RangeError::New(info.Env(), "nothing to reduce");
  chosenKernels().arithmetic->reduce(operation, outer, size, inner, floats(info[4], size_t(outer) * size * inner),
                                      floats(info[5], size_t(outer) * inner));
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
  exports.Set("activationNames", namesOf(env, kActivationNames));
  exports.Set("unary", Napi::Function::New(env, unary));
  exports.Set("clip", Napi::Function::New(env, clip));
  exports.Set("clipGradient", Napi::Function::New(env, clipGradient));
  exports.Set("binary", Napi::Function::New(env, binary));
  exports.Set("addBias", Napi::Function::New(env, addBias));
  exports.Set("reduce", Napi::Function::New(env, reduce));
}
