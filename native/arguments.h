// What functions called from JavaScript share: the kernels that were chosen, and arguments checked before memory is
// touched. An error names what was expected and what was received.

#pragma once

#include <napi.h>

#include <string>

#include "kernels.h"

/** The kernels that every function runs on; see `choose` in addon.cc. */
const Kernels& chosenKernels();

/** Of a typed array whose values are of this kind and at least so many. */
template <typename Array>
inline auto* valuesOf(const Napi::Value& value, size_t least, napi_typedarray_type type, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    throw Napi::TypeError::New(value.Env(), std::string("expected a ") + name);
  }
  auto array = value.As<Array>();
  if (array.ElementLength() < least) {
    throw Napi::RangeError::New(value.Env(), std::string("expected a ") + name + " of at least " +
                                                 std::to_string(least) + " values, received " +
                                                 std::to_string(array.ElementLength()));
  }
  return array.Data();
}

inline float* floats(const Napi::Value& value, size_t least) {
  return valuesOf<Napi::Float32Array>(value, least, napi_float32_array, "Float32Array");
}

inline float* floatsOrNull(const Napi::Value& value, size_t least) {
  return value.IsUndefined() || value.IsNull() ? nullptr : floats(value, least);
}

inline const int32_t* integers(const Napi::Value& value, size_t least) {
  return valuesOf<Napi::Int32Array>(value, least, napi_int32_array, "Int32Array");
}

/** A whole number, 0 or more. */
inline int count(const Napi::Value& value) {
  const int number = value.IsNumber() ? value.As<Napi::Number>().Int32Value() : -1;
  if (number < 0) throw Napi::TypeError::New(value.Env(), "expected a count, 0 or more");
  return number;
}

inline ConvolutionShape shapeOf(const Napi::Value& value) {
  const int32_t* f = integers(value, 15);
  return {f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11], f[12], f[13], f[14]};
}

inline size_t inputSize(const ConvolutionShape& s) { return size_t(s.batch) * s.height * s.width * s.inChannels; }
inline size_t outputSize(const ConvolutionShape& s) {
  return size_t(s.batch) * s.outHeight * s.outWidth * s.outChannels;
}
