// Batch normalisation with given mean and variance, and all its gradients in one pass, for one instruction set.

#pragma once

#include "batch_norm_table.h"
#include "reductions.h"

namespace {

/** What stays the same for a vector of channels. */
struct Channels {
  int width;
  Vector mean, scale, offset, inverse;

  Channels(const Normalization& by, int first, int width)
      : width(width),
        mean(loadFirst(by.mean + first, width)),
        scale(by.scale ? loadFirst(by.scale + first, width) : broadcast(1)),
        offset(by.offset ? loadFirst(by.offset + first, width) : Vector{}),
        inverse(1 / squareRoot(loadFirst(by.variance + first, width) + by.epsilon)) {}
};

void normalize(int rows, int channels, const float* x, const Normalization& by, float* result) {
  const int run = runOf(channels);
  for (int row = 0; row < rows; row += run) {
    const int some = rows - row < run ? rows - row : run;
    for (int c = 0; c < channels; c += kLanes) {
      const Channels of(by, c, channels - c < kLanes ? channels - c : kLanes);
      const Vector factor = of.scale * of.inverse;
      ptrdiff_t at = ptrdiff_t(row) * channels + c;
      for (int i = 0; i < some; i++, at += channels) {
        storeFirst(result + at, (loadFirst(x + at, of.width) - of.mean) * factor + of.offset, of.width);
      }
    }
  }
}

void normalizeGradients(int rows, int channels, const float* x, const Normalization& by, const float* gradient,
                        const NormalizationGradients& to) {
  const int run = runOf(channels);
  // First the sums of the gradient (in `offset`) and of gradient (x - mean) (in `scale`).
  for (int row = 0; row < rows; row += run) {
    const int some = rows - row < run ? rows - row : run;
    for (int c = 0; c < channels; c += kLanes) {
      const Channels of(by, c, channels - c < kLanes ? channels - c : kLanes);
      const Vector factor = of.scale * of.inverse;
      Vector sum{}, product{};
      ptrdiff_t at = ptrdiff_t(row) * channels + c;
      for (int i = 0; i < some; i++, at += channels) {
        const Vector slope = loadFirst(gradient + at, of.width);
        sum += slope;
        product += slope * (loadFirst(x + at, of.width) - of.mean);
        storeFirst(to.x + at, slope * factor, of.width);
      }
      if (row > 0) {
        sum += loadFirst(to.offset + c, of.width);
        product += loadFirst(to.scale + c, of.width);
      }
      storeFirst(to.offset + c, sum, of.width);
      storeFirst(to.scale + c, product, of.width);
    }
  }
  for (int c = 0; c < channels; c += kLanes) {
    const Channels of(by, c, channels - c < kLanes ? channels - c : kLanes);
    const Vector sum = loadFirst(to.offset + c, of.width);
    const Vector product = loadFirst(to.scale + c, of.width);
    const Vector factor = of.scale * of.inverse;
    storeFirst(to.mean + c, -sum * factor, of.width);
    storeFirst(to.variance + c, product * factor * of.inverse * of.inverse * -0.5f, of.width);
    storeFirst(to.scale + c, product * of.inverse, of.width);
  }
}

constexpr BatchNormKernels kBatchNorm = {normalize, normalizeGradients};

}  // namespace
