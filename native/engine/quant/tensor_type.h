// Tensor types of GGUF files: identifiers, block geometry, and the byte layout of each block.
//
// The layouts are facts of the file format. A row is a sequence of blocks; all little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace paddock {

// Values as they stand in the file. Only types that the engine can run are listed.
enum class TensorType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 20,
  kBF16 = 30,
};

struct TensorTypeTraits {
  const char* name;
  int block_elements;
  int block_bytes;
};

// nullptr for a type that the engine does not run.
inline const TensorTypeTraits* FindTraits(uint32_t type) {
  struct Row {
    TensorType type;
    TensorTypeTraits traits;
  };
  static constexpr Row kRows[] = {
      {TensorType::kF32, {"F32", 1, 4}},       {TensorType::kF16, {"F16", 1, 2}},
      {TensorType::kBF16, {"BF16", 1, 2}},     {TensorType::kQ4_0, {"Q4_0", 32, 18}},
      {TensorType::kQ4_1, {"Q4_1", 32, 20}},   {TensorType::kQ5_0, {"Q5_0", 32, 22}},
      {TensorType::kQ5_1, {"Q5_1", 32, 24}},   {TensorType::kQ8_0, {"Q8_0", 32, 34}},
      {TensorType::kQ4_K, {"Q4_K", 256, 144}}, {TensorType::kQ5_K, {"Q5_K", 256, 176}},
      {TensorType::kQ6_K, {"Q6_K", 256, 210}}, {TensorType::kIQ4_NL, {"IQ4_NL", 32, 18}},
  };
  for (const Row& row : kRows) {
    if (static_cast<uint32_t>(row.type) == type) return &row.traits;
  }
  return nullptr;
}

inline const TensorTypeTraits& Traits(TensorType type) {
  return *FindTraits(static_cast<uint32_t>(type));
}

// Bytes of one row of `columns` elements; columns is a multiple of the type's block.
inline size_t RowBytes(TensorType type, size_t columns) {
  const TensorTypeTraits& traits = Traits(type);
  return columns / static_cast<size_t>(traits.block_elements) * static_cast<size_t>(traits.block_bytes);
}

// The values of the 16 codes of IQ4_NL.
inline constexpr int8_t kIq4NlCodebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

#pragma pack(push, 1)
// w = d * (q - 8); byte j holds elements j (low nibble) and j + 16 (high).
struct BlockQ4_0 {
  uint16_t d;
  uint8_t q[16];
};
// w = d * q + m
struct BlockQ4_1 {
  uint16_t d, m;
  uint8_t q[16];
};
// w = d * (q - 16); bit j of the little-endian word `high` is the fifth bit of element j.
struct BlockQ5_0 {
  uint16_t d;
  uint8_t high[4];
  uint8_t q[16];
};
// w = d * q + m
struct BlockQ5_1 {
  uint16_t d, m;
  uint8_t high[4];
  uint8_t q[16];
};
// w = d * q
struct BlockQ8_0 {
  uint16_t d;
  int8_t q[32];
};
// w = d * kIq4NlCodebook[q], nibbles as in Q4_0: levels stand closer around zero, where most weights are.
struct BlockIQ4_NL {
  uint16_t d;
  uint8_t q[16];
};
// Eight runs of 32: w = d * scale[r] * q - dmin * min[r], scales and mins of 6 bits packed in 12 bytes.
// Bytes 32j .. 32j+31 of q hold run 2j in the low nibbles and run 2j+1 in the high ones.
struct BlockQ4_K {
  uint16_t d, dmin;
  uint8_t scales[12];
  uint8_t q[128];
};
// As Q4_K; bit r of high[i] is the fifth bit of element i of run r.
struct BlockQ5_K {
  uint16_t d, dmin;
  uint8_t scales[12];
  uint8_t high[32];
  uint8_t q[128];
};
// Sixteen runs of 16: w = d * scale[r] * (q - 32). Half n (128 elements) takes 64 bytes of `low` and 32 of `high`:
// element 32t + i of the half has its low bits in low[32 * (t % 2) + i], nibble t / 2, and its top bits in
// bits 2t, 2t+1 of high[i].
struct BlockQ6_K {
  uint8_t low[128];
  uint8_t high[64];
  int8_t scales[16];
  uint16_t d;
};
#pragma pack(pop)

// The 6-bit scale and min of run r (0..7) of a Q4_K or Q5_K block.
inline void UnpackScaleMin(const uint8_t* packed, int r, uint8_t* scale, uint8_t* min) {
  if (r < 4) {
    *scale = packed[r] & 63;
    *min = packed[r + 4] & 63;
  } else {
    *scale = static_cast<uint8_t>((packed[r + 4] & 15) | ((packed[r - 4] >> 6) << 4));
    *min = static_cast<uint8_t>((packed[r + 4] >> 4) | ((packed[r] >> 6) << 4));
  }
}

}  // namespace paddock
