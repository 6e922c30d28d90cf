// Brings operands into the form that the loops of products.h read: images in frames of zeros, filters as panels, and
// both transposed for products over pixels.

#pragma once

#include "products.h"
#include "scratch.h"

namespace {

inline int least(int a, int b) { return a < b ? a : b; }
inline int greatest(int a, int b) { return a > b ? a : b; }
inline int roundedUp(int value, int step) { return (value + step - 1) / step * step; }

/** Values that may be read past the end: loops read whole vectors and whole tiles of 16 rows. */
constexpr int kSlack = 64;

inline void copyValues(float* to, const float* from, ptrdiff_t count) { std::memcpy(to, from, sizeof(float) * count); }
inline void copyValues(Bfloat16* to, const Bfloat16* from, ptrdiff_t count) {
  std::memcpy(to, from, sizeof(Bfloat16) * count);
}

template <typename To, typename From>
inline void copyValues(To* to, const From* from, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(to + i, load(from + i));
  if (i < count) storePart(to + i, loadPart(from + i, int(count - i)), int(count - i));
}

template <typename To>
inline void copyValues(To* to, ConstValues from, ptrdiff_t count) {
  if (from.type == Type::float32) {
    copyValues(to, (const float*)from.data, count);
  } else {
    copyValues(to, (const Bfloat16*)from.data, count);
  }
}

template <typename P>
constexpr Type kType = sizeof(P) == 4 ? Type::float32 : Type::bfloat16;

/** An image in a frame of zeros: its pixel (r, c) is at (top + r, left + c) if that is inside the frame. */
template <typename P>
struct Frame {
  int height, width, channels;
  int top, left;
  P* values = nullptr;

  ptrdiff_t line() const { return ptrdiff_t(width) * channels; }

  /** Makes room for images [rows, columns], surrounded by zeros; `slack` values after the frame may be read. */
  void open(Scratch& memory, int rows, int columns, ptrdiff_t slack) {
    const ptrdiff_t size = height * line() + slack;
    values = memory.take<P>(size);
    P* zeros = values;
    const auto zeroUpTo = [&](P* end) {
      std::memset(zeros, 0, sizeof(P) * (end - zeros));
      zeros = end;
    };
    eachLine(rows, columns, [&](P* inside, ptrdiff_t, ptrdiff_t count) {
      zeroUpTo(inside);
      zeros += count;
    });
    zeroUpTo(values + size);
  }

  /** Copies the image [rows, columns, channels] into the frame. */
  const P* place(ConstValues image, int rows, int columns) {
    eachLine(rows, columns,
             [&](P* inside, ptrdiff_t from, ptrdiff_t count) { copyValues(inside, image.from(from), count); });
    return values;
  }

  /** Whether an image [rows, columns] of this type can be read in place, without a copy. */
  bool isImage(Type type, int rows, int columns) const {
    return type == kType<P> && top == 0 && left == 0 && height <= rows && width == columns;
  }

 private:
  /**
   * For each line of the image, calls action(pointer into the frame, offset in the image, number of values) for the
   * part inside the frame.
   */
  template <typename Action>
  void eachLine(int rows, int columns, const Action& action) const {
    const int firstColumn = greatest(0, -left);
    const int count = least(columns, width - left) - firstColumn;
    if (count <= 0) return;
    for (int row = greatest(0, -top); row < least(rows, height - top); row++) {
      action(values + (top + row) * line() + ptrdiff_t(left + firstColumn) * channels,
             (ptrdiff_t(row) * columns + firstColumn) * channels, ptrdiff_t(count) * channels);
    }
  }
};

/** Transposes 4 x 4 values of 32 bits. */
inline void transpose4(const void* from, ptrdiff_t fromStep, void* to, ptrdiff_t toStep) {
  using Four = int32_t __attribute__((vector_size(16)));
  Four rows[4];
  for (int i = 0; i < 4; i++) std::memcpy(&rows[i], (const int32_t*)from + i * fromStep, sizeof(Four));
  const Four a = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
  const Four b = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
  const Four c = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
  const Four d = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
  const Four columns[4] = {
      __builtin_shufflevector(a, b, 0, 1, 4, 5),
      __builtin_shufflevector(a, b, 2, 3, 6, 7),
      __builtin_shufflevector(c, d, 0, 1, 4, 5),
      __builtin_shufflevector(c, d, 2, 3, 6, 7),
  };
  for (int i = 0; i < 4; i++) std::memcpy((int32_t*)to + i * toStep, &columns[i], sizeof(Four));
}

/**
 * Transposes a matrix [rows, columns] of 32-bit values to [columns, rows]; `fromStep` and `toStep` are distances
 * between rows.
 */
inline void transpose(const int32_t* from, ptrdiff_t fromStep, int rows, int columns, int32_t* to, ptrdiff_t toStep) {
  int row = 0;
  for (; row + 4 <= rows; row += 4) {
    int column = 0;
    for (; column + 4 <= columns; column += 4) {
      transpose4(from + row * fromStep + column, fromStep, to + column * toStep + row, toStep);
    }
    for (; column < columns; column++) {
      for (int i = 0; i < 4; i++) to[column * toStep + row + i] = from[(row + i) * fromStep + column];
    }
  }
  for (; row < rows; row++) {
    for (int column = 0; column < columns; column++) to[column * toStep + row] = from[row * fromStep + column];
  }
}

/** Interleaves two rows as pairs [count, kGroup] and pads to `width` with zeros; a null second row counts as zeros. */
template <typename From>
inline void packRows(Bfloat16* to, const From* first, const From* second, int count, int width) {
  Bfloat16 a[kLanes], b[kLanes];
  for (int i = 0; i < width; i += kLanes, to += 2 * kLanes) {
    const int left = count - i;
    const Vector zero = {};
    store(a, left >= kLanes ? load(first + i) : left > 0 ? loadPart(first + i, left) : zero);
    store(b, !second ? zero : left >= kLanes ? load(second + i) : left > 0 ? loadPart(second + i, left) : zero);
    const Unsigned pairs = __builtin_convertvector(*(const LooseHalves*)a, Unsigned) |
                           (__builtin_convertvector(*(const LooseHalves*)b, Unsigned) << 16);
    std::memcpy(to, &pairs, sizeof pairs);
  }
}

/** Copies one row to [width], padded with zeros. */
inline void packRows(float* to, const float* row, const float*, int count, int width) {
  if (count < width) {
    std::memcpy(to, row, sizeof(float) * count);
    std::memset(to + count, 0, sizeof(float) * (width - count));
    return;
  }
  for (int i = 0; i < width; i += kLanes) store(to + i, load(row + i));
}

/** Packs a matrix [depth, columns] as panels [depth / kGroup, kWidth, kGroup], padded with zeros. */
template <typename P>
void packPanels(const float* matrix, int depth, int paddedDepth, int columns, P* to) {
  // A few rows at a time for all panels: a wide matrix is then read line by line, and each panel written in pieces.
  constexpr int kRowsAtOnce = 16;
  for (int start = 0; start < paddedDepth; start += kRowsAtOnce) {
    const int end = least(start + kRowsAtOnce, paddedDepth);
    P* panel = to + ptrdiff_t(start) * kWidth;
    for (int first = 0; first < columns; first += kWidth, panel += ptrdiff_t(paddedDepth) * kWidth) {
      const int width = least(kWidth, columns - first);
      P* rows = panel;
      for (int k = start; k < end; k += kGroup<P>, rows += kWidth * kGroup<P>) {
        const float* const row = matrix + ptrdiff_t(k) * columns + first;
        if (k >= depth) {
          std::memset(rows, 0, sizeof(float) * kWidth);
        } else {
          packRows(rows, row, k + 1 < depth ? row + columns : nullptr, width, kWidth);
        }
      }
    }
  }
}

/**
 * Transposes the matrices [columns, length] that `start(place)` returns for each of `places`, and packs them as panels
 * of the matrix [places x length, columns].
 */
template <typename P, typename Start>
void packTurnedPanels(const Start& start, int places, int length, int paddedDepth, int columns, P* to) {
  if (length % kGroup<P> != 0) {
    for (int first = 0; first < columns; first += kWidth) {
      for (int k = 0; k < paddedDepth; k++) {
        for (int i = 0; i < kWidth; i++) {
          const bool isInside = k < places * length && first + i < columns;
          const float value = isInside ? start(k / length)[ptrdiff_t(first + i) * length + k % length] : 0;
          copyValues(to + (ptrdiff_t(k / kGroup<P>) * kWidth + i) * kGroup<P> + k % kGroup<P>, &value, 1);
        }
      }
      to += ptrdiff_t(paddedDepth) * kWidth;
    }
    return;
  }
  constexpr int kRowsAtOnce = 4;
  static thread_local Scratch rowMemory;
  P* rows = rowMemory.take<P>(size_t(kRowsAtOnce) * length);
  const int groups = length / kGroup<P>;
  const ptrdiff_t panelSize = ptrdiff_t(paddedDepth) * kWidth;
  for (int first = 0; first < columns; first += kRowsAtOnce) {
    const int count = least(kRowsAtOnce, columns - first);
    int32_t* const panel = (int32_t*)(to + first / kWidth * panelSize) + first % kWidth;
    for (int place = 0; place < places; place++) {
      copyValues(rows, start(place) + ptrdiff_t(first) * length, ptrdiff_t(count) * length);
      transpose((const int32_t*)rows, groups, count, groups, panel + ptrdiff_t(place) * groups * kWidth, kWidth);
    }
  }
  // Zeros the padding: beside the last columns and below the last place.
  const int filled = places * groups;
  for (int first = 0; first < columns; first += kWidth) {
    int32_t* const panel = (int32_t*)(to + first / kWidth * panelSize);
    const int width = least(kWidth, columns - first);
    if (width < kWidth) {
      for (ptrdiff_t k = 0; k < filled; k++) {
        std::memset(panel + k * kWidth + width, 0, sizeof(float) * (kWidth - width));
      }
    }
    std::memset(panel + ptrdiff_t(filled) * kWidth, 0, sizeof(P) * panelSize - sizeof(float) * filled * kWidth);
  }
}

}  // namespace
