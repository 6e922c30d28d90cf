// Depthwise convolutions of plans.

#include "../kernels/depthwise_table.h"
#include "operation_parts.h"

namespace {

const DepthwiseKernels& kernels() { return *chosenKernels().depthwise; }

class Depthwise : public Operation {
 public:
  Depthwise(int input, int output, const ConvolutionSettings& settings)
      : input_(input), output_(output), settings_(settings), shape_(settings.shape) {
    forwardValues = {input, output};
    backwardValues = {input};
    if (settings.activation != Activation::none) backwardValues.push_back(output);
    gradientsRead = {output};
    if (settings.wantsInputGradient) gradientsWritten = {input};
    partBytes = filterSize() * sizeof(float);
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values y = plan.data(output_, run, chunk);
    kernels().convolve(shape_, chunk.count, plan.data(input_, run, chunk), run.weights[settings_.filter], y);
    const ptrdiff_t count = countOf(plan, output_, chunk);
    if (settings_.bias >= 0) {
      passes().addBias(count / shape_.outChannels, shape_.outChannels, y.type, y.data, run.weights[settings_.bias],
                       settings_.activation);
    } else {
      passes().activate(settings_.activation, y.type, count, y.data);
    }
  }

  void beforeBackward(Plan& plan, Run& run) override {
    if (hasGradient(run, settings_.filter)) filterSums_.clear(plan.parts(), filterSize());
    if (hasGradient(run, settings_.bias)) biasSums_.clear(plan.parts(), shape_.outChannels);
  }

  void backward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values slopes = plan.gradient(output_, chunk);
    gateAndSumBias(plan, run, chunk, output_, settings_, biasSums_);
    if (hasGradient(run, settings_.filter)) {
      kernels().filterGradient(shape_, chunk.count, plan.data(input_, run, chunk), slopes, filterSums_.of(chunk));
    }
    if (!settings_.wantsInputGradient) return;
    writeGradient(plan, *this, 0, chunk, [&](const Values& to) {
      kernels().inputGradient(shape_, chunk.count, slopes, run.weights[settings_.filter], to);
    });
  }

  void afterBackward(Plan&, Run& run) override {
    if (hasGradient(run, settings_.filter)) {
      std::memcpy(run.gradients[settings_.filter], filterSums_.total(), filterSize() * sizeof(float));
    }
    if (hasGradient(run, settings_.bias)) {
      std::memcpy(run.gradients[settings_.bias], biasSums_.total(), shape_.outChannels * sizeof(float));
    }
  }

 private:
  size_t filterSize() const { return size_t(shape_.filterHeight) * shape_.filterWidth * shape_.outChannels; }

  int input_, output_;
  ConvolutionSettings settings_;
  ConvolutionShape shape_;
  PartSums filterSums_, biasSums_;
};

}  // namespace

std::unique_ptr<Operation> makeDepthwise(int input, int output, const ConvolutionSettings& settings) {
  return std::make_unique<Depthwise>(input, output, settings);
}
