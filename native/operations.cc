#include "operations.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "arguments.h"
#include "threads.h"

namespace {

const Passes& passes() { return *chosenKernels().passes; }

/** Values of a chunk. */
ptrdiff_t countOf(const Plan& plan, int value, const Chunk& chunk) {
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
  /** Before each use, of so many sums. */
  void clear(int parts, size_t count) {
    if (sums_.empty()) {
      for (int i = 0; i < parts; i++) sums_.push_back(std::make_unique<Memory>(count * sizeof(float)));
    }
    count_ = count;
    for (const auto& sums : sums_) std::memset(sums->data(), 0, count * sizeof(float));
  }

  float* of(const Chunk& chunk) const { return static_cast<float*>(sums_[chunk.part]->data()); }

  void total(float* to) const {
    std::memcpy(to, sums_[0]->data(), count_ * sizeof(float));
    for (size_t part = 1; part < sums_.size(); part++) {
      passes().add(Type::float32, ptrdiff_t(count_), to, sums_[part]->data(), to);
    }
  }

 private:
  std::vector<std::unique_ptr<Memory>> sums_;
  size_t count_ = 0;
};

class Pixels : public Operation {
 public:
  explicit Pixels(int output) : output_(output) { forwardValues = {output}; }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values to = plan.data(output_, run, chunk);
    const uint8_t* from = run.pixels + ptrdiff_t(chunk.first) * ptrdiff_t(plan.value(output_).size);
    passes().pixels(countOf(plan, output_, chunk), from, to.type, to.data);
  }

  void backward(Plan&, Run&, const Chunk&) override {}

 private:
  int output_;
};

class Convolution : public Operation {
 public:
  Convolution(int input, int output, const ConvolutionSettings& settings)
      : input_(input), output_(output), settings_(settings), shape_(settings.shape) {
    isWhole = settings.isDense;
    forwardValues = {input, output};
    backwardValues = {input};
    if (settings.activation != Activation::none) backwardValues.push_back(output);
    gradientsRead = {output};
    if (settings.wantsInputGradient) gradientsWritten = {input};
  }

  void prepare(Plan& plan, Run& run) override {
    const Products& products = *chosenKernels().products;
    const float* filter = run.weights[settings_.filter];
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
                                         packed_->data(), bias, settings_.activation,
                                         plan.data(output_, run, piece));
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
    if (settings_.activation != Activation::none) {
      passes().gate(settings_.activation, slopes.type, countOf(plan, output_, chunk),
                    plan.data(output_, run, chunk).data, slopes.data);
    }
    if (hasGradient(run, settings_.bias)) {
      const ptrdiff_t rows = countOf(plan, output_, chunk) / shape_.outChannels;
      passes().sumRows(rows, shape_.outChannels, slopes.type, slopes.data, biasSums_.of(chunk));
    }
    if (hasGradient(run, settings_.filter)) {
      float* sums = isWhole ? run.gradients[settings_.filter] : filterSums_.of(chunk);
      if (isWhole) std::memset(sums, 0, filterSize() * sizeof(float));
      chosenKernels().products->filterGradient(shape_, plan.type(), chunk.count, x, slopes, sums);
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

  static bool hasGradient(const Run& run, int weight) { return weight >= 0 && run.gradients[weight] != nullptr; }
  size_t filterSize() const {
    return size_t(shape_.filterHeight) * shape_.filterWidth * shape_.inChannels * shape_.outChannels;
  }

  int input_, output_;
  ConvolutionSettings settings_;
  ConvolutionShape shape_;
  std::unique_ptr<Memory> packed_, turned_;
  PartSums filterSums_, biasSums_;
};

/** What the two halves of a batch normalisation share. */
struct NormalizationState {
  NormalizationState(int channels, const NormalizationSettings& settings)
      : settings(settings), channels(channels), mean(channels), inverse(channels), scale(channels), shift(channels) {}

  NormalizationSettings settings;
  int channels;
  std::vector<float> mean, inverse;
  /** y = activation(x scale + shift) */
  std::vector<float> scale, shift;
  /** dx = a dy + b x + c */
  std::vector<float> a, b, c;

  void setScale(const Run& run, const float* means, const float* variances) {
    const float* gamma = settings.gamma < 0 ? nullptr : run.weights[settings.gamma];
    const float* beta = settings.beta < 0 ? nullptr : run.weights[settings.beta];
    for (int i = 0; i < channels; i++) {
      mean[i] = means[i];
      inverse[i] = float(1 / std::sqrt(double(variances[i]) + settings.epsilon));
      scale[i] = (gamma ? gamma[i] : 1) * inverse[i];
      shift[i] = (beta ? beta[i] : 0) - mean[i] * scale[i];
    }
  }
};

/** Takes the moments of a batch; on the way back, the gradient of the input. */
class Moments : public Operation {
 public:
  Moments(int input, int output, std::shared_ptr<NormalizationState> state)
      : input_(input), output_(output), state_(std::move(state)) {
    forwardValues = {input};
    backwardValues = {input};
    gradientsRead = {output};
    gradientsWritten = {input};
    endsForward = true;
  }

  void prepare(Plan& plan, Run& run) override {
    if (!run.isTraining) {
      const NormalizationSettings& settings = state_->settings;
      state_->setScale(run, run.weights[settings.movingMean], run.weights[settings.movingVariance]);
      return;
    }
    parts_.resize(plan.parts());
    for (Part& part : parts_) {
      part.rows = 0;
      part.mean.assign(state_->channels, 0);
      part.m2.assign(state_->channels, 0);
      part.chunkMean.resize(state_->channels);
      part.chunkM2.resize(state_->channels);
    }
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    if (!run.isTraining) return;
    Part& part = parts_[chunk.part];
    const Values x = plan.data(input_, run, chunk);
    const ptrdiff_t rows = countOf(plan, input_, chunk) / state_->channels;
    passes().channelMoments(rows, state_->channels, x.type, x.data, part.chunkMean.data(), part.chunkM2.data());
    passes().combineMoments(state_->channels, part.rows, part.mean.data(), part.m2.data(), double(rows),
                            part.chunkMean.data(), part.chunkM2.data());
    part.rows += double(rows);
  }

  void afterForward(Plan&, Run& run) override {
    if (!run.isTraining) return;
    Part& all = parts_[0];
    for (size_t i = 1; i < parts_.size(); i++) {
      if (parts_[i].rows == 0) continue;
      passes().combineMoments(state_->channels, all.rows, all.mean.data(), all.m2.data(), parts_[i].rows,
                              parts_[i].mean.data(), parts_[i].m2.data());
      all.rows += parts_[i].rows;
    }
    const NormalizationSettings& settings = state_->settings;
    std::vector<float>& variance = all.m2;
    const double change = 1 - settings.momentum;
    for (int i = 0; i < state_->channels; i++) {
      variance[i] = float(variance[i] / all.rows);
      float& movingMean = run.weights[settings.movingMean][i];
      float& movingVariance = run.weights[settings.movingVariance][i];
      movingMean -= float((movingMean - all.mean[i]) * change);
      movingVariance -= float((movingVariance - variance[i]) * change);
    }
    state_->setScale(run, all.mean.data(), variance.data());
  }

  void backward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values x = plan.data(input_, run, chunk);
    const Values slopes = plan.gradient(output_, chunk);
    const ptrdiff_t rows = countOf(plan, input_, chunk) / state_->channels;
    writeGradient(plan, *this, 0, chunk, [&](const Values& to) {
      passes().normalizationGradient(rows, state_->channels, x.type, x.data, slopes.data, state_->a.data(),
                                     state_->b.data(), state_->c.data(), to.data);
    });
  }

 private:
  struct Part {
    double rows;
    std::vector<float> mean, m2, chunkMean, chunkM2;
  };
  int input_, output_;
  std::shared_ptr<NormalizationState> state_;
  std::vector<Part> parts_;
};

/** Normalises; on the way back, takes the sums that the gradient of the input needs. */
class Normalization : public Operation {
 public:
  Normalization(int input, int output, std::shared_ptr<NormalizationState> state)
      : input_(input), output_(output), state_(std::move(state)) {
    forwardValues = {input, output};
    backwardValues = {input};
    if (state_->settings.activation != Activation::none) backwardValues.push_back(output);
    gradientsRead = {output};
    endsBackward = true;
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values x = plan.data(input_, run, chunk);
    passes().normalize(countOf(plan, input_, chunk) / state_->channels, state_->channels, x.type, x.data,
                       state_->scale.data(), state_->shift.data(), state_->settings.activation,
                       plan.data(output_, run, chunk).data);
  }

  void beforeBackward(Plan& plan, Run&) override {
    sumDy_.clear(plan.parts(), state_->channels);
    sumDyXhat_.clear(plan.parts(), state_->channels);
  }

  void backward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values slopes = plan.gradient(output_, chunk);
    const Activation activation = state_->settings.activation;
    if (activation != Activation::none) {
      passes().gate(activation, slopes.type, countOf(plan, output_, chunk), plan.data(output_, run, chunk).data,
                    slopes.data);
    }
    const Values x = plan.data(input_, run, chunk);
    passes().normalizationGradientSums(countOf(plan, input_, chunk) / state_->channels, state_->channels, x.type, x.data,
                                       slopes.data, state_->mean.data(), state_->inverse.data(), sumDy_.of(chunk),
                                       sumDyXhat_.of(chunk));
  }

  void afterBackward(Plan& plan, Run& run) override {
    const int channels = state_->channels;
    std::vector<float> sumDy(channels), sumDyXhat(channels);
    sumDy_.total(sumDy.data());
    sumDyXhat_.total(sumDyXhat.data());
    const NormalizationSettings& settings = state_->settings;
    const auto keep = [&](int weight, const std::vector<float>& sums) {
      if (weight >= 0 && run.gradients[weight]) std::memcpy(run.gradients[weight], sums.data(), channels * sizeof(float));
    };
    keep(settings.gamma, sumDyXhat);
    keep(settings.beta, sumDy);
    const double rows = double(run.images) * double(plan.value(input_).size) / channels;
    state_->a.resize(channels);
    state_->b.resize(channels);
    state_->c.resize(channels);
    for (int i = 0; i < channels; i++) {
      const double a = state_->scale[i];
      const double b = -a * state_->inverse[i] * sumDyXhat[i] / rows;
      state_->a[i] = float(a);
      state_->b[i] = float(b);
      state_->c[i] = float(-a * sumDy[i] / rows - b * state_->mean[i]);
    }
  }

 private:
  int input_, output_;
  std::shared_ptr<NormalizationState> state_;
  PartSums sumDy_, sumDyXhat_;
};

class Pool : public Operation {
 public:
  Pool(int input, int output, const PoolSettings& settings) : input_(input), output_(output), settings_(settings) {
    forwardValues = {input, output};
    gradientsRead = {output};
    gradientsWritten = {input};
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values x = plan.data(input_, run, chunk);
    const PoolShape shape = shapeOf(chunk);
    void* const y = plan.data(output_, run, chunk).data;
    if (settings_.isMax) {
      passes().maxPool(shape, x.type, x.data, y, run.isTraining ? positions(plan, chunk) : nullptr);
    } else {
      passes().averagePool(shape, x.type, x.data, y);
    }
  }

  void backward(Plan& plan, Run&, const Chunk& chunk) override {
    const Values slopes = plan.gradient(output_, chunk);
    writeGradient(plan, *this, 0, chunk, [&](const Values& to) {
      if (settings_.isMax) {
        passes().maxPoolGradient(shapeOf(chunk), slopes.type, slopes.data, positions(plan, chunk), to.data);
      } else {
        passes().averagePoolGradient(shapeOf(chunk), slopes.type, slopes.data, false, to.data);
      }
    });
  }

  void prepare(Plan& plan, Run& run) override {
    if (run.isTraining && settings_.isMax && !positions_) {
      positions_ = std::make_unique<Memory>(plan.capacity() * plan.value(output_).size);
    }
  }

 private:
  PoolShape shapeOf(const Chunk& chunk) const {
    PoolShape shape = settings_.shape;
    shape.images = chunk.count;
    return shape;
  }

  uint8_t* positions(const Plan& plan, const Chunk& chunk) const {
    return static_cast<uint8_t*>(positions_->data()) + chunk.first * plan.value(output_).size;
  }

  int input_, output_;
  PoolSettings settings_;
  std::unique_ptr<Memory> positions_;
};

class ActivationOperation : public Operation {
 public:
  ActivationOperation(int input, int output, Activation activation)
      : input_(input), output_(output), activation_(activation) {
    forwardValues = {input, output};
    backwardValues = {output};
    gradientsRead = {output};
    gradientsWritten = {input};
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const ptrdiff_t count = countOf(plan, output_, chunk);
    const Values y = plan.data(output_, run, chunk);
    std::memcpy(y.data, plan.data(input_, run, chunk).data, count * sizeOf(y.type));
    passes().activate(activation_, y.type, count, y.data);
  }

  void backward(Plan& plan, Run& run, const Chunk& chunk) override {
    const ptrdiff_t count = countOf(plan, output_, chunk);
    const Values slopes = plan.gradient(output_, chunk);
    writeGradient(plan, *this, 0, chunk, [&](const Values& to) {
      std::memcpy(to.data, slopes.data, count * sizeOf(to.type));
      passes().gate(activation_, to.type, count, plan.data(output_, run, chunk).data, to.data);
    });
  }

 private:
  int input_, output_;
  Activation activation_;
};

class Addition : public Operation {
 public:
  Addition(std::vector<int> inputs, int output) : inputs_(std::move(inputs)), output_(output) {
    forwardValues = inputs_;
    forwardValues.push_back(output);
    gradientsRead = {output};
    gradientsWritten = inputs_;
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const ptrdiff_t count = countOf(plan, output_, chunk);
    const Values sum = plan.data(output_, run, chunk);
    passes().add(sum.type, count, plan.data(inputs_[0], run, chunk).data, plan.data(inputs_[1], run, chunk).data,
                 sum.data);
    for (size_t i = 2; i < inputs_.size(); i++) {
      passes().add(sum.type, count, sum.data, plan.data(inputs_[i], run, chunk).data, sum.data);
    }
  }

  void backward(Plan& plan, Run&, const Chunk& chunk) override {
    const ptrdiff_t count = countOf(plan, output_, chunk);
    const Values slopes = plan.gradient(output_, chunk);
    for (size_t i = 0; i < inputs_.size(); i++) {
      const Values to = plan.gradient(inputs_[i], chunk);
      if (adds[i]) {
        passes().add(to.type, count, to.data, slopes.data, to.data);
      } else {
        std::memcpy(to.data, slopes.data, count * sizeOf(to.type));
      }
    }
  }

 private:
  std::vector<int> inputs_;
  int output_;
};

class Dropout : public Operation {
 public:
  Dropout(int input, int output, double rate, uint32_t k0, uint32_t k1)
      : input_(input), output_(output), rate_(rate), k0_(k0), k1_(k1) {
    forwardValues = {input, output};
    gradientsRead = {output};
    gradientsWritten = {input};
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values x = plan.data(input_, run, chunk), y = plan.data(output_, run, chunk);
    if (run.isTraining) {
      drop(plan, run, chunk, x.data, y);
    } else {
      std::memcpy(y.data, x.data, countOf(plan, output_, chunk) * sizeOf(y.type));
    }
  }

  void backward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values slopes = plan.gradient(output_, chunk);
    writeGradient(plan, *this, 0, chunk, [&](const Values& to) { drop(plan, run, chunk, slopes.data, to); });
  }

 private:
  void drop(const Plan& plan, const Run& run, const Chunk& chunk, const void* from, const Values& to) const {
    const int64_t first = int64_t(chunk.first) * int64_t(plan.value(output_).size);
    passes().dropout(to.type, from, to.data, first, countOf(plan, output_, chunk), k0_, k1_, run.step, rate_);
  }

  int input_, output_;
  double rate_;
  uint32_t k0_, k1_;
};

}  // namespace

std::unique_ptr<Operation> makePixels(int output) { return std::make_unique<Pixels>(output); }

std::unique_ptr<Operation> makeConvolution(int input, int output, const ConvolutionSettings& settings) {
  return std::make_unique<Convolution>(input, output, settings);
}

std::pair<std::unique_ptr<Operation>, std::unique_ptr<Operation>> makeNormalization(
    int input, int output, int channels, const NormalizationSettings& settings) {
  const auto state = std::make_shared<NormalizationState>(channels, settings);
  return {std::make_unique<Moments>(input, output, state), std::make_unique<Normalization>(input, output, state)};
}

std::unique_ptr<Operation> makePool(int input, int output, const PoolSettings& settings) {
  return std::make_unique<Pool>(input, output, settings);
}

std::unique_ptr<Operation> makeActivation(int input, int output, Activation activation) {
  return std::make_unique<ActivationOperation>(input, output, activation);
}

std::unique_ptr<Operation> makeAddition(std::vector<int> inputs, int output) {
  return std::make_unique<Addition>(std::move(inputs), output);
}

std::unique_ptr<Operation> makeDropout(int input, int output, double rate, uint32_t k0, uint32_t k1) {
  return std::make_unique<Dropout>(input, output, rate, k0, k1);
}
