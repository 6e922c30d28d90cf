// Reads the description of a plan given by JavaScript, with checks.

#pragma once

#include <napi.h>

#include <cstring>
#include <string>
#include <vector>

#include "../kernels/kernels.h"

/** The description of a plan or of one of its operations. */
class Description {
 public:
  explicit Description(const Napi::Value& value) : object_(objectOf(value)) {}

  Napi::Value get(const char* name) const {
    const Napi::Value value = object_.Get(name);
    if (value.IsUndefined()) fail(name, "is missing");
    return value;
  }

  double number(const char* name) const {
    const Napi::Value value = get(name);
    if (!value.IsNumber()) fail(name, "is not a number");
    return value.As<Napi::Number>().DoubleValue();
  }

  bool boolean(const char* name) const {
    const Napi::Value value = get(name);
    if (!value.IsBoolean()) fail(name, "is not a boolean");
    return value.As<Napi::Boolean>();
  }

  std::string text(const char* name) const { return get(name).ToString(); }

  /** A whole number in [`least`, `end`). */
  int integer(const char* name, int least, int64_t end) const { return checked(name, number(name), least, end); }
  uint32_t word(const char* name) const {
    const double value = number(name);
    if (!(value >= 0 && value <= UINT32_MAX) || value != uint32_t(value)) fail(name, "is out of range");
    return uint32_t(value);
  }
  Activation activation() const { return Activation(integer("activation", 0, int(Activation::relu6) + 1)); }

  std::vector<int> integers(const char* name, int least, int64_t end) const {
    std::vector<int> values;
    for (const Napi::Value& each : list(name)) {
      if (!each.IsNumber()) fail(name, "is not a list of numbers");
      values.push_back(checked(name, each.As<Napi::Number>().DoubleValue(), least, end));
    }
    return values;
  }

  std::vector<Napi::Value> list(const char* name) const {
    const Napi::Value value = get(name);
    if (!value.IsArray()) fail(name, "is not a list");
    const auto array = value.As<Napi::Array>();
    std::vector<Napi::Value> values;
    for (uint32_t i = 0; i < array.Length(); i++) values.push_back(array.Get(i));
    return values;
  }

  /** A struct of ints, given as a list in the order of its fields; the last two, the padding, may be negative. */
  template <typename Shape>
  Shape shape() const {
    const std::vector<int> fields = integers("shape", INT32_MIN, kEnd);
    if (fields.size() * sizeof(int) != sizeof(Shape)) fail("shape", "has the wrong length");
    for (size_t i = 0; i + 2 < fields.size(); i++) {
      if (fields[i] < 1) fail("shape", "has a size below 1");
    }
    Shape shape;
    std::memcpy(&shape, fields.data(), sizeof shape);
    return shape;
  }

  [[noreturn]] void fail(const std::string& name, const char* what) const {
    throw Napi::TypeError::New(object_.Env(), "a plan's " + name + " " + what);
  }

  static constexpr int64_t kEnd = int64_t(INT32_MAX) + 1;

 private:
  static Napi::Object objectOf(const Napi::Value& value) {
    if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "expected a plan's description");
    return value.As<Napi::Object>();
  }

  int checked(const char* name, double value, int least, int64_t end) const {
    if (!(value >= least && value < double(end)) || value != int64_t(value)) fail(name, "is out of range");
    return int(value);
  }

  Napi::Object object_;
};
