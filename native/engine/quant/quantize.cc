#include "quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/half.h"

namespace paddock {
namespace {

// ---- fits of one group of elements ------------------------------------------------------------------------------
// Sums are made in kParts parts, because a compiler may use vectors but not reorder additions; groups are multiples of
// it. Within a fit numbers are relative to the group's own, so that single precision is enough for them.

constexpr int kParts = 8;
constexpr int kMaxGroup = 32;

struct Group {
  const float* x;
  const float* w;  // weights of the squared errors, at most 1
  int n;
};

// The nearest whole number in [low, high], which lies within +-2^21: adding 1.5 * 2^23 leaves no room for fractions.
inline float Level(float v, float low, float high) {
  v = v < low ? low : v;
  v = v > high ? high : v;
  return (v + 12582912.0f) - 12582912.0f;
}

int Nearest(float v, int low, int high) {
  return static_cast<int>(Level(v, static_cast<float>(low), static_cast<float>(high)));
}

float Sum(const float (&parts)[kParts]) {
  float sum = 0;
  for (const float part : parts) sum += part;
  return sum;
}

// x ~ scale * q with q in [low, high], low < 0: a search over scales that map the extremes near the ends of the range,
// each improved by the least-squares scale for the codes that it gives.
float FitScale(const Group& g, int low, int high) {
  float extreme = 0;
  for (int i = 0; i < g.n; ++i) {
    if (std::fabs(g.x[i]) > std::fabs(extreme)) extreme = g.x[i];
  }
  if (extreme == 0) return 0;
  float x[kMaxGroup];
  for (int i = 0; i < g.n; ++i) x[i] = g.x[i] / extreme;
  float best_gain = -1, best = 0;
  for (const int end : {low, high}) {
    for (int step = -9; step <= 9; ++step) {
      float scale = 1 / (static_cast<float>(end) + 0.1f * static_cast<float>(step));
      for (int pass = 0; pass < 2; ++pass) {
        const float inverse = 1 / scale;
        float xq[kParts] = {}, qq[kParts] = {};
        for (int i = 0; i < g.n; i += kParts) {
          for (int j = 0; j < kParts; ++j) {
            const float q = Level(x[i + j] * inverse, static_cast<float>(low), static_cast<float>(high));
            xq[j] += g.w[i + j] * x[i + j] * q;
            qq[j] += g.w[i + j] * q * q;
          }
        }
        // With the best scale xq / qq the error is the sum of w x^2 less this gain.
        const float a = Sum(xq), b = Sum(qq);
        if (b == 0 || a == 0) break;
        scale = a / b;
        if (a * scale > best_gain) {
          best_gain = a * scale;
          best = scale;
        }
      }
    }
  }
  return best * extreme;
}

struct Affine {
  float scale = 0, offset = 0;  // x ~ scale * q + offset
};

// The least-squares line through (q, x) for the codes q in [0, levels] that `guess` gives, with the offset at most
// `highest`.
Affine Line(const Group& g, const Affine& guess, int levels, float highest, float* error) {
  float w[kParts] = {}, q1[kParts] = {}, q2[kParts] = {}, x1[kParts] = {}, xq[kParts] = {}, x2[kParts] = {};
  const float inverse = 1 / guess.scale;
  for (int i = 0; i < g.n; i += kParts) {
    for (int j = 0; j < kParts; ++j) {
      const float x = g.x[i + j], weight = g.w[i + j];
      const float q = Level((x - guess.offset) * inverse, 0, static_cast<float>(levels));
      const float wq = weight * q, wx = weight * x;
      w[j] += weight;
      q1[j] += wq;
      q2[j] += wq * q;
      x1[j] += wx;
      xq[j] += wx * q;
      x2[j] += wx * x;
    }
  }
  // Differences of large sums, so in double precision.
  const double sw = Sum(w), sq = Sum(q1), sqq = Sum(q2), sx = Sum(x1), sxq = Sum(xq);
  const double determinant = sw * sqq - sq * sq;
  double scale = determinant > 0 ? (sw * sxq - sq * sx) / determinant : 0;
  double offset = sw > 0 ? (sx - scale * sq) / sw : 0;
  if (offset > static_cast<double>(highest)) {
    offset = static_cast<double>(highest);
    scale = sqq > 0 ? (sxq - offset * sq) / sqq : 0;
  }
  scale = std::max(scale, 0.0);
  *error = static_cast<float>(static_cast<double>(Sum(x2)) - 2 * scale * sxq - 2 * offset * sx +
                              2 * scale * offset * sq + scale * scale * sqq + offset * offset * sw);
  return {static_cast<float>(scale), static_cast<float>(offset)};
}

// x ~ scale * q + offset with q in [0, levels], scale >= 0 and offset <= highest.
Affine FitAffine(const Group& g, int levels, float highest) {
  const auto [smallest, largest] = std::minmax_element(g.x, g.x + g.n);
  const float low = std::min(*smallest, highest), range = *largest - low;
  if (range <= 0) return {0, low};
  float x[kMaxGroup];
  for (int i = 0; i < g.n; ++i) x[i] = (g.x[i] - low) / range;
  const Group relative{x, g.w, g.n};
  Affine best{1 / static_cast<float>(levels), 0};
  float least = HUGE_VALF;
  for (int step = -5; step <= 12; ++step) {
    // Beyond the extremes on either side, or leaving some out.
    Affine fit{1 / (static_cast<float>(levels) + 0.15f * static_cast<float>(step)), 0};
    for (int pass = 0; pass < 3 && fit.scale > 0; ++pass) {
      float error;
      fit = Line(relative, fit, levels, (highest - low) / range, &error);
      if (fit.scale > 0 && error < least) {
        least = error;
        best = fit;
      }
    }
  }
  return {best.scale * range, low + best.offset * range};
}

// Weighted error of the nearest codes.
float Error(const Group& g, const Affine& a, int low, int high) {
  const float inverse = a.scale != 0 ? 1 / a.scale : 0;
  float error[kParts] = {};
  for (int i = 0; i < g.n; i += kParts) {
    for (int j = 0; j < kParts; ++j) {
      const float q = Level((g.x[i + j] - a.offset) * inverse, static_cast<float>(low), static_cast<float>(high));
      const float e = g.x[i + j] - (a.scale * q + a.offset);
      error[j] += g.w[i + j] * e * e;
    }
  }
  return Sum(error);
}

int Code(float x, const Affine& a, int low, int high) {
  return a.scale != 0 ? Nearest((x - a.offset) / a.scale, low, high) : std::clamp(0, low, high);
}

uint16_t ToHalf(float v) {
  return FloatToHalf(std::clamp(v, -65504.0f, 65504.0f));
}

// ---- blocks of 32 ------------------------------------------------------------------------------------------------

void PutNibbles(const int* codes, uint8_t* q) {
  for (int i = 0; i < 16; ++i) q[i] = static_cast<uint8_t>((codes[i] & 15) | (codes[i + 16] & 15) << 4);
}

void PutFifthBits(const int* codes, uint8_t* high) {
  uint32_t bits = 0;
  for (int i = 0; i < 32; ++i) bits |= static_cast<uint32_t>(codes[i] >> 4 & 1) << i;
  for (int i = 0; i < 4; ++i) high[i] = static_cast<uint8_t>(bits >> (8 * i));
}

// Codes of a block whose zero is in the middle of the range, shifted to begin at 0; returns the scale.
uint16_t CenteredCodes(const Group& g, int zero, int* codes) {
  const uint16_t d = ToHalf(FitScale(g, -zero, zero - 1));
  const Affine rounded{HalfToFloat(d), 0};
  for (int i = 0; i < 32; ++i) codes[i] = Code(g.x[i], rounded, -zero, zero - 1) + zero;
  return d;
}

void AffineCodes(const Group& g, int levels, int* codes, uint16_t* d, uint16_t* m) {
  const Affine fit = FitAffine(g, levels, HUGE_VALF);
  *d = ToHalf(fit.scale);
  *m = ToHalf(fit.offset);
  const Affine rounded{HalfToFloat(*d), HalfToFloat(*m)};
  for (int i = 0; i < 32; ++i) codes[i] = Code(g.x[i], rounded, 0, levels);
}

void Quantize(const Group& g, BlockQ4_0* out) {
  int codes[32];
  out->d = CenteredCodes(g, 8, codes);
  PutNibbles(codes, out->q);
}

void Quantize(const Group& g, BlockQ5_0* out) {
  int codes[32];
  out->d = CenteredCodes(g, 16, codes);
  PutNibbles(codes, out->q);
  PutFifthBits(codes, out->high);
}

void Quantize(const Group& g, BlockQ4_1* out) {
  int codes[32];
  uint16_t d, m;
  AffineCodes(g, 15, codes, &d, &m);
  out->d = d;
  out->m = m;
  PutNibbles(codes, out->q);
}

void Quantize(const Group& g, BlockQ5_1* out) {
  int codes[32];
  uint16_t d, m;
  AffineCodes(g, 31, codes, &d, &m);
  out->d = d;
  out->m = m;
  PutNibbles(codes, out->q);
  PutFifthBits(codes, out->high);
}

// 255 levels leave nothing to search for.
void Quantize(const Group& g, BlockQ8_0* out) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::fabs(g.x[i]));
  out->d = ToHalf(largest / 127);
  const Affine rounded{HalfToFloat(out->d), 0};
  for (int i = 0; i < 32; ++i) out->q[i] = static_cast<int8_t>(Code(g.x[i], rounded, -127, 127));
}

// ---- blocks of 256 -----------------------------------------------------------------------------------------------

// Eight runs of 32 with 6-bit scales and mins, as Q4_K and Q5_K have them.
struct Runs {
  uint16_t d = 0, dmin = 0;
  int scale[8] = {}, min[8] = {};
  Affine fit(int r) const {
    return {HalfToFloat(d) * static_cast<float>(scale[r]), -HalfToFloat(dmin) * static_cast<float>(min[r])};
  }
};

Group Part(const Group& g, int begin, int n) {
  return {g.x + begin, g.w + begin, n};
}

// The 6 bits of a run's scale and min, near `wish`, that give the least error.
void ChooseBits(const Group& g, int r, const Affine& wish, int levels, Runs* runs) {
  const float d = HalfToFloat(runs->d), dmin = HalfToFloat(runs->dmin);
  const int scale = d > 0 ? Nearest(wish.scale / d, 0, 63) : 0;
  const int min = dmin > 0 ? Nearest(-wish.offset / dmin, 0, 63) : 0;
  float least = HUGE_VALF;
  for (int s = std::max(0, scale - 1); s <= std::min(63, scale + 1); ++s) {
    for (int m = std::max(0, min - 1); m <= std::min(63, min + 1); ++m) {
      const float error = Error(g, {d * static_cast<float>(s), -dmin * static_cast<float>(m)}, 0, levels);
      if (error >= least) continue;
      least = error;
      runs->scale[r] = s;
      runs->min[r] = m;
    }
  }
}

Runs FitRuns(const Group& g, int levels) {
  Affine wish[8];
  float scale = 0, min = 0;
  for (int r = 0; r < 8; ++r) {
    wish[r] = FitAffine(Part(g, 32 * r, 32), levels, 0);
    scale = std::max(scale, wish[r].scale);
    min = std::max(min, -wish[r].offset);
  }
  Runs runs;
  runs.d = ToHalf(scale / 63);
  runs.dmin = ToHalf(min / 63);
  for (int r = 0; r < 8; ++r) ChooseBits(Part(g, 32 * r, 32), r, wish[r], levels, &runs);
  return runs;
}

// The reverse of UnpackScaleMin().
void PackScalesMins(const Runs& runs, uint8_t* packed) {
  for (int r = 0; r < 4; ++r) {
    packed[r] = static_cast<uint8_t>(runs.scale[r] | (runs.scale[r + 4] >> 4) << 6);
    packed[r + 4] = static_cast<uint8_t>(runs.min[r] | (runs.min[r + 4] >> 4) << 6);
    packed[r + 8] = static_cast<uint8_t>((runs.scale[r + 4] & 15) | (runs.min[r + 4] & 15) << 4);
  }
}

template <typename Block>
void QuantizeRuns(const Group& g, int levels, Block* out, int (*codes)[32]) {
  const Runs runs = FitRuns(g, levels);
  out->d = runs.d;
  out->dmin = runs.dmin;
  PackScalesMins(runs, out->scales);
  for (int r = 0; r < 8; ++r) {
    for (int i = 0; i < 32; ++i) codes[r][i] = Code(g.x[32 * r + i], runs.fit(r), 0, levels);
  }
  for (int j = 0; j < 4; ++j) {
    for (int i = 0; i < 32; ++i)
      out->q[32 * j + i] = static_cast<uint8_t>((codes[2 * j][i] & 15) | (codes[2 * j + 1][i] & 15) << 4);
  }
}

void Quantize(const Group& g, BlockQ4_K* out) {
  int codes[8][32];
  QuantizeRuns(g, 15, out, codes);
}

void Quantize(const Group& g, BlockQ5_K* out) {
  int codes[8][32];
  QuantizeRuns(g, 31, out, codes);
  for (int i = 0; i < 32; ++i) {
    int bits = 0;
    for (int r = 0; r < 8; ++r) bits |= (codes[r][i] >> 4) << r;
    out->high[i] = static_cast<uint8_t>(bits);
  }
}

void Quantize(const Group& g, BlockQ6_K* out) {
  float wish[16], largest = 0;
  for (int r = 0; r < 16; ++r) {
    wish[r] = FitScale(Part(g, 16 * r, 16), -32, 31);
    if (std::fabs(wish[r]) > std::fabs(largest)) largest = wish[r];
  }
  out->d = ToHalf(largest / -128);
  const float d = HalfToFloat(out->d);
  int codes[256];
  for (int r = 0; r < 16; ++r) {
    const Group run = Part(g, 16 * r, 16);
    const int near = d != 0 ? Nearest(wish[r] / d, -128, 127) : 0;
    float least = HUGE_VALF;
    for (int s = std::max(-128, near - 1); s <= std::min(127, near + 1); ++s) {
      const float error = Error(run, {d * static_cast<float>(s), 0}, -32, 31);
      if (error >= least) continue;
      least = error;
      out->scales[r] = static_cast<int8_t>(s);
    }
    const Affine fit{d * static_cast<float>(out->scales[r]), 0};
    for (int i = 0; i < 16; ++i) codes[16 * r + i] = Code(run.x[i], fit, -32, 31) + 32;
  }
  for (int half = 0; half < 2; ++half) {
    const int* c = codes + 128 * half;
    for (int i = 0; i < 64; ++i) out->low[64 * half + i] = static_cast<uint8_t>((c[i] & 15) | (c[i + 64] & 15) << 4);
    for (int i = 0; i < 32; ++i) {
      out->high[32 * half + i] =
          static_cast<uint8_t>(c[i] >> 4 | (c[i + 32] >> 4) << 2 | (c[i + 64] >> 4) << 4 | (c[i + 96] >> 4) << 6);
    }
  }
}

template <typename Block>
void QuantizeBlocks(const float* x, const float* w, size_t columns, int block, uint8_t* out) {
  for (size_t at = 0; at < columns; at += static_cast<size_t>(block), out += sizeof(Block)) {
    Block b{};
    Quantize(Group{x + at, w + at, block}, &b);
    std::memcpy(out, &b, sizeof b);
  }
}

// What the error of each element counts, relative to the element that counts most.
std::vector<float> ErrorWeights(const float* x, const float* importance, size_t columns) {
  double sum = 0;
  for (size_t i = 0; i < columns; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const double mean = sum / static_cast<double>(columns);
  std::vector<double> w(columns);
  double largest = 0;
  for (size_t i = 0; i < columns; ++i) {
    const double v = static_cast<double>(x[i]);
    w[i] = (importance != nullptr ? static_cast<double>(importance[i]) : 1.0) * std::sqrt(mean + v * v);
    largest = std::max(largest, w[i]);
  }
  std::vector<float> out(columns, 1.0f);
  if (largest > 0) {
    // No element counts for nothing.
    for (size_t i = 0; i < columns; ++i) out[i] = static_cast<float>(std::max(w[i] / largest, 1e-12));
  }
  return out;
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

void QuantizeRow(TensorType type, const float* x, const float* importance, size_t columns, uint8_t* out) {
  const std::vector<float> weights = ErrorWeights(x, importance, columns);
  const float* w = weights.data();
  switch (type) {
    case TensorType::kQ4_0: return QuantizeBlocks<BlockQ4_0>(x, w, columns, 32, out);
    case TensorType::kQ4_1: return QuantizeBlocks<BlockQ4_1>(x, w, columns, 32, out);
    case TensorType::kQ5_0: return QuantizeBlocks<BlockQ5_0>(x, w, columns, 32, out);
    case TensorType::kQ5_1: return QuantizeBlocks<BlockQ5_1>(x, w, columns, 32, out);
    case TensorType::kQ8_0: return QuantizeBlocks<BlockQ8_0>(x, w, columns, 32, out);
    case TensorType::kQ4_K: return QuantizeBlocks<BlockQ4_K>(x, w, columns, 256, out);
    case TensorType::kQ5_K: return QuantizeBlocks<BlockQ5_K>(x, w, columns, 256, out);
    case TensorType::kQ6_K: return QuantizeBlocks<BlockQ6_K>(x, w, columns, 256, out);
    default: return;
  }
}

}  // namespace paddock
