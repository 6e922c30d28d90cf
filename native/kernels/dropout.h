// Dropout (Srivastava et al. 2014). The mask is a function of a value's position, the step and a key, so nothing needs
// to be stored for the backward pass and any part can be computed on its own: Threefry-2x32 with 20 rounds (Salmon et
// al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
//
// Value i of a batch uses the 16-bit number `part` = (i >> 4) & 3 of block (16 (i >> 6) + (i & 15), step): the lower or
// upper half of the block's first word, then of its second. So 16 consecutive blocks make 64 values.

#pragma once

#include "columns.h"

namespace {

template <int BITS>
inline Unsigned rotate(Unsigned words) {
  return (words << BITS) | (words >> (32 - BITS));
}

template <int A, int B, int C, int D>
inline void fourRounds(Unsigned& x0, Unsigned& x1) {
  x0 += x1, x1 = rotate<A>(x1) ^ x0;
  x0 += x1, x1 = rotate<B>(x1) ^ x0;
  x0 += x1, x1 = rotate<C>(x1) ^ x0;
  x0 += x1, x1 = rotate<D>(x1) ^ x0;
}

/** Turns counters (x0, x1) into random words, in place. */
inline void threefry(Unsigned& x0, Unsigned& x1, uint32_t k0, uint32_t k1) {
  const uint32_t k2 = 0x1bd11bda ^ k0 ^ k1;
  x0 += k0, x1 += k1;
  fourRounds<13, 15, 26, 6>(x0, x1);
  x0 += k1, x1 += k2 + 1;
  fourRounds<17, 29, 16, 24>(x0, x1);
  x0 += k2, x1 += k0 + 2;
  fourRounds<13, 15, 26, 6>(x0, x1);
  x0 += k0, x1 += k1 + 3;
  fourRounds<17, 29, 16, 24>(x0, x1);
  x0 += k1, x1 += k2 + 4;
  fourRounds<13, 15, 26, 6>(x0, x1);
  x0 += k2, x1 += k0 + 5;
}

struct DropoutMask {
  uint32_t k0, k1, step;
  /** Values whose random number is at least this are kept. */
  int32_t threshold;
  float factor;

  /** The 64 values of one group. */
  template <typename T>
  void apply(uint64_t group, const T* x, T* y) const {
    Unsigned lanes;
    for (int lane = 0; lane < kLanes; lane++) lanes[lane] = uint32_t(lane);
#pragma GCC unroll 4
    for (int first = 0; first < 16; first += kLanes) {
      Unsigned x0 = lanes + uint32_t(16 * group + first);
      Unsigned x1 = Unsigned{} + step;
      threefry(x0, x1, k0, k1);
      const Unsigned numbers[4] = {x0 & 0xffff, x0 >> 16, x1 & 0xffff, x1 >> 16};
#pragma GCC unroll 4
      for (int part = 0; part < 4; part++) {
        const Vector value = load(x + 16 * part + first);
        const Integers isKept = (Integers)numbers[part] >= threshold;
        store(y + 16 * part + first, (Vector)((Integers)(value * factor) & isKept));
      }
    }
  }
};

void dropout(Type type, const void* x, void* y, int64_t first, ptrdiff_t count, uint32_t k0, uint32_t k1, uint32_t step,
             double rate) {
  const DropoutMask mask{k0, k1, step, int32_t(rate * 65536 + 0.5), float(1 / (1 - rate))};
  withType(type, [&](auto zero) {
    using T = decltype(zero);
    const T* from = static_cast<const T*>(x);
    T* to = static_cast<T*>(y);
    for (ptrdiff_t at = 0; at < count;) {
      const uint64_t index = uint64_t(first) + uint64_t(at);
      const int offset = int(index & 63);
      if (offset == 0 && count - at >= 64) {
        mask.apply(index >> 6, from + at, to + at);
        at += 64;
        continue;
      }
      const ptrdiff_t length = count - at < 64 - offset ? count - at : 64 - offset;
      T group[64] = {};
      std::memcpy(group + offset, from + at, sizeof(T) * length);
      mask.apply(index >> 6, group, group);
      std::memcpy(to + at, group + offset, sizeof(T) * length);
      at += length;
    }
  });
}

}  // namespace
