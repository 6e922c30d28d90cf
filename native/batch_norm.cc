// Batch normalisation and its gradients as functions of JavaScript.

#include "batch_norm_table.h"

#include "arguments.h"
#include "groups.h"

namespace {

/** Arguments from `first` on: mean, variance, scale or undefined, offset or undefined, epsilon. */
Normalization normalizationOf(const Napi::CallbackInfo& info, int first, int channels) {
  return {floats(info[first], channels), floats(info[first + 1], channels), floatsOrNull(info[first + 2], channels),
          floatsOrNull(info[first + 3], channels), info[first + 4].ToNumber().FloatValue()};
}

/** (rows, channels, x, mean, variance, scale, offset, epsilon, result) */
void normalize(const Napi::CallbackInfo& info) {
  const int rows = count(info[0]);
  const int channels = count(info[1]);
  const size_t size = size_t(rows) * channels;
  chosenKernels().batchNorm->normalize(rows, channels, floats(info[2], size), normalizationOf(info, 3, channels),
                                           floats(info[8], size));
}

/** (rows, channels, x, mean, variance, scale, offset, epsilon, gradient; to: x, mean, variance, scale, offset) */
void normalizeGradients(const Napi::CallbackInfo& info) {
  const int rows = count(info[0]);
  const int channels = count(info[1]);
  const size_t size = size_t(rows) * channels;
  const NormalizationGradients to{floats(info[9], size), floats(info[10], channels), floats(info[11], channels),
                                  floats(info[12], channels), floats(info[13], channels)};
  chosenKernels().batchNorm->gradients(rows, channels, floats(info[2], size), normalizationOf(info, 3, channels),
                                           floats(info[8], size), to);
}

}  // namespace

void exportBatchNorm(Napi::Env env, Napi::Object exports) {
  exports.Set("normalize", Napi::Function::New(env, normalize));
  exports.Set("normalizeGradients", Napi::Function::New(env, normalizeGradients));
}
