// Convolutions and dense layers of plans.

#include <algorithm>

#include "operation_parts.h"
#include "../kernels/threads.h"
#include "../kernels/winograd_table.h"

namespace {

/** Along one axis, the range of taps that fall on the image for any position of the output. */
struct Reached {
  int first, count;

  Reached(int size, int places, int taps, int stride, int dilation, int pad) : first(taps), count(0) {
    for (int tap = 0; tap < taps; tap++) {
      // The first position whose source is not before the image.
      const int start = tap * dilation - pad;
      const int place = start >= 0 ? 0 : (-start + stride - 1) / stride;
      if (place >= places || place * stride + start >= size) continue;
      first = std::min(first, tap);
      count = tap + 1 - first;
    }
  }
};

/** Products in the plan's type. */
class Direct {
 public:
  Direct(const ConvolutionShape& shape, Type type) : shape_(shape), type_(type), sums_(filterSize(shape)) {
    leaveOutPadding();
  }

  void pack(const float* filter) {
    if (!packed_) packed_ = std::make_unique<Memory>(products().packedBytes(shape_, type_));
    products().pack(shape_, type_, filter + offset_, packed_->data());
  }
  void packTurned(const float* filter) {
    if (!turned_) turned_ = std::make_unique<Memory>(products().packedTurnedBytes(shape_, type_));
    products().packTurned(shape_, type_, filter + offset_, turned_->data());
  }

  void convolve(int images, const Values& input, const float* bias, Activation activation, const Values& output) const {
    products().convolve(shape_, type_, images, input, packed_->data(), bias, activation, output);
  }
  void inputGradient(int images, const Values& gradient, const Values& input) const {
    products().inputGradient(shape_, type_, images, gradient, turned_->data(), input);
  }

  /** Size of the filter's gradient. */
  size_t sums() const { return sums_; }
  void filterGradient(int images, const Values& input, const Values& gradient, bool adds, float* sums) const {
    // Taps that never fall on the image have no gradient.
    if (!adds && isPartial()) std::memset(sums, 0, sums_ * sizeof(float));
    products().filterGradient(shape_, type_, images, input, gradient, adds || isPartial(), sums + offset_);
  }
  void toFilter(const float* total, float* filter) const { std::memcpy(filter, total, sums_ * sizeof(float)); }

 private:
  static const Products& products() { return *chosenKernels().products; }

  static size_t filterSize(const ConvolutionShape& s) {
    return size_t(s.filterHeight) * s.filterWidth * s.inChannels * s.outChannels;
  }
  bool isPartial() const { return filterSize(shape_) < sums_; }

  /**
   * Reduces the filter to the taps that ever fall on the image, if these are contiguous; small images need fewer taps.
   */
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

  ConvolutionShape shape_;
  Type type_;
  size_t sums_;
  /** Offset of the reduced filter in the original one. */
  size_t offset_ = 0;
  std::unique_ptr<Memory> packed_, turned_;
};

/** The same by Winograd's method, for suitable shapes. */
class Winograd {
 public:
  Winograd(const ConvolutionShape& shape, Type) : shape_(shape) {}

  static bool suits(const ConvolutionShape& shape, Type type) {
    return type == Type::float32 && kernels().suits(shape);
  }

  void pack(const float* filter) {
    if (!packed_) packed_ = std::make_unique<Memory>(kernels().packedBytes(shape_));
    kernels().pack(shape_, filter, floats(*packed_));
  }
  void packTurned(const float* filter) {
    if (!turned_) turned_ = std::make_unique<Memory>(kernels().packedTurnedBytes(shape_));
    kernels().packTurned(shape_, filter, floats(*turned_));
  }

  void convolve(int images, const Values& input, const float* bias, Activation activation, const Values& output) const {
    kernels().convolve(shape_, images, floats(input), floats(*packed_), bias, activation, floats(output));
  }
  void inputGradient(int images, const Values& gradient, const Values& input) const {
    kernels().inputGradient(shape_, images, floats(gradient), floats(*turned_), floats(input));
  }

  size_t sums() const { return kernels().filterSums(shape_); }
  void filterGradient(int images, const Values& input, const Values& gradient, bool adds, float* sums) const {
    kernels().filterGradient(shape_, images, floats(input), floats(gradient), adds, sums);
  }
  void toFilter(const float* total, float* filter) const { kernels().filterFromSums(shape_, total, filter); }

 private:
  static const WinogradKernels& kernels() { return *chosenKernels().winograd; }
  static float* floats(const Memory& memory) { return static_cast<float*>(memory.data()); }
  static float* floats(const Values& values) { return static_cast<float*>(values.data); }

  const ConvolutionShape& shape_;
  std::unique_ptr<Memory> packed_, turned_;
};

template <class Method>
class Convolution : public Operation {
 public:
  Convolution(int input, int output, const ConvolutionSettings& settings, Type type)
      : input_(input), output_(output), settings_(settings), shape_(settings.shape), method_(shape_, type) {
    isWhole = settings.isWhole;
    forwardValues = {input, output};
    backwardValues = {input};
    if (settings.activation != Activation::none) backwardValues.push_back(output);
    gradientsRead = {output};
    if (settings.wantsInputGradient) gradientsWritten = {input};
    if (!isWhole) partBytes = method_.sums() * sizeof(float);
  }

  void prepare(Plan&, Run& run) override {
    const float* filter = run.weights[settings_.filter];
    method_.pack(filter);
    if (run.isTraining && settings_.wantsInputGradient) method_.packTurned(filter);
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const float* bias = settings_.bias < 0 ? nullptr : run.weights[settings_.bias];
    eachPiece(chunk, [&](const Chunk& piece) {
      method_.convolve(piece.count, plan.data(input_, run, piece), bias, settings_.activation,
                       plan.data(output_, run, piece));
    });
  }

  void beforeBackward(Plan& plan, Run& run) override {
    const int parts = isWhole ? 1 : plan.parts();
    if (!isWhole && hasGradient(run, settings_.filter)) filterSums_.begin(parts, method_.sums());
    if (hasGradient(run, settings_.bias)) biasSums_.clear(parts, shape_.outChannels);
  }

  void backward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values slopes = plan.gradient(output_, chunk);
    const Values x = plan.data(input_, run, chunk);
    gateAndSumBias(plan, run, chunk, output_, settings_, biasSums_);
    if (hasGradient(run, settings_.filter)) {
      // A whole batch has a single sum, which is written directly to the gradient.
      const bool adds = !isWhole && filterSums_.adds(chunk);
      float* sums = isWhole ? run.gradients[settings_.filter] : filterSums_.of(chunk);
      method_.filterGradient(chunk.count, x, slopes, adds, sums);
    }
    if (!settings_.wantsInputGradient) return;
    writeGradient(plan, *this, 0, chunk, [&](const Values& to) {
      const ptrdiff_t size = ptrdiff_t(plan.value(input_).size);
      eachPiece(chunk, [&](const Chunk& piece) {
        method_.inputGradient(piece.count, plan.gradient(output_, piece), to.from((piece.first - chunk.first) * size));
      });
    });
  }

  void afterBackward(Plan&, Run& run) override {
    if (!isWhole && hasGradient(run, settings_.filter)) {
      method_.toFilter(filterSums_.total(), run.gradients[settings_.filter]);
    }
    if (hasGradient(run, settings_.bias)) {
      std::memcpy(run.gradients[settings_.bias], biasSums_.total(), shape_.outChannels * sizeof(float));
    }
  }

 private:
  /**
   * Splits a whole batch into a piece per thread, since images do not depend on each other; other chunks stay whole.
   */
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

  static bool hasGradient(const Run& run, int weight) { return weight >= 0 && run.gradients[weight] != nullptr; }

  int input_, output_;
  ConvolutionSettings settings_;
  ConvolutionShape shape_;
  Method method_;
  PartSums filterSums_, biasSums_;
};

}  // namespace

std::unique_ptr<Operation> makeConvolution(int input, int output, const ConvolutionSettings& settings, Type type) {
  if (Winograd::suits(settings.shape, type)) {
    // Image by image, because Winograd's sums are not yet the filter's gradient, and saving multiplications matters
    // more than saving reads.
    ConvolutionSettings byImage = settings;
    byImage.isWhole = false;
    return std::make_unique<Convolution<Winograd>>(input, output, byImage, type);
  }
  return std::make_unique<Convolution<Direct>>(input, output, settings, type);
}
