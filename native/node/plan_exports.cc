// Plans as JavaScript objects: built from a plain-data description (src/engine/native/describe-plan.ts), then called
// step by step.

#include "arguments.h"
#include "description.h"
#include "flow.h"
#include "../plan/operations.h"
#include "../kernels/threads.h"

namespace {

/**
 * Images that are smaller than this multiple of the filter are as fast on the whole batch as one by one (MobileNetV2).
 */
constexpr size_t kSmall = 4;

/** Of a step: the memory of a plan grows with them. */
constexpr int64_t kMostCapacity = 1 << 24;

/** The elements of a list of arrays; empty if it is not a list. */
using Elements = std::optional<std::vector<Napi::Value>>;

class PlanObject : public Napi::ObjectWrap<PlanObject> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Plan", DefineClass(env, "Plan",
                                    {InstanceMethod("train", &PlanObject::train),
                                     InstanceMethod("evaluate", &PlanObject::evaluate),
                                     InstanceMethod("profile", &PlanObject::profile),
                                     InstanceMethod("dispose", &PlanObject::dispose)}));
  }

  explicit PlanObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PlanObject>(info) {
    const Description description(info[0]);
    const auto type = Type(description.integer("type", 0, 2));
    for (const int size : description.integers("valueSizes", 1, kMostValues + 1)) {
      values_.push_back({size_t(size), type});
    }
    if (values_.empty()) description.fail("valueSizes", "is empty");
    const int logits = valueOf(description, "logits");
    values_[logits].type = Type::float32;
    for (const int size : description.integers("weightSizes", 1, kMostValues + 1)) weightSizes_.push_back(size);
    const int capacity = description.integer("capacity", 1, Description::kEnd);
    // As V8 does for arrays that are too long: such a batch is too large, not of the wrong type.
    if (capacity > kMostCapacity) {
      throw Napi::RangeError::New(info.Env(), "a plan's capacity is " + std::to_string(capacity) + ", expected at most " +
                                                  std::to_string(kMostCapacity));
    }
    plan_ = std::make_shared<Plan>(capacity, type, values_, logits);
    classes_ = int(values_[logits].size);

    Flow flow(values_.size(), logits);
    std::vector<std::unique_ptr<Operation>> operations;
    for (const Napi::Value& each : description.list("operations")) {
      const Description operation(each);
      const size_t before = operations.size();
      addOperation(operation, flow, operations);
      const std::string name = operation.text("name");
      for (size_t i = before; i < operations.size(); i++) operations[i]->name = name;
    }
    flow.finish(description, operations);
    plan_->complete(std::move(operations));
  }

 private:
  void addOperation(const Description& each, Flow& flow, std::vector<std::unique_ptr<Operation>>& operations) {
    const std::string kind = each.text("kind");
    const int output = valueOf(each, "output");
    if (kind == "pixels") {
      flow.addPixels(each, output);
      operations.push_back(makePixels(output));
      return;
    }
    const std::vector<int> inputs = each.integers("inputs", 0, int64_t(values_.size()));
    if (inputs.empty()) each.fail("inputs", "are empty");
    flow.add(each, inputs, output, kind == "convolution");
    const int input = inputs[0];
    if (kind == "convolution" || kind == "depthwise") {
      const bool isDepthwise = kind == "depthwise";
      const ConvolutionShape shape = withShortStrides(each.shape<ConvolutionShape>());
      checkSizes(each, input, size_t(shape.height) * shape.width * shape.inChannels);
      checkSizes(each, output, size_t(shape.outHeight) * shape.outWidth * shape.outChannels);
      if (isDepthwise && shape.outChannels % shape.inChannels != 0) {
        each.fail("shape", "has output channels that are not a multiple of its input channels");
      }
      const size_t filterSize =
          size_t(shape.filterHeight) * shape.filterWidth * shape.outChannels * (isDepthwise ? 1 : shape.inChannels);
      const ConvolutionSettings settings{shape,
                                         weightOf(each, "filter", filterSize),
                                         optionalWeightOf(each, "bias", shape.outChannels),
                                         each.activation(),
                                         each.boolean("wantsInputGradient"),
                                         !isDepthwise && (each.boolean("isDense") || isSmall(shape, filterSize))};
      operations.push_back(isDepthwise ? makeDepthwise(input, output, settings)
                                       : makeConvolution(input, output, settings, plan_->type()));
    } else if (kind == "normalization") {
      const int channels = each.integer("channels", 1, Description::kEnd);
      if (values_[input].size % channels != 0) each.fail("channels", "do not match the input");
      checkSizes(each, output, values_[input].size);
      const NormalizationSettings settings{optionalWeightOf(each, "gamma", channels),
                                           optionalWeightOf(each, "beta", channels),
                                           weightOf(each, "movingMean", channels),
                                           weightOf(each, "movingVariance", channels),
                                           each.number("epsilon"),
                                           each.number("momentum"),
                                           each.activation()};
      auto [moments, normalization] = makeNormalization(input, output, channels, settings);
      operations.push_back(std::move(moments));
      operations.push_back(std::move(normalization));
    } else if (kind == "pool") {
      const auto shape = each.shape<PoolShape>();
      const bool isMax = each.boolean("isMax");
      if (isMax && int64_t(shape.windowHeight) * shape.windowWidth > 256) {
        each.fail("shape", "has a window of more than 256 places");
      }
      checkSizes(each, input, size_t(shape.height) * shape.width * shape.channels);
      checkSizes(each, output, size_t(shape.outHeight) * shape.outWidth * shape.channels);
      operations.push_back(makePool(input, output, {shape, isMax}));
    } else if (kind == "activation") {
      checkSizes(each, output, values_[input].size);
      operations.push_back(makeActivation(input, output, each.activation()));
    } else if (kind == "addition") {
      if (inputs.size() < 2) each.fail("inputs", "need at least two values");
      for (const int one : inputs) checkSizes(each, one, values_[output].size);
      operations.push_back(makeAddition(inputs, output));
    } else if (kind == "concatenation") {
      const int places = each.integer("places", 1, Description::kEnd);
      size_t size = 0;
      for (const int one : inputs) {
        if (values_[one].size % places != 0) each.fail("places", "do not match the inputs");
        size += values_[one].size;
      }
      checkSizes(each, output, size);
      operations.push_back(makeConcatenation(inputs, output, places));
    } else if (kind == "dropout") {
      checkSizes(each, output, values_[input].size);
      const double rate = each.number("rate");
      if (!(rate >= 0 && rate < 1)) each.fail("rate", "is out of range");
      operations.push_back(makeDropout(input, output, rate, each.word("k0"), each.word("k1")));
    } else {
      each.fail("operation", "is unknown");
    }
  }

  /** Whether the images are so few or small that reading the filter once for all of them is better. */
  bool isSmall(const ConvolutionShape& s, size_t filterSize) const {
    const size_t in = size_t(s.height) * s.width * s.inChannels, out = size_t(s.outHeight) * s.outWidth * s.outChannels;
    return kSmall * filterSize > size_t(plan_->capacity()) * (in + out);
  }

  int valueOf(const Description& description, const char* name) const {
    return description.integer(name, 0, int64_t(values_.size()));
  }

  int weightOf(const Description& description, const char* name, size_t size) const {
    const int weight = description.integer(name, 0, int64_t(weightSizes_.size()));
    if (weightSizes_[weight] != size) description.fail(name, "has the wrong size");
    return weight;
  }

  /** -1 if there is no such weight. */
  int optionalWeightOf(const Description& description, const char* name, size_t size) const {
    return description.number(name) == -1 ? -1 : weightOf(description, name, size);
  }

  void checkSizes(const Description& operation, int value, size_t size) const {
    if (values_[value].size != size) operation.fail("value", "does not have the size that its operation expects");
  }

  /** The plan, which the caller holds while it runs. */
  std::shared_ptr<Plan> openPlan(const Napi::CallbackInfo& info) const {
    if (!plan_) throw Napi::Error::New(info.Env(), "the plan has been disposed");
    if (kernels_ != &chosenKernels()) {
      throw Napi::Error::New(info.Env(), "other kernels were chosen after the plan was made");
    }
    return plan_;
  }

  /** (images, pixels, labels, weights); the elements of `weights` have been read. */
  Run runOf(const Arguments& arguments, const Napi::CallbackInfo& info, const Elements& weights) const {
    Run run{};
    run.images = arguments.integer(0, "images", 1);
    if (run.images > kMostImages) throw Napi::RangeError::New(info.Env(), "images: expected at most 2^30");
    run.pixels = arguments.bytes(1, "pixels", run.images * values_[0].size);
    run.labels = arguments.integers(2, "labels", run.images);
    for (int i = 0; i < run.images; i++) {
      if (run.labels[i] < 0 || run.labels[i] >= classes_) {
        throw Napi::RangeError::New(info.Env(), "labels: expected 0 to " + std::to_string(classes_ - 1) +
                                                    ", received " + std::to_string(run.labels[i]));
      }
    }
    run.weights = arraysOf(info.Env(), weights, "weights", false);
    run.gradients.resize(run.weights.size());
    return run;
  }

  /** One array for each weight, or null if `mayBeNull`. */
  std::vector<float*> arraysOf(const Napi::Env& env, const Elements& elements, const char* name, bool mayBeNull) const {
    const auto fail = [&] {
      throw Napi::TypeError::New(env, std::string(name) + ": expected a Float32Array for each of " +
                                          std::to_string(weightSizes_.size()) + " weights, of its size");
    };
    if (!elements || elements->size() != weightSizes_.size()) fail();
    std::vector<float*> arrays;
    for (size_t i = 0; i < elements->size(); i++) {
      const Napi::Value& each = (*elements)[i];
      if (each.IsNull() && mayBeNull) {
        arrays.push_back(nullptr);
        continue;
      }
      if (!each.IsTypedArray() || each.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) fail();
      auto array = each.As<Napi::Float32Array>();
      if (array.ElementLength() < weightSizes_[i]) fail();
      arrays.push_back(array.Data());
    }
    return arrays;
  }

  /** (images, pixels [images, height, width, 3], labels, weights, gradients, step) => [mean loss, correct] */
  Napi::Value train(const Napi::CallbackInfo& info) {
    const Arguments arguments(info);
    // Getters of elements may dispose of the plan or detach arrays, so everything else follows.
    const Elements weights = elementsOf(info[3]), gradients = elementsOf(info[4]);
    const std::shared_ptr<Plan> plan = openPlan(info);
    const uint32_t step = arguments.word(5, "step");
    Run run = runOf(arguments, info, weights);
    if (run.images > plan->capacity()) {
      throw Napi::RangeError::New(info.Env(), "images: expected at most " + std::to_string(plan->capacity()));
    }
    run.isTraining = true;
    run.gradients = arraysOf(info.Env(), gradients, "gradients", true);
    run.step = step;
    plan->train(run);
    return resultOf(info.Env(), run);
  }

  /**
   * (images, pixels, labels, weights, predictions?) => [mean loss, correct], for any number of images; writes the class of
   * each image to `predictions`
   */
  Napi::Value evaluate(const Napi::CallbackInfo& info) {
    const Arguments arguments(info);
    const Elements weights = elementsOf(info[3]);
    const std::shared_ptr<Plan> plan = openPlan(info);
    Run run = runOf(arguments, info, weights);
    if (arguments.has(4)) run.predictions = arguments.integers(4, "predictions", size_t(run.images));
    plan->evaluate(run);
    return resultOf(info.Env(), run);
  }

  static Napi::Value resultOf(Napi::Env env, const Run& run) {
    auto result = Napi::Array::New(env, 2);
    result.Set(0u, run.loss / run.images);
    result.Set(1u, run.correct);
    return result;
  }

  /** Frees the memory, which the garbage collector does not know about. */
  void dispose(const Napi::CallbackInfo&) { plan_.reset(); }

  /** Starts profiling; returns the seconds per operation since the last call: [name, forward, backward][] */
  Napi::Value profile(const Napi::CallbackInfo& info) {
    const std::shared_ptr<Plan> plan = openPlan(info);
    auto result = Napi::Array::New(info.Env());
    for (size_t i = 0; i < plan->operations().size(); i++) {
      auto row = Napi::Array::New(info.Env(), 3);
      row.Set(0u, plan->operations()[i]->name);
      row.Set(1u, plan->times()[i].forward);
      row.Set(2u, plan->times()[i].backward);
      result.Set(uint32_t(i), row);
    }
    plan->startProfile();
    return result;
  }

  /** Null after `dispose`. */
  std::shared_ptr<Plan> plan_;
  /** Their packed filters have sizes of their own. */
  const Kernels* kernels_ = &chosenKernels();
  std::vector<PlanValue> values_;
  std::vector<size_t> weightSizes_;
  int classes_;
};

/** (count) Sets the threads for each plan's step, 1 to 256. */
void useThreads(const Napi::CallbackInfo& info) {
  const int count = Arguments(info).integer(0, "threads", 1);
  if (count > 256) throw Napi::RangeError::New(info.Env(), "threads: expected at most 256");
  setThreads(count);
}

}  // namespace

void exportPlan(Napi::Env env, Napi::Object exports) {
  PlanObject::define(env, exports);
  exports.Set("setThreads", Napi::Function::New(env, useThreads));
}
