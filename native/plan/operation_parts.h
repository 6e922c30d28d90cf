// Code shared by the operations of plans.

#pragma once

#include <cstring>
#include <utility>

#include "../kernels/kernels.h"
#include "operations.h"
#include "../kernels/threads.h"

inline const Passes& passes() { return *chosenKernels().passes; }

/** Number of values in a chunk. */
inline ptrdiff_t countOf(const Plan& plan, int value, const Chunk& chunk) {
  return ptrdiff_t(chunk.count) * ptrdiff_t(plan.value(value).size);
}

/** Writes a gradient, or adds to it: `write` receives the array to write to. */
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

/**
 * Float32 sums, one set for each part of a batch, added in the order of the parts. On one thread a part is added as
 * soon as it is complete, and the next part reuses its memory; the total is the same.
 */
class PartSums {
 public:
  /** Call before each use of `count` sums if the caller writes a part's first sums and adds later ones; see `adds`. */
  void begin(int parts, size_t count) {
    isInTurn_ = threadCount() == 1;
    take(isInTurn_ ? 2 : parts, count);
    has_.assign(parts, false);
    part_ = -1;
  }

  /** Call before each use if the caller only adds. */
  void clear(int parts, size_t count) {
    isInTurn_ = false;
    take(parts, count);
    for (int part = 0; part < parts; part++) std::memset(sums(part), 0, count * sizeof(float));
    has_.assign(parts, true);
  }

  /** Whether a part's next sums must be added to existing ones: all but the first. Call before `of`. */
  bool adds(const Chunk& chunk) {
    const bool has = std::exchange(has_[chunk.part], uint8_t(true)) != 0;
    if (isInTurn_ && !has) {
      addLast();
      isFirst_ = part_ < 0;
      part_ = chunk.part;
    }
    return has;
  }

  float* of(const Chunk& chunk) const { return sums(isInTurn_ ? !isFirst_ : chunk.part); }

  /** Call after each use. With few images some parts have no sums. */
  const float* total() {
    if (isInTurn_) {
      addLast();
      return sums(0);
    }
    float* to = nullptr;
    for (size_t part = 0; part < has_.size(); part++) {
      if (!has_[part]) continue;
      if (to == nullptr) {
        to = sums(part);
      } else {
        add(to, sums(part));
      }
    }
    return to;
  }

 private:
  void take(size_t places, size_t count) {
    count_ = count;
    while (sums_.size() < places) sums_.push_back(std::make_unique<Memory>(count * sizeof(float)));
  }
  float* sums(size_t place) const { return static_cast<float*>(sums_[place]->data()); }
  void add(float* to, const float* more) const { passes().add(Type::float32, ptrdiff_t(count_), to, more, to); }
  /** On one thread: adds the previous part to the total, unless it was the first. */
  void addLast() {
    if (part_ >= 0 && !isFirst_) add(sums(0), sums(1));
  }

  std::vector<std::unique_ptr<Memory>> sums_;
  size_t count_ = 0;
  /** Not vector<bool>, whose neighbouring elements threads must not write at the same time. */
  std::vector<uint8_t> has_;
  bool isInTurn_ = false, isFirst_ = true;
  int part_ = -1;
};

inline bool hasGradient(const Run& run, int weight) { return weight >= 0 && run.gradients[weight] != nullptr; }

/** Propagates a convolution's gradient through its activation, in place, and adds it to the sums for its bias. */
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
