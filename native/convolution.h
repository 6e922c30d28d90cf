// Convolutions and their gradients out of the loops in products.h. An image that is padded, or that is to be rounded, is
// copied into a frame of zeros, one image at a time: it stays in the cache until it is used up. The gradient of the input
// is a convolution of the output's (Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning",
// chapter 4), one for each phase of the strides, so that no zeros are multiplied.

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

/** Along one axis, the places of a frame that a filter sees from one place: how many, and how far apart. */
struct Reach {
  int count;
  int step;
};

/** The places of a filter over a frame whose lines are `line` values long, as segments of neighbouring values. */
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

/** Whether segments of so many values can be multiplied where they lie. */
template <typename P>
bool fitsSteps(int length) {
  return length % kDepthStep<P> == 0;
}

/** Rows of a panel for so many values. */
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

/** Products of packed panels with what is seen from places of a frame, `outHeight` lines of `outWidth` for each image. */
struct Sweep {
  Reach rows, columns;
  /** From place to place. */
  int strideHeight, strideWidth;
  int outHeight, outWidth, outChannels;
  /** The first place's; its step leads to the next of the line. */
  Target target;
  /** From one line to the next, and from one image to the next, in values. */
  ptrdiff_t targetLine, targetImage;
};

/** Images [height, width, frame.channels], each in its frame. */
template <typename P>
void sweep(const Sweep& s, Frame<P>& frame, int images, ConstValues input, int height, int width, const P* panels) {
  const Segments segments = segmentsOf(s.rows, s.columns, frame.channels, frame.line());
  const bool isLaidOut = !fitsSteps<P>(segments.length);
  const ptrdiff_t rowStep = ptrdiff_t(s.strideWidth) * frame.channels;
  const bool isInPlace = kRowsRead<P> == 1 && !isLaidOut && frame.isImage(input.type, height, width);
  if (!isInPlace) frame.open(frameMemory, kRowsRead<P> * rowStep + kSlack);
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

template <typename P>
void convolve(ConvolutionShape s, int images, ConstValues input, const P* panels, const float* bias,
              Activation activation, Values output) {
  flatten(s, images);
  const int height = (s.outHeight - 1) * s.strideHeight + (s.filterHeight - 1) * s.dilationHeight + 1;
  const int width = (s.outWidth - 1) * s.strideWidth + (s.filterWidth - 1) * s.dilationWidth + 1;
  // Without padding on the left the frame may be as wide as the image, which then needs no copy.
  const bool fits = s.padTop == 0 && s.padLeft == 0 && height <= s.height && width <= s.width;
  Frame<P> frame{height, fits ? s.width : width, s.inChannels, s.padTop, s.padLeft};
  const ptrdiff_t line = ptrdiff_t(s.outWidth) * s.outChannels;
  const Sweep all{{s.filterHeight, s.dilationHeight},
                  {s.filterWidth, s.dilationWidth},
                  s.strideHeight,
                  s.strideWidth,
                  s.outHeight,
                  s.outWidth,
                  s.outChannels,
                  Target{output, s.outChannels, bias, activation},
                  line,
                  s.outHeight * line};
  sweep(all, frame, images, input, s.height, s.width, panels);
}

/**
 * Along one axis, the pixels of an input that are a stride apart, and the taps of the filter through which they reach the
 * output: others' taps are not theirs. Pixel `first` + k stride and tap `tap` + n tapStep meet place
 * k + (taps - 1 - n) reach.step - top of the output.
 */
struct Phase {
  int first, count;
  int tap, tapStep;
  Reach reach;
  int top;

  int frameSize() const { return count + (reach.count - 1) * reach.step; }
  /** The tap that stands at a place of the reach: they run backwards. */
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
  while (result.tap < result.tapStep && result.tap * dilation % stride != phase) result.tap++;
  const bool hasTaps = result.tap < result.tapStep && result.tap < filter;
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

/** For each phase the filter's taps, turned by 180 degrees and transposed. */
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

/** For each phase a convolution of the gradient with its taps. */
template <typename P>
void inputGradient(ConvolutionShape s, int images, ConstValues gradient, const P* panels, Values input) {
  flatten(s, images);
  const ptrdiff_t line = ptrdiff_t(s.width) * s.inChannels;
  // Strides may pass over pixels that no tap reaches.
  const auto isReached = [](int filter, int stride, int dilation) {
    return stride == 1 || (filter >= stride && dilation == 1);
  };
  if (!isReached(s.filterHeight, s.strideHeight, s.dilationHeight) ||
      !isReached(s.filterWidth, s.strideWidth, s.dilationWidth)) {
    std::memset(input.data, 0, images * s.height * line * sizeOf(input.type));
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
    return {(s_.outHeight + reach_) * s_.strideHeight, columns_ * s_.strideWidth, s_.inChannels, s_.padTop, s_.padLeft};
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

/** Bytes of the planes of a band, which stay in the cache beside its gradients while all taps go over them. */
constexpr int kBandBytes = 256 << 10;

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
      return operands == Type::float32 ? panelSize<float>(filterDepth(s), s.outChannels) * sizeof(float)
                                       : panelSize<Bfloat16>(filterDepth(s), s.outChannels) * sizeof(Bfloat16);
    },
    [](const ConvolutionShape& s, Type operands, const float* filter, void* packed) {
      const int depth = filterDepth(s);
      if (operands == Type::float32) {
        packPanels(filter, depth, paddedDepth<float>(depth), s.outChannels, (float*)packed);
      } else {
        packPanels(filter, depth, paddedDepth<Bfloat16>(depth), s.outChannels, (Bfloat16*)packed);
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
      return operands == Type::float32 ? turnedSize<float>(s) * sizeof(float)
                                       : turnedSize<Bfloat16>(s) * sizeof(Bfloat16);
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
