// Batch normalisation of plans (Ioffe and Szegedy 2015): an operation that needs the whole batch, and one that follows
// it.

#include <cmath>

#include "operation_parts.h"

namespace {

/** State shared by the two halves of a batch normalisation. */
struct NormalizationState {
  NormalizationState(int channels, const NormalizationSettings& settings)
      : settings(settings), channels(channels) {}

  NormalizationSettings settings;
  int channels;
  std::vector<float> mean, inverse;
  /** y = activation(x scale + shift) */
  std::vector<float> scale, shift;
  /** dx = a dy + b x + c */
  std::vector<float> a, b, c;

  /** Takes the memory, which a plan that never runs does not need. */
  void prepare() {
    for (std::vector<float>* values : {&mean, &inverse, &scale, &shift}) values->resize(channels);
  }

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

/** Computes the moments of a batch; in the backward pass, the gradient of the input. */
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
    state_->prepare();
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

/** Normalises; in the backward pass, computes the sums that the gradient of the input needs. */
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
    passes().normalizationGradientSums(countOf(plan, input_, chunk) / state_->channels, state_->channels, x.type,
                                       x.data, slopes.data, state_->mean.data(), state_->inverse.data(),
                                       sumDy_.of(chunk), sumDyXhat_.of(chunk));
  }

  void afterBackward(Plan& plan, Run& run) override {
    const int channels = state_->channels;
    const float *sumDy = sumDy_.total(), *sumDyXhat = sumDyXhat_.total();
    const NormalizationSettings& settings = state_->settings;
    const auto keep = [&](int weight, const float* sums) {
      if (hasGradient(run, weight)) std::memcpy(run.gradients[weight], sums, channels * sizeof(float));
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

}  // namespace

std::pair<std::unique_ptr<Operation>, std::unique_ptr<Operation>> makeNormalization(
    int input, int output, int channels, const NormalizationSettings& settings) {
  const auto state = std::make_shared<NormalizationState>(channels, settings);
  return {std::make_unique<Moments>(input, output, state), std::make_unique<Normalization>(input, output, state)};
}
