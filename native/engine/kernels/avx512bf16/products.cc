// Products in bfloat16 with sums in single precision (AVX512_BF16): two columns of the left side and two rows of the
// right side a step. The packed form holds rows 2i and 2i + 1 of a column in one 32-bit lane.
#include <immintrin.h>

#include "kernels/gradient_table.h"
#include "kernels/generic/prelude.h"

namespace paddock::avx512bf16 {
namespace {

constexpr int kVectors = 4, kWidth = 64, kRows = 6;

PADDOCK_INLINE __m512bh AsBfloats(__m512i v) {
  return reinterpret_cast<__m512bh>(v);
}

constexpr int kPairsPerLine = 16;

// `rows_after`: rows below these, which are asked for ahead; all of a tile's rows are too far apart for the hardware to
// foresee.
template <int kCount>
PADDOCK_NOINLINE void Tile(const uint16_t* a, size_t a_stride, const uint32_t* b, int pairs, int n, float* c,
                           size_t c_stride, int rows_after) {
  __m512 sum[kCount][kVectors];
  for (int r = 0; r < kCount; ++r) {
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_setzero_ps();
  }
  const size_t next_a = kCount * a_stride, next_c = kCount * c_stride;
  for (int begin = 0; begin < pairs; begin += kPairsPerLine) {
    if (rows_after > 0) {
      PADDOCK_UNROLL(6)
      for (int r = 0; r < kCount; ++r) {
        PADDOCK_FETCH(a + next_a + static_cast<size_t>(r) * a_stride + 2 * static_cast<size_t>(begin));
        if (begin < n) PADDOCK_FETCH(c + next_c + static_cast<size_t>(r) * c_stride + begin);
      }
    }
    const int end = begin + kPairsPerLine < pairs ? begin + kPairsPerLine : pairs;
    for (int i = begin; i < end; ++i, b += kWidth) {
      __m512i right[kVectors];
      for (int v = 0; v < kVectors; ++v) right[v] = _mm512_loadu_si512(b + v * 16);
      PADDOCK_UNROLL(6)
      for (int r = 0; r < kCount; ++r) {
        int pair;
        memcpy(&pair, a + static_cast<size_t>(r) * a_stride + 2 * static_cast<size_t>(i), 4);
        const __m512bh left = AsBfloats(_mm512_set1_epi32(pair));
        for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], left, AsBfloats(right[v]));
      }
    }
  }
  for (int r = 0; r < kCount; ++r) {
    float* row = c + static_cast<size_t>(r) * c_stride;
    for (int v = 0; v < kVectors && 16 * v < n; ++v) {
      const int rest = n - 16 * v;
      const __mmask16 mask = static_cast<__mmask16>(rest >= 16 ? 0xffff : (1 << rest) - 1);
      _mm512_mask_storeu_ps(row + 16 * v, mask, _mm512_add_ps(_mm512_maskz_loadu_ps(mask, row + 16 * v), sum[r][v]));
    }
  }
}

void Multiply(const ProductArgs& args) {
  const auto* a = static_cast<const uint16_t*>(args.a);
  const int pairs = (args.k + 1) / 2;
  for (int j = 0; j < args.n; j += kWidth) {
    const uint32_t* b =
        static_cast<const uint32_t*>(args.b) + static_cast<size_t>(j) * static_cast<size_t>(args.b_k / 2);
    const int n = args.n - j < kWidth ? args.n - j : kWidth;
    int i = 0;
    const auto at = [&](auto tile) {
      tile(a + static_cast<size_t>(i) * args.a_stride, args.a_stride, b, pairs, n,
           args.c + static_cast<size_t>(i) * args.c_stride + j, args.c_stride, args.rows - i - kRows);
    };
    for (; i + kRows <= args.rows; i += kRows) at(Tile<kRows>);
    switch (args.rows - i) {
      case 5: at(Tile<5>); break;
      case 4: at(Tile<4>); break;
      case 3: at(Tile<3>); break;
      case 2: at(Tile<2>); break;
      case 1: at(Tile<1>); break;
      default: break;
    }
  }
}

PADDOCK_INLINE __m256i Round(__m512 v) {
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v));
}

void Convert(const float* x, size_t n, void* out) {
  auto* to = static_cast<uint16_t*>(out);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), Round(_mm512_loadu_ps(x + i)));
  if (i == n) return;
  const __mmask16 mask = static_cast<__mmask16>((1u << (n - i)) - 1);
  _mm256_mask_storeu_epi16(to + i, mask, Round(_mm512_maskz_loadu_ps(mask, x + i)));
}

uint32_t* PackedAt(const PackArgs& args, int column) {
  return static_cast<uint32_t*>(args.packed) + static_cast<size_t>(column) * static_cast<size_t>(args.k_total / 2) +
         static_cast<size_t>(args.k_begin / 2) * kWidth;
}

void PackRows(const PackArgs& args) {
  for (int j = 0; j < args.n; j += 16) {
    const int n = args.n - j < 16 ? args.n - j : 16;
    const __mmask16 mask = static_cast<__mmask16>((1u << n) - 1);
    uint32_t* out = PackedAt(args, j / kWidth * kWidth) + j % kWidth;
    for (int i = 0; i < args.k; i += 2, out += kWidth) {
      const float* source = args.source + static_cast<size_t>(i) * args.stride + j;
      const __m512i low = _mm512_cvtepu16_epi32(Round(_mm512_maskz_loadu_ps(mask, source)));
      __m512i high = _mm512_setzero_si512();
      if (i + 1 < args.k) high = _mm512_cvtepu16_epi32(Round(_mm512_maskz_loadu_ps(mask, source + args.stride)));
      _mm512_storeu_si512(out, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
  }
  for (int j = (args.n + 15) / 16 * 16; j % kWidth != 0; j += 16) {
    uint32_t* out = PackedAt(args, j / kWidth * kWidth) + j % kWidth;
    for (int i = 0; i < args.k; i += 2, out += kWidth) _mm512_storeu_si512(out, _mm512_setzero_si512());
  }
}

// Eight vectors of eight 32-bit lanes, transposed in place.
PADDOCK_INLINE void Transpose8(__m256i (&v)[8]) {
  __m256i t[8], u[8];
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
    v[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
  }
}

void PackColumns(const PackArgs& args) {
  const int columns = (args.n + kWidth - 1) / kWidth * kWidth;
  for (int j = 0; j < columns; j += 8) {
    for (int i = 0; i < args.k; i += 16) {
      const __mmask16 mask = static_cast<__mmask16>(args.k - i >= 16 ? 0xffff : 0xff);
      __m256i v[8];
      for (int c = 0; c < 8; ++c) {
        const float* source = args.source + static_cast<size_t>(j + c) * args.stride + i;
        v[c] = j + c < args.n ? Round(_mm512_maskz_loadu_ps(mask, source)) : _mm256_setzero_si256();
      }
      Transpose8(v);
      uint32_t* out = PackedAt(args, j / kWidth * kWidth) + j % kWidth + static_cast<size_t>(i / 2) * kWidth;
      for (int p = 0; p < (mask == 0xff ? 4 : 8); ++p)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + p * kWidth), v[p]);
    }
  }
}

}  // namespace

extern const ProductTable kProducts;
const ProductTable kProducts = {
    .name = "bfloat16",
    .width = kWidth,
    .element_bytes = 2,
    .convert = Convert,
    .pack_rows = PackRows,
    .pack_columns = PackColumns,
    .multiply = Multiply,
};

}  // namespace paddock::avx512bf16
