// Rows of quantized weights with random codes and sane scales.
#pragma once

#include <cstring>
#include <vector>

#include "base/half.h"
#include "quant/tensor_type.h"
#include "random.h"

namespace paddock::test {

// Byte offsets of the half-precision scales of a block.
inline std::vector<size_t> ScaleOffsets(TensorType type) {
  switch (type) {
    case TensorType::kQ4_0:
    case TensorType::kQ5_0:
    case TensorType::kQ8_0:
    case TensorType::kIQ4_NL: return {0};
    case TensorType::kQ4_1:
    case TensorType::kQ5_1:
    case TensorType::kQ4_K:
    case TensorType::kQ5_K: return {0, 2};
    case TensorType::kQ6_K: return {208};
    default: return {};
  }
}

// [rows][columns] in `type`; values are of the order of `scale`.
inline std::vector<uint8_t> RandomTensor(TensorType type, int rows, int columns, float scale, Random& random) {
  std::vector<uint8_t> out(RowBytes(type, static_cast<size_t>(columns)) * static_cast<size_t>(rows));
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(columns);
  if (type == TensorType::kF32 || type == TensorType::kF16 || type == TensorType::kBF16) {
    for (size_t i = 0; i < count; ++i) {
      const float x = random.Uniform() * scale;
      uint32_t bits;
      std::memcpy(&bits, &x, 4);
      const uint16_t half = type == TensorType::kF16 ? FloatToHalf(x) : static_cast<uint16_t>(bits >> 16);
      if (type == TensorType::kF32) {
        std::memcpy(&out[4 * i], &x, 4);
      } else {
        std::memcpy(&out[2 * i], &half, 2);
      }
    }
    return out;
  }
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random.Next() >> 8);
  const size_t block = static_cast<size_t>(Traits(type).block_bytes);
  // K-quants multiply the half scale with 6- or 8-bit ones, and all multiply it with the code.
  const float step = Traits(type).block_elements == 256                         ? scale / 1000
                     : type == TensorType::kQ8_0 || type == TensorType::kIQ4_NL ? scale / 128
                                                                                : scale / 16;
  for (size_t at = 0; at < out.size(); at += block) {
    for (const size_t offset : ScaleOffsets(type)) {
      const uint16_t d = FloatToHalf(step * (1 + 0.5f * random.Uniform()));
      std::memcpy(&out[at + offset], &d, 2);
    }
  }
  return out;
}

}  // namespace paddock::test
