// Convolutions and matrix products out of the two loops in products.h. An image that is padded, or whose gradient is
// spread by a stride, is copied into a frame of zeros, one image at a time: it stays in the cache until it is used up.

#pragma once

#include <cstdlib>

#include "kernels.h"
#include "products.h"

// Nothing of the standard library's templates is used here: the linker keeps one copy of each, which might be the one
// that was compiled for instructions that a processor has not.
namespace {

inline int least(int a, int b) { return a < b ? a : b; }

/** Working memory of one kind, which is used again and only grows; it stays with its thread. */
template <typename T>
class Scratch {
 public:
  /** Room for so many values; what they are is undefined. Ends the process where there is not so much memory. */
  T* take(size_t count) {
    if (count > count_) {
      std::free(values_);
      const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
      values_ = static_cast<T*>(std::aligned_alloc(64, bytes));
      if (values_ == nullptr) std::abort();
      count_ = count;
    }
    return values_;
  }

 private:
  T* values_ = nullptr;
  size_t count_ = 0;
};

thread_local Scratch<float> frameMemory;
thread_local Scratch<float> panelMemory;
thread_local Scratch<float> columnMemory;
thread_local Scratch<float> turnedMemory;
thread_local Scratch<ptrdiff_t> offsetMemory;

/** An image in a frame of zeros: pixel (r, c) stands at (top + r rowStep, left + c columnStep), if that is inside. */
struct Frame {
  int height, width, channels;
  int rowStep, columnStep;
  int top, left;

  ptrdiff_t line() const { return ptrdiff_t(width) * channels; }

  bool isImage(int rows, int columns) const {
    return top == 0 && left == 0 && rowStep == 1 && columnStep == 1 && height <= rows && width == columns;
  }

  /** The image in its frame: where it lies already, if there is nothing to add. */
  const float* place(const float* image, int rows, int columns) const {
    if (isImage(rows, columns)) return image;
    float* frame = frameMemory.take(size_t(height) * line());
    std::memset(frame, 0, sizeof(float) * height * line());
    const int firstColumn = left < 0 ? (-left + columnStep - 1) / columnStep : 0;
    const int endColumn = least(columns, left < width ? (width - 1 - left) / columnStep + 1 : 0);
    for (int row = 0; row < rows; row++) {
      const int r = top + row * rowStep;
      if (r < 0 || r >= height || firstColumn >= endColumn) continue;
      const float* from = image + (ptrdiff_t(row) * columns + firstColumn) * channels;
      float* to = frame + r * line() + ptrdiff_t(left + firstColumn * columnStep) * channels;
      if (columnStep == 1) {
        std::memcpy(to, from, sizeof(float) * (endColumn - firstColumn) * channels);
        continue;
      }
      for (int column = firstColumn; column < endColumn; column++) {
        std::memcpy(to, from, sizeof(float) * channels);
        from += channels;
        to += ptrdiff_t(columnStep) * channels;
      }
    }
    return frame;
  }
};

/** The filter's places over a frame as segments of neighbouring values. */
Segments segmentsOf(const ConvolutionShape& s, const Frame& frame) {
  const bool isDense = s.dilationWidth == 1;
  const int perLine = isDense ? 1 : s.filterWidth;
  ptrdiff_t* offsets = offsetMemory.take(size_t(s.filterHeight) * perLine);
  for (int i = 0; i < s.filterHeight; i++) {
    for (int j = 0; j < perLine; j++) {
      offsets[i * perLine + j] = i * s.dilationHeight * frame.line() + ptrdiff_t(j) * s.dilationWidth * frame.channels;
    }
  }
  return {offsets, s.filterHeight * perLine, (isDense ? s.filterWidth : 1) * frame.channels};
}

/** A matrix [depth, columns], whose values `at(k, column)` gives, as panels [depth, kWidth] filled up with zeros. */
template <typename At>
const float* packPanels(int depth, int columns, const At& at) {
  const int panels = (columns + kWidth - 1) / kWidth;
  float* packed = panelMemory.take(size_t(panels) * depth * kWidth);
  float* to = packed;
  for (int first = 0; first < columns; first += kWidth) {
    const int width = least(kWidth, columns - first);
    for (int k = 0; k < depth; k++, to += kWidth) {
      for (int column = 0; column < width; column++) to[column] = at(k, first + column);
      for (int column = width; column < kWidth; column++) to[column] = 0;
    }
  }
  return packed;
}

struct InnerBlock {
  const float* source;
  ptrdiff_t rowStep;
  const Segments& segments;
  const float* panel;
  float* target;
  ptrdiff_t targetStep;
  int width;

  template <int ROWS>
  void run() const {
    innerProducts<ROWS>(source, rowStep, segments, panel, target, targetStep, width);
  }
};

/** Inner products of `rows` rows with all panels. */
void multiplyPanels(const float* source, int rows, ptrdiff_t rowStep, const Segments& segments, const float* panels,
                    int columns, float* target) {
  const int depth = segments.count * segments.length;
  const int block = blockSize(rows);
  for (int first = 0; first < columns; first += kWidth, panels += ptrdiff_t(depth) * kWidth) {
    const int width = least(kWidth, columns - first);
    for (int row = 0; row < rows; row += block) {
      const InnerBlock inner{source + row * rowStep, rowStep, segments, panels,
                             target + ptrdiff_t(row) * columns + first, columns, width};
      dispatch<kRows>(least(block, rows - row), inner);
    }
  }
}

struct OuterBlock {
  const float* source;
  const float* gradient;
  const Places& places;
  float* target;
  ptrdiff_t targetStep;
  int width;

  template <int ROWS>
  void run() const {
    outerProducts<ROWS>(source, gradient, places, target, targetStep, width);
  }
};

/** target [rows, columns] += sums over the places; `rows` values of the source lie next to each other. */
void accumulate(const float* source, int rows, const float* gradient, const Places& places, float* target,
                int columns) {
  const int block = blockSize(rows);
  for (int first = 0; first < columns; first += kWidth) {
    const int width = least(kWidth, columns - first);
    const float* part = gradient + first;
    Places partPlaces = places;
    if (width < kWidth) {
      // Whole vectors are read: the last columns are copied to where there is something behind them.
      float* copy = columnMemory.take(size_t(places.lines) * places.length * kWidth);
      for (int line = 0; line < places.lines; line++) {
        for (int p = 0; p < places.length; p++) {
          std::memcpy(copy + (ptrdiff_t(line) * places.length + p) * kWidth,
                      part + line * places.gradientLine + p * places.gradientStep, sizeof(float) * width);
        }
      }
      part = copy;
      partPlaces.gradientLine = ptrdiff_t(places.length) * kWidth;
      partPlaces.gradientStep = kWidth;
    }
    for (int row = 0; row < rows; row += block) {
      const OuterBlock outer{source + row, part, partPlaces, target + ptrdiff_t(row) * columns + first, columns, width};
      dispatch<kRows>(least(block, rows - row), outer);
    }
  }
}

Frame frameOf(const ConvolutionShape& s) {
  const int height = (s.outHeight - 1) * s.strideHeight + (s.filterHeight - 1) * s.dilationHeight + 1;
  const int width = (s.outWidth - 1) * s.strideWidth + (s.filterWidth - 1) * s.dilationWidth + 1;
  // Without padding on the left the frame may be as wide as the image, which then needs no copy.
  const bool fits = s.padTop == 0 && s.padLeft == 0 && height <= s.height && width <= s.width;
  return {height, fits ? s.width : width, s.inChannels, 1, 1, s.padTop, s.padLeft};
}

void convolve(const ConvolutionShape& s, const float* input, const float* filter, float* output) {
  const Frame frame = frameOf(s);
  const Segments segments = segmentsOf(s, frame);
  const int depth = s.filterHeight * s.filterWidth * s.inChannels;
  const float* panels = packPanels(depth, s.outChannels, [&](int k, int column) {
    return filter[ptrdiff_t(k) * s.outChannels + column];
  });
  const ptrdiff_t imageSize = ptrdiff_t(s.height) * s.width * s.inChannels;
  const ptrdiff_t lineSize = ptrdiff_t(s.outWidth) * s.outChannels;
  for (int image = 0; image < s.batch; image++) {
    const float* framed = frame.place(input + image * imageSize, s.height, s.width);
    for (int row = 0; row < s.outHeight; row++) {
      multiplyPanels(framed + row * s.strideHeight * frame.line(), s.outWidth,
                     ptrdiff_t(s.strideWidth) * s.inChannels, segments, panels, s.outChannels,
                     output + (ptrdiff_t(image) * s.outHeight + row) * lineSize);
    }
  }
}

/** A convolution of the gradient, spread by the strides, with the filter turned by 180 degrees and transposed. */
void inputGradient(const ConvolutionShape& s, const float* gradient, const float* filter, float* input) {
  const int reachHeight = (s.filterHeight - 1) * s.dilationHeight;
  const int reachWidth = (s.filterWidth - 1) * s.dilationWidth;
  const Frame frame{s.height + reachHeight, s.width + reachWidth,        s.outChannels, s.strideHeight,
                    s.strideWidth,          reachHeight - s.padTop, reachWidth - s.padLeft};
  const Segments segments = segmentsOf(s, frame);
  const int filterPlaces = s.filterHeight * s.filterWidth;
  const float* panels = packPanels(filterPlaces * s.outChannels, s.inChannels, [&](int k, int column) {
    const int place = filterPlaces - 1 - k / s.outChannels;
    return filter[(ptrdiff_t(place) * s.inChannels + column) * s.outChannels + k % s.outChannels];
  });
  const ptrdiff_t imageSize = ptrdiff_t(s.outHeight) * s.outWidth * s.outChannels;
  const ptrdiff_t lineSize = ptrdiff_t(s.width) * s.inChannels;
  for (int image = 0; image < s.batch; image++) {
    const float* framed = frame.place(gradient + image * imageSize, s.outHeight, s.outWidth);
    for (int row = 0; row < s.height; row++) {
      multiplyPanels(framed + row * frame.line(), s.width, s.outChannels, segments, panels, s.inChannels,
                     input + (ptrdiff_t(image) * s.height + row) * lineSize);
    }
  }
}

/** Lines of the output that are used together, so that they and the input's stay in the cache. */
constexpr int kBand = 4;

void filterGradient(const ConvolutionShape& s, const float* input, const float* gradient, float* filter) {
  const Frame frame = frameOf(s);
  const Segments segments = segmentsOf(s, frame);
  std::memset(filter, 0, sizeof(float) * segments.count * segments.length * s.outChannels);
  const ptrdiff_t imageSize = ptrdiff_t(s.height) * s.width * s.inChannels;
  const ptrdiff_t lineSize = ptrdiff_t(s.outWidth) * s.outChannels;
  for (int image = 0; image < s.batch; image++) {
    const float* framed = frame.place(input + image * imageSize, s.height, s.width);
    const float* gradients = gradient + image * s.outHeight * lineSize;
    for (int first = 0; first < s.outHeight; first += kBand) {
      const Places band{least(kBand, s.outHeight - first),
                        s.outWidth,
                        s.strideHeight * frame.line(),
                        ptrdiff_t(s.strideWidth) * s.inChannels,
                        lineSize,
                        s.outChannels};
      for (int segment = 0; segment < segments.count; segment++) {
        accumulate(framed + first * band.sourceLine + segments.offsets[segment], segments.length,
                   gradients + first * lineSize, band, filter + ptrdiff_t(segment) * segments.length * s.outChannels,
                   s.outChannels);
      }
    }
  }
}

void multiply(int rows, int columns, int depth, const float* a, bool isATransposed, const float* b,
              bool isBTransposed, float* product) {
  const auto valueOfB = [&](int k, int column) {
    return isBTransposed ? b[ptrdiff_t(column) * depth + k] : b[ptrdiff_t(k) * columns + column];
  };
  if (!isATransposed) {
    const ptrdiff_t start = 0;
    const Segments segments{&start, 1, depth};
    multiplyPanels(a, rows, depth, segments, packPanels(depth, columns, valueOfB), columns, product);
    return;
  }
  std::memset(product, 0, sizeof(float) * rows * columns);
  const float* straight = b;
  if (isBTransposed) {
    float* turned = turnedMemory.take(size_t(depth) * columns);
    for (int k = 0; k < depth; k++) {
      for (int column = 0; column < columns; column++) turned[size_t(k) * columns + column] = valueOfB(k, column);
    }
    straight = turned;
  }
  const Places places{1, depth, 0, rows, 0, columns};
  accumulate(a, rows, straight, places, product, columns);
}

}  // namespace
