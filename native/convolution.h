// Convolutions and their gradients out of the loops in products.h. An image that is padded, or whose gradient is spread by
// a stride, or that is to be rounded, is copied into a frame of zeros, one image at a time: it stays in the cache until
// it is used up. See Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", chapter 4.

#pragma once

#include "packing.h"
#if defined(TILES)
#include "tiles.h"
#endif

namespace {

thread_local Scratch frameMemory;
thread_local Scratch patchMemory;
thread_local Scratch columnMemory;
thread_local Scratch planeMemory;
thread_local Scratch pairMemory;
thread_local Scratch offsetMemory;

/** Tiles are read whole, also where rows are missing: there must be something behind. */
#if defined(TILES)
template <typename P>
constexpr int kRowsRead = sizeof(P) == 2 ? 2 * kTileRows : 1;
#else
template <typename P>
constexpr int kRowsRead = 1;
#endif

/** Lines of a product are at least so long where images allow it, so that blocks are full. */
constexpr int kLongLine = 128;

/** Where places of a filter of 1 x 1 need not be told apart by image and line: the same in fewer, longer lines. */
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

/** A filter's places over a frame, line by line, as segments of neighbouring values. */
Segments segmentsOf(const ConvolutionShape& s, int channels, ptrdiff_t line) {
  const bool isDense = s.dilationWidth == 1;
  const int perLine = isDense ? 1 : s.filterWidth;
  ptrdiff_t* offsets = offsetMemory.take<ptrdiff_t>(size_t(s.filterHeight) * perLine);
  for (int i = 0; i < s.filterHeight; i++) {
    for (int j = 0; j < perLine; j++) {
      offsets[i * perLine + j] = i * s.dilationHeight * line + ptrdiff_t(j) * s.dilationWidth * channels;
    }
  }
  return {offsets, s.filterHeight * perLine, (isDense ? s.filterWidth : 1) * channels};
}

/** Whether segments of so many values can be multiplied where they lie. */
template <typename P>
bool fitsSteps(int length) {
  return length % kDepthStep<P> == 0;
}

/** Rows of a panel for a filter of so many values over `channels`. */
template <typename P>
int paddedDepth(const ConvolutionShape& s, int channels) {
  return roundedUp(s.filterHeight * s.filterWidth * channels, kDepthStep<P>);
}

template <typename P>
size_t panelBytes(const ConvolutionShape& s, int channels, int columns) {
  return sizeof(P) * paddedDepth<P>(s, channels) * roundedUp(columns, kWidth);
}

/**
 * What a filter sees at each of `columns` places of a line, `step` values apart, laid out one after another: for segments
 * that do not fit the steps of the product.
 */
template <typename P>
class Patches {
 public:
  Patches(const Segments& segments, int columns) : segments_(segments) {
    const int depth = segments.count * segments.length;
    single_.length = roundedUp(depth, kDepthStep<P>);
    patches_ = patchMemory.take<P>((size_t(columns) + kRowsRead<P>) * single_.length + kSlack);
    std::memset(patches_, 0, sizeof(P) * ((size_t(columns) + kRowsRead<P>) * single_.length + kSlack));
  }

  const P* lay(const P* line, int columns, ptrdiff_t step) {
    const int depth = segments_.count * segments_.length;
    P* to = patches_;
    for (int column = 0; column < columns; column++, line += step) {
      P* next = to;
      for (int segment = 0; segment < segments_.count; segment++, next += segments_.length) {
        // Whole blocks: what is too much is written over by the next.
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

/** The convolution of framed images with packed panels, at places `strideHeight` and `strideWidth` apart. */
template <typename P>
void convolveFramed(const ConvolutionShape& s, Frame<P>& frame, int images, ConstValues input, int rows, int columns,
                    int strideHeight, int strideWidth, int outHeight, int outWidth, int outChannels, const P* panels,
                    const Target& target) {
  const Segments segments = segmentsOf(s, frame.channels, frame.line());
  const bool isLaidOut = !fitsSteps<P>(segments.length);
  const ptrdiff_t rowStep = ptrdiff_t(strideWidth) * frame.channels;
  const bool isInPlace = kRowsRead<P> == 1 && !isLaidOut && frame.isImage(input.type, rows, columns);
  if (!isInPlace) frame.open(frameMemory, kRowsRead<P> * rowStep + kSlack);
  Patches<P> patches(segments, isLaidOut ? outWidth : 0);
  const ptrdiff_t imageSize = ptrdiff_t(rows) * columns * frame.channels;
  for (int image = 0; image < images; image++) {
    const ConstValues from = input.from(image * imageSize);
    const P* framed = isInPlace ? (const P*)from.data : frame.place(from, rows, columns);
    for (int row = 0; row < outHeight; row++) {
      const P* line = framed + row * strideHeight * frame.line();
      const Target to = target.at((ptrdiff_t(image) * outHeight + row) * outWidth, 0);
      if (isLaidOut) {
        const P* laidOut = patches.lay(line, outWidth, rowStep);
        const Segments whole = patches.segments();
        multiplyPanels(laidOut, outWidth, whole.length, whole, panels, outChannels, to);
      } else {
        multiplyPanels(line, outWidth, rowStep, segments, panels, outChannels, to);
      }
    }
  }
}

/** The frame in which the filter finds its places at stride 1. */
template <typename P>
Frame<P> inputFrame(const ConvolutionShape& s) {
  const int height = (s.outHeight - 1) * s.strideHeight + (s.filterHeight - 1) * s.dilationHeight + 1;
  const int width = (s.outWidth - 1) * s.strideWidth + (s.filterWidth - 1) * s.dilationWidth + 1;
  // Without padding on the left the frame may be as wide as the image, which then needs no copy.
  const bool fits = s.padTop == 0 && s.padLeft == 0 && height <= s.height && width <= s.width;
  return {height, fits ? s.width : width, s.inChannels, 1, 1, s.padTop, s.padLeft};
}

template <typename P>
void convolve(ConvolutionShape s, int images, ConstValues input, const P* panels, const float* bias,
              Activation activation, Values output) {
  flatten(s, images);
  Frame<P> frame = inputFrame<P>(s);
  const Target target{output, s.outChannels, bias, activation};
  convolveFramed(s, frame, images, input, s.height, s.width, s.strideHeight, s.strideWidth, s.outHeight, s.outWidth,
                 s.outChannels, panels, target);
}

/** A convolution of the gradient, spread by the strides, with the filter turned by 180 degrees and transposed. */
template <typename P>
void inputGradient(ConvolutionShape s, int images, ConstValues gradient, const P* turnedPanels, Values input) {
  flatten(s, images);
  const int reachHeight = (s.filterHeight - 1) * s.dilationHeight;
  const int reachWidth = (s.filterWidth - 1) * s.dilationWidth;
  Frame<P> frame{s.height + reachHeight, s.width + reachWidth,    s.outChannels, s.strideHeight,
                 s.strideWidth,          reachHeight - s.padTop, reachWidth - s.padLeft};
  convolveFramed(s, frame, images, gradient, s.outHeight, s.outWidth, 1, 1, s.height, s.width, s.inChannels,
                 turnedPanels, Target{input, s.inChannels});
}

/** The turned filter's places run backwards. */
template <typename P>
void packTurned(const ConvolutionShape& s, const float* filter, P* panels) {
  const int places = s.filterHeight * s.filterWidth;
  const ptrdiff_t size = ptrdiff_t(s.inChannels) * s.outChannels;
  packTurnedPanels([&](int place) { return filter + (places - 1 - place) * size; }, places, s.outChannels,
                   paddedDepth<P>(s, s.outChannels), s.inChannels, panels);
}

/**
 * Bands of images as planes [phase, channel, line, column]: a plane for each channel and for each of the places that a stride
 * passes over, so that neighbours in a plane are neighbouring places of the output. A product over places then reads
 * them as a product over channels reads images.
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

  /** From one plane to the next, in values. */
  ptrdiff_t step() const { return step_; }
  int columns() const { return columns_; }

  /** The frame that is read. */
  Frame<P> frame() const {
    return {(s_.outHeight + reach_) * s_.strideHeight, columns_ * s_.strideWidth, s_.inChannels, 1, 1, s_.padTop, s_.padLeft};
  }

  /** Reads what a band of `lines` lines of the output sees, from the `first` on. */
  void read(const P* framed, int first, int lines) {
    const int channels = s_.inChannels;
    const ptrdiff_t step = ptrdiff_t(s_.strideWidth) * channels;
    const ptrdiff_t frameLine = columns_ * step;
    for (int rowPhase = 0; rowPhase < s_.strideHeight; rowPhase++) {
      for (int columnPhase = 0; columnPhase < s_.strideWidth; columnPhase++) {
        P* plane = planes_ + ptrdiff_t(rowPhase * s_.strideWidth + columnPhase) * channels * step_;
        for (int line = 0; line < lines + reach_; line++, plane += columns_) {
          const P* from = framed + ((first + line) * s_.strideHeight + rowPhase) * frameLine + columnPhase * channels;
          turnLine(from, step, plane);
        }
      }
    }
  }

  /** What the filter's place (i, j) sees first, in the first channel. */
  const P* at(int i, int j) const {
    const int row = i * s_.dilationHeight, column = j * s_.dilationWidth;
    const int phase = row % s_.strideHeight * s_.strideWidth + column % s_.strideWidth;
    return planes_ + ptrdiff_t(phase) * s_.inChannels * step_ + row / s_.strideHeight * columns_ + column / s_.strideWidth;
  }

 private:
  /** A line's values [column, channel], `step` apart, to the planes. */
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
  /** Lines that a filter sees beyond its first, strides taken as one. */
  int reach_;
  ptrdiff_t step_;
  P* planes_;
  P* pairs_;
};

/** Bytes of a band's planes that leave room in the cache for the gradient beside them. */
constexpr int kBandBytes = 32 << 10;

int bandOf(const ConvolutionShape& s, int valueBytes) {
  const int reach = (s.filterHeight - 1) * s.dilationHeight / s.strideHeight;
  const int lineBytes = (s.outWidth + 2) * s.inChannels * s.strideHeight * s.strideWidth * valueBytes;
  return greatest(1, least(s.outHeight, kBandBytes / lineBytes - reach));
}

/**
 * A band's gradients [lines, outWidth, outChannels] as panels over places, lines filled up to `perLine` and panels to
 * `depth` with zeros.
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

/** For each place of the filter a product over the places of the output. */
template <typename P, typename G>
void filterGradient(ConvolutionShape s, int images, ConstValues input, const G* gradient, float* filter) {
  flatten(s, images);
  const int bandLines = bandOf(s, sizeof(P));
  Planes<P> planes(s, bandLines);
  Frame<P> frame = planes.frame();
  const bool isInPlace = frame.isImage(input.type, s.height, s.width);
  if (!isInPlace) frame.open(frameMemory, kSlack);

  // Where lines are as long as the product's steps, a segment each; else all of them as one, with zeros in the gradient
  // where the filter would reach over a line's end.
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
          const Target target{{place, Type::float32}, s.outChannels, nullptr, Activation::none, true};
          multiplyPanels(planes.at(i, j), s.inChannels, planes.step(), segments, packed, s.outChannels, target);
        }
      }
    }
  }
}

constexpr Products kProducts = {
#if defined(__AVX512BF16__)
    true,
#else
    false,
#endif
    [](const ConvolutionShape& s, Type operands) {
      return operands == Type::float32 ? panelBytes<float>(s, s.inChannels, s.outChannels)
                                       : panelBytes<Bfloat16>(s, s.inChannels, s.outChannels);
    },
    [](const ConvolutionShape& s, Type operands, const float* filter, void* packed) {
      const int depth = s.filterHeight * s.filterWidth * s.inChannels;
      if (operands == Type::float32) {
        packPanels(filter, depth, paddedDepth<float>(s, s.inChannels), s.outChannels, (float*)packed);
      } else {
        packPanels(filter, depth, paddedDepth<Bfloat16>(s, s.inChannels), s.outChannels, (Bfloat16*)packed);
      }
    },
    [](const ConvolutionShape& s, Type operands, int images, ConstValues input, const void* packed, const float* bias,
       Activation activation, Values output) {
      if (operands == Type::float32) {
        convolve(s, images, input, (const float*)packed, bias, activation, output);
      } else {
        convolve(s, images, input, (const Bfloat16*)packed, bias, activation, output);
      }
    },
    [](const ConvolutionShape& s, Type operands) {
      return operands == Type::float32 ? panelBytes<float>(s, s.outChannels, s.inChannels)
                                       : panelBytes<Bfloat16>(s, s.outChannels, s.inChannels);
    },
    [](const ConvolutionShape& s, Type operands, const float* filter, void* packed) {
      if (operands == Type::float32) {
        packTurned(s, filter, (float*)packed);
      } else {
        packTurned(s, filter, (Bfloat16*)packed);
      }
    },
    [](const ConvolutionShape& s, Type operands, int images, ConstValues gradient, const void* packed, Values input) {
      if (operands == Type::float32) {
        inputGradient(s, images, gradient, (const float*)packed, input);
      } else {
        inputGradient(s, images, gradient, (const Bfloat16*)packed, input);
      }
    },
    [](const ConvolutionShape& s, Type operands, int images, ConstValues input, ConstValues gradient, float* filter) {
      if (operands == Type::bfloat16 && gradient.type == Type::bfloat16) {
        filterGradient<Bfloat16>(s, images, input, (const Bfloat16*)gradient.data, filter);
      } else if (operands == Type::bfloat16) {
        filterGradient<Bfloat16>(s, images, input, (const float*)gradient.data, filter);
      } else {
        filterGradient<float>(s, images, input, (const float*)gradient.data, filter);
      }
    },
};

}  // namespace
