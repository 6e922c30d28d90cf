// A training step as a list of operations over values, run image by image, so that an operation finds the previous
// one's results in the cache. A run over the images, called a stage, ends only when an operation needs the complete
// batch (the moments of batch normalisation, a dense layer). Values that are not needed again have no memory of their
// own, after Chen et al. 2016, "Training deep nets with sublinear memory cost"; the effect is that of the fused layers
// of cuDNN and oneDNN.

#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../kernels/kernels.h"
#include "../kernels/memory.h"

/** An activation, or the output of an operation. */
struct PlanValue {
  /** Numbers per image. */
  size_t size;
  /** Type of these numbers; their gradients are stored in the plan's type. */
  Type type;
};

/** The arguments and results of one call. */
struct Run {
  bool isTraining;
  int images;
  /** Step of the training, from 0. */
  uint32_t step;
  const uint8_t* pixels;
  const int32_t* labels;
  std::vector<float*> weights;
  /** One per weight; null if the weight is not trained, or in an evaluation. */
  std::vector<float*> gradients;
  double loss = 0;
  int32_t correct = 0;
  /** Of an evaluation: receives the class of the greatest logit of each image; null if not asked for. */
  int32_t* predictions = nullptr;
};

/** Neighbouring images of a batch, within one of the fixed parts into which the batch is split. */
struct Chunk {
  int first, count;
  int part;
  /** The first image of the part. */
  int partFirst;
};

class Plan;

class Operation {
 public:
  virtual ~Operation() = default;

  std::string name;
  /** Values that are read or written in the forward pass, and those that are read in the backward pass. */
  std::vector<int> forwardValues, backwardValues;
  /** Values whose gradients are read, and those whose gradients are written. */
  std::vector<int> gradientsRead, gradientsWritten;
  /** For each gradient written: whether another operation has written it before, so that this one adds. */
  std::vector<bool> adds;
  /** Runs on the whole batch at once, not image by image. */
  bool isWhole = false;
  /** Bytes of the sums that each part of a batch needs. */
  size_t partBytes = 0;
  /** Whether this operation must have processed all images before the next one starts. */
  bool endsForward = false, endsBackward = false;

  /** Called once in a run, before anything else. */
  virtual void prepare(Plan&, Run&) {}
  virtual void forward(Plan&, Run&, const Chunk&) = 0;
  /** Called after all images. */
  virtual void afterForward(Plan&, Run&) {}
  virtual void beforeBackward(Plan&, Run&) {}
  virtual void backward(Plan&, Run&, const Chunk&) = 0;
  virtual void afterBackward(Plan&, Run&) {}
};

class Plan {
 public:
  /** `capacity` is the maximum number of images in a training step; `type` is that of activations and operands. */
  Plan(int capacity, Type type, std::vector<PlanValue> values, int logits);

  /** Takes the operations in their order and allocates the memory. */
  void complete(std::vector<std::unique_ptr<Operation>> operations);

  void train(Run& run);
  /** Any number of images. */
  void evaluate(Run& run);

  Type type() const { return type_; }
  int capacity() const { return capacity_; }
  /**
   * Parts of a batch with separate sums, which are added in a fixed order, so that results do not depend on the number
   * of threads.
   */
  int parts() const { return parts_; }
  const PlanValue& value(int index) const { return values_[index]; }
  Values data(int index, const Run& run, const Chunk& chunk) const;
  Values gradient(int index, const Chunk& chunk) const;
  /** Working memory for a part, valid until the end of the operation. */
  void* scratch(const Chunk& chunk, size_t bytes);

  /** Seconds spent in each operation, forward and backward, if measured (on one thread). */
  struct Time {
    double forward = 0, backward = 0;
  };
  void startProfile() {
    isProfiling_ = true;
    times_.assign(operations_.size(), {});
  }
  const std::vector<std::unique_ptr<Operation>>& operations() const { return operations_; }
  const std::vector<Time>& times() const { return times_; }

 private:
  struct Stage {
    std::vector<int> operations;
    bool isWhole;
    /** Images per chunk. */
    int chunk;
  };
  struct Place {
    std::shared_ptr<Memory> memory;
    /** Whether only one stage needs it, so that all chunks can share the same memory. */
    bool isLocal = false;
    bool isLocalInEvaluation = false;
  };
  /** The stages of a step that need a value or gradient: forward, the loss, backward. */
  struct Lifetime {
    std::set<int> stages;
    int first() const { return *stages.begin(); }
    int last() const { return *stages.rbegin(); }
  };

  std::vector<Stage> stagesOf(bool isForward, bool isTraining) const;
  void layOut();
  void layOutGradients(const std::vector<Lifetime>& lifetimes, const std::vector<Lifetime>& gradientLifetimes);
  void runForward(Run& run, const std::vector<Stage>& stages);
  void runStage(Run& run, const Stage& stage, bool isForward);
  void computeLoss(Run& run);
  /** Writes the class of the greatest logit of each image of the last pass. */
  void predict(const Run& run, int32_t* predictions) const;

  int capacity_;
  Type type_;
  std::vector<PlanValue> values_;
  int logits_;
  int parts_ = 1;
  std::vector<std::unique_ptr<Operation>> operations_;
  std::vector<Stage> forward_, backward_, evaluation_;
  std::vector<Place> data_, gradients_;
  std::vector<std::unique_ptr<Memory>> scratch_;
  std::vector<size_t> scratchBytes_;
  bool isProfiling_ = false;
  std::vector<Time> times_;
};
