// Reads what has properties or elements, which may be getters: the description of a plan, and lists. The values that it
// returns are the caller's own, so a getter can change nothing that was read before.

#pragma once

#include <napi.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "../kernels/kernels.h"
#include "../kernels/limits.h"

/** Elements of a list. */
constexpr uint32_t kMostElements = 1 << 20;

/** The elements of a list, each read once; empty if the value is not a list, or one that is too long. */
inline std::optional<std::vector<Napi::Value>> elementsOf(const Napi::Value& value) {
  if (!value.IsArray()) return std::nullopt;
  const auto array = value.As<Napi::Array>();
  // A getter may lengthen the list.
  const uint32_t length = array.Length();
  if (length > kMostElements) return std::nullopt;
  std::vector<Napi::Value> elements;
  for (uint32_t i = 0; i < length; i++) elements.push_back(array.Get(i));
  return elements;
}

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

  std::string text(const char* name) const {
    const Napi::Value value = get(name);
    if (!value.IsString()) fail(name, "is not a text");
    return value.As<Napi::String>();
  }

  /** A whole number in [`least`, `end`). */
  int integer(const char* name, int least, int64_t end) const { return checked(name, number(name), least, end); }
  uint32_t word(const char* name) const {
    const double value = number(name);
    if (!(value >= 0 && value <= UINT32_MAX && value == std::floor(value))) fail(name, "is out of range");
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
    const auto elements = elementsOf(get(name));
    if (!elements) fail(name, ("is not a list of at most " + std::to_string(kMostElements)).c_str());
    return *elements;
  }

  /** A struct of ints, given as a list in the order of its fields. */
  template <typename Shape>
  Shape shape() const {
    const std::vector<int> fields = integers("shape", INT32_MIN, kEnd);
    if (fields.size() * sizeof(int) != sizeof(Shape)) fail("shape", "has the wrong length");
    Shape shape;
    std::memcpy(&shape, fields.data(), sizeof shape);
    const std::string problem = problemOf(shape);
    if (!problem.empty()) fail("shape", ("is not possible: " + problem).c_str());
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
    if (!(value >= least && value < double(end) && value == std::floor(value))) fail(name, "is out of range");
    return int(value);
  }

  Napi::Object object_;
};
