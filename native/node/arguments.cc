// See arguments.h.

#include "arguments.h"

#include <cmath>
#include <cstring>

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

/** The address of an array that has no values, which may have none; never null, as memset and memcpy want it. */
template <typename T>
T* addressOf(T* data) {
  alignas(64) static char nothing[64];
  return data == nullptr ? reinterpret_cast<T*>(nothing) : data;
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

void Arguments::failRange(const std::string& message) const { throw Napi::RangeError::New(info_.Env(), message); }

double Arguments::number(size_t place, const char* name) const {
  const double value = info_[place].IsNumber() ? info_[place].As<Napi::Number>().DoubleValue() : NAN;
  if (!(value >= 0 && value < INFINITY)) fail(name, "a finite number of at least 0", place);
  return value;
}

float Arguments::finiteFloat(size_t place, const char* name) const {
  const float value = float(anyNumber(place, name));
  if (!std::isfinite(value)) fail(name, "a finite number of 32 bits", place);
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

int Arguments::size(size_t place, const char* name, int least) const {
  const int value = integer(place, name, least);
  if (value > kMostValues) fail(name, "at most " + std::to_string(kMostValues), place);
  return value;
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
  const auto f = copied<15>(place, "shape");
  const ConvolutionShape shape{f[1], f[2], f[3],  f[4],  f[5],  f[6],  f[7],
                               f[8], f[9], f[10], f[11], f[12], f[13], f[14]};
  std::string problem = problemOf(shape);
  if (f[0] < 0 || f[0] > kMostImages || productOf({size_t(f[0]), size_t(f[1])}) > size_t(kMostImages)) {
    problem = std::to_string(f[0]) + " images of " + std::to_string(f[1]) + " lines, expected 0 to " +
              std::to_string(kMostImages) + " lines";
  }
  if (!problem.empty()) failRange("shape: " + problem);
  return {f[0], withShortStrides(shape)};
}

PoolShape Arguments::pool(size_t place) const {
  const auto f = copied<12>(place, "shape");
  const PoolShape shape{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11]};
  const std::string problem = problemOf(shape);
  if (!problem.empty()) failRange("shape: " + problem);
  return shape;
}

size_t Layout::size() const {
  size_t size = 1;
  for (int axis = 0; axis < rank; axis++) size = productOf({size, size_t(sizes[axis])});
  return size;
}

size_t Layout::reach(int array) const {
  size_t reach = 1;
  for (int axis = 0; axis < rank; axis++) {
    reach = sumOf(reach, productOf({size_t(sizes[axis] - 1), size_t(steps[array][axis])}));
  }
  return reach;
}

Layout Arguments::layout(size_t place) const {
  const size_t rank = lengthOf(place, "layout") / 3;
  if (rank < 1 || rank > size_t(kMostAxes)) {
    failRange("layout: expected 1 to " + std::to_string(kMostAxes) + " axes");
  }
  const int32_t* from = integers(place, "layout", 3 * rank);
  Layout layout{int(rank), {}, {}};
  for (size_t axis = 0; axis < rank; axis++) {
    layout.sizes[axis] = from[axis];
    for (size_t array = 0; array < 2; array++) layout.steps[array][axis] = from[(1 + array) * rank + axis];
    if (layout.sizes[axis] < 1 || layout.steps[0][axis] < 0 || layout.steps[1][axis] < 0) {
      failRange("layout: expected sizes of 1 or more, steps of 0 or more");
    }
  }
  return layout;
}

template <size_t COUNT>
std::array<int32_t, COUNT> Arguments::copied(size_t place, const char* name) const {
  std::array<int32_t, COUNT> numbers;
  std::memcpy(numbers.data(), integers(place, name, COUNT), sizeof numbers);
  return numbers;
}

size_t Arguments::lengthOf(size_t place, const char* name) const {
  if (!info_[place].IsTypedArray()) fail(name, "a typed array", place);
  return info_[place].As<Napi::TypedArray>().ElementLength();
}

Napi::TypedArray Arguments::checked(size_t place, const char* name, size_t length) const {
  const auto array = info_[place].As<Napi::TypedArray>();
  if (array.ElementLength() < length) {
    failRange(std::string(name) + ": expected at least " + std::to_string(length) + " values, received " +
              std::to_string(array.ElementLength()));
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
  return addressOf(
      array(place, name, napi_uint16_array, "Uint16Array of bfloat16", length).As<Napi::Uint16Array>().Data());
}

float* Arguments::floats(size_t place, const char* name, size_t length) const {
  return addressOf(array(place, name, napi_float32_array, "Float32Array", length).As<Napi::Float32Array>().Data());
}

float* Arguments::floatsOrNull(size_t place, const char* name, size_t length) const {
  return has(place) ? floats(place, name, length) : nullptr;
}

int32_t* Arguments::integers(size_t place, const char* name, size_t length) const {
  return addressOf(array(place, name, napi_int32_array, "Int32Array", length).As<Napi::Int32Array>().Data());
}

double* Arguments::doubles(size_t place, const char* name, size_t length) const {
  return addressOf(array(place, name, napi_float64_array, "Float64Array", length).As<Napi::Float64Array>().Data());
}

uint8_t* Arguments::bytes(size_t place, const char* name, size_t length) const {
  return addressOf(array(place, name, napi_uint8_array, "Uint8Array", length).As<Napi::Uint8Array>().Data());
}
