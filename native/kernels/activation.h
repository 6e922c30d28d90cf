// In-place activations, with the bias added before them, and their derivatives computed from the activations' outputs.

#pragma once

#include "columns.h"
#include "passes_table.h"

namespace {

/** An activation as a clamp to bounds; NaN stays NaN. */
struct Clamp {
  Vector low, high;

  explicit Clamp(Activation activation)
      : low(broadcast(activation == Activation::none ? -__builtin_inff() : 0.0f)),
        high(broadcast(activation == Activation::relu6 ? 6.0f : __builtin_inff())) {}

  Vector operator()(Vector x) const {
    const Vector raised = low > x ? low : x;
    return high < raised ? high : raised;
  }
};

void activate(Activation activation, Type type, ptrdiff_t count, void* x) {
  if (activation == Activation::none) return;
  const Clamp clamp(activation);
  withType(type, [&](auto zero) {
    auto* values = static_cast<decltype(zero)*>(x);
    forVectors(count, [&](ptrdiff_t at, auto block) { block.store(values + at, clamp(block.load(values + at))); });
  });
}

void gate(Activation activation, Type type, ptrdiff_t count, const void* y, void* dy) {
  if (activation == Activation::none) return;
  const Vector one = broadcast(1.0f);
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    const T* outputs = static_cast<const T*>(y);
    T* gradients = static_cast<T*>(dy);
    // An output that is not greater than 0 is either 0 or NaN (which a product propagates), so it serves as its own
    // derivative.
    if (activation == Activation::relu) {
      forVectors(count, [&](ptrdiff_t at, auto block) {
        const Vector output = block.load(outputs + at);
        block.store(gradients + at, block.load(gradients + at) * (output > 0 ? one : output));
      });
    } else {
      forVectors(count, [&](ptrdiff_t at, auto block) {
        const Vector output = block.load(outputs + at);
        const Vector upper = output < 6 ? one : Vector{};
        block.store(gradients + at, block.load(gradients + at) * (output > 0 ? upper : output));
      });
    }
  });
}

void addBias(ptrdiff_t rows, int channels, Type type, void* x, const float* bias, Activation activation) {
  const Clamp clamp(activation);
  withType(type, [&](auto zero) {
    forColumns(channels, [&](ptrdiff_t first, auto block) {
      constexpr int kCount = decltype(block)::kCount;
      Vector biases[kCount];
      for (int v = 0; v < kCount; v++) biases[v] = block.load(bias + first, v);
      auto* values = static_cast<decltype(zero)*>(x) + first;
      for (ptrdiff_t row = 0; row < rows; row++, values += channels) {
#pragma GCC unroll 4
        for (int v = 0; v < kCount; v++) block.store(values, clamp(block.load(values, v) + biases[v]), v);
      }
    });
  });
}

void sumRows(ptrdiff_t rows, int channels, Type type, const void* dy, float* sums) {
  withType(type, [&](auto zero) {
    forColumns(channels, [&](ptrdiff_t first, auto block) {
      constexpr int kCount = decltype(block)::kCount;
      const auto* from = static_cast<const decltype(zero)*>(dy) + first;
      Vector added[kCount][1];
      sumOverRows(
          rows, block, [&](ptrdiff_t row, int v, Vector(&to)[1]) { to[0] += block.load(from + row * channels, v); },
          added);
      for (int v = 0; v < kCount; v++) block.store(sums + first, block.load(sums + first, v) + added[v][0], v);
    });
  });
}

}  // namespace
