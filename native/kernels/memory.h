// Aligned memory that is freed at the end of its scope.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

/** What JavaScript receives as an error if memory runs out. */
struct OutOfMemory : std::bad_alloc {
  const char* what() const noexcept override { return "not enough memory for the arrays of a kernel"; }
};

class Memory {
 public:
  /** Throws OutOfMemory. */
  explicit Memory(size_t bytes) {
    if (bytes > PTRDIFF_MAX - 63) throw OutOfMemory();
    data_ = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (data_ == nullptr && bytes > 0) throw OutOfMemory();
  }
  ~Memory() { std::free(data_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* data() const { return data_; }

 private:
  void* data_;
};
