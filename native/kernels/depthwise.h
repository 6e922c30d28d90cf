// Depthwise convolutions and their gradients, for one instruction set. Each channel has its own filter, so vectors of
// channels are multiplied element-wise, and speed depends on how rarely values are read. A few neighbouring pixels
// share each weight that is loaded; pixels at the edges use only the taps that fall on the image.
//
// With a multiplier (several filters per input channel), the input's values are repeated first.

#pragma once

#include "columns.h"
#include "depthwise_table.h"
#include "packing.h"
#include "taps.h"

namespace {

/** target = sums over the taps, for COUNT pixels. */
template <typename Source, typename Target>
struct TapSums {
  const Source* source;
  ptrdiff_t sourceStep;
  const float* filter;
  const Tap* taps;
  int tapCount;
  Target* target;
  ptrdiff_t targetStep;
  int channels;

  template <int COUNT>
  void run() const {
    forVectors(channels, [this](ptrdiff_t c, auto block) {
      Vector sums[COUNT] = {};
      for (int t = 0; t < tapCount; t++) {
        const Vector weight = block.load(filter + taps[t].filter + c);
        const Source* values = source + taps[t].source + c;
#pragma GCC unroll 8
        for (int k = 0; k < COUNT; k++) sums[k] += block.load(values + k * sourceStep) * weight;
      }
      for (int k = 0; k < COUNT; k++) block.store(target + k * targetStep + c, sums[k]);
    });
  }
};

/** Pixels that share a weight. */
constexpr int kPixels = 4;

/** All pixels of one image; `rows` and `columns` give the sources that each pixel uses. */
template <typename Source, typename Target>
void sumTaps(const Axis& rows, const Axis& columns, const Runs& runs, const Source* source, const float* filter,
             int channels, Target* target) {
  Tap* taps = tapMemory.take<Tap>(size_t(rows.taps) * columns.taps);
  const ptrdiff_t sourceStep = ptrdiff_t(columns.sourceStep()) * channels;
  const ptrdiff_t targetStep = ptrdiff_t(columns.positionStep()) * channels;
  for (int row = 0; row < rows.positions; row++) {
    Target* line = target + ptrdiff_t(row) * columns.positions * channels;
    for (int r = 0; r < runs.count; r++) {
      const Run& run = runs.runs[r];
      const int count = tapsOf(rows, row, runs, run, columns.taps, columns.sources, channels, taps);
      for (int k = 0; k < run.count; k += kPixels) {
        const TapSums<Source, Target> sums{source + k * sourceStep,
                                           sourceStep,
                                           filter,
                                           taps,
                                           count,
                                           line + ptrdiff_t(run.first) * channels + k * targetStep,
                                           targetStep,
                                           channels};
        dispatch<kPixels>(least(kPixels, run.count - k), sums);
      }
    }
  }
}

/** filter gradient += source x gradient over a run of pixels, for COUNT taps. */
template <typename T>
struct TapProducts {
  const T* source;
  ptrdiff_t sourceStep;
  const T* gradient;
  int pixels;
  const Tap* taps;
  float* filter;
  int channels;

  template <int COUNT>
  void run() const {
    forVectors(channels, [this](ptrdiff_t c, auto block) {
      Vector sums[COUNT] = {};
      const T* values[COUNT];
      for (int t = 0; t < COUNT; t++) values[t] = source + taps[t].source + c;
      const T* slopes = gradient + c;
      for (int pixel = 0; pixel < pixels; pixel++, slopes += channels) {
        const Vector slope = block.load(slopes);
#pragma GCC unroll 16
        for (int t = 0; t < COUNT; t++) sums[t] += block.load(values[t] + pixel * sourceStep) * slope;
      }
      for (int t = 0; t < COUNT; t++) {
        float* to = filter + taps[t].filter + c;
        block.store(to, block.load(to) + sums[t]);
      }
    });
  }
};

/** Taps whose sums are kept in registers. */
constexpr int kTaps = 9;

template <typename T>
void addTapProducts(const Axis& rows, const Axis& columns, const Runs& runs, const T* source, const T* gradient,
                    int channels, float* filter) {
  Tap* taps = tapMemory.take<Tap>(size_t(rows.taps) * columns.taps);
  for (int row = 0; row < rows.positions; row++) {
    for (int r = 0; r < runs.count; r++) {
      const Run& run = runs.runs[r];
      const int count = tapsOf(rows, row, runs, run, columns.taps, columns.sources, channels, taps);
      for (int t = 0; t < count; t += kTaps) {
        const TapProducts<T> products{source,
                                      ptrdiff_t(columns.sourceStep()) * channels,
                                      gradient + (ptrdiff_t(row) * columns.positions + run.first) * channels,
                                      run.count,
                                      taps + t,
                                      filter,
                                      channels};
        dispatch<kTaps>(least(kTaps, count - t), products);
      }
    }
  }
}

/** values [pixels, inChannels], each `multiplier` times. */
template <typename T>
const T* repeatChannels(Scratch& memory, const T* values, ptrdiff_t count, int multiplier) {
  if (multiplier == 1) return values;
  T* repeated = memory.take<T>(count * multiplier);
  T* to = repeated;
  for (ptrdiff_t i = 0; i < count; i++) {
    for (int k = 0; k < multiplier; k++) *to++ = values[i];
  }
  return repeated;
}

struct DepthwiseAxes {
  Axis rows, columns;

  DepthwiseAxes(const ConvolutionShape& s, bool isGradient)
      : rows{isGradient ? s.height : s.outHeight,
             isGradient ? s.outHeight : s.height,
             s.filterHeight,
             s.strideHeight,
             s.dilationHeight,
             s.padTop,
             isGradient},
        columns{isGradient ? s.width : s.outWidth,
                isGradient ? s.outWidth : s.width,
                s.filterWidth,
                s.strideWidth,
                s.dilationWidth,
                s.padLeft,
                isGradient} {}
};

template <typename T>
struct Depthwise {
  static inline thread_local Scratch repeatedMemory, sumMemory;

  static void convolve(const ConvolutionShape& s, int images, const T* input, const float* filter, T* output) {
    const DepthwiseAxes axes(s, false);
    const Runs runs = runsOf(axes.columns);
    const ptrdiff_t inputSize = ptrdiff_t(s.height) * s.width * s.inChannels;
    const ptrdiff_t outputSize = ptrdiff_t(s.outHeight) * s.outWidth * s.outChannels;
    for (int image = 0; image < images; image++) {
      const T* source =
          repeatChannels(repeatedMemory, input + image * inputSize, inputSize, s.outChannels / s.inChannels);
      sumTaps(axes.rows, axes.columns, runs, source, filter, s.outChannels, output + image * outputSize);
    }
  }

  static void inputGradient(const ConvolutionShape& s, int images, const T* gradient, const float* filter, T* input) {
    const DepthwiseAxes axes(s, true);
    const Runs runs = runsOf(axes.columns);
    const int multiplier = s.outChannels / s.inChannels;
    const ptrdiff_t inputSize = ptrdiff_t(s.height) * s.width * s.inChannels;
    const ptrdiff_t outputSize = ptrdiff_t(s.outHeight) * s.outWidth * s.outChannels;
    for (int image = 0; image < images; image++) {
      const T* source = gradient + image * outputSize;
      T* target = input + image * inputSize;
      if (multiplier == 1) {
        sumTaps(axes.rows, axes.columns, runs, source, filter, s.outChannels, target);
        continue;
      }
      float* repeated = sumMemory.take<float>(inputSize * multiplier);
      sumTaps(axes.rows, axes.columns, runs, source, filter, s.outChannels, repeated);
      for (ptrdiff_t i = 0; i < inputSize; i++) {
        float sum = 0;
        for (int k = 0; k < multiplier; k++) sum += *repeated++;
        storePart(target + i, broadcast(sum), 1);
      }
    }
  }

  static void filterGradient(const ConvolutionShape& s, int images, const T* input, const T* gradient, float* filter) {
    const DepthwiseAxes axes(s, false);
    const Runs runs = runsOf(axes.columns);
    const ptrdiff_t inputSize = ptrdiff_t(s.height) * s.width * s.inChannels;
    const ptrdiff_t outputSize = ptrdiff_t(s.outHeight) * s.outWidth * s.outChannels;
    for (int image = 0; image < images; image++) {
      const T* source =
          repeatChannels(repeatedMemory, input + image * inputSize, inputSize, s.outChannels / s.inChannels);
      addTapProducts(axes.rows, axes.columns, runs, source, gradient + image * outputSize, s.outChannels, filter);
    }
  }
};

void convolveDepthwise(const ConvolutionShape& s, int images, ConstValues input, const float* filter, Values output) {
  withType(input.type, [&](auto zero) {
    using T = decltype(zero);
    Depthwise<T>::convolve(s, images, (const T*)input.data, filter, (T*)output.data);
  });
}

void depthwiseInputGradient(const ConvolutionShape& s, int images, ConstValues gradient, const float* filter,
                            Values input) {
  withType(input.type, [&](auto zero) {
    using T = decltype(zero);
    Depthwise<T>::inputGradient(s, images, (const T*)gradient.data, filter, (T*)input.data);
  });
}

void depthwiseFilterGradient(const ConvolutionShape& s, int images, ConstValues input, ConstValues gradient,
                             float* filter) {
  withType(input.type, [&](auto zero) {
    using T = decltype(zero);
    Depthwise<T>::filterGradient(s, images, (const T*)input.data, (const T*)gradient.data, filter);
  });
}

constexpr DepthwiseKernels kDepthwise = {convolveDepthwise, depthwiseInputGradient, depthwiseFilterGradient};

}  // namespace
