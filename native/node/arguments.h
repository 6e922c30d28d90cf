// Arguments of functions called from JavaScript; their types and lengths are checked.
//
// Reading an argument runs no JavaScript: numbers, booleans and texts are only taken as such and never converted, so no
// `valueOf` or getter can resize a buffer, or dispose of a plan, while a function has addresses. What has elements or
// properties, which may be getters, is read completely before the first address is taken: see description.h.

#pragma once

#include <napi.h>

#include <array>
#include <string>

#include "../kernels/arithmetic_table.h"
#include "../kernels/kernels.h"
#include "../kernels/limits.h"

/** Convolutions of a batch. */
struct Convolutions {
  int images;
  ConvolutionShape shape;

  /** Values of all images. */
  size_t inputSize() const {
    return productOf({size_t(images), size_t(shape.height), size_t(shape.width), size_t(shape.inChannels)});
  }
  size_t outputSize() const {
    return productOf({size_t(images), size_t(shape.outHeight), size_t(shape.outWidth), size_t(shape.outChannels)});
  }
};

/** The sizes of a result along its axes, outermost first, and the steps of two arrays along each of them. */
struct Layout {
  int rank;
  int32_t sizes[kMostAxes];
  int32_t steps[2][kMostAxes];

  /** Number of values of all axes. */
  size_t size() const;
  /** Number of values from the first to the last one that the steps of array 0 or 1 reach. */
  size_t reach(int array) const;
};

/** Reads arguments by their position; `name` appears in error messages. */
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool has(size_t place) const { return !info_[place].IsUndefined() && !info_[place].IsNull(); }

  /** A finite number that is not negative. */
  double number(size_t place, const char* name) const;
  /** A finite number of 32 bits. */
  float finiteFloat(size_t place, const char* name) const;
  /** NaN and the infinities too. */
  double anyNumber(size_t place, const char* name) const;
  /** A whole number of at least `least`, up to 2^53. */
  int64_t whole(size_t place, const char* name, int64_t least) const;
  /** A 32-bit whole number of at least `least`. */
  int integer(size_t place, const char* name, int least) const;
  /** The size of an array along an axis: at least `least`, at most kMostValues. */
  int size(size_t place, const char* name, int least) const;
  /** A whole number in [0, 2^32). */
  uint32_t word(size_t place, const char* name) const;
  bool boolean(size_t place, const char* name) const;
  Activation activation(size_t place) const;
  /** 0 (float32) or 1 (bfloat16). */
  Type type(size_t place, const char* name) const;
  /** Int32Array: the number of images, and the fields of ConvolutionShape in their order. */
  Convolutions convolutions(size_t place) const;
  /** Int32Array: the fields of PoolShape in their order. */
  PoolShape pool(size_t place) const;
  /** Int32Array [3, rank]: sizes of 1 or more, and steps of 0 or more. */
  Layout layout(size_t place) const;

  /** Float32Array, or Uint16Array for bfloat16; the array determines the type. */
  Values values(size_t place, const char* name, size_t length) const;
  /** The same, of the given type. */
  void* values(size_t place, const char* name, size_t length, Type type) const;
  float* floats(size_t place, const char* name, size_t length) const;
  /** Null if the argument is null or undefined. */
  float* floatsOrNull(size_t place, const char* name, size_t length) const;
  int32_t* integers(size_t place, const char* name, size_t length) const;
  double* doubles(size_t place, const char* name, size_t length) const;
  uint8_t* bytes(size_t place, const char* name, size_t length) const;

  /** Number of values in a typed array of any type. */
  size_t lengthOf(size_t place, const char* name) const;

 private:
  [[noreturn]] void fail(const char* name, const std::string& expected, size_t place) const;
  [[noreturn]] void failRange(const std::string& message) const;
  /** A copy, because results may be written to the same memory. */
  template <size_t COUNT>
  std::array<int32_t, COUNT> copied(size_t place, const char* name) const;
  Napi::TypedArray array(size_t place, const char* name, napi_typedarray_type type, const char* typeName,
                         size_t length) const;
  Napi::TypedArray checked(size_t place, const char* name, size_t length) const;

  const Napi::CallbackInfo& info_;
};

void exportArithmetic(Napi::Env env, Napi::Object exports);
void exportDepthwise(Napi::Env env, Napi::Object exports);
void exportMoves(Napi::Env env, Napi::Object exports);
void exportPasses(Napi::Env env, Napi::Object exports);
void exportPlan(Napi::Env env, Napi::Object exports);
void exportProducts(Napi::Env env, Napi::Object exports);
