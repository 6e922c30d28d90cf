// Convolutions of 3 x 3 places and stride 1, and their gradients, in float32, with fewer multiplications: Winograd's minimal
// filtering F(2 x 2, 3 x 3) (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks"). A tile of 4 x 4
// pixels and the filter are evaluated at 16 points, multiplied point by point, which are 16 products of matrices, and what
// comes out gives 2 x 2 places: 16 multiplications instead of 36. Sums are of another order, and what is no number or
// infinite reaches all four places of a tile.

#pragma once

#include "sweep.h"
#include "winograd_table.h"

namespace {

constexpr int kPoints = 16;
/** Places of a filter. */
constexpr int kPlaces = 9;

thread_local Scratch inputPointMemory;
thread_local Scratch outputPointMemory;
thread_local Scratch filterPointMemory;
thread_local Scratch gradientFrameMemory;

/** Tiles of 2 x 2 places that cover an image. */
struct Tiles {
  int rows, columns;

  Tiles(int height, int width) : rows((height + 1) / 2), columns((width + 1) / 2) {}
  int perImage() const { return rows * columns; }
};

/** Reads images tile by tile, in a frame of zeros where tiles reach over their edges; one image at a time. */
class TileReader {
 public:
  /** A tile has `overlap` pixels more on each side than its 2 x 2 places; pixel (0, 0) stands at (top, left). */
  TileReader(const Tiles& tiles, int overlap, int height, int width, int channels, int top, int left, Scratch& memory)
      : tiles_(tiles),
        height_(height),
        width_(width),
        frame_{2 * tiles.rows + overlap, 2 * tiles.columns + overlap, channels, top, left},
        isInPlace_(frame_.isImage(Type::float32, height, width)) {
    if (!isInPlace_) frame_.open(memory, kSlack);
  }

  /** From one line of a tile to the next, in values. */
  ptrdiff_t line() const { return frame_.line(); }

  const float* at(const float* images, int tile) {
    const int image = tile / tiles_.perImage(), place = tile % tiles_.perImage();
    if (image != image_) {
      const float* from = images + ptrdiff_t(image) * height_ * width_ * frame_.channels;
      framed_ = isInPlace_ ? from : frame_.place({from, Type::float32}, height_, width_);
      image_ = image;
    }
    return framed_ + 2 * (place / tiles_.columns) * line() + 2 * ptrdiff_t(place % tiles_.columns) * frame_.channels;
  }

 private:
  const Tiles& tiles_;
  int height_, width_;
  Frame<float> frame_;
  bool isInPlace_;
  int image_ = -1;
  const float* framed_ = nullptr;
};

/** B^T d B of 4 x 4 pixels, `line` values from one line to the next; a point's values are `step` from the next one's. */
inline void pixelsToPoints(const float* from, ptrdiff_t line, int channels, float* to, ptrdiff_t step) {
  constexpr int kFirst[] = {0, 1, 2, 1}, kSecond[] = {2, 2, 1, 3};
  for (int channel = 0; channel < channels; channel += kLanes) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      const float* const first = from + kFirst[i] * line + channel;
      const float* const second = from + kSecond[i] * line + channel;
      Vector d[4];
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) {
        const Vector a = load(first + j * channels), b = load(second + j * channels);
        d[j] = i == 1 ? a + b : a - b;
      }
      float* const points = to + 4 * i * step + channel;
      store(points, d[0] - d[2]);
      store(points + step, d[1] + d[2]);
      store(points + 2 * step, d[2] - d[1]);
      store(points + 3 * step, d[1] - d[3]);
    }
  }
}

/** A y A^T of 2 x 2 places: how each point's product bears on them. */
inline void placesToPoints(const float* from, ptrdiff_t line, int channels, float* to, ptrdiff_t step) {
  for (int channel = 0; channel < channels; channel += kLanes) {
    const float* const upper = from + channel;
    const float* const lower = upper + line;
    const Vector a[2] = {load(upper), load(upper + channels)};
    const Vector b[2] = {load(lower), load(lower + channels)};
    const Vector rows[4][2] = {{a[0], a[1]}, {a[0] + b[0], a[1] + b[1]}, {a[0] - b[0], a[1] - b[1]}, {-b[0], -b[1]}};
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      float* const points = to + 4 * i * step + channel;
      store(points, rows[i][0]);
      store(points + step, rows[i][0] + rows[i][1]);
      store(points + 2 * step, rows[i][0] - rows[i][1]);
      store(points + 3 * step, -rows[i][1]);
    }
  }
}

/** A^T m A: the places of a tile, of which the first `rows` and `columns` are inside of the image. */
inline void pointsToPlaces(const float* from, ptrdiff_t step, int channels, const float* bias, Activation activation,
                           int rows, int columns, float* to, ptrdiff_t line) {
  for (int channel = 0; channel < channels; channel += kLanes) {
    Vector sums[2][4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      const float* const points = from + j * step + channel;
      const Vector m[4] = {load(points), load(points + 4 * step), load(points + 8 * step), load(points + 12 * step)};
      sums[0][j] = m[0] + (m[1] + m[2]);
      sums[1][j] = (m[1] - m[2]) - m[3];
    }
    const Vector shift = bias ? load(bias + channel) : Vector{};
    for (int i = 0; i < rows; i++) {
      const Vector* const m = sums[i];
      float* const place = to + i * line + channel;
      store(place, activate(m[0] + (m[1] + m[2]) + shift, activation));
      if (columns > 1) store(place + channels, activate((m[1] - m[2]) - m[3] + shift, activation));
    }
  }
}

/** G g G^T of `count` filters next to each other: [kPlaces, count] to [kPoints, count]. */
void filtersToPoints(const float* taps, bool isTurned, ptrdiff_t count, float* points) {
  const Vector half = broadcast(0.5f);
  const auto evaluate = [&](const Vector& a, const Vector& b, const Vector& c, Vector(&to)[4]) {
    const Vector ends = half * (a + c), middle = half * b;
    to[0] = a;
    to[1] = ends + middle;
    to[2] = ends - middle;
    to[3] = c;
  };
  for (ptrdiff_t i = 0; i < count; i += kLanes) {
    Vector g[kPlaces];
    for (int tap = 0; tap < kPlaces; tap++) g[tap] = load(taps + (isTurned ? kPlaces - 1 - tap : tap) * count + i);
    Vector columns[3][4];
    for (int j = 0; j < 3; j++) evaluate(g[j], g[3 + j], g[6 + j], columns[j]);
    for (int k = 0; k < 4; k++) {
      Vector row[4];
      evaluate(columns[0][k], columns[1][k], columns[2][k], row);
      for (int j = 0; j < 4; j++) store(points + (4 * k + j) * count + i, row[j]);
    }
  }
}

/** G^T m G: [kPoints, count] to [kPlaces, count]. */
void pointsToFilters(const float* points, ptrdiff_t count, float* taps) {
  const Vector half = broadcast(0.5f);
  const auto combine = [&](const Vector(&m)[4], Vector(&to)[3]) {
    const Vector sum = half * (m[1] + m[2]);
    to[0] = m[0] + sum;
    to[1] = half * (m[1] - m[2]);
    to[2] = sum + m[3];
  };
  for (ptrdiff_t i = 0; i < count; i += kLanes) {
    Vector rows[4][3];
    for (int k = 0; k < 4; k++) {
      Vector m[4];
      for (int j = 0; j < 4; j++) m[j] = load(points + (4 * k + j) * count + i);
      combine(m, rows[k]);
    }
    for (int j = 0; j < 3; j++) {
      const Vector m[4] = {rows[0][j], rows[1][j], rows[2][j], rows[3][j]};
      Vector column[3];
      combine(m, column);
      for (int k = 0; k < 3; k++) store(taps + (3 * k + j) * count + i, column[k]);
    }
  }
}

/** Values at all points of the tiles that are multiplied together stay in the cache of a core. */
constexpr int kTileBytes = 192 << 10;

/** Tiles that are multiplied together: whole blocks of rows. */
inline int tilesAtOnce(const ConvolutionShape& s) {
  const int most = kTileBytes / int(kPoints * sizeof(float) * (s.inChannels + s.outChannels));
  return greatest(1, most / kRows) * kRows;
}

/** The convolution that gives the gradient of the input from that of the output. */
ConvolutionShape turned(const ConvolutionShape& s) {
  return {s.outHeight, s.outWidth, s.outChannels, s.height,     s.width, s.inChannels, 3, 3, 1, 1,
          1,           1,          2 - s.padTop,  2 - s.padLeft};
}

size_t winogradPanel(const ConvolutionShape& s) { return panelSize<float>(s.inChannels, s.outChannels); }

/** The filter of a convolution, or of the turned one where that is what `s` is, as panels for each point. */
void winogradPack(const ConvolutionShape& s, bool isTurned, const float* filter, float* packed) {
  const ptrdiff_t count = ptrdiff_t(s.inChannels) * s.outChannels;
  float* const points = filterPointMemory.take<float>(kPoints * count);
  filtersToPoints(filter, isTurned, count, points);
  for (int point = 0; point < kPoints; point++, packed += winogradPanel(s)) {
    const float* const matrix = points + point * count;
    if (isTurned) {
      packTurnedPanels([&](int) { return matrix; }, 1, s.inChannels, s.inChannels, s.outChannels, packed);
    } else {
      packPanels(matrix, s.inChannels, s.inChannels, s.outChannels, packed);
    }
  }
}

void winogradConvolve(const ConvolutionShape& s, int images, const float* input, const float* packed, const float* bias,
                      Activation activation, float* output) {
  const Tiles tiles(s.outHeight, s.outWidth);
  TileReader reader(tiles, 2, s.height, s.width, s.inChannels, s.padTop, s.padLeft, frameMemory);
  const int most = tilesAtOnce(s);
  const ptrdiff_t inStep = ptrdiff_t(most) * s.inChannels, outStep = ptrdiff_t(most) * s.outChannels;
  float* const in = inputPointMemory.take<float>(kPoints * inStep);
  float* const out = outputPointMemory.take<float>(kPoints * outStep);
  const ptrdiff_t noOffset = 0;
  const Segments channels{&noOffset, 1, s.inChannels};
  const ptrdiff_t line = ptrdiff_t(s.outWidth) * s.outChannels;
  const int total = images * tiles.perImage();
  for (int first = 0; first < total; first += most) {
    const int count = least(most, total - first);
    for (int i = 0; i < count; i++) {
      const float* const from = reader.at(input, first + i);
      pixelsToPoints(from, reader.line(), s.inChannels, in + ptrdiff_t(i) * s.inChannels, inStep);
    }
    for (int point = 0; point < kPoints; point++) {
      const Target target{{out + point * outStep, Type::float32}, s.outChannels};
      multiplyPanels(in + point * inStep, count, s.inChannels, channels, packed + point * winogradPanel(s),
                     s.outChannels, target);
    }
    for (int i = 0; i < count; i++) {
      const int image = (first + i) / tiles.perImage(), place = (first + i) % tiles.perImage();
      const int row = 2 * (place / tiles.columns), column = 2 * (place % tiles.columns);
      float* const to = output + (ptrdiff_t(image) * s.outHeight + row) * line + ptrdiff_t(column) * s.outChannels;
      pointsToPlaces(out + ptrdiff_t(i) * s.outChannels, outStep, s.outChannels, bias, activation,
                     least(2, s.outHeight - row), least(2, s.outWidth - column), to, line);
    }
  }
}

/** Adds the sum of the products of rows a[k] and b[k], `aStep` and `bStep` values apart, to ROWS rows of the target. */
template <int ROWS>
void outerProducts(const float* a, ptrdiff_t aStep, const float* b, ptrdiff_t bStep, int depth, const Target& target,
                   int width) {
  Vector sums[ROWS][kVectors] = {};
  for (int k = 0; k < depth; k++, a += aStep, b += bStep) {
    Vector weights[kVectors];
    for (int v = 0; v < kVectors; v++) weights[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int row = 0; row < ROWS; row++) {
      const Vector value = broadcast(a[row]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) sums[row][v] += value * weights[v];
    }
  }
  // As in innerProducts.
  Vector results[ROWS][kVectors];
  for (int row = 0; row < ROWS; row++) {
    for (int v = 0; v < kVectors; v++) results[row][v] = sums[row][v];
  }
  storeBlock(results[0], ROWS, kVectors, target, width);
}

struct OuterBlock {
  const float* a;
  ptrdiff_t aStep;
  const float* b;
  ptrdiff_t bStep;
  int depth;
  const Target& target;
  int width;

  template <int ROWS>
  void run() const {
    outerProducts<ROWS>(a, aStep, b, bStep, depth, target, width);
  }
};

/** Adds to the sums at each point, [kPoints, inChannels, outChannels]. */
void winogradFilterGradient(const ConvolutionShape& s, int images, const float* input, const float* gradient,
                            float* sums) {
  const Tiles tiles(s.outHeight, s.outWidth);
  TileReader pixels(tiles, 2, s.height, s.width, s.inChannels, s.padTop, s.padLeft, frameMemory);
  TileReader places(tiles, 0, s.outHeight, s.outWidth, s.outChannels, 0, 0, gradientFrameMemory);
  const int most = tilesAtOnce(s);
  const ptrdiff_t inStep = ptrdiff_t(most) * s.inChannels, outStep = ptrdiff_t(most) * s.outChannels;
  float* const in = inputPointMemory.take<float>(kPoints * inStep);
  float* const out = outputPointMemory.take<float>(kPoints * outStep + kSlack);
  const ptrdiff_t size = ptrdiff_t(s.inChannels) * s.outChannels;
  const int total = images * tiles.perImage();
  for (int first = 0; first < total; first += most) {
    const int count = least(most, total - first);
    for (int i = 0; i < count; i++) {
      pixelsToPoints(pixels.at(input, first + i), pixels.line(), s.inChannels, in + ptrdiff_t(i) * s.inChannels,
                     inStep);
      placesToPoints(places.at(gradient, first + i), places.line(), s.outChannels, out + ptrdiff_t(i) * s.outChannels,
                     outStep);
    }
    for (int point = 0; point < kPoints; point++) {
      const Target all{{sums + point * size, Type::float32}, s.outChannels, nullptr, Activation::none, true};
      for (int column = 0; column < s.outChannels; column += kWidth) {
        eachBlock(s.inChannels, [&](int row, int rows) {
          const Target target = all.at(row, column);
          const OuterBlock outer{in + point * inStep + row,
                                 s.inChannels,
                                 out + point * outStep + column,
                                 s.outChannels,
                                 count,
                                 target,
                                 least(kWidth, s.outChannels - column)};
          dispatch<kRows>(rows, outer);
        });
      }
    }
  }
}

constexpr WinogradKernels kWinograd = {
    [](const ConvolutionShape& s) {
      const bool isPlain = s.filterHeight == 3 && s.filterWidth == 3 && s.strideHeight == 1 && s.strideWidth == 1 &&
                           s.dilationHeight == 1 && s.dilationWidth == 1;
      // Whole vectors of channels; and tiles that do not reach far over the edges of small images.
      const auto isCovered = [](int height, int width) {
        return 4 * Tiles(height, width).perImage() * 2 <= 3 * height * width;
      };
      return isPlain && s.inChannels % 16 == 0 && s.outChannels % 16 == 0 && isCovered(s.outHeight, s.outWidth) &&
             isCovered(s.height, s.width);
    },
    [](const ConvolutionShape& s) { return kPoints * winogradPanel(s) * sizeof(float); },
    [](const ConvolutionShape& s, const float* filter, float* packed) { winogradPack(s, false, filter, packed); },
    winogradConvolve,
    [](const ConvolutionShape& s) { return kPoints * winogradPanel(turned(s)) * sizeof(float); },
    [](const ConvolutionShape& s, const float* filter, float* packed) {
      winogradPack(turned(s), true, filter, packed);
    },
    [](const ConvolutionShape& s, int images, const float* gradient, const float* packedTurned, float* input) {
      winogradConvolve(turned(s), images, gradient, packedTurned, nullptr, Activation::none, input);
    },
    [](const ConvolutionShape& s) { return size_t(kPoints) * s.inChannels * s.outChannels; },
    winogradFilterGradient,
    [](const ConvolutionShape& s, const float* sums, float* filter) {
      pointsToFilters(sums, ptrdiff_t(s.inChannels) * s.outChannels, filter);
    },
};

}  // namespace
