// Checks how values flow through the operations of a plan: each is written once, in its whole size, and before it is read.

#pragma once

#include <memory>
#include <vector>

#include "description.h"
#include "../plan/plan.h"

class Flow {
 public:
  Flow(size_t values, int logits) : isWritten_(values), logits_(logits) {}

  /** The operation that writes the pixels, which are value 0. */
  void addPixels(const Description& operation, int output) {
    if (output != 0) operation.fail("pixels", "are not value 0");
    write(operation, output);
  }

  /** Another operation; its sizes are checked by the caller. */
  void add(const Description& operation, const std::vector<int>& inputs, int output, bool isConvolution) {
    for (const int input : inputs) {
      if (!isWritten_[input]) operation.fail("input", "is read before it is written");
      if (input == logits_) operation.fail("logits", "are an input");
    }
    if (output == 0) operation.fail("pixels", "are written by another operation");
    // All other values, and all gradients, are of the plan's type.
    if (output == logits_ && !isConvolution) operation.fail("logits", "are not written by a convolution");
    write(operation, output);
  }

  /** After the last operation. */
  void finish(const Description& plan, const std::vector<std::unique_ptr<Operation>>& operations) const {
    if (!isWritten_[logits_]) plan.fail("logits", "are not written");
    std::vector<bool> hasGradient(isWritten_.size());
    hasGradient[logits_] = true;
    for (const auto& operation : operations) {
      for (const int value : operation->gradientsWritten) hasGradient[value] = true;
    }
    for (const auto& operation : operations) {
      for (const int value : operation->gradientsRead) {
        if (!hasGradient[value]) plan.fail("operation " + operation->name, "has a result without a gradient");
      }
    }
  }

 private:
  void write(const Description& operation, int output) {
    if (isWritten_[output]) operation.fail("output", "is written twice");
    isWritten_[output] = true;
  }

  std::vector<bool> isWritten_;
  int logits_;
};
