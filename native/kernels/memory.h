// Aligned memory that is freed at the end of its scope.

#pragma once

#include <cstdlib>
#include <new>

class Memory {
 public:
  explicit Memory(size_t bytes) : data_(std::aligned_alloc(64, (bytes + 63) / 64 * 64)) {
    if (data_ == nullptr && bytes > 0) throw std::bad_alloc();
  }
  ~Memory() { std::free(data_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* data() const { return data_; }

 private:
  void* data_;
};
