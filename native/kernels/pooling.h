// Pooling, with channels side by side in vectors. The maximum of a window is the first of its greatest values; NaN is
// never the maximum, as in TensorFlow.js.

#pragma once

#include "columns.h"
#include "passes_table.h"

namespace {

/** The position for windows in which no value is greater than minus infinity. */
constexpr int kNowhere = 255;

inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
inline ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/** Along one axis: the positions of the input that a window covers, and its start, which may be in the padding. */
struct Extent {
  ptrdiff_t start, first, end;

  Extent(ptrdiff_t window, int size, int stride, int pad, int length)
      : start(window * stride - pad), first(larger(start, 0)), end(smaller(start + size, length)) {}

  bool isWhole(int size) const { return end - first == size; }
};

/** Along one axis: the windows that cover a position of the input. Positions are visited in order. */
struct Covering {
  ptrdiff_t first = 0, end = 0;

  explicit Covering(int size, int stride, int pad, int windows)
      : stride_(stride), windows_(windows), endOfFirst_(ptrdiff_t(size) - pad), startOfNext_(-ptrdiff_t(pad)) {}

  void moveTo(ptrdiff_t place) {
    for (; end < windows_ && startOfNext_ <= place; startOfNext_ += stride_) end++;
    for (; first < end && endOfFirst_ <= place; endOfFirst_ += stride_) first++;
  }

 private:
  ptrdiff_t stride_, windows_;
  ptrdiff_t endOfFirst_, startOfNext_;
};

inline Extent rowsOf(const PoolShape& s, ptrdiff_t row) {
  return Extent(row, s.windowHeight, s.strideHeight, s.padTop, s.height);
}
inline Extent columnsOf(const PoolShape& s, ptrdiff_t column) {
  return Extent(column, s.windowWidth, s.strideWidth, s.padLeft, s.width);
}
inline ptrdiff_t inputSize(const PoolShape& s) { return ptrdiff_t(s.height) * s.width * s.channels; }
inline ptrdiff_t outputSize(const PoolShape& s) { return ptrdiff_t(s.outHeight) * s.outWidth * s.channels; }
inline bool isOnePlace(const PoolShape& s) {
  return s.windowHeight == 1 && s.windowWidth == 1 && inputSize(s) == outputSize(s);
}

/**
 * The maximum of one window, for one block of channels. HEIGHT and WIDTH are the window's size if it is whole and known
 * at compile time, else 0.
 */
template <int HEIGHT, int WIDTH, bool KEEPS_POSITIONS, typename T, typename Block>
inline void greatestOfWindow(const PoolShape& s, const Extent& rows, const Extent& columns, const T* x, T* y,
                             uint8_t* positions, Block block) {
  Vector values[Block::kCount];
  Integers places[Block::kCount];
  for (int v = 0; v < Block::kCount; v++) {
    values[v] = broadcast(-__builtin_inff());
    places[v] = Integers{} + kNowhere;
  }
  const ptrdiff_t height = HEIGHT ? HEIGHT : rows.end - rows.first;
  const ptrdiff_t width = WIDTH ? WIDTH : columns.end - columns.first;
#pragma GCC unroll 2
  for (ptrdiff_t i = 0; i < height; i++) {
    const T* from = x + ((rows.first + i) * s.width + columns.first) * s.channels;
    int place = int((rows.first - rows.start + i) * s.windowWidth + columns.first - columns.start);
    if (WIDTH) place = int(i * WIDTH);
#pragma GCC unroll 2
    for (ptrdiff_t j = 0; j < width; j++, from += s.channels, place++) {
#pragma GCC unroll 4
      for (int v = 0; v < Block::kCount; v++) {
        const Vector value = block.load(from, v);
        const Integers isGreater = value > values[v];
        values[v] = isGreater ? value : values[v];
        if (KEEPS_POSITIONS) places[v] = isGreater ? Integers{} + place : places[v];
      }
    }
  }
  for (int v = 0; v < Block::kCount; v++) {
    block.store(y, values[v], v);
    if (KEEPS_POSITIONS) block.storeBytes(positions, places[v], v);
  }
}

template <bool KEEPS_POSITIONS, typename T>
void maxPoolOf(const PoolShape& s, const T* x, T* y, uint8_t* positions) {
  const bool isTwoByTwo = s.windowHeight == 2 && s.windowWidth == 2;
  for (int image = 0; image < s.images; image++, x += inputSize(s)) {
    for (int row = 0; row < s.outHeight; row++) {
      const Extent rows = rowsOf(s, row);
      forColumns(s.channels, [&](ptrdiff_t first, auto block) {
        T* to = y + first;
        uint8_t* place = positions + (KEEPS_POSITIONS ? first : 0);
        for (int column = 0; column < s.outWidth; column++, to += s.channels) {
          const Extent columns = columnsOf(s, column);
          if (isTwoByTwo && rows.isWhole(2) && columns.isWhole(2)) {
            greatestOfWindow<2, 2, KEEPS_POSITIONS>(s, rows, columns, x + first, to, place, block);
          } else {
            greatestOfWindow<0, 0, KEEPS_POSITIONS>(s, rows, columns, x + first, to, place, block);
          }
          if (KEEPS_POSITIONS) place += s.channels;
        }
      });
      y += ptrdiff_t(s.outWidth) * s.channels;
      if (KEEPS_POSITIONS) positions += ptrdiff_t(s.outWidth) * s.channels;
    }
  }
}

void maxPool(const PoolShape& s, Type type, const void* x, void* y, uint8_t* positions) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    if (positions == nullptr) {
      maxPoolOf<false>(s, from, to, positions);
    } else {
      maxPoolOf<true>(s, from, to, positions);
    }
    // TensorFlow.js copies such windows, including NaN.
    if (isOnePlace(s) && s.images > 0) std::memcpy(to, from, sizeof(T) * s.images * inputSize(s));
  });
}

/** Whether no two windows share a position of the input. */
inline bool areWindowsDisjoint(const PoolShape& s) {
  return s.strideHeight >= s.windowHeight && s.strideWidth >= s.windowWidth;
}

/** Along one axis: the range of windows without padding. */
struct WholeWindows {
  ptrdiff_t first, end;

  WholeWindows(int size, int stride, int pad, int length, int windows)
      : first((ptrdiff_t(pad) + stride - 1) / stride),
        end(length + pad < size ? 0 : smaller((ptrdiff_t(length) + pad - size) / stride + 1, windows)) {}

  bool has(ptrdiff_t window) const { return first <= window && window < end; }
};

/** Whether the windows, which are disjoint, cover every position of the input. */
inline bool coverAll(const PoolShape& s) {
  return s.strideHeight == s.windowHeight && s.strideWidth == s.windowWidth &&
         ptrdiff_t(s.outHeight) * s.strideHeight - s.padTop >= s.height &&
         ptrdiff_t(s.outWidth) * s.strideWidth - s.padLeft >= s.width;
}

/**
 * Writes the gradients of one window's positions, for disjoint windows. HEIGHT and WIDTH are the window's size if it is
 * whole and known at compile time, else 0.
 */
template <int HEIGHT, int WIDTH, typename T, typename Block, typename Share>
inline void scatterWindow(const PoolShape& s, const Extent& rows, const Extent& columns, T* dx, Block block,
                          const Share& share) {
  const ptrdiff_t height = HEIGHT ? HEIGHT : rows.end - rows.first;
  const ptrdiff_t width = WIDTH ? WIDTH : columns.end - columns.first;
  const ptrdiff_t top = HEIGHT ? 0 : rows.first - rows.start;
  const ptrdiff_t left = WIDTH ? 0 : columns.first - columns.start;
  const ptrdiff_t wide = WIDTH ? WIDTH : s.windowWidth;
#pragma GCC unroll 4
  for (int v = 0; v < Block::kCount; v++) {
    const auto taken = share(v);
#pragma GCC unroll 2
    for (ptrdiff_t i = 0; i < height; i++) {
      T* to = dx + ((rows.first + i) * s.width + columns.first) * s.channels;
#pragma GCC unroll 2
      for (ptrdiff_t j = 0; j < width; j++, to += s.channels) {
        block.store(to, taken(int((top + i) * wide + left + j)), v);
      }
    }
  }
}

/**
 * A pooling's gradient for disjoint windows: each position takes its value from its own window. `share(row, column, at,
 * block, v)` is called once for each window and vector, which begins at value `at` of the output. It returns a function
 * from a position's number in the window to its gradient.
 */
template <typename T, typename Share>
void scatterGradient(const PoolShape& s, T* dx, const Share& share) {
  if (!coverAll(s)) std::memset(dx, 0, sizeof(T) * inputSize(s));
  const bool isTwoByTwo = s.windowHeight == 2 && s.windowWidth == 2;
  for (int row = 0; row < s.outHeight; row++) {
    const Extent rows = rowsOf(s, row);
    forColumns(s.channels, [&](ptrdiff_t first, auto block) {
      ptrdiff_t at = ptrdiff_t(row) * s.outWidth * s.channels + first;
      for (int column = 0; column < s.outWidth; column++, at += s.channels) {
        const Extent columns = columnsOf(s, column);
        const auto shareOf = [&](int v) { return share(row, column, at, block, v); };
        if (isTwoByTwo && rows.isWhole(2) && columns.isWhole(2)) {
          scatterWindow<2, 2>(s, rows, columns, dx + first, block, shareOf);
        } else {
          scatterWindow<0, 0>(s, rows, columns, dx + first, block, shareOf);
        }
      }
    });
  }
}

/** A pooling's gradient for overlapping windows: each position sums the contributions of all windows that cover it. */
template <typename T, typename Share>
void gatherGradient(const PoolShape& s, T* dx, const Share& share) {
  Covering above(s.windowHeight, s.strideHeight, s.padTop, s.outHeight);
  for (int row = 0; row < s.height; row++) {
    above.moveTo(row);
    forColumns(s.channels, [&](ptrdiff_t first, auto block) {
      constexpr int kCount = decltype(block)::kCount;
      Covering beside(s.windowWidth, s.strideWidth, s.padLeft, s.outWidth);
      T* to = dx + ptrdiff_t(row) * s.width * s.channels + first;
      for (int column = 0; column < s.width; column++, to += s.channels) {
        beside.moveTo(column);
        Vector sums[kCount] = {};
        for (ptrdiff_t i = above.first; i < above.end; i++) {
          ptrdiff_t at = (i * s.outWidth + beside.first) * s.channels + first;
          ptrdiff_t place =
              (row + s.padTop - i * s.strideHeight) * s.windowWidth + column + s.padLeft - beside.first * s.strideWidth;
          for (ptrdiff_t j = beside.first; j < beside.end; j++, at += s.channels, place -= s.strideWidth) {
#pragma GCC unroll 4
            for (int v = 0; v < kCount; v++) sums[v] += share(i, j, at, block, v)(int(place));
          }
        }
        for (int v = 0; v < kCount; v++) block.store(to, sums[v], v);
      }
    });
  }
}

template <typename T, typename Share>
void poolGradient(const PoolShape& s, T* dx, const Share& share) {
  if (areWindowsDisjoint(s)) {
    scatterGradient(s, dx, share);
  } else {
    gatherGradient(s, dx, share);
  }
}

void maxPoolGradient(const PoolShape& s, Type type, const void* dy, const uint8_t* positions, void* dx) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    for (int image = 0; image < s.images; image++) {
      const T* gradients = static_cast<const T*>(dy) + image * outputSize(s);
      const uint8_t* places = positions + image * outputSize(s);
      const auto share = [=](ptrdiff_t, ptrdiff_t, ptrdiff_t at, auto block, int v) {
        const Vector gradient = block.load(gradients + at, v);
        const Integers greatestPlace = block.loadBytes(places + at, v);
        return [=](int place) { return (Vector)((greatestPlace == place) & (Integers)gradient); };
      };
      poolGradient(s, static_cast<T*>(dx) + image * inputSize(s), share);
    }
  });
}

void averagePool(const PoolShape& s, Type type, const void* x, void* y) {
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    for (int image = 0; image < s.images; image++, from += inputSize(s)) {
      for (int row = 0; row < s.outHeight; row++, to += ptrdiff_t(s.outWidth) * s.channels) {
        const Extent rows = rowsOf(s, row);
        forColumns(s.channels, [&](ptrdiff_t first, auto block) {
          for (int column = 0; column < s.outWidth; column++) {
            const Extent columns = columnsOf(s, column);
            Vector sums[decltype(block)::kCount] = {};
            for (ptrdiff_t i = rows.first; i < rows.end; i++) {
              for (ptrdiff_t j = columns.first; j < columns.end; j++) {
#pragma GCC unroll 4
                for (int v = 0; v < decltype(block)::kCount; v++) {
                  sums[v] += block.load(from + (i * s.width + j) * s.channels + first, v);
                }
              }
            }
            const float count = float(larger(rows.end - rows.first, 0) * larger(columns.end - columns.first, 0));
            for (int v = 0; v < decltype(block)::kCount; v++) {
              block.store(to + ptrdiff_t(column) * s.channels + first, sums[v] / count, v);
            }
          }
        });
      }
    }
  });
}

void averagePoolGradient(const PoolShape& s, Type type, const void* dy, bool countsPadding, void* dx) {
  const float wholeShare = 1.0f / float(ptrdiff_t(s.windowHeight) * s.windowWidth);
  const WholeWindows wholeRows(s.windowHeight, s.strideHeight, s.padTop, s.height, s.outHeight);
  const WholeWindows wholeColumns(s.windowWidth, s.strideWidth, s.padLeft, s.width, s.outWidth);
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    for (int image = 0; image < s.images; image++) {
      const T* gradients = static_cast<const T*>(dy) + image * outputSize(s);
      const auto evenShare = [=](ptrdiff_t, ptrdiff_t, ptrdiff_t at, auto block, int v) {
        const Vector gradient = block.load(gradients + at, v) * wholeShare;
        return [=](int) { return gradient; };
      };
      const auto share = [=](ptrdiff_t row, ptrdiff_t column, ptrdiff_t at, auto block, int v) {
        float factor = wholeShare;
        if (!wholeRows.has(row) || !wholeColumns.has(column)) {
          const Extent rows = rowsOf(s, row), columns = columnsOf(s, column);
          factor = 1.0f / float((rows.end - rows.first) * (columns.end - columns.first));
        }
        const Vector gradient = block.load(gradients + at, v) * factor;
        return [=](int) { return gradient; };
      };
      T* to = static_cast<T*>(dx) + image * inputSize(s);
      if (countsPadding) {
        poolGradient(s, to, evenShare);
      } else {
        poolGradient(s, to, share);
      }
    }
  });
}

}  // namespace
