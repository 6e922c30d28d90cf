// Convolutions and dense layers in plans.

#include <algorithm>

#include "operation_parts.h"
#include "threads.h"

namespace {

/** Along one axis, the taps from the first to the last that fall on the image from some place of the output. */
struct Reached {
  int first, count;

  Reached(int size, int places, int taps, int stride, int dilation, int pad) : first(taps), count(0) {
    for (int tap = 0; tap < taps; tap++) {
      for (int place = 0; place < places; place++) {
        const int source = place * stride - pad + tap * dilation;
        if (source < 0 || source >= size) continue;
        first = std::min(first, tap);
        count = tap + 1 - first;
        break;
      }
    }
  }
};

class Convolution : public Operation {
 public:
  Convolution(int input, int output, const ConvolutionSettings& settings)
      : input_(input), output_(output), settings_(settings), shape_(settings.shape) {
    leaveOutPadding();
    isWhole = settings.isWhole;
    forwardValues = {input, output};
    backwardValues = {input};
    if (settings.activation != Activation::none) backwardValues.push_back(output);
    gradientsRead = {output};
    if (settings.wantsInputGradient) gradientsWritten = {input};
  }

  void prepare(Plan& plan, Run& run) override {
    const Products& products = *chosenKernels().products;
    const float* filter = run.weights[settings_.filter] + offset_;
    if (!packed_) packed_ = std::make_unique<Memory>(products.packedBytes(shape_, plan.type()));
    products.pack(shape_, plan.type(), filter, packed_->data());
    if (!run.isTraining || !settings_.wantsInputGradient) return;
    if (!turned_) turned_ = std::make_unique<Memory>(products.packedTurnedBytes(shape_, plan.type()));
    products.packTurned(shape_, plan.type(), filter, turned_->data());
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const float* bias = settings_.bias < 0 ? nullptr : run.weights[settings_.bias];
    eachPiece(chunk, [&](const Chunk& piece) {
      chosenKernels().products->convolve(shape_, plan.type(), piece.count, plan.data(input_, run, piece),
                                         packed_->data(), bias, settings_.activation, plan.data(output_, run, piece));
    });
  }

  void beforeBackward(Plan& plan, Run& run) override {
    const int parts = isWhole ? 1 : plan.parts();
    if (!isWhole && hasGradient(run, settings_.filter)) filterSums_.clear(parts, filterSize());
    if (hasGradient(run, settings_.bias)) biasSums_.clear(parts, shape_.outChannels);
  }

  void backward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values slopes = plan.gradient(output_, chunk);
    const Values x = plan.data(input_, run, chunk);
    gateAndSumBias(plan, run, chunk, output_, settings_, biasSums_);
    if (hasGradient(run, settings_.filter)) {
      float* sums = isWhole ? run.gradients[settings_.filter] : filterSums_.of(chunk);
      if (isWhole) std::memset(sums, 0, filterSize() * sizeof(float));
      chosenKernels().products->filterGradient(shape_, plan.type(), chunk.count, x, slopes, sums + offset_);
    }
    if (!settings_.wantsInputGradient) return;
    writeGradient(plan, *this, 0, chunk, [&](const Values& to) {
      const ptrdiff_t size = ptrdiff_t(plan.value(input_).size);
      eachPiece(chunk, [&](const Chunk& piece) {
        chosenKernels().products->inputGradient(shape_, plan.type(), piece.count, plan.gradient(output_, piece),
                                                turned_->data(), to.from((piece.first - chunk.first) * size));
      });
    });
  }

  void afterBackward(Plan&, Run& run) override {
    if (!isWhole && hasGradient(run, settings_.filter)) filterSums_.total(run.gradients[settings_.filter]);
    if (hasGradient(run, settings_.bias)) biasSums_.total(run.gradients[settings_.bias]);
  }

 private:
  /** A whole batch in a piece for each thread, since images do not depend on each other; a chunk as it is. */
  template <typename Action>
  void eachPiece(const Chunk& chunk, const Action& action) const {
    const int pieces = isWhole ? std::min(threadCount(), chunk.count) : 1;
    if (pieces == 1) return action(chunk);
    eachPart(pieces, [&](int piece) {
      const int first = int(int64_t(chunk.count) * piece / pieces);
      const int end = int(int64_t(chunk.count) * (piece + 1) / pieces);
      action({chunk.first + first, end - first, chunk.part, chunk.partFirst});
    });
  }

  /** Makes the filter as small as what of it ever falls on the image, where that lies together: images may be smaller. */
  void leaveOutPadding() {
    ConvolutionShape& s = shape_;
    const Reached rows(s.height, s.outHeight, s.filterHeight, s.strideHeight, s.dilationHeight, s.padTop);
    const int padTop = s.padTop - rows.first * s.dilationHeight;
    if (rows.count == 0 || padTop < 0) return;
    offset_ = rows.first * size_t(s.filterWidth) * s.inChannels * s.outChannels;
    s.filterHeight = rows.count;
    s.padTop = padTop;
    if (rows.count > 1) return;
    const Reached columns(s.width, s.outWidth, s.filterWidth, s.strideWidth, s.dilationWidth, s.padLeft);
    const int padLeft = s.padLeft - columns.first * s.dilationWidth;
    if (columns.count == 0 || padLeft < 0) return;
    offset_ += columns.first * size_t(s.inChannels) * s.outChannels;
    s.filterWidth = columns.count;
    s.padLeft = padLeft;
  }

  size_t filterSize() const {
    const ConvolutionShape& s = settings_.shape;
    return size_t(s.filterHeight) * s.filterWidth * s.inChannels * s.outChannels;
  }

  int input_, output_;
  ConvolutionSettings settings_;
  ConvolutionShape shape_;
  /** Where in the filter that of the shape begins. */
  size_t offset_ = 0;
  std::unique_ptr<Memory> packed_, turned_;
  PartSums filterSums_, biasSums_;
};

}  // namespace

std::unique_ptr<Operation> makeConvolution(int input, int output, const ConvolutionSettings& settings) {
  return std::make_unique<Convolution>(input, output, settings);
}
