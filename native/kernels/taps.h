// Which values the taps of a filter fall on. Along each axis, pixels that use the same taps are grouped into runs, so
// that only pixels at the edges are treated one by one. Used for convolutions and for the gradients of their inputs.

#pragma once

#include "packing.h"

namespace {

/** One axis of a convolution: the values of the source that the taps of the filter fall on, at each position. */
struct Axis {
  int positions;
  int sources;
  int taps;
  int stride;
  int dilation;
  int pad;
  /** If true, positions are those of the input and sources those of the output's gradient. */
  bool isGradient;

  bool find(int position, int tap, int& source) const {
    source = isGradient ? position + pad - tap * dilation : position * stride - pad + tap * dilation;
    if (source < 0) return false;
    if (isGradient) {
      if (source % stride != 0) return false;
      source /= stride;
    }
    return source < sources;
  }

  /** Positions this far apart use the same taps, except at the edges; their sources are `sourceStep` apart. */
  int positionStep() const { return isGradient ? stride : 1; }
  int sourceStep() const { return isGradient ? 1 : stride; }
};

/** Positions, `Axis::positionStep` apart, that use the same taps. */
struct Run {
  int first;
  int count;
  /** Start of its taps in `Runs::taps`, and their number. */
  int taps;
  int tapCount;
};

struct AxisTap {
  int tap;
  /** The source of the run's first position. */
  int source;
};

struct Runs {
  const Run* runs;
  int count;
  const AxisTap* taps;
};

thread_local Scratch runMemory;
thread_local Scratch runTapMemory;

bool meetsSame(const Axis& axis, int position, int steps, const AxisTap* taps, int tapCount) {
  int found = 0;
  for (int tap = 0; tap < axis.taps; tap++) {
    int source;
    if (!axis.find(position, tap, source)) continue;
    if (found == tapCount || taps[found].tap != tap) return false;
    if (taps[found].source + steps * axis.sourceStep() != source) return false;
    found++;
  }
  return found == tapCount;
}

Runs runsOf(const Axis& axis) {
  Run* runs = runMemory.take<Run>(axis.positions);
  AxisTap* taps = runTapMemory.take<AxisTap>(size_t(axis.positions) * axis.taps);
  int count = 0;
  int used = 0;
  const int step = axis.positionStep();
  for (int start = 0; start < step && start < axis.positions; start++) {
    for (int position = start; position < axis.positions;) {
      Run& run = runs[count++];
      run = {position, 1, used, 0};
      for (int tap = 0; tap < axis.taps; tap++) {
        int source;
        if (axis.find(position, tap, source)) taps[run.taps + run.tapCount++] = {tap, source};
      }
      position += step;
      while (position < axis.positions && meetsSame(axis, position, run.count, taps + run.taps, run.tapCount)) {
        run.count++;
        position += step;
      }
      used += run.tapCount;
    }
  }
  return {runs, count, taps};
}

/** Offsets of a tap's values, for the first pixel of a run. */
struct Tap {
  ptrdiff_t source;
  ptrdiff_t filter;
};

thread_local Scratch tapMemory;

/** The taps of a row and a run of columns; `filterWidth` and `sourceWidth` in pixels. */
int tapsOf(const Axis& rows, int row, const Runs& columns, const Run& run, int filterWidth, int sourceWidth,
           int channels, Tap* taps) {
  int count = 0;
  for (int i = 0; i < rows.taps; i++) {
    int sourceRow;
    if (!rows.find(row, i, sourceRow)) continue;
    for (int j = 0; j < run.tapCount; j++) {
      const AxisTap column = columns.taps[run.taps + j];
      taps[count++] = {(ptrdiff_t(sourceRow) * sourceWidth + column.source) * channels,
                       (ptrdiff_t(i) * filterWidth + column.tap) * channels};
    }
  }
  return count;
}

}  // namespace
