#include "quant/dequantize.h"

#include <cstdint>
#include <cstring>

#include "base/half.h"

namespace paddock {
namespace {

// Sources are rows of a mapped file, which aligns only the first one: blocks are copied out before use.
template <typename Block, typename Expand>
void ForEachBlock(const void* source, size_t count, size_t block_elements, float* out, Expand expand) {
  const auto* bytes = static_cast<const uint8_t*>(source);
  for (size_t i = 0; i < count; i += block_elements, bytes += sizeof(Block)) {
    Block block;
    std::memcpy(&block, bytes, sizeof block);
    expand(block, out + i);
  }
}

int FifthBit(const uint8_t* high, int j) {
  return ((high[j / 8] >> (j % 8)) & 1) << 4;
}

template <typename Block>
void ExpandQ4_K(const Block& block, float* out) {
  const float d = HalfToFloat(block.d), dmin = HalfToFloat(block.dmin);
  for (int r = 0; r < 8; ++r) {
    uint8_t scale, min;
    UnpackScaleMin(block.scales, r, &scale, &min);
    for (int i = 0; i < 32; ++i) {
      int q = block.q[32 * (r / 2) + i];
      q = (r % 2 == 0) ? (q & 15) : (q >> 4);
      if constexpr (requires { block.high; }) q |= ((block.high[i] >> r) & 1) << 4;
      out[32 * r + i] = d * scale * static_cast<float>(q) - dmin * min;
    }
  }
}

void ExpandQ6_K(const BlockQ6_K& block, float* out) {
  const float d = HalfToFloat(block.d);
  for (int n = 0; n < 2; ++n) {
    for (int t = 0; t < 4; ++t) {
      for (int i = 0; i < 32; ++i) {
        const int byte = block.low[64 * n + 32 * (t % 2) + i];
        const int low = (t < 2) ? (byte & 15) : (byte >> 4);
        const int high = (block.high[32 * n + i] >> (2 * t)) & 3;
        const int scale = block.scales[8 * n + 2 * t + i / 16];
        out[128 * n + 32 * t + i] = d * static_cast<float>(scale) * static_cast<float>((low | (high << 4)) - 32);
      }
    }
  }
}

}  // namespace

void Dequantize(TensorType type, const void* source, size_t count, float* out) {
  switch (type) {
    case TensorType::kF32: std::memcpy(out, source, count * sizeof(float)); return;
    case TensorType::kF16:
      ForEachBlock<uint16_t>(source, count, 1, out, [](uint16_t v, float* o) { *o = HalfToFloat(v); });
      return;
    case TensorType::kBF16:
      ForEachBlock<uint16_t>(source, count, 1, out, [](uint16_t v, float* o) { *o = Bfloat16ToFloat(v); });
      return;
    case TensorType::kQ4_0:
      ForEachBlock<BlockQ4_0>(source, count, 32, out, [](const BlockQ4_0& b, float* o) {
        const float d = HalfToFloat(b.d);
        for (int j = 0; j < 16; ++j) {
          o[j] = d * static_cast<float>((b.q[j] & 15) - 8);
          o[j + 16] = d * static_cast<float>((b.q[j] >> 4) - 8);
        }
      });
      return;
    case TensorType::kQ4_1:
      ForEachBlock<BlockQ4_1>(source, count, 32, out, [](const BlockQ4_1& b, float* o) {
        const float d = HalfToFloat(b.d), m = HalfToFloat(b.m);
        for (int j = 0; j < 16; ++j) {
          o[j] = d * static_cast<float>(b.q[j] & 15) + m;
          o[j + 16] = d * static_cast<float>(b.q[j] >> 4) + m;
        }
      });
      return;
    case TensorType::kQ5_0:
      ForEachBlock<BlockQ5_0>(source, count, 32, out, [](const BlockQ5_0& b, float* o) {
        const float d = HalfToFloat(b.d);
        for (int j = 0; j < 16; ++j) {
          o[j] = d * static_cast<float>(((b.q[j] & 15) | FifthBit(b.high, j)) - 16);
          o[j + 16] = d * static_cast<float>(((b.q[j] >> 4) | FifthBit(b.high, j + 16)) - 16);
        }
      });
      return;
    case TensorType::kQ5_1:
      ForEachBlock<BlockQ5_1>(source, count, 32, out, [](const BlockQ5_1& b, float* o) {
        const float d = HalfToFloat(b.d), m = HalfToFloat(b.m);
        for (int j = 0; j < 16; ++j) {
          o[j] = d * static_cast<float>((b.q[j] & 15) | FifthBit(b.high, j)) + m;
          o[j + 16] = d * static_cast<float>((b.q[j] >> 4) | FifthBit(b.high, j + 16)) + m;
        }
      });
      return;
    case TensorType::kQ8_0:
      ForEachBlock<BlockQ8_0>(source, count, 32, out, [](const BlockQ8_0& b, float* o) {
        const float d = HalfToFloat(b.d);
        for (int j = 0; j < 32; ++j) o[j] = d * static_cast<float>(b.q[j]);
      });
      return;
    case TensorType::kIQ4_NL:
      ForEachBlock<BlockIQ4_NL>(source, count, 32, out, [](const BlockIQ4_NL& b, float* o) {
        const float d = HalfToFloat(b.d);
        for (int j = 0; j < 16; ++j) {
          o[j] = d * static_cast<float>(kIq4NlCodebook[b.q[j] & 15]);
          o[j + 16] = d * static_cast<float>(kIq4NlCodebook[b.q[j] >> 4]);
        }
      });
      return;
    case TensorType::kQ4_K: ForEachBlock<BlockQ4_K>(source, count, 256, out, ExpandQ4_K<BlockQ4_K>); return;
    case TensorType::kQ5_K: ForEachBlock<BlockQ5_K>(source, count, 256, out, ExpandQ4_K<BlockQ5_K>); return;
    case TensorType::kQ6_K: ForEachBlock<BlockQ6_K>(source, count, 256, out, ExpandQ6_K); return;
  }
}

}  // namespace paddock
