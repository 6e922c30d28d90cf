// What operations of plans share.

#pragma once

#include <cstring>
#include <utility>

#include "arguments.h"
#include "operations.h"

inline const Passes& passes() { return *chosenKernels().passes; }

/** Values of a chunk. */
inline ptrdiff_t countOf(const Plan& plan, int value, const Chunk& chunk) {
  return ptrdiff_t(chunk.count) * ptrdiff_t(plan.value(value).size);
}

/**
 * Writes a gradient, or adds to it: `write` gets an array to write to.
 */
template <typename Write>
void writeGradient(Plan& plan, const Operation& operation, int index, const Chunk& chunk, const Write& write) {
  const int value = operation.gradientsWritten[index];
  const Values to = plan.gradient(value, chunk);
  if (!operation.adds[index]) {
    write(to);
    return;
  }
  const ptrdiff_t count = countOf(plan, value, chunk);
  const Values more{plan.scratch(chunk, count * sizeOf(plan.type())), plan.type()};
  write(more);
  passes().add(plan.type(), count, to.data, more.data, to.data);
}

/** Sums of float32 of which each part of a batch has its own, added in the parts' order. */
class PartSums {
 public:
  /** Before each use, of so many sums, where the first of a part are written, and others added: `adds` tells. */
  void begin(int parts, size_t count) {
    if (sums_.empty()) {
      for (int i = 0; i < parts; i++) sums_.push_back(std::make_unique<Memory>(count * sizeof(float)));
    }
    count_ = count;
    has_.assign(parts, false);
  }

  /** Before each use, where all are added. */
  void clear(int parts, size_t count) {
    begin(parts, count);
    for (const auto& sums : sums_) std::memset(sums->data(), 0, count * sizeof(float));
    has_.assign(parts, true);
  }

  /** Whether the next sums of a part are added to what it has: all but the first. */
  bool adds(const Chunk& chunk) { return std::exchange(has_[chunk.part], uint8_t(true)) != 0; }

  float* of(const Chunk& chunk) const { return static_cast<float*>(sums_[chunk.part]->data()); }

  /** After each use; a batch of few images has parts without any. */
  const float* total() {
    float* to = nullptr;
    for (size_t part = 0; part < sums_.size(); part++) {
      auto* const sums = static_cast<float*>(sums_[part]->data());
      if (!has_[part]) continue;
      if (to == nullptr) {
        to = sums;
      } else {
        passes().add(Type::float32, ptrdiff_t(count_), to, sums, to);
      }
    }
    return to;
  }

 private:
  std::vector<std::unique_ptr<Memory>> sums_;
  /** Not of bool, whose neighbours threads may not write at once. */
  std::vector<uint8_t> has_;
  size_t count_ = 0;
};

inline bool hasGradient(const Run& run, int weight) { return weight >= 0 && run.gradients[weight] != nullptr; }

/** Takes a convolution's gradient back through its activation, in place, and from there into the sums for its bias. */
inline void gateAndSumBias(Plan& plan, Run& run, const Chunk& chunk, int output, const ConvolutionSettings& settings,
                           const PartSums& biasSums) {
  const Values slopes = plan.gradient(output, chunk);
  const ptrdiff_t count = countOf(plan, output, chunk);
  if (settings.activation != Activation::none) {
    passes().gate(settings.activation, slopes.type, count, plan.data(output, run, chunk).data, slopes.data);
  }
  if (hasGradient(run, settings.bias)) {
    const int channels = settings.shape.outChannels;
    passes().sumRows(count / channels, channels, slopes.type, slopes.data, biasSums.of(chunk));
  }
}
