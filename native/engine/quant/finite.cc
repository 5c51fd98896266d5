#include "quant/finite.h"

#include <cstring>

namespace paddock {
namespace {

// The exponent of an infinity or a NaN is all ones. Without branches, so that compilers use vectors.
template <typename Bits>
bool FiniteElements(const uint8_t* data, size_t bytes, Bits exponent) {
  uint32_t broken = 0;
  for (size_t at = 0; at + sizeof(Bits) <= bytes; at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, data + at, sizeof bits);
    broken |= static_cast<uint32_t>((bits & exponent) == exponent);
  }
  return broken == 0;
}

// Halves at `offset` and, if there are `count` of them, behind it, of every block.
bool FiniteScales(const uint8_t* data, size_t bytes, size_t block, size_t offset, size_t count) {
  constexpr uint16_t kExponent = 0x7c00;
  uint32_t broken = 0;
  for (size_t at = 0; at + block <= bytes; at += block) {
    for (size_t i = 0; i < count; ++i) {
      uint16_t half;
      std::memcpy(&half, data + at + offset + 2 * i, sizeof half);
      broken |= static_cast<uint32_t>((half & kExponent) == kExponent);
    }
  }
  return broken == 0;
}

}  // namespace

bool AllFinite(TensorType type, const uint8_t* data, size_t bytes) {
  const size_t block = static_cast<size_t>(Traits(type).block_bytes);
  switch (type) {
    case TensorType::kF32: return FiniteElements<uint32_t>(data, bytes, 0x7f800000);
    case TensorType::kF16: return FiniteElements<uint16_t>(data, bytes, 0x7c00);
    case TensorType::kBF16: return FiniteElements<uint16_t>(data, bytes, 0x7f80);
    case TensorType::kQ4_0:
    case TensorType::kQ5_0:
    case TensorType::kQ8_0:
    case TensorType::kIQ4_NL: return FiniteScales(data, bytes, block, 0, 1);
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
    case TensorType::kQ4_K:
    case TensorType::kQ5_K: return FiniteScales(data, bytes, block, 0, 2);
    case TensorType::kQ6_K: return FiniteScales(data, bytes, block, offsetof(BlockQ6_K, d), 1);
  }
  return false;
}

}  // namespace paddock
