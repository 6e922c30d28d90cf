// The most that a core computes in matrix products: the loops of native/ on operands that stay in its nearest caches.
// Compiled by peak.ts for one instruction set, of which KERNELS is the file in native/.
//
//   peak <name of the kernels> <start, in milliseconds since 1970> <seconds>
//
// Is busy from its launch on, measures float32 for so many seconds from the start on, and bfloat16 for as many after that:
// where several are given the same start, all their cores are busy meanwhile. Prints GFLOP/s, two operations for each
// multiply-add, as {"float32": ..., "bfloat16": ...}; or nothing where these kernels do not run on this processor.

#include KERNELS

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "native/kernels/processor.h"

#if defined(VECTOR_BYTES)

namespace {

/** Longer sums are stored less often, shorter ones have operands that fit into smaller caches: what is best is found. */
constexpr int kDepths[] = {128, 256, 512};
constexpr int kDepthCount = 3;
constexpr int kDeepest = 512;
constexpr int kCalls = 500;
/** Of each single measurement. */
constexpr double kSliceSeconds = 0.05;

/** One panel, and as many rows as the sums of are kept in registers. */
template <typename P>
struct Operands {
  static constexpr int kCount = kRowsRead<P> > kRows ? kRowsRead<P> : kRows;
  alignas(64) P rows[kCount * kDeepest];
  alignas(64) P panel[kDeepest * kWidth];
  alignas(64) float sums[kCount * kWidth];

  Operands() {
    fill(rows, kCount * kDeepest, 37);
    fill(panel, kDeepest * kWidth, 31);
  }

  /** Numbers between -1 and 1, since a processor may take less power, and be faster, for zeros. */
  static void fill(P* values, int count, int step) {
    for (int i = 0; i < count; i++) {
      const float value = float(i * step % 101) / 50 - 1;
      copyValues(values + i, &value, 1);
    }
  }
};

double now() {
  std::timespec time;
  std::timespec_get(&time, TIME_UTC);
  return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

/** Operations per second of the processor's time, from which other programs take nothing. */
template <typename P>
double rate(Operands<P>& operands, int depth) {
  const ptrdiff_t zero = 0;
  const Segments segments{&zero, 1, depth};
  const Target target{Values{operands.sums, Type::float32}, kWidth};
  const std::clock_t begin = std::clock();
  double operations = 0;
  double seconds;
  do {
    for (int i = 0; i < kCalls; i++) {
      multiplyPanels(operands.rows, operands.kCount, depth, segments, operands.panel, kWidth, target);
      // As if the sums were read: they have to be made each time.
      asm volatile("" ::: "memory");
    }
    operations += 2.0 * operands.kCount * depth * kWidth * kCalls;
    seconds = double(std::clock() - begin) / CLOCKS_PER_SEC;
  } while (seconds < kSliceSeconds);
  return operations / seconds;
}

/** The best until then, and each depth was tried. */
template <typename P>
double bestRate(Operands<P>& operands, double until) {
  double best = 0;
  for (int i = 0; i < kDepthCount || now() < until; i++) {
    const double found = rate(operands, kDepths[i % kDepthCount]);
    if (found > best) best = found;
  }
  return best;
}

void measure(double start, double seconds) {
  static Operands<float> floats;
  static Operands<Bfloat16> halves;
  bestRate(floats, start);
  const double float32 = bestRate(floats, start + seconds);
  const double bfloat16 = bestRate(halves, start + 2 * seconds);
  std::printf("{\"float32\": %.1f, \"bfloat16\": %.1f}\n", float32 * 1e-9, bfloat16 * 1e-9);
}

}  // namespace

#endif

int main(int count, char** arguments) {
  if (count != 4) return 2;
#if defined(VECTOR_BYTES)
  // Before anything else, which may be made of instructions that this processor has not.
  if (canRun(arguments[1])) measure(std::atof(arguments[2]) / 1000, std::atof(arguments[3]));
#else
  (void)arguments;  // the compiler does not know these instructions
#endif
  return 0;
}
