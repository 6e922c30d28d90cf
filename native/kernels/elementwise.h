// Element-wise sums, multiples and conversions of arrays.

#pragma once

#include "columns.h"

namespace {

void add(Type type, ptrdiff_t count, const void* a, const void* b, void* sum) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    forVectors(count, [&](ptrdiff_t at, auto block) {
      const Vector left = block.load(static_cast<const T*>(a) + at);
      block.store(static_cast<T*>(sum) + at, left + block.load(static_cast<const T*>(b) + at));
    });
  });
}

void scale(Type type, ptrdiff_t count, const void* x, float factor, void* y) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    forVectors(count, [&](ptrdiff_t at, auto block) {
      block.store(static_cast<T*>(y) + at, block.load(static_cast<const T*>(x) + at) * factor);
    });
  });
}

void convert(ptrdiff_t count, Type from, const void* x, Type to, void* y) {
  withType(from, [&](auto zeroOfX) {
    withType(to, [&](auto zeroOfY) {
      forVectors(count, [&](ptrdiff_t at, auto block) {
        block.store(static_cast<decltype(zeroOfY)*>(y) + at, block.load(static_cast<const decltype(zeroOfX)*>(x) + at));
      });
    });
  });
}

/**
 * Multiplies by 1 / 255 in two parts, the first of which is so short that its products are exact. The sum is rounded
 * once, to the result of a division, in a third of the time.
 */
void pixels(ptrdiff_t count, const uint8_t* x, Type type, void* y) {
  constexpr float kHigh = 0x8080p-23f;
  constexpr float kLow = float(1.0 / 255 - double(kHigh));
  withType(type, [&](auto zero) {
    auto* values = static_cast<decltype(zero)*>(y);
    forVectors(count, [&](ptrdiff_t at, auto block) {
      const Vector levels = __builtin_convertvector(block.loadBytes(x + at), Vector);
      block.store(values + at, levels * kHigh + levels * kLow);
    });
  });
}

}  // namespace
