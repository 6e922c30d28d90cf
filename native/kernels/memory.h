// Aligned memory that is freed at the end of its scope.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(_WIN32)
#include <malloc.h>
#endif

/** What JavaScript receives as an error if memory runs out. */
struct OutOfMemory : std::bad_alloc {
  const char* what() const noexcept override { return "not enough memory for the arrays of a kernel"; }
};

/** `bytes`: a multiple of 64. Null if there is not enough memory. */
inline void* allocateAligned(size_t bytes) {
#if defined(_WIN32)
  return _aligned_malloc(bytes, 64);
#else
  return std::aligned_alloc(64, bytes);
#endif
}

inline void freeAligned(void* memory) {
#if defined(_WIN32)
  _aligned_free(memory);
#else
  std::free(memory);
#endif
}

class Memory {
 public:
  /** Throws OutOfMemory. */
  explicit Memory(size_t bytes) {
    if (bytes > PTRDIFF_MAX - 63) throw OutOfMemory();
    data_ = allocateAligned((bytes + 63) / 64 * 64);
    if (data_ == nullptr && bytes > 0) throw OutOfMemory();
  }
  ~Memory() { freeAligned(data_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* data() const { return data_; }

 private:
  void* data_;
};
