// Working memory of the kernels.

#pragma once

#include <cstddef>
#include <cstdlib>

namespace {

/** Memory of one kind, which is used again and only grows; it stays with its thread. */
class Scratch {
 public:
  /** Room for so many values; what they are is undefined. Ends the process where there is not so much memory. */
  template <typename T>
  T* take(size_t count) {
    const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
    if (bytes > bytes_) {
      std::free(memory_);
      memory_ = std::aligned_alloc(64, bytes);
      if (memory_ == nullptr) std::abort();
      bytes_ = bytes;
    }
    return static_cast<T*>(memory_);
  }

 private:
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace
