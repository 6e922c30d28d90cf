// Arguments of functions called from JavaScript; their types and lengths are checked.

#pragma once

#include <napi.h>

#include <string>

#include "../kernels/kernels.h"

/** Convolutions of a batch. */
struct Convolutions {
  int images;
  ConvolutionShape shape;

  /** Values of all images. */
  size_t inputSize() const { return size_t(images) * shape.height * shape.width * shape.inChannels; }
  size_t outputSize() const { return size_t(images) * shape.outHeight * shape.outWidth * shape.outChannels; }
};

/** Reads arguments by their position; `name` appears in error messages. */
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  bool has(size_t place) const { return !info_[place].IsUndefined() && !info_[place].IsNull(); }

  /** A finite number of at least `least`. */
  double number(size_t place, const char* name, double least) const;
  /** NaN and the infinities too. */
  double anyNumber(size_t place, const char* name) const;
  /** A whole number of at least `least`, up to 2^53. */
  int64_t whole(size_t place, const char* name, int64_t least) const;
  /** A 32-bit whole number of at least `least`. */
  int integer(size_t place, const char* name, int least) const;
  /** A whole number in [0, 2^32). */
  uint32_t word(size_t place, const char* name) const;
  bool boolean(size_t place, const char* name) const;
  Activation activation(size_t place) const;
  /** 0 (float32) or 1 (bfloat16). */
  Type type(size_t place, const char* name) const;
  /** Int32Array: the number of images, and the fields of ConvolutionShape in their order. */
  Convolutions convolutions(size_t place) const;

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
