// JavaScript bindings of the passes; see src/engine/native/addon.ts. Arrays of activations are Float32Array or
// Uint16Array (bfloat16), the same within a call.

#include "arguments.h"
#include "../kernels/passes_table.h"

namespace {

const Passes& passes() { return *chosenKernels().passes; }

/** An array of rows: how many, and how wide. */
struct Rows {
  ptrdiff_t count;
  int channels;

  size_t size() const { return size_t(count) * size_t(channels); }
};

Rows rowsOf(const Arguments& arguments, size_t place) {
  return {arguments.size(place, "rows", 0), arguments.size(place + 1, "channels", 1)};
}

size_t inputSize(const PoolShape& s) {
  return productOf({size_t(s.images), size_t(s.height), size_t(s.width), size_t(s.channels)});
}

size_t outputSize(const PoolShape& s) {
  return productOf({size_t(s.images), size_t(s.outHeight), size_t(s.outWidth), size_t(s.channels)});
}

void checkPlaces(const PoolShape& s, const Napi::Env& env) {
  const int64_t places = int64_t(s.windowHeight) * s.windowWidth;
  if (places > 256) {
    throw Napi::RangeError::New(
        env, "shape: positions are kept in windows of up to 256 places, received " + std::to_string(places));
  }
}

void maxPool(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const PoolShape s = arguments.pool(0);
  const Values x = arguments.values(1, "x", inputSize(s));
  void* y = arguments.values(2, "y", outputSize(s), x.type);
  uint8_t* positions = nullptr;
  if (arguments.has(3)) {
    checkPlaces(s, info.Env());
    positions = arguments.bytes(3, "positions", outputSize(s));
  }
  passes().maxPool(s, x.type, x.data, y, positions);
}

void maxPoolGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const PoolShape s = arguments.pool(0);
  checkPlaces(s, info.Env());
  const Values dy = arguments.values(1, "dy", outputSize(s));
  const uint8_t* positions = arguments.bytes(2, "positions", outputSize(s));
  passes().maxPoolGradient(s, dy.type, dy.data, positions, arguments.values(3, "dx", inputSize(s), dy.type));
}

void averagePool(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const PoolShape s = arguments.pool(0);
  const Values x = arguments.values(1, "x", inputSize(s));
  passes().averagePool(s, x.type, x.data, arguments.values(2, "y", outputSize(s), x.type));
}

void averagePoolGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const PoolShape s = arguments.pool(0);
  const bool countsPadding = arguments.boolean(2, "countsPadding");
  const Values dy = arguments.values(1, "dy", outputSize(s));
  passes().averagePoolGradient(s, dy.type, dy.data, countsPadding, arguments.values(3, "dx", inputSize(s), dy.type));
}

void channelMoments(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Rows rows = rowsOf(arguments, 0);
  const Values x = arguments.values(2, "x", rows.size());
  passes().channelMoments(rows.count, rows.channels, x.type, x.data, arguments.floats(3, "mean", rows.channels),
                          arguments.floats(4, "m2", rows.channels));
}

void combineMoments(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const int channels = arguments.size(0, "channels", 1);
  const double rows = arguments.number(1, "rows"), moreRows = arguments.number(4, "moreRows");
  float* mean = arguments.floats(2, "mean", channels);
  float* m2 = arguments.floats(3, "m2", channels);
  passes().combineMoments(channels, rows, mean, m2, moreRows, arguments.floats(5, "moreMean", channels),
                          arguments.floats(6, "moreM2", channels));
}

void normalize(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Rows rows = rowsOf(arguments, 0);
  const Activation activation = arguments.activation(5);
  const Values x = arguments.values(2, "x", rows.size());
  const float* scale = arguments.floats(3, "scale", rows.channels);
  const float* shift = arguments.floats(4, "shift", rows.channels);
  passes().normalize(rows.count, rows.channels, x.type, x.data, scale, shift, activation,
                     arguments.values(6, "y", rows.size(), x.type));
}

void normalizationGradientSums(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Rows rows = rowsOf(arguments, 0);
  const Values x = arguments.values(2, "x", rows.size());
  const void* dy = arguments.values(3, "dy", rows.size(), x.type);
  const float* mean = arguments.floats(4, "mean", rows.channels);
  const float* inverseDeviation = arguments.floats(5, "inverseDeviation", rows.channels);
  passes().normalizationGradientSums(rows.count, rows.channels, x.type, x.data, dy, mean, inverseDeviation,
                                     arguments.floats(6, "sumDy", rows.channels),
                                     arguments.floats(7, "sumDyXhat", rows.channels));
}

void normalizationGradient(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Rows rows = rowsOf(arguments, 0);
  const Values x = arguments.values(2, "x", rows.size());
  const void* dy = arguments.values(3, "dy", rows.size(), x.type);
  const float* a = arguments.floats(4, "a", rows.channels);
  const float* b = arguments.floats(5, "b", rows.channels);
  const float* c = arguments.floats(6, "c", rows.channels);
  passes().normalizationGradient(rows.count, rows.channels, x.type, x.data, dy, a, b, c,
                                 arguments.values(7, "dx", rows.size(), x.type));
}

void activate(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Activation activation = arguments.activation(0);
  const size_t count = size_t(arguments.whole(1, "count", 0));
  const Values x = arguments.values(2, "x", count);
  passes().activate(activation, x.type, ptrdiff_t(count), x.data);
}

void gate(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Activation activation = arguments.activation(0);
  const size_t count = size_t(arguments.whole(1, "count", 0));
  const Values y = arguments.values(2, "y", count);
  passes().gate(activation, y.type, ptrdiff_t(count), y.data, arguments.values(3, "dy", count, y.type));
}

void addBias(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Rows rows = rowsOf(arguments, 0);
  const Activation activation = arguments.activation(4);
  const Values x = arguments.values(2, "x", rows.size());
  passes().addBias(rows.count, rows.channels, x.type, x.data, arguments.floats(3, "bias", rows.channels), activation);
}

void sumRows(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Rows rows = rowsOf(arguments, 0);
  const Values dy = arguments.values(2, "dy", rows.size());
  passes().sumRows(rows.count, rows.channels, dy.type, dy.data, arguments.floats(3, "sums", rows.channels));
}

void add(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  const Values a = arguments.values(1, "a", count);
  const void* b = arguments.values(2, "b", count, a.type);
  passes().add(a.type, ptrdiff_t(count), a.data, b, arguments.values(3, "sum", count, a.type));
}

void scale(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  const float factor = arguments.finiteFloat(2, "factor");
  const Values x = arguments.values(1, "x", count);
  passes().scale(x.type, ptrdiff_t(count), x.data, factor, arguments.values(3, "y", count, x.type));
}

void convert(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  const Values x = arguments.values(1, "x", count);
  const Values y = arguments.values(2, "y", count);
  passes().convert(ptrdiff_t(count), x.type, x.data, y.type, y.data);
}

void pixels(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  const uint8_t* x = arguments.bytes(1, "x", count);
  const Values y = arguments.values(2, "y", count);
  passes().pixels(ptrdiff_t(count), x, y.type, y.data);
}

void dropout(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const int64_t first = arguments.whole(2, "first", 0);
  const size_t count = size_t(arguments.whole(3, "count", 0));
  uint32_t words[3];
  const char* const names[3] = {"k0", "k1", "step"};
  for (size_t i = 0; i < 3; i++) words[i] = arguments.word(4 + i, names[i]);
  const double rate = arguments.number(7, "rate");
  if (rate >= 1)
    throw Napi::RangeError::New(info.Env(), "rate: expected less than 1, received " + std::to_string(rate));
  const Values x = arguments.values(0, "x", count);
  void* y = arguments.values(1, "y", count, x.type);
  passes().dropout(x.type, x.data, y, first, ptrdiff_t(count), words[0], words[1], words[2], rate);
}

void crossEntropy(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const int rows = arguments.size(0, "rows", 0);
  const int classes = arguments.size(1, "classes", 1);
  const size_t size = size_t(rows) * size_t(classes);
  const float factor = arguments.finiteFloat(6, "factor");
  const float* logits = arguments.floats(2, "logits", size);
  const int32_t* labels = arguments.integers(3, "labels", rows);
  double* loss = arguments.doubles(4, "loss", 1);
  int32_t* correct = arguments.integers(5, "correct", 1);
  const Values gradient = arguments.has(7) ? arguments.values(7, "gradient", size) : Values{nullptr, Type::float32};
  int32_t more = 0;
  passes().crossEntropy(rows, classes, logits, labels, loss, &more, factor, gradient.type, gradient.data);
  // The caller's number may be any.
  *correct = int32_t(uint32_t(*correct) + uint32_t(more));
}

void sgd(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  const double learningRate = arguments.number(4, "learningRate"), momentum = arguments.number(5, "momentum");
  const bool isNesterov = arguments.boolean(6, "isNesterov");
  float* variable = arguments.floats(1, "variable", count);
  float* velocity = arguments.floatsOrNull(2, "velocity", count);
  const float* gradient = arguments.floats(3, "gradient", count);
  passes().sgd(ptrdiff_t(count), variable, velocity, gradient, learningRate, momentum, isNesterov);
}

void rmsProp(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  const double learningRate = arguments.number(4, "learningRate"), rho = arguments.number(5, "rho");
  const double epsilon = arguments.number(6, "epsilon");
  float* variable = arguments.floats(1, "variable", count);
  float* meanSquare = arguments.floats(2, "meanSquare", count);
  const float* gradient = arguments.floats(3, "gradient", count);
  passes().rmsProp(ptrdiff_t(count), variable, meanSquare, gradient, learningRate, rho, epsilon);
}

void adam(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  const double gradientFactor = arguments.anyNumber(5, "gradientFactor");
  const double learningRate = arguments.number(6, "learningRate"), epsilon = arguments.number(9, "epsilon");
  const double beta1 = arguments.number(7, "beta1"), beta2 = arguments.number(8, "beta2");
  float* variable = arguments.floats(1, "variable", count);
  float* mean = arguments.floats(2, "mean", count);
  float* meanSquare = arguments.floats(3, "meanSquare", count);
  const float* gradient = arguments.floats(4, "gradient", count);
  passes().adam(ptrdiff_t(count), variable, mean, meanSquare, gradient, gradientFactor, learningRate, beta1, beta2,
                epsilon);
}

Napi::Value sumSquares(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t count = size_t(arguments.whole(0, "count", 0));
  return Napi::Number::New(info.Env(), passes().sumSquares(ptrdiff_t(count), arguments.floats(1, "x", count)));
}

template <typename Function>
void put(Napi::Object object, const char* name, Function function) {
  object.Set(name, Napi::Function::New(object.Env(), function, name));
}

}  // namespace

void exportPasses(Napi::Env env, Napi::Object exports) {
  Napi::Object object = Napi::Object::New(env);
  put(object, "maxPool", maxPool);
  put(object, "maxPoolGradient", maxPoolGradient);
  put(object, "averagePool", averagePool);
  put(object, "averagePoolGradient", averagePoolGradient);
  put(object, "channelMoments", channelMoments);
  put(object, "combineMoments", combineMoments);
  put(object, "normalize", normalize);
  put(object, "normalizationGradientSums", normalizationGradientSums);
  put(object, "normalizationGradient", normalizationGradient);
  put(object, "activate", activate);
  put(object, "gate", gate);
  put(object, "addBias", addBias);
  put(object, "sumRows", sumRows);
  put(object, "add", add);
  put(object, "scale", scale);
  put(object, "convert", convert);
  put(object, "pixels", pixels);
  put(object, "dropout", dropout);
  put(object, "crossEntropy", crossEntropy);
  put(object, "sgd", sgd);
  put(object, "rmsProp", rmsProp);
  put(object, "adam", adam);
  put(object, "sumSquares", sumSquares);
  exports.Set("passes", object);
}
