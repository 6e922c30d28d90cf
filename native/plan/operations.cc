// Operations of plans without weights: pixels, pooling, activations, sums, concatenations, dropout.

#include "operation_parts.h"

namespace {

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

/** For each position of an image, the channels of all inputs one after another. */
class Concatenation : public Operation {
 public:
  Concatenation(std::vector<int> inputs, int output, int places)
      : inputs_(std::move(inputs)), output_(output), places_(places) {
    forwardValues = inputs_;
    forwardValues.push_back(output);
    gradientsRead = {output};
    gradientsWritten = inputs_;
  }

  void forward(Plan& plan, Run& run, const Chunk& chunk) override {
    const Values all = plan.data(output_, run, chunk);
    size_t before = 0;
    for (const int input : inputs_) {
      const size_t channels = bytesOf(plan, input);
      copyRows(places_ * size_t(chunk.count), channels, plan.data(input, run, chunk).data, channels,
               static_cast<char*>(all.data) + before, bytesOf(plan, output_));
      before += channels;
    }
  }

  void backward(Plan& plan, Run&, const Chunk& chunk) override {
    const Values slopes = plan.gradient(output_, chunk);
    size_t before = 0;
    for (size_t i = 0; i < inputs_.size(); i++) {
      const size_t channels = bytesOf(plan, inputs_[i]);
      writeGradient(plan, *this, int(i), chunk, [&](const Values& to) {
        copyRows(places_ * size_t(chunk.count), channels, static_cast<const char*>(slopes.data) + before,
                 bytesOf(plan, output_), to.data, channels);
      });
      before += channels;
    }
  }

 private:
  /** Bytes of the channels at one position. */
  size_t bytesOf(const Plan& plan, int value) const { return plan.value(value).size / places_ * sizeOf(plan.type()); }

  static void copyRows(size_t rows, size_t bytes, const void* from, size_t fromStep, void* to, size_t toStep) {
    for (size_t row = 0; row < rows; row++) {
      std::memcpy(static_cast<char*>(to) + row * toStep, static_cast<const char*>(from) + row * fromStep, bytes);
    }
  }

  std::vector<int> inputs_;
  int output_;
  size_t places_;
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

std::unique_ptr<Operation> makePool(int input, int output, const PoolSettings& settings) {
  return std::make_unique<Pool>(input, output, settings);
}

std::unique_ptr<Operation> makeActivation(int input, int output, Activation activation) {
  return std::make_unique<ActivationOperation>(input, output, activation);
}

std::unique_ptr<Operation> makeAddition(std::vector<int> inputs, int output) {
  return std::make_unique<Addition>(std::move(inputs), output);
}

std::unique_ptr<Operation> makeConcatenation(std::vector<int> inputs, int output, int places) {
  return std::make_unique<Concatenation>(std::move(inputs), output, places);
}

std::unique_ptr<Operation> makeDropout(int input, int output, double rate, uint32_t k0, uint32_t k1) {
  return std::make_unique<Dropout>(input, output, rate, k0, k1);
}
