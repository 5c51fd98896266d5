// A large, 64-byte aligned, zeroed block of memory whose allocation may fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace paddock {

class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { Free(); }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // False when there is not so much memory. Pages are taken from the system when they are first touched.
  bool Allocate(size_t bytes);
  void Free();

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Gives memory that was freed back to the system, where the C library would keep it for later.
void ReturnFreedMemory();

}  // namespace paddock
