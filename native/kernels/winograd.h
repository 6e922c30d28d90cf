// Float32 convolutions with 3 x 3 filters and stride 1, and their gradients, with fewer multiplications: Winograd's
// minimal filtering F(4 x 4, 3 x 3) (Lavin and Gray 2016, "Fast algorithms for convolutional neural networks"). A tile
// of 6 x 6 pixels and the filter are evaluated at 36 points and multiplied point by point (36 matrix products), and the
// results give 4 x 4 outputs: 36 multiplications instead of 144. The sums have a different order, their errors are
// about five times those of direct sums, and a NaN or infinity reaches all outputs of a tile.

#pragma once

#include "sweep.h"
#include "winograd_table.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace {

/** Outputs of a tile along one axis, and its pixels, whose number is also that of the points along that axis. */
constexpr int kTilePlaces = 4;
constexpr int kTilePixels = kTilePlaces + 2;
constexpr int kPoints = kTilePixels * kTilePixels;
/** Taps of a filter. */
constexpr int kPlaces = 9;

thread_local Scratch inputPointMemory;
thread_local Scratch outputPointMemory;
thread_local Scratch filterPointMemory;
thread_local Scratch zeroMemory;

/**
 * Values at the points 0, n, -n, f, -f and infinity of polynomials along one axis, and back. These n and f have squares
 * and products that are exact in float32, and give a third to half of the errors of the usual 1 and 2: pairs of points
 * around 1 whose product is near 1 keep powers small (Barabasz et al. 2020, "Error analysis and improving the accuracy
 * of Winograd convolution for deep neural networks").
 */
struct Filtering {
  static constexpr float n = 0.625f, f = 1.5f, nn = n * n, ff = f * f;
  /** Factors of the filter's values: 1 / (the product of a point's distances to the others). */
  static constexpr float atZero = 1 / (nn * ff), atNear = 1 / (2 * nn * (nn - ff)), atFar = 1 / (2 * ff * (ff - nn));

  /** B^T d: pixels to points */
  ALWAYS_INLINE static void pixels(const Vector (&d)[6], Vector (&to)[6]) {
    const Vector evenNear = d[4] - broadcast(ff) * d[2], oddNear = d[3] - broadcast(ff) * d[1];
    const Vector evenFar = d[4] - broadcast(nn) * d[2], oddFar = d[3] - broadcast(nn) * d[1];
    to[0] = broadcast(nn * ff) * d[0] + (d[4] - broadcast(nn + ff) * d[2]);
    atPairs(evenNear, broadcast(n) * oddNear, evenFar, broadcast(f) * oddFar, to);
    to[5] = broadcast(nn * ff) * d[1] + (d[5] - broadcast(nn + ff) * d[3]);
  }

  /** A^T m: products to outputs */
  ALWAYS_INLINE static void places(const Vector (&m)[6], Vector (&to)[4]) {
    const Vector evenNear = m[1] + m[2], oddNear = broadcast(n) * (m[1] - m[2]);
    const Vector evenFar = m[3] + m[4], oddFar = broadcast(f) * (m[3] - m[4]);
    to[0] = m[0] + (evenNear + evenFar);
    to[1] = oddNear + oddFar;
    to[2] = broadcast(nn) * evenNear + broadcast(ff) * evenFar;
    to[3] = (broadcast(nn) * oddNear + m[5]) + broadcast(ff) * oddFar;
  }

  /** A y: gradients of the outputs to points */
  ALWAYS_INLINE static void gradients(const Vector (&y)[4], Vector (&to)[6]) {
    const Vector evenNear = y[0] + broadcast(nn) * y[2], oddNear = broadcast(n) * (y[1] + broadcast(nn) * y[3]);
    const Vector evenFar = y[0] + broadcast(ff) * y[2], oddFar = broadcast(f) * (y[1] + broadcast(ff) * y[3]);
    to[0] = y[0];
    atPairs(evenNear, oddNear, evenFar, oddFar, to);
    to[5] = y[3];
  }

  /** G g: a filter to points */
  ALWAYS_INLINE static void filter(const Vector (&g)[3], Vector (&to)[6]) {
    const Vector evenNear = broadcast(atNear) * g[0] + broadcast(atNear * nn) * g[2],
                 oddNear = broadcast(atNear * n) * g[1];
    const Vector evenFar = broadcast(atFar) * g[0] + broadcast(atFar * ff) * g[2], oddFar = broadcast(atFar * f) * g[1];
    to[0] = broadcast(atZero) * g[0];
    atPairs(evenNear, oddNear, evenFar, oddFar, to);
    to[5] = g[2];
  }

  /** G^T m: products to the filter's gradient */
  ALWAYS_INLINE static void filterGradient(const Vector (&m)[6], Vector (&to)[3]) {
    const Vector evenNear = broadcast(atNear) * (m[1] + m[2]), oddNear = broadcast(atNear) * (m[1] - m[2]);
    const Vector evenFar = broadcast(atFar) * (m[3] + m[4]), oddFar = broadcast(atFar) * (m[3] - m[4]);
    to[0] = (broadcast(atZero) * m[0] + evenNear) + evenFar;
    to[1] = broadcast(n) * oddNear + broadcast(f) * oddFar;
    to[2] = (broadcast(nn) * evenNear + m[5]) + broadcast(ff) * evenFar;
  }

 private:
  /** Values at n, -n, f and -f, from the even and odd powers at n and at f. */
  ALWAYS_INLINE static void atPairs(Vector evenNear, Vector oddNear, Vector evenFar, Vector oddFar, Vector (&to)[6]) {
    to[1] = evenNear + oddNear;
    to[2] = evenNear - oddNear;
    to[3] = evenFar + oddFar;
    to[4] = evenFar - oddFar;
  }
};

/**
 * Applies TRANSFORM along both axes, columns first, to the values that load(row, column) returns, and passes the
 * results to store(row, column, value).
 */
template <auto TRANSFORM, int FROM, int TO, typename Load, typename Store>
ALWAYS_INLINE void transformBothAxes(const Load& load, const Store& store) {
  Vector between[TO][FROM];
#pragma GCC unroll 6
  for (int j = 0; j < FROM; j++) {
    Vector from[FROM], to[TO];
#pragma GCC unroll 6
    for (int i = 0; i < FROM; i++) from[i] = load(i, j);
    TRANSFORM(from, to);
#pragma GCC unroll 6
    for (int i = 0; i < TO; i++) between[i][j] = to[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < TO; i++) {
    Vector to[TO];
    TRANSFORM(between[i], to);
#pragma GCC unroll 6
    for (int j = 0; j < TO; j++) store(i, j, to[j]);
  }
}

/** The tiles that cover an image. */
struct Tiles {
  int rows, columns;

  Tiles(int height, int width)
      : rows((height + kTilePlaces - 1) / kTilePlaces), columns((width + kTilePlaces - 1) / kTilePlaces) {}
  int perImage() const { return rows * columns; }
};

/** A tile of a batch of images: initially the first one; `next` moves to the following one. */
struct Tile {
  const Tiles& tiles;
  int image = 0, row = 0, column = 0;

  void next() {
    if (++column < tiles.columns) return;
    column = 0;
    if (++row < tiles.rows) return;
    row = 0;
    image++;
  }
};

/** A pixel outside the image. */
const float* zeroPixel(int channels) {
  float* const zeros = zeroMemory.take<float>(channels);
  std::memset(zeros, 0, sizeof(float) * channels);
  return zeros;
}

/** Images [height, width, channels], read in tiles of SIZE x SIZE pixels; outside the image there are zeros. */
template <int SIZE>
class TileReader {
 public:
  /** Pixel (0, 0) of an image is at (top, left) of the first tile; `zeros` has one value per channel. */
  TileReader(const float* images, int height, int width, int channels, int top, int left, const float* zeros)
      : images_(images), height_(height), width_(width), channels_(channels), top_(top), left_(left), zeros_(zeros) {}

  int channels() const { return channels_; }

  /** Calls action(load); load(i, j, channel) returns a pixel's values starting at a channel. */
  template <typename Action>
  ALWAYS_INLINE void read(const Tile& tile, const Action& action) const {
    const int row = kTilePlaces * tile.row - top_, column = kTilePlaces * tile.column - left_;
    const ptrdiff_t line = ptrdiff_t(width_) * channels_;
    const float* const from = images_ + (ptrdiff_t(tile.image) * height_ + row) * line + ptrdiff_t(column) * channels_;
    if (row >= 0 && column >= 0 && row + SIZE <= height_ && column + SIZE <= width_) {
      action([&](int i, int j, int channel) { return load(from + i * line + j * channels_ + channel); });
      return;
    }
    const float* pixels[SIZE][SIZE];
    for (int i = 0; i < SIZE; i++) {
      const bool isInside = row + i >= 0 && row + i < height_;
      for (int j = 0; j < SIZE; j++) {
        const bool isPixel = isInside && column + j >= 0 && column + j < width_;
        pixels[i][j] = isPixel ? from + i * line + j * channels_ : zeros_;
      }
    }
    action([&](int i, int j, int channel) { return load(pixels[i][j] + channel); });
  }

 private:
  const float* images_;
  int height_, width_, channels_;
  int top_, left_;
  const float* zeros_;
};

/** Evaluates a tile at all points; values of adjacent points are `step` apart. */
template <auto TRANSFORM, int SIZE>
ALWAYS_INLINE void tileToPoints(const TileReader<SIZE>& reader, const Tile& tile, float* to, ptrdiff_t step) {
  reader.read(tile, [&](const auto& load) {
    for (int channel = 0; channel < reader.channels(); channel += kLanes) {
      transformBothAxes<TRANSFORM, SIZE, kTilePixels>(
          [&](int i, int j) { return load(i, j, channel); },
          [&](int i, int j, const Vector& value) { store(to + (kTilePixels * i + j) * step + channel, value); });
    }
  });
}

/** B^T d B of a tile's pixels. */
void pixelsToPoints(const TileReader<kTilePixels>& pixels, const Tile& tile, float* to, ptrdiff_t step) {
  tileToPoints<Filtering::pixels>(pixels, tile, to, step);
}

/** A y A^T of a tile's output gradients. */
void gradientsToPoints(const TileReader<kTilePlaces>& gradients, const Tile& tile, float* to, ptrdiff_t step) {
  tileToPoints<Filtering::gradients>(gradients, tile, to, step);
}

/** A^T m A: the outputs of a tile, of which the first `rows` and `columns` are inside the image. */
inline void pointsToPlaces(const float* from, ptrdiff_t step, int channels, const float* bias, Activation activation,
                           int rows, int columns, float* to, ptrdiff_t line) {
  for (int channel = 0; channel < channels; channel += kLanes) {
    const Vector shift = bias ? load(bias + channel) : Vector{};
    transformBothAxes<Filtering::places, kTilePixels, kTilePlaces>(
        [&](int i, int j) { return load(from + (kTilePixels * i + j) * step + channel); },
        [&](int i, int j, const Vector& value) {
          if (i >= rows || j >= columns) return;
          store(to + i * line + j * channels + channel, activate(value + shift, activation));
        });
  }
}

/** G g G^T of `count` adjacent filters: [kPlaces, count] to [kPoints, count]. */
void filtersToPoints(const float* taps, bool isTurned, ptrdiff_t count, float* points) {
  for (ptrdiff_t at = 0; at < count; at += kLanes) {
    transformBothAxes<Filtering::filter, 3, kTilePixels>(
        [&](int i, int j) { return load(taps + (isTurned ? kPlaces - 1 - (3 * i + j) : 3 * i + j) * count + at); },
        [&](int i, int j, const Vector& value) { store(points + (kTilePixels * i + j) * count + at, value); });
  }
}

/** G^T m G: [kPoints, count] to [kPlaces, count]. */
void pointsToFilters(const float* points, ptrdiff_t count, float* taps) {
  for (ptrdiff_t at = 0; at < count; at += kLanes) {
    transformBothAxes<Filtering::filterGradient, kTilePixels, 3>(
        [&](int i, int j) { return load(points + (kTilePixels * i + j) * count + at); },
        [&](int i, int j, const Vector& value) { store(taps + (3 * i + j) * count + at, value); });
  }
}

/** Tiles are multiplied in groups whose values at all points fit in a core's cache. */
constexpr int kTileBytes = 320 << 10;
/**
 * Minimum number of tiles in a group, if there are as many: each group reads, or reads and writes, the filter at all
 * points.
 */
constexpr int kFewestTiles = 48;
/**
 * inChannels x outChannels per tile of an image above which that reading and writing outweighs the saved
 * multiplications.
 */
constexpr int kMostProducts = 4096;

/** Tiles per group: groups are about equally large. */
inline int tilesAtOnce(const ConvolutionShape& s, int total) {
  const int cached = int(kTileBytes / (kPoints * sizeof(float) * (size_t(s.inChannels) + s.outChannels)));
  const int most = greatest(kFewestTiles, cached / kRows * kRows);
  const int rounds = (total + most - 1) / most;
  return (total + rounds - 1) / rounds;
}

/**
 * Distance between the values of adjacent points: slightly more than needed, since powers of two collide in the cache.
 */
inline ptrdiff_t pointStep(int tiles, int channels) { return ptrdiff_t(tiles) * channels + 16; }

/** The convolution that computes the gradient of the input from that of the output. */
ConvolutionShape turned(const ConvolutionShape& s) {
  return {s.outHeight, s.outWidth, s.outChannels, s.height,     s.width, s.inChannels, 3, 3, 1, 1,
          1,           1,          2 - s.padTop,  2 - s.padLeft};
}

size_t winogradPanel(const ConvolutionShape& s) { return panelSize<float>(s.inChannels, s.outChannels); }

/** Packs the filter as panels for each point; if `isTurned`, `s` is the result of `turned`. */
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

/**
 * A block of the products at one point: of `a` with kWidth columns of `b`, whose rows are `aStep` and `bStep` values
 * apart. Whole vectors of the first `width` sums of a row are stored; rows are `step` values apart.
 */
struct PointProducts {
  const float* a;
  ptrdiff_t aStep;
  const float* b;
  ptrdiff_t bStep;
  int depth;
  float* to;
  ptrdiff_t step;
  int width;
};

/** to = a b or a^T b, or adds it to `to`: innerProducts without its other options. */
template <bool IS_TURNED, bool ADDS>
struct PointBlock {
  const PointProducts& p;

  template <int ROWS>
  void run() const {
    const ptrdiff_t rowStep = IS_TURNED ? 1 : p.aStep, depthStep = IS_TURNED ? p.aStep : 1;
    const float *a = p.a, *b = p.b;
    Vector sums[ROWS][kVectors] = {};
    for (int k = 0; k < p.depth; k++, a += depthStep, b += p.bStep) {
      Vector weights[kVectors];
      for (int v = 0; v < kVectors; v++) weights[v] = load(b + v * kLanes);
#pragma GCC unroll 16
      for (int row = 0; row < ROWS; row++) {
        const Vector value = broadcast(a[row * rowStep]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; v++) sums[row][v] += value * weights[v];
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; v++) {
      if (v * kLanes >= p.width) return;
#pragma GCC unroll 16
      for (int row = 0; row < ROWS; row++) {
        float* const to = p.to + row * p.step + v * kLanes;
        store(to, ADDS ? load(to) + sums[row][v] : sums[row][v]);
      }
    }
  }
};

void winogradConvolve(const ConvolutionShape& s, int images, const float* input, const float* packed, const float* bias,
                      Activation activation, float* output) {
  const Tiles tiles(s.outHeight, s.outWidth);
  const TileReader<kTilePixels> pixels(input, s.height, s.width, s.inChannels, s.padTop, s.padLeft,
                                       zeroPixel(s.inChannels));
  Tile read{tiles}, written{tiles};
  const int total = images * tiles.perImage();
  const int most = tilesAtOnce(s, total);
  const ptrdiff_t inStep = pointStep(most, s.inChannels), outStep = pointStep(most, s.outChannels);
  float* const in = inputPointMemory.take<float>(kPoints * inStep);
  float* const out = outputPointMemory.take<float>(kPoints * outStep);
  const ptrdiff_t line = ptrdiff_t(s.outWidth) * s.outChannels;
  for (int first = 0; first < total; first += most) {
    const int count = least(most, total - first);
    for (int i = 0; i < count; i++, read.next()) {
      pixelsToPoints(pixels, read, in + ptrdiff_t(i) * s.inChannels, inStep);
    }
    for (int point = 0; point < kPoints; point++) {
      const float* const a = in + point * inStep;
      const float* const b = packed + point * winogradPanel(s);
      float* const to = out + point * outStep;
      for (int column = 0; column < s.outChannels; column += kWidth) {
        eachBlock(count, [&](int row, int rows) {
          const PointProducts products{a + ptrdiff_t(row) * s.inChannels,
                                       s.inChannels,
                                       b + ptrdiff_t(column) * s.inChannels,
                                       kWidth,
                                       s.inChannels,
                                       to + ptrdiff_t(row) * s.outChannels + column,
                                       s.outChannels,
                                       s.outChannels - column};
          dispatch<kRows>(rows, PointBlock<false, false>{products});
        });
      }
    }
    for (int i = 0; i < count; i++, written.next()) {
      const int row = kTilePlaces * written.row, column = kTilePlaces * written.column;
      float* const to =
          output + (ptrdiff_t(written.image) * s.outHeight + row) * line + ptrdiff_t(column) * s.outChannels;
      pointsToPlaces(out + ptrdiff_t(i) * s.outChannels, outStep, s.outChannels, bias, activation, s.outHeight - row,
                     s.outWidth - column, to, line);
    }
  }
}

/** The filter's sums at each point, [kPoints, inChannels, outChannels]; adds to them if `adds`. */
void winogradFilterGradient(const ConvolutionShape& s, int images, const float* input, const float* gradient, bool adds,
                            float* sums) {
  const Tiles tiles(s.outHeight, s.outWidth);
  const float* const zeros = zeroPixel(greatest(s.inChannels, s.outChannels));
  const TileReader<kTilePixels> pixels(input, s.height, s.width, s.inChannels, s.padTop, s.padLeft, zeros);
  const TileReader<kTilePlaces> gradients(gradient, s.outHeight, s.outWidth, s.outChannels, 0, 0, zeros);
  Tile tile{tiles};
  const int total = images * tiles.perImage();
  const int most = tilesAtOnce(s, total);
  const ptrdiff_t inStep = pointStep(most, s.inChannels), outStep = pointStep(most, s.outChannels);
  float* const in = inputPointMemory.take<float>(kPoints * inStep);
  float* const out = outputPointMemory.take<float>(kPoints * outStep + kSlack);
  for (int first = 0; first < total; first += most) {
    const int count = least(most, total - first);
    for (int i = 0; i < count; i++, tile.next()) {
      pixelsToPoints(pixels, tile, in + ptrdiff_t(i) * s.inChannels, inStep);
      gradientsToPoints(gradients, tile, out + ptrdiff_t(i) * s.outChannels, outStep);
    }
    float* to = sums;
    for (int point = 0; point < kPoints; point++, to += ptrdiff_t(s.inChannels) * s.outChannels) {
      for (int column = 0; column < s.outChannels; column += kWidth) {
        eachBlock(s.inChannels, [&](int row, int rows) {
          const PointProducts products{in + point * inStep + row,
                                       s.inChannels,
                                       out + point * outStep + column,
                                       s.outChannels,
                                       count,
                                       to + ptrdiff_t(row) * s.outChannels + column,
                                       s.outChannels,
                                       s.outChannels - column};
          if (adds || first > 0) {
            dispatch<kRows>(rows, PointBlock<true, true>{products});
          } else {
            dispatch<kRows>(rows, PointBlock<true, false>{products});
          }
        });
      }
    }
  }
}

constexpr WinogradKernels kWinograd = {
    [](const ConvolutionShape& s) {
      const bool isPlain = s.filterHeight == 3 && s.filterWidth == 3 && s.strideHeight == 1 && s.strideWidth == 1 &&
                           s.dilationHeight == 1 && s.dilationWidth == 1;
      // Whole vectors of channels, and at most half of the multiplications, counting those that tiles make outside the
      // image.
      const auto isCovered = [&](int height, int width) {
        const int64_t tiles = Tiles(height, width).perImage();
        return 2 * kPoints * tiles <= int64_t(kPlaces) * height * width &&
               int64_t(s.inChannels) * s.outChannels <= kMostProducts * tiles;
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

#undef ALWAYS_INLINE
