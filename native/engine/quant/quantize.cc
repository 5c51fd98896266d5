#include "quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/half.h"

namespace paddock {
namespace {

// Sums are made in kParts parts, because a compiler may use vectors but not reorder additions.
constexpr size_t kParts = 8;
constexpr int kBlock = 32;

uint16_t ToHalf(float v) {
  return FloatToHalf(std::clamp(v, -65504.0f, 65504.0f));
}

// Sixteen groups side by side, what a line through each is, and the codes that it gives.
struct Groups : FitGroups {
  alignas(64) float scale[kFitGroups];
  alignas(64) float offset[kFitGroups];
  alignas(64) int8_t code[kFitElements][kFitGroups];

  // The next `count` groups of `elements` each; those that are missing become zeros.
  void Load(const float* from_x, const float* from_w, int elements, int count) {
    n = elements;
    if (count < kFitGroups) {
      for (int i = 0; i < n; ++i) {
        std::fill_n(x[i], kFitGroups, 0.0f);
        std::fill_n(w[i], kFitGroups, 1.0f);
      }
    }
    for (int group = 0; group < count; ++group) {
      for (int i = 0; i < n; ++i) {
        x[i][group] = from_x[group * n + i];
        w[i][group] = from_w[group * n + i];
      }
    }
    std::fill_n(offset, kFitGroups, 0.0f);
  }
  void Codes(const FitTable& fits, int low, int high) { fits.codes(*this, scale, offset, low, high, code); }
  int Code(int group, int i) const { return code[i][group]; }
};

// ---- blocks of 32 ------------------------------------------------------------------------------------------------
// Each makes `count` (at most kFitGroups) blocks of the groups that are loaded.

// Bytes of a low and a high nibble, from codes that `zero` moves to begin at 0.
void PutNibbles(const Groups& g, int group, int zero, uint8_t* q) {
  for (int i = 0; i < 16; ++i)
    q[i] = static_cast<uint8_t>(((g.Code(group, i) + zero) & 15) | ((g.Code(group, i + 16) + zero) & 15) << 4);
}

void PutFifthBits(const Groups& g, int group, int zero, uint8_t* high) {
  uint32_t bits = 0;
  for (int i = 0; i < kBlock; ++i) bits |= static_cast<uint32_t>((g.Code(group, i) + zero) >> 4 & 1) << i;
  for (int i = 0; i < 4; ++i) high[i] = static_cast<uint8_t>(bits >> (8 * i));
}

// Codes of a range whose zero is in its middle, for the scales as the blocks will hold them.
void CenteredCodes(const FitTable& fits, int zero, Groups* g, uint16_t* d) {
  fits.scales(*g, -zero, zero - 1, g->scale);
  for (int i = 0; i < kFitGroups; ++i) {
    d[i] = ToHalf(g->scale[i]);
    g->scale[i] = HalfToFloat(d[i]);
  }
  g->Codes(fits, -zero, zero - 1);
}

void AffineCodes(const FitTable& fits, int levels, Groups* g, uint16_t* d, uint16_t* m) {
  fits.lines(*g, levels, false, g->scale, g->offset);
  for (int i = 0; i < kFitGroups; ++i) {
    d[i] = ToHalf(g->scale[i]);
    m[i] = ToHalf(g->offset[i]);
    g->scale[i] = HalfToFloat(d[i]);
    g->offset[i] = HalfToFloat(m[i]);
  }
  g->Codes(fits, 0, levels);
}

void Quantize(const FitTable& fits, Groups* g, int count, BlockQ4_0* out) {
  uint16_t d[kFitGroups];
  CenteredCodes(fits, 8, g, d);
  for (int i = 0; i < count; ++i) {
    out[i].d = d[i];
    PutNibbles(*g, i, 8, out[i].q);
  }
}

void Quantize(const FitTable& fits, Groups* g, int count, BlockIQ4_NL* out) {
  fits.uneven_scales(*g, g->scale);
  uint16_t d[kFitGroups];
  for (int i = 0; i < kFitGroups; ++i) {
    d[i] = ToHalf(g->scale[i]);
    g->scale[i] = HalfToFloat(d[i]);
  }
  fits.uneven_codes(*g, g->scale, g->code);
  for (int i = 0; i < count; ++i) {
    out[i].d = d[i];
    PutNibbles(*g, i, 0, out[i].q);
  }
}

void Quantize(const FitTable& fits, Groups* g, int count, BlockQ5_0* out) {
  uint16_t d[kFitGroups];
  CenteredCodes(fits, 16, g, d);
  for (int i = 0; i < count; ++i) {
    out[i].d = d[i];
    PutNibbles(*g, i, 16, out[i].q);
    PutFifthBits(*g, i, 16, out[i].high);
  }
}

void Quantize(const FitTable& fits, Groups* g, int count, BlockQ4_1* out) {
  uint16_t d[kFitGroups], m[kFitGroups];
  AffineCodes(fits, 15, g, d, m);
  for (int i = 0; i < count; ++i) {
    out[i].d = d[i];
    out[i].m = m[i];
    PutNibbles(*g, i, 0, out[i].q);
  }
}

void Quantize(const FitTable& fits, Groups* g, int count, BlockQ5_1* out) {
  uint16_t d[kFitGroups], m[kFitGroups];
  AffineCodes(fits, 31, g, d, m);
  for (int i = 0; i < count; ++i) {
    out[i].d = d[i];
    out[i].m = m[i];
    PutNibbles(*g, i, 0, out[i].q);
    PutFifthBits(*g, i, 0, out[i].high);
  }
}

// 255 levels leave nothing to search for.
void Quantize(const FitTable& fits, Groups* g, int count, BlockQ8_0* out) {
  float largest[kFitGroups] = {};
  for (int i = 0; i < kBlock; ++i) {
    for (int group = 0; group < kFitGroups; ++group)
      largest[group] = std::max(largest[group], std::fabs(g->x[i][group]));
  }
  for (int group = 0; group < kFitGroups; ++group) {
    const uint16_t d = ToHalf(largest[group] / 127);
    if (group < count) out[group].d = d;
    g->scale[group] = HalfToFloat(d);
  }
  g->Codes(fits, -127, 127);
  for (int group = 0; group < count; ++group) {
    for (int i = 0; i < kBlock; ++i) out[group].q[i] = g->code[i][group];
  }
}

// ---- blocks of 256 -----------------------------------------------------------------------------------------------
// A block of Q4_K or Q5_K is eight groups of 32, one of Q6_K is sixteen of 16.

// The 6 bits of each group's scale and min.
struct Bits {
  int scale[kFitGroups] = {}, min[kFitGroups] = {};
};

int Nearest(float v, int low, int high) {
  return static_cast<int>(std::lrint(std::clamp(v, static_cast<float>(low), static_cast<float>(high))));
}

// Searches the 3x3 neighbours of each group's ideal 6-bit scale and min for the least error, given the block's d and
// dmin.
Bits ChooseBits(const FitTable& fits, int levels, const float* d, const float* dmin, Groups* g) {
  int near_scale[kFitGroups], near_min[kFitGroups];
  for (int i = 0; i < kFitGroups; ++i) {
    near_scale[i] = d[i] > 0 ? Nearest(g->scale[i] / d[i], 0, 63) : 0;
    near_min[i] = dmin[i] > 0 ? Nearest(-g->offset[i] / dmin[i], 0, 63) : 0;
  }
  Bits best;
  float least[kFitGroups], error[kFitGroups];
  std::fill_n(least, kFitGroups, HUGE_VALF);
  for (int step = 0; step < 9; ++step) {
    Bits bits;
    for (int i = 0; i < kFitGroups; ++i) {
      bits.scale[i] = std::clamp(near_scale[i] + step / 3 - 1, 0, 63);
      bits.min[i] = std::clamp(near_min[i] + step % 3 - 1, 0, 63);
      g->scale[i] = d[i] * static_cast<float>(bits.scale[i]);
      g->offset[i] = -dmin[i] * static_cast<float>(bits.min[i]);
    }
    fits.errors(*g, g->scale, g->offset, 0, levels, error);
    for (int i = 0; i < kFitGroups; ++i) {
      if (error[i] >= least[i]) continue;
      least[i] = error[i];
      best.scale[i] = bits.scale[i];
      best.min[i] = bits.min[i];
    }
  }
  return best;
}

// The reverse of UnpackScaleMin().
void PackScalesMins(const int* scale, const int* min, uint8_t* packed) {
  for (int r = 0; r < 4; ++r) {
    packed[r] = static_cast<uint8_t>(scale[r] | (scale[r + 4] >> 4) << 6);
    packed[r + 4] = static_cast<uint8_t>(min[r] | (min[r + 4] >> 4) << 6);
    packed[r + 8] = static_cast<uint8_t>((scale[r + 4] & 15) | (min[r + 4] & 15) << 4);
  }
}

template <typename Block>
void QuantizeRuns(const FitTable& fits, int levels, Groups* g, int count, Block* out) {
  fits.lines(*g, levels, true, g->scale, g->offset);
  float d[kFitGroups], dmin[kFitGroups];
  uint16_t half_d[2], half_dmin[2];
  for (int block = 0; block < 2; ++block) {
    const int first = 8 * block;
    half_d[block] = ToHalf(*std::max_element(g->scale + first, g->scale + first + 8) / 63);
    half_dmin[block] = ToHalf(std::max(0.0f, -*std::min_element(g->offset + first, g->offset + first + 8)) / 63);
    std::fill_n(d + first, 8, HalfToFloat(half_d[block]));
    std::fill_n(dmin + first, 8, HalfToFloat(half_dmin[block]));
  }
  const Bits bits = ChooseBits(fits, levels, d, dmin, g);
  for (int i = 0; i < kFitGroups; ++i) {
    g->scale[i] = d[i] * static_cast<float>(bits.scale[i]);
    g->offset[i] = -dmin[i] * static_cast<float>(bits.min[i]);
  }
  g->Codes(fits, 0, levels);
  for (int block = 0; 8 * block < count; ++block) {
    const int first = 8 * block;
    Block& b = out[block];
    b.d = half_d[block];
    b.dmin = half_dmin[block];
    PackScalesMins(bits.scale + first, bits.min + first, b.scales);
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 32; ++i) {
        const int low = g->Code(first + 2 * j, i) & 15, high = g->Code(first + 2 * j + 1, i) & 15;
        b.q[32 * j + i] = static_cast<uint8_t>(low | high << 4);
      }
    }
    if constexpr (requires { b.high; }) {
      for (int i = 0; i < 32; ++i) {
        int fifth = 0;
        for (int r = 0; r < 8; ++r) fifth |= (g->Code(first + r, i) >> 4) << r;
        b.high[i] = static_cast<uint8_t>(fifth);
      }
    }
  }
}

void Quantize(const FitTable& fits, Groups* g, int count, BlockQ4_K* out) {
  QuantizeRuns(fits, 15, g, count, out);
}

void Quantize(const FitTable& fits, Groups* g, int count, BlockQ5_K* out) {
  QuantizeRuns(fits, 31, g, count, out);
}

void Quantize(const FitTable& fits, Groups* g, int, BlockQ6_K* out) {
  fits.scales(*g, -32, 31, g->scale);
  float largest = 0;
  for (const float scale : g->scale) {
    if (std::fabs(scale) > std::fabs(largest)) largest = scale;
  }
  out->d = ToHalf(largest / -128);
  const float d = HalfToFloat(out->d);
  int near[kFitGroups], best[kFitGroups] = {};
  for (int i = 0; i < kFitGroups; ++i) near[i] = d != 0 ? Nearest(g->scale[i] / d, -128, 127) : 0;
  float least[kFitGroups], error[kFitGroups];
  std::fill_n(least, kFitGroups, HUGE_VALF);
  for (int step = -1; step <= 1; ++step) {
    int scale[kFitGroups];
    for (int i = 0; i < kFitGroups; ++i) {
      scale[i] = std::clamp(near[i] + step, -128, 127);
      g->scale[i] = d * static_cast<float>(scale[i]);
    }
    fits.errors(*g, g->scale, g->offset, -32, 31, error);
    for (int i = 0; i < kFitGroups; ++i) {
      if (error[i] >= least[i]) continue;
      least[i] = error[i];
      best[i] = scale[i];
    }
  }
  for (int i = 0; i < kFitGroups; ++i) {
    out->scales[i] = static_cast<int8_t>(best[i]);
    g->scale[i] = d * static_cast<float>(best[i]);
  }
  g->Codes(fits, -32, 31);
  const auto code = [&](int i) { return g->Code(i / 16, i % 16) + 32; };
  for (int half = 0; half < 2; ++half) {
    const int at = 128 * half;
    for (int i = 0; i < 64; ++i)
      out->low[64 * half + i] = static_cast<uint8_t>((code(at + i) & 15) | (code(at + i + 64) & 15) << 4);
    for (int i = 0; i < 32; ++i) {
      out->high[32 * half + i] = static_cast<uint8_t>(code(at + i) >> 4 | (code(at + i + 32) >> 4) << 2 |
                                                      (code(at + i + 64) >> 4) << 4 | (code(at + i + 96) >> 4) << 6);
    }
  }
}

// ---- rows ----------------------------------------------------------------------------------------------------------

template <typename Block, int kElements, int kGroup>
void QuantizeBlocks(const FitTable& fits, const float* x, const float* w, size_t elements, uint8_t* out) {
  constexpr size_t kStep = size_t{kGroup} * kFitGroups;
  Groups groups;
  Block blocks[kStep / kElements];
  for (size_t at = 0; at < elements; at += kStep) {
    const size_t n = std::min(kStep, elements - at);
    groups.Load(x + at, w + at, kGroup, static_cast<int>(n / kGroup));
    Quantize(fits, &groups, static_cast<int>(n / kGroup), blocks);
    const size_t bytes = n / kElements * sizeof(Block);
    std::memcpy(out, blocks, bytes);
    out += bytes;
  }
}

// What the error of each element of a row counts; the header says why.
void ErrorWeights(const float* x, const float* importance, size_t columns, float* w) {
  float squares[kParts] = {};
  for (size_t i = 0; i < columns; i += kParts) {
    for (size_t j = 0; j < kParts; ++j) squares[j] += x[i + j] * x[i + j];
  }
  float sum = 0;
  for (const float part : squares) sum += part;
  const float root = std::sqrt(sum / static_cast<float>(columns));
  const float inverse = std::isfinite(root) && root > 0 ? 1 / root : 0;
  for (size_t i = 0; i < columns; ++i) {
    const float relative = std::fabs(x[i]) * inverse;
    w[i] = importance == nullptr ? 1 + relative * relative : importance[i] * (1 + relative);
  }
}

}  // namespace

bool CanQuantize(TensorType type) {
  switch (type) {
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16: return false;
    default: return true;
  }
}

void QuantizeRows(const FitTable& fits, TensorType type, const float* x, const float* importance, size_t rows,
                  size_t columns, uint8_t* out) {
  const size_t elements = rows * columns;
  std::vector<float> weights(elements);
  float* w = weights.data();
  for (size_t at = 0; at < elements; at += columns) ErrorWeights(x + at, importance, columns, w + at);
  switch (type) {
    case TensorType::kQ4_0: return QuantizeBlocks<BlockQ4_0, 32, 32>(fits, x, w, elements, out);
    case TensorType::kQ4_1: return QuantizeBlocks<BlockQ4_1, 32, 32>(fits, x, w, elements, out);
    case TensorType::kQ5_0: return QuantizeBlocks<BlockQ5_0, 32, 32>(fits, x, w, elements, out);
    case TensorType::kQ5_1: return QuantizeBlocks<BlockQ5_1, 32, 32>(fits, x, w, elements, out);
    case TensorType::kQ8_0: return QuantizeBlocks<BlockQ8_0, 32, 32>(fits, x, w, elements, out);
    case TensorType::kIQ4_NL: return QuantizeBlocks<BlockIQ4_NL, 32, 32>(fits, x, w, elements, out);
    case TensorType::kQ4_K: return QuantizeBlocks<BlockQ4_K, 256, 32>(fits, x, w, elements, out);
    case TensorType::kQ5_K: return QuantizeBlocks<BlockQ5_K, 256, 32>(fits, x, w, elements, out);
    case TensorType::kQ6_K: return QuantizeBlocks<BlockQ6_K, 256, 16>(fits, x, w, elements, out);
    default: return;
  }
}

}  // namespace paddock
