// Products of panels with what a filter sees at each position of an image, which is read in place. An image that is
// padded or must be rounded is copied into a frame of zeros, one image at a time, so that it stays in the cache until
// it is used up. Used for convolutions and for the gradients of their inputs.

#pragma once

#include "packing.h"
#if defined(TILES)
#include "tiles.h"
#endif

namespace {

thread_local Scratch frameMemory;
thread_local Scratch patchMemory;
thread_local Scratch offsetMemory;

/** Tiles are always read whole, even if rows are missing, so there must be memory after the last row. */
#if defined(TILES)
template <typename P>
constexpr int kRowsRead = sizeof(P) == 2 ? 2 * kTileRows : 1;
#else
template <typename P>
constexpr int kRowsRead = 1;
#endif

/** Target length of a product's lines, if images allow it, so that blocks are full. */
constexpr int kLongLine = 128;

/**
 * Merges the lines and images of a 1 x 1 convolution into fewer, longer lines; its positions are independent of each
 * other.
 */
void flatten(ConvolutionShape& s, int& images) {
  const bool isPointwise = s.filterHeight == 1 && s.filterWidth == 1 && s.strideHeight == 1 && s.strideWidth == 1 &&
                           s.padTop == 0 && s.padLeft == 0 && s.outHeight == s.height && s.outWidth == s.width;
  if (!isPointwise) return;
  const int lines = images * s.height;
  int together = greatest(1, least(lines, kLongLine / s.width));
  while (lines % together != 0) together--;
  images = 1;
  s.height = s.outHeight = lines / together;
  s.width = s.outWidth = s.width * together;
}

/** Along one axis, the positions of a frame that a filter sees at once: how many, and how far apart. */
struct Reach {
  int count;
  int step;
};

/** The positions of a filter over a frame with lines of `line` values, as segments of contiguous values. */
Segments segmentsOf(Reach rows, Reach columns, int channels, ptrdiff_t line) {
  const bool isDense = columns.step == 1;
  const int perLine = isDense ? 1 : columns.count;
  ptrdiff_t* offsets = offsetMemory.take<ptrdiff_t>(size_t(rows.count) * perLine);
  for (int i = 0; i < rows.count; i++) {
    for (int j = 0; j < perLine; j++) {
      offsets[i * perLine + j] = i * rows.step * line + ptrdiff_t(j) * columns.step * channels;
    }
  }
  return {offsets, rows.count * perLine, (isDense ? columns.count : 1) * channels};
}

/** Whether segments of `length` values can be multiplied in place. */
template <typename P>
bool fitsSteps(int length) {
  return length % kDepthStep<P> == 0;
}

/** Rows of a panel for `depth` values. */
template <typename P>
int paddedDepth(int depth) {
  return roundedUp(depth, kDepthStep<P>);
}

/** Values of the panels of a matrix [depth, columns]. */
template <typename P>
size_t panelSize(int depth, int columns) {
  return size_t(paddedDepth<P>(depth)) * roundedUp(columns, kWidth);
}

inline int filterDepth(const ConvolutionShape& s) { return s.filterHeight * s.filterWidth * s.inChannels; }

/**
 * Copies what a filter sees at each of `columns` positions of a line, `step` values apart, into contiguous patches: for
 * segments that do not fit the steps of the product.
 */
template <typename P>
class Patches {
 public:
  Patches(const Segments& segments, int columns) : segments_(segments) {
    const int depth = segments.count * segments.length;
    single_.length = roundedUp(depth, kDepthStep<P>);
    patches_ = patchMemory.take<P>((size_t(columns) + kRowsRead<P>)*single_.length + kSlack);
    std::memset(patches_, 0, sizeof(P) * ((size_t(columns) + kRowsRead<P>)*single_.length + kSlack));
  }

  const P* lay(const P* line, int columns, ptrdiff_t step) {
    const int depth = segments_.count * segments_.length;
    P* to = patches_;
    for (int column = 0; column < columns; column++, line += step) {
      P* next = to;
      for (int segment = 0; segment < segments_.count; segment++, next += segments_.length) {
        // Copies whole blocks; the next segment overwrites the excess.
        const P* from = line + segments_.offsets[segment];
        for (int k = 0; k < segments_.length; k += kBlock) std::memcpy(next + k, from + k, sizeof(P) * kBlock);
      }
      std::memset(to + depth, 0, sizeof(P) * kBlock);
      to += single_.length;
    }
    return patches_;
  }

  Segments segments() const { return {&zero_, 1, single_.length}; }

 private:
  static constexpr int kBlock = 16;
  static constexpr ptrdiff_t zero_ = 0;
  const Segments& segments_;
  struct {
    int length;
  } single_;
  P* patches_;
};

/**
 * Products of packed panels with what is seen from the positions of a frame, `outHeight` lines of `outWidth` per image.
 */
struct Sweep {
  Reach rows, columns;
  /** Distance between positions. */
  int strideHeight, strideWidth;
  int outHeight, outWidth, outChannels;
  /** The first position's target; its step leads to the next position of the line. */
  Target target;
  /** Distances between lines and between images of the target, in values. */
  ptrdiff_t targetLine, targetImage;
};

/** Images [height, width, frame.channels], each in its frame. */
template <typename P>
void sweep(const Sweep& s, Frame<P>& frame, int images, ConstValues input, int height, int width, const P* panels) {
  const Segments segments = segmentsOf(s.rows, s.columns, frame.channels, frame.line());
  const bool isLaidOut = !fitsSteps<P>(segments.length);
  const ptrdiff_t rowStep = ptrdiff_t(s.strideWidth) * frame.channels;
  const bool isInPlace = kRowsRead<P> == 1 && !isLaidOut && frame.isImage(input.type, height, width);
  if (!isInPlace) frame.open(frameMemory, height, width, kRowsRead<P> * rowStep + kSlack);
  Patches<P> patches(segments, isLaidOut ? s.outWidth : 0);
  const ptrdiff_t imageSize = ptrdiff_t(height) * width * frame.channels;
  for (int image = 0; image < images; image++) {
    const ConstValues from = input.from(image * imageSize);
    const P* framed = isInPlace ? (const P*)from.data : frame.place(from, height, width);
    for (int row = 0; row < s.outHeight; row++) {
      const P* line = framed + row * s.strideHeight * frame.line();
      Target target = s.target;
      target.values = target.values.from(image * s.targetImage + row * s.targetLine);
      if (isLaidOut) {
        const P* laidOut = patches.lay(line, s.outWidth, rowStep);
        const Segments whole = patches.segments();
        multiplyPanels(laidOut, s.outWidth, whole.length, whole, panels, s.outChannels, target);
      } else {
        multiplyPanels(line, s.outWidth, rowStep, segments, panels, s.outChannels, target);
      }
    }
  }
}

}  // namespace
