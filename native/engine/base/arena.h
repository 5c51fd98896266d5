// Hands out 64-byte aligned pieces of one block of memory, or only counts them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/rows.h"

namespace paddock {

class Arena {
 public:
  // Null measures: pieces are then not assigned.
  explicit Arena(uint8_t* base) : base_(base) {}
  template <typename T>
  void Take(T** out, size_t count) {
    if (base_ != nullptr) *out = reinterpret_cast<T*>(base_ + used_);
    used_ += (count * sizeof(T) + 63) / 64 * 64;
  }
  // Room for `rows` rows of `stride` elements.
  template <typename T>
  void Take(Rows<T>* out, size_t rows, size_t stride) {
    Take(&out->data, rows * stride);
    out->stride = stride;
  }
  uint64_t used() const { return used_; }

 private:
  uint8_t* base_;
  uint64_t used_ = 0;
};

}  // namespace paddock
