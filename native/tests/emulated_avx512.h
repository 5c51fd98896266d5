// The AVX-512 intrinsics that kernels/avx512vnni uses, in plain C++, so that its logic is tested on machines without
// them. Semantics: Intel Intrinsics Guide. Include instead of <immintrin.h>.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/half.h"

namespace paddock::emulated {

template <int kBytes>
struct Register {
  uint8_t byte[kBytes];

  template <typename T>
  T Get(int i) const {
    T v;
    memcpy(&v, byte + i * static_cast<int>(sizeof(T)), sizeof(T));
    return v;
  }
  template <typename T>
  void Set(int i, T v) {
    memcpy(byte + i * static_cast<int>(sizeof(T)), &v, sizeof(T));
  }
};

using __m128i = Register<16>;
using __m256i = Register<32>;
using __m512i = Register<64>;
struct __m512 : Register<64> {};
struct __m128 {
  float value;
};

enum { _MM_FROUND_TO_NEAREST_INT = 0, _MM_FROUND_NO_EXC = 8, _MM_HINT_NTA = 0, _CMP_GT_OQ = 30 };
using __mmask16 = uint16_t;

template <typename T, typename Op>
__m512i Each(__m512i a, __m512i b, Op op) {
  for (int i = 0; i < 64 / static_cast<int>(sizeof(T)); ++i) a.Set<T>(i, static_cast<T>(op(a.Get<T>(i), b.Get<T>(i))));
  return a;
}
template <typename Op>
__m512 EachF(__m512 a, __m512 b, Op op) {
  for (int i = 0; i < 16; ++i) a.Set<float>(i, op(a.Get<float>(i), b.Get<float>(i)));
  return a;
}
template <typename From, typename To, typename R>
__m512i Widen(const R& v) {
  __m512i out;
  for (int i = 0; i < 64 / static_cast<int>(sizeof(To)); ++i) out.Set<To>(i, static_cast<To>(v.template Get<From>(i)));
  return out;
}
template <typename R>
R LoadAny(const void* p) {
  R v;
  memcpy(&v, p, sizeof v);
  return v;
}

inline __m512i _mm512_loadu_si512(const void* p) {
  return LoadAny<__m512i>(p);
}
inline void _mm512_storeu_si512(void* p, __m512i v) {
  memcpy(p, &v, sizeof v);
}
inline __m128i _mm_loadu_si128(const __m128i* p) {
  return LoadAny<__m128i>(p);
}
inline __m256i _mm256_loadu_si256(const __m256i* p) {
  return LoadAny<__m256i>(p);
}
inline void _mm256_storeu_si256(__m256i* p, __m256i v) {
  memcpy(p, &v, sizeof v);
}
inline void _mm_storeu_si128(__m128i* p, __m128i v) {
  memcpy(p, &v, sizeof v);
}
inline __m512i _mm512_setzero_si512() {
  return {};
}
inline __m512i _mm512_set1_epi8(char v) {
  __m512i out;
  memset(out.byte, v, 64);
  return out;
}
inline __m512i _mm512_set1_epi32(int v) {
  __m512i out;
  for (int i = 0; i < 16; ++i) out.Set<int32_t>(i, v);
  return out;
}
inline __m512i _mm512_and_si512(__m512i a, __m512i b) {
  return Each<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x & y; });
}
inline __m512i _mm512_or_si512(__m512i a, __m512i b) {
  return Each<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x | y; });
}
inline __m512i _mm512_add_epi32(__m512i a, __m512i b) {
  return Each<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x + y; });
}
inline __m512i _mm512_sub_epi32(__m512i a, __m512i b) {
  return Each<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x - y; });
}
inline __m512i _mm512_mullo_epi32(__m512i a, __m512i b) {
  return Each<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x * y; });
}
inline __m512i _mm512_srli_epi16(__m512i v, unsigned n) {
  return Each<uint16_t>(v, v, [n](uint16_t x, uint16_t) { return x >> n; });
}
inline __m512i _mm512_slli_epi16(__m512i v, unsigned n) {
  return Each<uint16_t>(v, v, [n](uint16_t x, uint16_t) { return x << n; });
}
inline __m512i _mm512_slli_epi32(__m512i v, unsigned n) {
  return Each<uint32_t>(v, v, [n](uint32_t x, uint32_t) { return x << n; });
}
inline __m512i _mm512_dpbusd_epi32(__m512i total, __m512i u, __m512i s) {
  for (int i = 0; i < 16; ++i) {
    int32_t sum = total.Get<int32_t>(i);
    for (int c = 0; c < 4; ++c) sum += u.Get<uint8_t>(4 * i + c) * s.Get<int8_t>(4 * i + c);
    total.Set<int32_t>(i, sum);
  }
  return total;
}
inline __m512i _mm512_dpwssd_epi32(__m512i total, __m512i a, __m512i b) {
  for (int i = 0; i < 16; ++i) {
    total.Set<int32_t>(i, total.Get<int32_t>(i) + a.Get<int16_t>(2 * i) * b.Get<int16_t>(2 * i) +
                              a.Get<int16_t>(2 * i + 1) * b.Get<int16_t>(2 * i + 1));
  }
  return total;
}
inline __m512i _mm512_cvtepu8_epi32(__m128i v) {
  return Widen<uint8_t, int32_t>(v);
}
inline __m512i _mm512_cvtepi8_epi32(__m128i v) {
  return Widen<int8_t, int32_t>(v);
}
inline __m512i _mm512_cvtepu16_epi32(__m256i v) {
  return Widen<uint16_t, int32_t>(v);
}
inline __m128i _mm512_cvtsepi32_epi8(__m512i v) {
  __m128i out;
  for (int i = 0; i < 16; ++i) {
    const int32_t x = v.Get<int32_t>(i);
    out.Set<int8_t>(i, static_cast<int8_t>(x > 127 ? 127 : x < -128 ? -128 : x));
  }
  return out;
}
inline __m512 _mm512_castsi512_ps(__m512i v) {
  return LoadAny<__m512>(&v);
}
inline __m512 _mm512_cvtepi32_ps(__m512i v) {
  __m512 out;
  for (int i = 0; i < 16; ++i) out.Set<float>(i, static_cast<float>(v.Get<int32_t>(i)));
  return out;
}
inline __m512i _mm512_cvtps_epi32(__m512 v) {
  __m512i out;
  for (int i = 0; i < 16; ++i) out.Set<int32_t>(i, static_cast<int32_t>(lrintf(v.Get<float>(i))));
  return out;
}
inline __m512 _mm512_cvtph_ps(__m256i v) {
  __m512 out;
  for (int i = 0; i < 16; ++i) out.Set<float>(i, HalfToFloat(v.Get<uint16_t>(i)));
  return out;
}
inline __m256i _mm512_cvtps_ph(__m512 v, int) {
  __m256i out;
  for (int i = 0; i < 16; ++i) out.Set<uint16_t>(i, FloatToHalf(v.Get<float>(i)));
  return out;
}
inline __m512 _mm512_loadu_ps(const float* p) {
  return LoadAny<__m512>(p);
}
inline void _mm512_storeu_ps(float* p, __m512 v) {
  memcpy(p, &v, sizeof v);
}
inline __m512 _mm512_setzero_ps() {
  return {};
}
inline __m512 _mm512_set1_ps(float v) {
  __m512 out;
  for (int i = 0; i < 16; ++i) out.Set<float>(i, v);
  return out;
}
inline __m512 _mm512_add_ps(__m512 a, __m512 b) {
  return EachF(a, b, [](float x, float y) { return x + y; });
}
inline __m512 _mm512_mul_ps(__m512 a, __m512 b) {
  return EachF(a, b, [](float x, float y) { return x * y; });
}
inline __m512 _mm512_div_ps(__m512 a, __m512 b) {
  return EachF(a, b, [](float x, float y) { return x / y; });
}
inline __m512 _mm512_max_ps(__m512 a, __m512 b) {
  return EachF(a, b, [](float x, float y) { return x > y ? x : y; });
}
inline __m512 _mm512_min_ps(__m512 a, __m512 b) {
  return EachF(a, b, [](float x, float y) { return x < y ? x : y; });
}
inline float _mm512_reduce_max_ps(__m512 v) {
  float max = v.Get<float>(0);
  for (int i = 1; i < 16; ++i) max = v.Get<float>(i) > max ? v.Get<float>(i) : max;
  return max;
}
inline __m512i _mm512_broadcast_i32x4(__m128i v) {
  __m512i out;
  for (int i = 0; i < 64; ++i) out.byte[i] = v.byte[i % 16];
  return out;
}
// Indices below 128 only, which are those that stand for a byte.
inline __m512i _mm512_shuffle_epi8(__m512i table, __m512i index) {
  for (int i = 0; i < 64; ++i) index.byte[i] = table.byte[i / 16 * 16 + (index.byte[i] & 15)];
  return index;
}
// Of the comparisons only _CMP_GT_OQ.
inline __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int) {
  unsigned mask = 0;
  for (int i = 0; i < 16; ++i) mask |= (a.Get<float>(i) > b.Get<float>(i) ? 1u : 0u) << i;
  return static_cast<__mmask16>(mask);
}
inline __m512 _mm512_mask_blend_ps(__mmask16 mask, __m512 a, __m512 b) {
  for (int i = 0; i < 16; ++i) a.Set<float>(i, (mask >> i & 1) != 0 ? b.Get<float>(i) : a.Get<float>(i));
  return a;
}
inline __m512 _mm512_fmadd_ps(__m512 a, __m512 b, __m512 c) {
  for (int i = 0; i < 16; ++i) c.Set<float>(i, fmaf(a.Get<float>(i), b.Get<float>(i), c.Get<float>(i)));
  return c;
}
inline __m512 _mm512_fnmadd_ps(__m512 a, __m512 b, __m512 c) {
  for (int i = 0; i < 16; ++i) c.Set<float>(i, fmaf(-a.Get<float>(i), b.Get<float>(i), c.Get<float>(i)));
  return c;
}
inline __m512 _mm512_roundscale_ps(__m512 v, int) {
  return EachF(v, v, [](float x, float) { return nearbyintf(x); });
}
inline __m128 _mm_set_ss(float v) {
  return {v};
}
inline __m128 _mm_sqrt_ss(__m128 v) {
  return {sqrtf(v.value)};
}
inline float _mm_cvtss_f32(__m128 v) {
  return v.value;
}
inline float _cvtsh_ss(uint16_t v) {
  return HalfToFloat(v);
}
inline uint16_t _cvtss_sh(float v, int) {
  return FloatToHalf(v);
}
inline void _mm_prefetch(const char*, int) {}

}  // namespace paddock::emulated
