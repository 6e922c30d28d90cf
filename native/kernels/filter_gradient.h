// The gradient of a convolution's filter: for each tap of the filter, a product over the positions of the output. The
// images are transposed first so that these positions are contiguous.

#pragma once

#include "sweep.h"

namespace {

thread_local Scratch columnMemory;
thread_local Scratch planeMemory;
thread_local Scratch pairMemory;

/**
 * Bands of images as planes [phase, channel, line, column]: one plane for each channel and each phase of the stride, so
 * that neighbours in a plane are neighbouring positions of the output. A product over positions then reads planes as a
 * product over channels reads images.
 */
template <typename P>
class Planes {
 public:
  Planes(const ConvolutionShape& s, int bandLines)
      : s_(s),
        columns_(roundedUp(s.outWidth + (s.filterWidth - 1) * s.dilationWidth / s.strideWidth, kGroup<P>)),
        reach_((s.filterHeight - 1) * s.dilationHeight / s.strideHeight),
        step_(roundedUp((bandLines + reach_) * columns_ + 2, 2)) {
    const size_t count = size_t(s.strideHeight) * s.strideWidth * s.inChannels + kRowsRead<P>;
    planes_ = planeMemory.take<P>(count * step_ + kSlack);
    std::memset(planes_, 0, sizeof(P) * (count * step_ + kSlack));
    pairs_ = pairMemory.take<P>(size_t(columns_) * roundedUp(s.inChannels, kLanes));
  }

  /** Distance between planes, in values. */
  ptrdiff_t step() const { return step_; }
  int columns() const { return columns_; }

  /** The frame that `read` expects. */
  Frame<P> frame() const {
    return {(s_.outHeight + reach_) * s_.strideHeight, columns_ * s_.strideWidth, s_.inChannels, s_.padTop, s_.padLeft};
  }

  /** Reads the part of the image that `lines` lines of the output see, starting at line `first`. */
  void read(const P* framed, int first, int lines) {
    const int channels = s_.inChannels;
    const ptrdiff_t step = ptrdiff_t(s_.strideWidth) * channels;
    const ptrdiff_t frameLine = columns_ * step;
    for (int rowPhase = 0; rowPhase < s_.strideHeight; rowPhase++) {
      if (!isSeen(rowPhase, s_.filterHeight, s_.dilationHeight, s_.strideHeight)) continue;
      for (int columnPhase = 0; columnPhase < s_.strideWidth; columnPhase++) {
        if (!isSeen(columnPhase, s_.filterWidth, s_.dilationWidth, s_.strideWidth)) continue;
        P* plane = planes_ + ptrdiff_t(rowPhase * s_.strideWidth + columnPhase) * channels * step_;
        for (int line = 0; line < lines + reach_; line++, plane += columns_) {
          const P* from = framed + ((first + line) * s_.strideHeight + rowPhase) * frameLine + columnPhase * channels;
          turnLine(from, step, plane);
        }
      }
    }
  }

  /** The first value that the filter's tap (i, j) sees, in the first channel. */
  const P* at(int i, int j) const {
    const int row = i * s_.dilationHeight, column = j * s_.dilationWidth;
    const int phase = row % s_.strideHeight * s_.strideWidth + column % s_.strideWidth;
    return planes_ + ptrdiff_t(phase) * s_.inChannels * step_ + row / s_.strideHeight * columns_ +
           column / s_.strideWidth;
  }

 private:
  /** Whether a tap of the filter sees this phase: of a 1 × 1 filter with strides of 2, only one of four is seen. */
  static bool isSeen(int phase, int taps, int dilation, int stride) {
    for (int tap = 0; tap < taps; tap++) {
      if (tap * dilation % stride == phase) return true;
    }
    return false;
  }

  /** Copies a line's values [column, channel], `step` apart, to the planes. */
  void turnLine(const P* from, ptrdiff_t step, P* plane) {
    const int channels = s_.inChannels;
    if constexpr (kGroup<P> == 1) {
      transpose((const int32_t*)from, step, columns_, channels, (int32_t*)plane, step_);
    } else {
      const int width = roundedUp(channels, kLanes);
      for (int column = 0; column < columns_; column += 2, from += 2 * step) {
        packRows(pairs_ + ptrdiff_t(column) * width, from, from + step, channels, width);
      }
      transpose((const int32_t*)pairs_, width, columns_ / 2, channels, (int32_t*)plane, step_ / 2);
    }
  }

  const ConvolutionShape& s_;
  int columns_;
  /** Lines that a filter sees beyond its first one, counting in strides. */
  int reach_;
  ptrdiff_t step_;
  P* planes_;
  P* pairs_;
};

/**
 * Bytes of a band's planes: few enough to stay in the cache beside the band's gradients while all taps are processed.
 */
constexpr int kBandBytes = 256 << 10;

int bandOf(const ConvolutionShape& s, int valueBytes) {
  const int reach = (s.filterHeight - 1) * s.dilationHeight / s.strideHeight;
  const int64_t lineBytes = (int64_t(s.outWidth) + 2) * s.inChannels * s.strideHeight * s.strideWidth * valueBytes;
  return greatest(1, least(s.outHeight, int(kBandBytes / lineBytes) - reach));
}

/**
 * Packs a band's gradients [lines, outWidth, outChannels] as panels over positions. Lines are padded with zeros to
 * `perLine`, panels to `depth`.
 */
template <typename P, typename G>
void packGradients(const ConvolutionShape& s, const G* gradient, int lines, int perLine, int depth, P* to) {
  const ptrdiff_t lineSize = ptrdiff_t(s.outWidth) * s.outChannels;
  for (int column = 0; column < s.outChannels; column += kWidth) {
    const int width = least(kWidth, s.outChannels - column);
    P* const end = to + ptrdiff_t(depth) * kWidth;
    for (int line = 0; line < lines; line++) {
      const G* places = gradient + line * lineSize + column;
      for (int place = 0; place < perLine; place += kGroup<P>, to += kGroup<P> * kWidth) {
        if (place < s.outWidth) {
          packRows(to, places, place + 1 < s.outWidth ? places + s.outChannels : nullptr, width, kWidth);
          places += ptrdiff_t(kGroup<P>) * s.outChannels;
        } else {
          std::memset(to, 0, sizeof(float) * kWidth);
        }
      }
    }
    std::memset(to, 0, sizeof(P) * (end - to));
    to = end;
  }
}

/** Input channels that are multiplied with all panels before the next ones: their values stay in the nearest cache. */
constexpr int kChannelsAtOnce = 96;

/** For each tap of the filter, a product over the positions of the output. */
template <typename P, typename G>
void filterGradient(ConvolutionShape s, int images, ConstValues input, const G* gradient, bool adds, float* filter) {
  flatten(s, images);
  const int bandLines = bandOf(s, sizeof(P));
  Planes<P> planes(s, bandLines);
  Frame<P> frame = planes.frame();
  const bool isInPlace = frame.isImage(input.type, s.height, s.width);
  if (!isInPlace) frame.open(frameMemory, s.height, s.width, kSlack);

  // If lines fit the product's steps, each is a segment. Otherwise all of them form one segment, and the gradient has
  // zeros at the positions where the filter would reach past a line's end.
  const int length = roundedUp(s.outWidth, kGroup<P>);
  const bool isByLine = fitsSteps<P>(length);
  const int perLine = isByLine ? length : planes.columns();
  ptrdiff_t* offsets = offsetMemory.take<ptrdiff_t>(bandLines);
  for (int line = 0; line < bandLines; line++) offsets[line] = ptrdiff_t(line) * planes.columns();
  const int panels = (s.outChannels + kWidth - 1) / kWidth;
  const int mostDepth = roundedUp(bandLines * perLine, kDepthStep<P>);
  P* const packed = columnMemory.take<P>(size_t(panels) * mostDepth * kWidth);

  const ptrdiff_t imageSize = ptrdiff_t(s.height) * s.width * s.inChannels;
  const ptrdiff_t lineSize = ptrdiff_t(s.outWidth) * s.outChannels;
  for (int image = 0; image < images; image++) {
    const ConstValues from = input.from(image * imageSize);
    const P* framed = isInPlace ? (const P*)from.data : frame.place(from, s.height, s.width);
    for (int first = 0; first < s.outHeight; first += bandLines) {
      const int lines = least(bandLines, s.outHeight - first);
      planes.read(framed, first, lines);
      const int depth = roundedUp(lines * perLine, kDepthStep<P>);
      packGradients(s, gradient + (ptrdiff_t(image) * s.outHeight + first) * lineSize, lines, perLine, depth, packed);
      const Segments segments{offsets, isByLine ? lines : 1, isByLine ? perLine : depth};
      for (int i = 0; i < s.filterHeight; i++) {
        for (int j = 0; j < s.filterWidth; j++) {
          float* const place = filter + ptrdiff_t(i * s.filterWidth + j) * s.inChannels * s.outChannels;
          const Target target{
              {place, Type::float32}, s.outChannels, nullptr, Activation::none, adds || image > 0 || first > 0};
          for (int channel = 0; channel < s.inChannels; channel += kChannelsAtOnce) {
            multiplyPanels(planes.at(i, j) + channel * planes.step(), least(kChannelsAtOnce, s.inChannels - channel),
                           planes.step(), segments, packed, s.outChannels, target.at(channel, 0));
          }
        }
      }
    }
  }
}

}  // namespace
