// The gradient of a convolution's input: a convolution of the output's gradient with the filter rotated by 180 degrees
// and transposed (Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", chapter 4). There is
// one convolution for each phase of the strides, so that no zeros are multiplied.

#pragma once

#include "sweep.h"

namespace {

/**
 * Along one axis, input pixels that are a stride apart and the filter's taps that connect them to the output; pixels of
 * other phases use other taps. Pixel `first` + k stride and tap `tap` + n tapStep meet position k + (taps - 1 - n)
 * reach.step - top of the output.
 */
struct Phase {
  int first, count;
  int tap, tapStep;
  Reach reach;
  int top;

  int frameSize() const { return count + (reach.count - 1) * reach.step; }
  /** The tap at a position of the reach; taps run backwards. */
  int tapAt(int place) const { return tap + (reach.count - 1 - place) * tapStep; }
};

inline int commonDivisor(int a, int b) { return b == 0 ? a : commonDivisor(b, a % b); }

Phase phaseOf(int phase, int size, int filter, int stride, int dilation, int pad) {
  const int divisor = commonDivisor(dilation, stride);
  Phase result;
  result.first = ((phase - pad) % stride + stride) % stride;
  result.count = result.first < size ? (size - 1 - result.first) / stride + 1 : 0;
  result.tapStep = stride / divisor;
  result.tap = 0;
  const int taps = least(result.tapStep, filter);
  while (result.tap < taps && result.tap * dilation % stride != phase) result.tap++;
  const bool hasTaps = result.tap < taps;
  result.reach = {hasTaps ? (filter - 1 - result.tap) / result.tapStep + 1 : 0, dilation / divisor};
  const int nearest = (result.tap * dilation - phase) / stride;
  const int base = (result.first + pad - phase) / stride;
  result.top = nearest + (result.reach.count - 1) * result.reach.step - base;
  return result;
}

/** Calls action(rows, columns, depth of its panels) for each phase of the strides that has pixels and taps. */
template <typename Action>
void eachPhase(const ConvolutionShape& s, const Action& action) {
  for (int i = 0; i < s.strideHeight; i++) {
    const Phase rows = phaseOf(i, s.height, s.filterHeight, s.strideHeight, s.dilationHeight, s.padTop);
    if (rows.count == 0 || rows.reach.count == 0) continue;
    for (int j = 0; j < s.strideWidth; j++) {
      const Phase columns = phaseOf(j, s.width, s.filterWidth, s.strideWidth, s.dilationWidth, s.padLeft);
      if (columns.count == 0 || columns.reach.count == 0) continue;
      action(rows, columns, rows.reach.count * columns.reach.count * s.outChannels);
    }
  }
}

template <typename P>
size_t turnedSize(const ConvolutionShape& s) {
  size_t size = 0;
  eachPhase(s, [&](const Phase&, const Phase&, int depth) { size += panelSize<P>(depth, s.inChannels); });
  return size;
}

/** Packs the filter's taps for each phase, rotated by 180 degrees and transposed. */
template <typename P>
void packTurned(const ConvolutionShape& s, const float* filter, P* panels) {
  const ptrdiff_t size = ptrdiff_t(s.inChannels) * s.outChannels;
  eachPhase(s, [&](const Phase& rows, const Phase& columns, int depth) {
    const auto matrixAt = [&](int place) {
      const int row = rows.tapAt(place / columns.reach.count), column = columns.tapAt(place % columns.reach.count);
      return filter + ptrdiff_t(row * s.filterWidth + column) * size;
    };
    packTurnedPanels(matrixAt, rows.reach.count * columns.reach.count, s.outChannels, paddedDepth<P>(depth),
                     s.inChannels, panels);
    panels += panelSize<P>(depth, s.inChannels);
  });
}

/** For each phase, a convolution of the gradient with the phase's taps. */
template <typename P>
void inputGradient(ConvolutionShape s, int images, ConstValues gradient, const P* panels, Values input) {
  flatten(s, images);
  const ptrdiff_t line = ptrdiff_t(s.width) * s.inChannels;
  // With strides, some pixels may not be reached by any tap.
  const auto isReached = [](int filter, int stride, int dilation) {
    return stride == 1 || (filter >= stride && dilation == 1);
  };
  if (!isReached(s.filterHeight, s.strideHeight, s.dilationHeight) ||
      !isReached(s.filterWidth, s.strideWidth, s.dilationWidth)) {
    std::memset(input.data, 0, ptrdiff_t(images) * s.height * line * sizeOf(input.type));
  }
  eachPhase(s, [&](const Phase& rows, const Phase& columns, int depth) {
    Frame<P> frame{rows.frameSize(), columns.frameSize(), s.outChannels, rows.top, columns.top};
    const Values first = input.from(rows.first * line + ptrdiff_t(columns.first) * s.inChannels);
    const Sweep phase{rows.reach,
                      columns.reach,
                      1,
                      1,
                      rows.count,
                      columns.count,
                      s.inChannels,
                      Target{first, ptrdiff_t(s.strideWidth) * s.inChannels},
                      s.strideHeight * line,
                      s.height * line};
    sweep(phase, frame, images, gradient, s.outHeight, s.outWidth, panels);
    panels += panelSize<P>(depth, s.inChannels);
  });
}

}  // namespace
