// Measures the peak rate of a core's matrix products: the loops of native/ on operands that stay in its fastest caches.
// peak.ts compiles it for one instruction set; KERNELS is its file in native/.
//
//   peak <name of the kernels> <start, in milliseconds since 1970> <seconds>
//
// Keeps its core busy from launch, measures float32 from the start time for the given seconds and then bfloat16 for as
// long: processes with the same start time keep all their cores busy meanwhile. Prints GFLOP/s, counting two operations
// per multiply-add, as {"float32": ..., "bfloat16": ...}, or nothing if this processor does not run these kernels.

#include KERNELS

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "native/kernels/processor.h"

#if defined(VECTOR_BYTES)

namespace {

/** Longer sums are stored less often; shorter ones have operands that fit in smaller caches. The best one counts. */
constexpr int kDepths[] = {128, 256, 512};
constexpr int kDepthCount = 3;
constexpr int kDeepest = 512;
constexpr int kCalls = 500;
/** Minimum CPU time of each measurement. */
constexpr double kSliceSeconds = 0.05;

/** One panel, and the number of rows whose sums are kept in registers. */
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

  /** Numbers between -1 and 1, because a processor may need less power for zeros and so run faster. */
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

/** Operations per second of CPU time, which other programs do not affect. */
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
      // Pretends that the sums are read, so that they are computed each time.
      asm volatile("" ::: "memory");
    }
    operations += 2.0 * operands.kCount * depth * kWidth * kCalls;
    seconds = double(std::clock() - begin) / CLOCKS_PER_SEC;
  } while (seconds < kSliceSeconds);
  return operations / seconds;
}

/** The best rate measured until the time `until`, after trying each depth at least once. */
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
  // Checked first: everything else may use instructions that this processor does not have.
  if (canRun(arguments[1])) measure(std::atof(arguments[2]) / 1000, std::atof(arguments[3]));
#else
  (void)arguments;  // the compiler does not support these instructions
#endif
  return 0;
}
