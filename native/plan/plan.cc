#include "plan.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "../kernels/kernels.h"
#include "../kernels/passes_table.h"
#include "../kernels/threads.h"

namespace {

/** Maximum number of parts of a batch; fewer if their sums would take too much memory. */
constexpr int kMostParts = 8;
constexpr size_t kMostPartBytes = size_t(64) << 20;
/** A chunk's values should fit in a core's cache. */
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

void Plan::complete(std::vector<std::unique_ptr<Operation>> operations) {
  operations_ = std::move(operations);
  times_.resize(operations_.size());
  size_t partBytes = 1;
  for (const auto& operation : operations_) partBytes += operation->partBytes;
  parts_ = int(std::clamp(kMostPartBytes / partBytes, size_t(1), size_t(kMostParts)));
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
  const size_t count = values_.size();
  std::vector<Lifetime> lifetimes(count), evaluationLifetimes(count), gradientLifetimes(count);
  const auto addForward = [&](const std::vector<Stage>& stages, std::vector<Lifetime>& to) {
    for (size_t stage = 0; stage < stages.size(); stage++) {
      for (const int index : stages[stage].operations) {
        for (const int value : operations_[index]->forwardValues) to[value].stages.insert(int(stage));
      }
    }
    // The loss reads the logits.
    to[logits_].stages.insert(int(stages.size()));
  };
  addForward(forward_, lifetimes);
  addForward(evaluation_, evaluationLifetimes);
  const int loss = int(forward_.size());
  // It also writes their gradient.
  gradientLifetimes[logits_].stages.insert(loss);
  for (size_t i = 0; i < backward_.size(); i++) {
    const int stage = loss + 1 + int(i);
    for (const int index : backward_[i].operations) {
      const Operation& operation = *operations_[index];
      for (const int value : operation.backwardValues) lifetimes[value].stages.insert(stage);
      for (const int value : operation.gradientsRead) gradientLifetimes[value].stages.insert(stage);
      for (const int value : operation.gradientsWritten) gradientLifetimes[value].stages.insert(stage);
    }
  }
  data_.resize(count);
  for (size_t i = 0; i < count; i++) {
    // Unwritten pages take no memory, so a local value costs no more than its chunks.
    data_[i].memory = std::make_shared<Memory>(capacity_ * values_[i].size * sizeOf(values_[i].type));
    data_[i].isLocal = lifetimes[i].stages.size() == 1;
    data_[i].isLocalInEvaluation = evaluationLifetimes[i].stages.size() == 1;
  }
  layOutGradients(lifetimes, gradientLifetimes);
}

/**
 * Gradients reuse the memory of other gradients and of values that are no longer needed. Evaluations have no gradients.
 */
void Plan::layOutGradients(const std::vector<Lifetime>& lifetimes, const std::vector<Lifetime>& gradientLifetimes) {
  struct Block {
    std::shared_ptr<Memory> memory;
    size_t bytes;
    int lastStage;
  };
  std::vector<Block> blocks;
  for (size_t i = 0; i < values_.size(); i++) {
    if (data_[i].isLocal || lifetimes[i].stages.empty()) continue;
    blocks.push_back({data_[i].memory, capacity_ * values_[i].size * sizeOf(values_[i].type), lifetimes[i].last()});
  }
  std::vector<size_t> order;
  for (size_t i = 0; i < values_.size(); i++) {
    if (!gradientLifetimes[i].stages.empty()) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return gradientLifetimes[a].first() < gradientLifetimes[b].first(); });
  gradients_.resize(values_.size());
  for (const size_t i : order) {
    const Lifetime& lifetime = gradientLifetimes[i];
    const size_t bytes = capacity_ * values_[i].size * sizeOf(type_);
    gradients_[i].isLocal = lifetime.stages.size() == 1;
    Block* best = nullptr;
    for (Block& block : blocks) {
      const bool fits = block.bytes >= bytes && block.lastStage < lifetime.first();
      if (fits && (best == nullptr || block.bytes < best->bytes)) best = &block;
    }
    // A local gradient only needs the pages of its chunks.
    if (best == nullptr || gradients_[i].isLocal) {
      gradients_[i].memory = std::make_shared<Memory>(bytes);
      if (!gradients_[i].isLocal) blocks.push_back({gradients_[i].memory, bytes, lifetime.last()});
    } else {
      gradients_[i].memory = best->memory;
      best->lastStage = lifetime.last();
    }
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
  chosenKernels().passes->crossEntropy(run.images, int(values_[logits_].size), logits, run.labels, &run.loss,
                                       &run.correct, 1.0f / float(run.images), type_, slopes);
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
  for (int64_t first = 0; first < total; first += capacity_) {
    run.images = int(std::min<int64_t>(capacity_, total - first));
    run.pixels = pixels + size_t(first) * imageBytes;
    run.labels = labels + first;
    for (const Stage& stage : evaluation_) runStage(run, stage, true);
    computeLoss(run);
    if (run.predictions) predict(run, run.predictions + first);
  }
  run.images = total;
}

void Plan::predict(const Run& run, int32_t* predictions) const {
  const ptrdiff_t classes = ptrdiff_t(values_[logits_].size);
  const auto* row = static_cast<const float*>(data(logits_, run, {0, run.images, 0, 0}).data);
  for (int image = 0; image < run.images; image++, row += classes) {
    // The first of the greatest values; comparisons with NaN are false.
    int best = 0;
    for (int c = 1; c < classes; c++) {
      if (row[c] > row[best]) best = c;
    }
    predictions[image] = best;
  }
}
