// See arguments.h.

#include "arguments.h"

#include <cmath>

namespace {

const char* nameOf(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array: return "Int8Array";
    case napi_uint8_array: return "Uint8Array";
    case napi_uint8_clamped_array: return "Uint8ClampedArray";
    case napi_int16_array: return "Int16Array";
    case napi_uint16_array: return "Uint16Array";
    case napi_int32_array: return "Int32Array";
    case napi_uint32_array: return "Uint32Array";
    case napi_float32_array: return "Float32Array";
    case napi_float64_array: return "Float64Array";
    default: return "an array of another type";
  }
}

std::string describe(const Napi::Value& value) {
  if (value.IsTypedArray()) return nameOf(value.As<Napi::TypedArray>().TypedArrayType());
  if (value.IsNumber() || value.IsBoolean() || value.IsUndefined() || value.IsNull()) {
    return value.ToString().Utf8Value();
  }
  return "something else";
}

}  // namespace

void Arguments::fail(const char* name, const std::string& expected, size_t place) const {
  throw Napi::TypeError::New(info_.Env(),
                             std::string(name) + ": expected " + expected + ", received " + describe(info_[place]));
}

double Arguments::number(size_t place, const char* name, double least) const {
  const double value = info_[place].IsNumber() ? info_[place].As<Napi::Number>().DoubleValue() : NAN;
  if (!(value >= least && value < INFINITY)) fail(name, "a number of at least " + std::to_string(least), place);
  return value;
}

double Arguments::anyNumber(size_t place, const char* name) const {
  if (!info_[place].IsNumber()) fail(name, "a number", place);
  return info_[place].As<Napi::Number>().DoubleValue();
}

int64_t Arguments::whole(size_t place, const char* name, int64_t least) const {
  const double value = info_[place].IsNumber() ? info_[place].As<Napi::Number>().DoubleValue() : NAN;
  if (!(value >= double(least) && value <= 9007199254740991.0 && std::floor(value) == value)) {
    fail(name, "a whole number of at least " + std::to_string(least), place);
  }
  return int64_t(value);
}

int Arguments::integer(size_t place, const char* name, int least) const {
  const int64_t value = whole(place, name, least);
  if (value > INT32_MAX) fail(name, "a whole number below 2^31", place);
  return int(value);
}

uint32_t Arguments::word(size_t place, const char* name) const {
  const int64_t value = whole(place, name, 0);
  if (value > UINT32_MAX) fail(name, "a whole number below 2^32", place);
  return uint32_t(value);
}

bool Arguments::boolean(size_t place, const char* name) const {
  if (!info_[place].IsBoolean()) fail(name, "a boolean", place);
  return info_[place].As<Napi::Boolean>();
}

Activation Arguments::activation(size_t place) const {
  const int64_t value = whole(place, "activation", 0);
  if (value > int64_t(Activation::relu6)) fail("activation", "0 (none), 1 (relu) or 2 (relu6)", place);
  return Activation(int32_t(value));
}

Type Arguments::type(size_t place, const char* name) const {
  const int64_t value = whole(place, name, 0);
  if (value > int64_t(Type::bfloat16)) fail(name, "0 (float32) or 1 (bfloat16)", place);
  return Type(int32_t(value));
}

Convolutions Arguments::convolutions(size_t place) const {
  const int32_t* f = integers(place, "shape", 15);
  for (int i = 0; i < 13; i++) {
    if (f[i] < (i == 0 ? 0 : 1)) {
      throw Napi::RangeError::New(info_.Env(), "shape: number " + std::to_string(i) + " is " + std::to_string(f[i]));
    }
  }
  return {f[0], {f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11], f[12], f[13], f[14]}};
}

size_t Arguments::lengthOf(size_t place, const char* name) const {
  if (!info_[place].IsTypedArray()) fail(name, "a typed array", place);
  return info_[place].As<Napi::TypedArray>().ElementLength();
}

Napi::TypedArray Arguments::checked(size_t place, const char* name, size_t length) const {
  const auto array = info_[place].As<Napi::TypedArray>();
  if (array.ElementLength() < length) {
    throw Napi::RangeError::New(info_.Env(), std::string(name) + ": expected at least " + std::to_string(length) +
                                                 " values, received " + std::to_string(array.ElementLength()));
  }
  return array;
}

Napi::TypedArray Arguments::array(size_t place, const char* name, napi_typedarray_type type, const char* typeName,
                                  size_t length) const {
  if (!info_[place].IsTypedArray() || info_[place].As<Napi::TypedArray>().TypedArrayType() != type) {
    fail(name, typeName, place);
  }
  return checked(place, name, length);
}

Values Arguments::values(size_t place, const char* name, size_t length) const {
  if (info_[place].IsTypedArray()) {
    const auto type = info_[place].As<Napi::TypedArray>().TypedArrayType();
    if (type == napi_float32_array) return {floats(place, name, length), Type::float32};
    if (type == napi_uint16_array) return {values(place, name, length, Type::bfloat16), Type::bfloat16};
  }
  fail(name, "Float32Array, or Uint16Array of bfloat16", place);
}

void* Arguments::values(size_t place, const char* name, size_t length, Type type) const {
  if (type == Type::float32) return floats(place, name, length);
  return array(place, name, napi_uint16_array, "Uint16Array of bfloat16", length).As<Napi::Uint16Array>().Data();
}

float* Arguments::floats(size_t place, const char* name, size_t length) const {
  return array(place, name, napi_float32_array, "Float32Array", length).As<Napi::Float32Array>().Data();
}

float* Arguments::floatsOrNull(size_t place, const char* name, size_t length) const {
  return has(place) ? floats(place, name, length) : nullptr;
}

int32_t* Arguments::integers(size_t place, const char* name, size_t length) const {
  return array(place, name, napi_int32_array, "Int32Array", length).As<Napi::Int32Array>().Data();
}

double* Arguments::doubles(size_t place, const char* name, size_t length) const {
  return array(place, name, napi_float64_array, "Float64Array", length).As<Napi::Float64Array>().Data();
}

uint8_t* Arguments::bytes(size_t place, const char* name, size_t length) const {
  return array(place, name, napi_uint8_array, "Uint8Array", length).As<Napi::Uint8Array>().Data();
}
