// A training step as a list of operations over values, run image by image: what one operation leaves in the cache the next
// finds there. Only what a batch must be complete for (the moments of batch normalisation, a dense layer) ends a run over
// the images, a stage. After Chen et al. 2016, "Training deep nets with sublinear memory cost", in that a value that is
// not needed again has no memory of its own, and the fused layers of cuDNN and oneDNN, whose effect this has.

#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../kernels/kernels.h"
#include "../kernels/memory.h"

/** An activation, or what comes out of an operation. */
struct PlanValue {
  /** Numbers of one image. */
  size_t size;
  /** Of the numbers; their gradients are stored in the plan's type. */
  Type type;
};

/** What one call works on. */
struct Run {
  bool isTraining;
  int images;
  /** Of the training, from 0. */
  uint32_t step;
  const uint8_t* pixels;
  const int32_t* labels;
  std::vector<float*> weights;
  /** Of each weight; null where it is not trained, or nothing is. */
  std::vector<float*> gradients;
  double loss = 0;
  int32_t correct = 0;
};

/** Neighbouring images of a batch, in one of the fixed parts into which it is split. */
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
  /** Values that are read or written on the way forward, and those that are read on the way back. */
  std::vector<int> forwardValues, backwardValues;
  /** Values whose gradients are read, and those whose gradients are written. */
  std::vector<int> gradientsRead, gradientsWritten;
  /** Of each gradient written: whether another operation has written it before, and this one adds. */
  std::vector<bool> adds;
  /** Runs on the whole batch at once, not image by image. */
  bool isWhole = false;
  /** Memory of sums that each part of a batch has. */
  size_t partBytes = 0;
  /** What follows needs it to be through with all images. */
  bool endsForward = false, endsBackward = false;

  /** Once in a run, before anything else. */
  virtual void prepare(Plan&, Run&) {}
  virtual void forward(Plan&, Run&, const Chunk&) = 0;
  /** After all images. */
  virtual void afterForward(Plan&, Run&) {}
  virtual void beforeBackward(Plan&, Run&) {}
  virtual void backward(Plan&, Run&, const Chunk&) = 0;
  virtual void afterBackward(Plan&, Run&) {}
};

class Plan {
 public:
  /** Images that may be run at once, and the type of activations and operands. */
  Plan(int capacity, Type type, std::vector<PlanValue> values, int logits);

  /** Takes the operations in their order, and lays out the memory. */
  void complete(std::vector<std::unique_ptr<Operation>> operations);

  void train(Run& run);
  /** Any number of images. */
  void evaluate(Run& run);

  Type type() const { return type_; }
  int capacity() const { return capacity_; }
  /** Parts of a batch that have sums of their own, which are added in their order: the same on any number of threads. */
  int parts() const { return parts_; }
  const PlanValue& value(int index) const { return values_[index]; }
  Values data(int index, const Run& run, const Chunk& chunk) const;
  Values gradient(int index, const Chunk& chunk) const;
  /** Working memory of so many values for a part, to be used until the end of the operation. */
  void* scratch(const Chunk& chunk, size_t bytes);

  /** Seconds spent in each operation, forward and back, if it is measured (on one thread). */
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
    /** Images that go through it together. */
    int chunk;
  };
  struct Place {
    std::shared_ptr<Memory> memory;
    /** Whether no stage but one needs it, so that each chunk can have the same memory. */
    bool isLocal = false;
    bool isLocalInEvaluation = false;
  };
  /** The stages of a step that need something: forward, the loss, back. */
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
