// Scratch memory of the kernels.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "memory.h"

namespace {

/** A buffer that is reused and only grows; each thread has its own. */
class Scratch {
 public:
  /** Room for `count` values, uninitialised. Throws OutOfMemory. */
  template <typename T>
  T* take(size_t count) {
    if (count > PTRDIFF_MAX / sizeof(T)) throw OutOfMemory();
    const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
    if (bytes > bytes_) {
      freeAligned(memory_);
      bytes_ = 0;
      memory_ = allocateAligned(bytes);
      if (memory_ == nullptr) throw OutOfMemory();
      bytes_ = bytes;
    }
    return static_cast<T*>(memory_);
  }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace
