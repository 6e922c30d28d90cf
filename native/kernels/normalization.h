// Batch normalisation (Ioffe and Szegedy 2015, "Batch normalization: accelerating deep network training by reducing
// internal covariate shift") as sums over rows [rows, channels] and element-wise maps of rows; in between, the caller
// combines the statistics of each channel. Moments of parts are combined after Chan, Golub and LeVeque 1983,
// "Algorithms for computing the sample variance".

#pragma once

#include "activation.h"
#include "columns.h"

namespace {

void channelMoments(ptrdiff_t rows, int channels, Type type, const void* x, float* mean, float* m2) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    forColumns(channels, [&](ptrdiff_t first, auto block) {
      constexpr int kCount = decltype(block)::kCount;
      const T* from = static_cast<const T*>(x) + first;
      Vector sums[kCount][1];
      sumOverRows(
          rows, block, [&](ptrdiff_t row, int v, Vector(&to)[1]) { to[0] += block.load(from + row * channels, v); },
          sums);
      Vector means[kCount];
      for (int v = 0; v < kCount; v++) means[v] = sums[v][0] / float(rows);
      Vector deviations[kCount][2];
      sumOverRows(
          rows, block,
          [&](ptrdiff_t row, int v, Vector(&to)[2]) {
            const Vector deviation = block.load(from + row * channels, v) - means[v];
            to[0] += deviation;
            to[1] += deviation * deviation;
          },
          deviations);
      // Deviations from the exact mean would sum to 0; their actual sum corrects both results.
      for (int v = 0; v < kCount; v++) {
        const Vector correction = deviations[v][0] / float(rows);
        block.store(mean + first, means[v] + correction, v);
        block.store(m2 + first, deviations[v][1] - correction * deviations[v][0], v);
      }
    });
  });
}

void combineMoments(int channels, double rows, float* mean, float* m2, double moreRows, const float* moreMean,
                    const float* moreM2) {
  const float share = rows + moreRows > 0 ? float(moreRows / (rows + moreRows)) : 0.0f;
  const float weight = float(rows * double(share));
  forVectors(channels, [&](ptrdiff_t at, auto block) {
    const Vector ours = block.load(mean + at);
    const Vector difference = block.load(moreMean + at) - ours;
    block.store(mean + at, ours + difference * share);
    block.store(m2 + at, block.load(m2 + at) + block.load(moreM2 + at) + difference * difference * weight);
  });
}

void normalize(ptrdiff_t rows, int channels, Type type, const void* x, const float* scale, const float* shift,
               Activation activation, void* y) {
  const Clamp clamp(activation);
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    forColumns(channels, [&](ptrdiff_t first, auto block) {
      constexpr int kCount = decltype(block)::kCount;
      Vector scales[kCount], shifts[kCount];
      for (int v = 0; v < kCount; v++) {
        scales[v] = block.load(scale + first, v);
        shifts[v] = block.load(shift + first, v);
      }
      const T* from = static_cast<const T*>(x) + first;
      T* to = static_cast<T*>(y) + first;
      for (ptrdiff_t row = 0; row < rows; row++, from += channels, to += channels) {
#pragma GCC unroll 4
        for (int v = 0; v < kCount; v++) block.store(to, clamp(block.load(from, v) * scales[v] + shifts[v]), v);
      }
    });
  });
}

void normalizationGradientSums(ptrdiff_t rows, int channels, Type type, const void* x, const void* dy,
                               const float* mean, const float* inverseDeviation, float* sumDy, float* sumDyXhat) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    forColumns(channels, [&](ptrdiff_t first, auto block) {
      constexpr int kCount = decltype(block)::kCount;
      const T* values = static_cast<const T*>(x) + first;
      const T* gradients = static_cast<const T*>(dy) + first;
      Vector means[kCount];
      for (int v = 0; v < kCount; v++) means[v] = block.load(mean + first, v);
      Vector sums[kCount][2];
      sumOverRows(
          rows, block,
          [&](ptrdiff_t row, int v, Vector(&to)[2]) {
            const Vector gradient = block.load(gradients + row * channels, v);
            to[0] += gradient;
            to[1] += gradient * (block.load(values + row * channels, v) - means[v]);
          },
          sums);
      for (int v = 0; v < kCount; v++) {
        const Vector sumXhat = sums[v][1] * block.load(inverseDeviation + first, v);
        block.store(sumDy + first, block.load(sumDy + first, v) + sums[v][0], v);
        block.store(sumDyXhat + first, block.load(sumDyXhat + first, v) + sumXhat, v);
      }
    });
  });
}

void normalizationGradient(ptrdiff_t rows, int channels, Type type, const void* x, const void* dy, const float* a,
                           const float* b, const float* c, void* dx) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    forColumns(channels, [&](ptrdiff_t first, auto block) {
      constexpr int kCount = decltype(block)::kCount;
      Vector ofGradient[kCount], ofValue[kCount], constant[kCount];
      for (int v = 0; v < kCount; v++) {
        ofGradient[v] = block.load(a + first, v);
        ofValue[v] = block.load(b + first, v);
        constant[v] = block.load(c + first, v);
      }
      const T* values = static_cast<const T*>(x) + first;
      const T* gradients = static_cast<const T*>(dy) + first;
      T* to = static_cast<T*>(dx) + first;
      for (ptrdiff_t row = 0; row < rows; row++, values += channels, gradients += channels, to += channels) {
#pragma GCC unroll 4
        for (int v = 0; v < kCount; v++) {
          const Vector gradient = block.load(gradients, v);
          block.store(to, ofGradient[v] * gradient + ofValue[v] * block.load(values, v) + constant[v], v);
        }
      }
    });
  });
}

}  // namespace
