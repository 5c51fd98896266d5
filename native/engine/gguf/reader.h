// A cursor over untrusted bytes: nothing is read before it is known to be there.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace paddock {

// True when a * b does not fit 64 bits.
inline bool MultiplyOverflows(uint64_t a, uint64_t b, uint64_t* product) {
#if defined(__GNUC__)
  return __builtin_mul_overflow(a, b, product);
#else
  *product = a * b;
  return a != 0 && *product / a != b;
#endif
}

class Reader {
 public:
  // `bytes` are the first of `total`; claims are measured against all of them.
  Reader(std::span<const uint8_t> bytes, uint64_t total) : bytes_(bytes), total_(total) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return total_ - position_; }
  // Whether something could not be read that is there, but not among the first bytes.
  bool exhausted() const { return exhausted_; }

  // Little-endian, unaligned.
  template <typename T>
  requires std::is_arithmetic_v<T>
  bool Read(T* value) {
    if (!Has(sizeof(T))) return false;
    std::memcpy(value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return true;
  }

  bool ReadBytes(uint64_t count, std::span<const uint8_t>* out) {
    if (!Has(count)) return false;
    *out = bytes_.subspan(position_, count);
    position_ += count;
    return true;
  }

  // A 64-bit length and that many bytes.
  bool ReadString(std::string_view* out) {
    uint64_t length;
    std::span<const uint8_t> data;
    if (!Read(&length) || !ReadBytes(length, &data)) return false;
    *out = {reinterpret_cast<const char*>(data.data()), data.size()};
    return true;
  }

 private:
  bool Has(uint64_t count) {
    if (count > remaining()) return false;
    exhausted_ = exhausted_ || count > bytes_.size() - position_;
    return !exhausted_;
  }

  std::span<const uint8_t> bytes_;
  uint64_t total_;
  bool exhausted_ = false;
  uint64_t position_ = 0;
};

}  // namespace paddock
