#include "plan.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "arguments.h"
#include "passes_table.h"
#include "threads.h"

namespace {

/** Parts of a batch, where their sums do not take too much memory. */
constexpr int kMostParts = 8;
constexpr size_t kMostPartBytes = size_t(64) << 20;
/** A chunk's values are to stay in the cache of a core. */
constexpr size_t kChunkBytes = size_t(192) << 10;

Values offset(const Memory& memory, Type type, size_t size, bool isLocal, const Chunk& chunk) {
  const ptrdiff_t image = isLocal ? chunk.partFirst : chunk.first;
  return Values{memory.data(), type}.from(image * ptrdiff_t(size));
}

}  // namespace

Plan::Plan(int capacity, Type type, std::vector<PlanValue> values, int logits)
    : capacity_(capacity), type_(type), values_(std::move(values)), logits_(logits) {}

Values Plan::data(int index, const Run& run, const Chunk& chunk) const {
  const Place& place = data_[index];
  const bool isLocal = run.isTraining ? place.isLocal : place.isLocalInEvaluation;
  return offset(*place.memory, values_[index].type, values_[index].size, isLocal, chunk);
}

Values Plan::gradient(int index, const Chunk& chunk) const {
  return offset(*gradients_[index].memory, type_, values_[index].size, gradients_[index].isLocal, chunk);
}

void* Plan::scratch(const Chunk& chunk, size_t bytes) {
  if (scratchBytes_[chunk.part] < bytes) {
    scratch_[chunk.part] = std::make_unique<Memory>(bytes);
    scratchBytes_[chunk.part] = bytes;
  }
  return scratch_[chunk.part]->data();
}

void Plan::complete(std::vector<std::unique_ptr<Operation>> operations, size_t gradientBytes) {
  operations_ = std::move(operations);
  times_.resize(operations_.size());
  parts_ = int(std::clamp(kMostPartBytes / std::max<size_t>(gradientBytes, 1), size_t(1), size_t(kMostParts)));
  scratch_.resize(parts_);
  scratchBytes_.resize(parts_);
  std::set<int> written;
  for (auto operation = operations_.rbegin(); operation != operations_.rend(); ++operation) {
    for (const int value : (*operation)->gradientsWritten) (*operation)->adds.push_back(!written.insert(value).second);
  }
  forward_ = stagesOf(true, true);
  backward_ = stagesOf(false, true);
  evaluation_ = stagesOf(true, false);
  layOut();
}

std::vector<Plan::Stage> Plan::stagesOf(bool isForward, bool isTraining) const {
  std::vector<Stage> stages;
  bool isOpen = false;
  const int count = int(operations_.size());
  for (int i = 0; i < count; i++) {
    const int index = isForward ? i : count - 1 - i;
    const Operation& operation = *operations_[index];
    if (!isOpen || operation.isWhole) stages.push_back({{}, operation.isWhole, capacity_});
    stages.back().operations.push_back(index);
    const bool isEnding = isForward ? isTraining && operation.endsForward : operation.endsBackward;
    isOpen = !operation.isWhole && !isEnding;
  }
  for (Stage& stage : stages) {
    std::set<int> values;
    for (const int index : stage.operations) {
      const Operation& operation = *operations_[index];
      values.insert(operation.forwardValues.begin(), operation.forwardValues.end());
    }
    size_t bytes = 0;
    for (const int value : values) bytes += values_[value].size * sizeOf(type_);
    if (!stage.isWhole) stage.chunk = int(std::max<size_t>(1, kChunkBytes / std::max<size_t>(bytes, 1)));
  }
  return stages;
}

void Plan::layOut() {
  std::vector<std::set<int>> uses(values_.size()), evaluationUses(values_.size()), gradientUses(values_.size());
  int stage = 0;
  for (const Stage& each : forward_) {
    for (const int index : each.operations) {
      for (const int value : operations_[index]->forwardValues) uses[value].insert(stage);
    }
    stage++;
  }
  for (const Stage& each : backward_) {
    for (const int index : each.operations) {
      const Operation& operation = *operations_[index];
      for (const int value : operation.backwardValues) uses[value].insert(stage);
      for (const int value : operation.gradientsRead) gradientUses[value].insert(stage);
      for (const int value : operation.gradientsWritten) gradientUses[value].insert(stage);
    }
    stage++;
  }
  stage = 0;
  for (const Stage& each : evaluation_) {
    for (const int index : each.operations) {
      for (const int value : operations_[index]->forwardValues) evaluationUses[value].insert(stage);
    }
    stage++;
  }
  // The loss reads the logits, and writes their gradient.
  uses[logits_].insert(-1);
  evaluationUses[logits_].insert(-1);
  gradientUses[logits_].insert(-1);
  data_.resize(values_.size());
  gradients_.resize(values_.size());
  for (size_t i = 0; i < values_.size(); i++) {
    const size_t count = capacity_ * values_[i].size;
    // Pages that are never written take no memory, so a local value costs no more than its chunks.
    data_[i].memory = std::make_unique<Memory>(count * sizeOf(values_[i].type));
    data_[i].isLocal = uses[i].size() == 1;
    data_[i].isLocalInEvaluation = evaluationUses[i].size() == 1;
    if (gradientUses[i].empty()) continue;
    gradients_[i].memory = std::make_unique<Memory>(count * sizeOf(type_));
    gradients_[i].isLocal = gradientUses[i].size() == 1;
  }
}

void Plan::runStage(Run& run, const Stage& stage, bool isForward) {
  const auto runChunk = [&](const Chunk& chunk) {
    for (const int index : stage.operations) {
      Operation& operation = *operations_[index];
      const auto start = isProfiling_ ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
      isForward ? operation.forward(*this, run, chunk) : operation.backward(*this, run, chunk);
      if (isProfiling_) {
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        (isForward ? times_[index].forward : times_[index].backward) += seconds.count();
      }
    }
  };
  if (!isForward) {
    for (const int index : stage.operations) operations_[index]->beforeBackward(*this, run);
  }
  if (stage.isWhole) {
    runChunk({0, run.images, 0, 0});
  } else {
    eachPart(parts_, [&](int part) {
      const int first = int(int64_t(run.images) * part / parts_);
      const int end = int(int64_t(run.images) * (part + 1) / parts_);
      for (int image = first; image < end; image += stage.chunk) {
        runChunk({image, std::min(stage.chunk, end - image), part, first});
      }
    });
  }
  for (const int index : stage.operations) {
    isForward ? operations_[index]->afterForward(*this, run) : operations_[index]->afterBackward(*this, run);
  }
}

void Plan::computeLoss(Run& run) {
  const Chunk all{0, run.images, 0, 0};
  const auto* logits = static_cast<const float*>(data(logits_, run, all).data);
  void* const slopes = run.isTraining ? gradient(logits_, all).data : nullptr;
  chosenKernels().passes->crossEntropy(run.images, int(values_[logits_].size), logits, run.labels, &run.loss, &run.correct,
                                1.0f / float(run.images), type_, slopes);
}

void Plan::train(Run& run) {
  for (const auto& operation : operations_) operation->prepare(*this, run);
  for (const Stage& stage : forward_) runStage(run, stage, true);
  computeLoss(run);
  for (const Stage& stage : backward_) runStage(run, stage, false);
}

void Plan::evaluate(Run& run) {
  for (const auto& operation : operations_) operation->prepare(*this, run);
  const int total = run.images;
  const size_t imageBytes = values_[0].size;
  const uint8_t* const pixels = run.pixels;
  const int32_t* const labels = run.labels;
  for (int first = 0; first < total; first += capacity_) {
    run.images = std::min(capacity_, total - first);
    run.pixels = pixels + first * imageBytes;
    run.labels = labels + first;
    for (const Stage& stage : evaluation_) runStage(run, stage, true);
    computeLoss(run);
  }
  run.images = total;
}
