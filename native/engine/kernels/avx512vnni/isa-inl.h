// AVX-512 (F, BW, VL) with VNNI: sixteen rows a panel, four byte products added straight into 32 bits.

struct Avx512VnniIsa {
  static constexpr int kLanes = 16;
  static constexpr int kSignedOffset = 128;
  template <int kBits>
  static constexpr int kDepth = 8;  // nothing can overflow
  using I = __m512i;
  using F = __m512;

  static PADDOCK_INLINE I Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static PADDOCK_INLINE void StoreI(uint8_t* p, I v) { _mm512_storeu_si512(p, v); }
  // Makes the compiler forget the value, so that a benchmark loop is not folded away.
#ifdef PADDOCK_EMULATED
  static void Keep(I*) {}
#else
  static PADDOCK_INLINE void Keep(I* v) {
    asm volatile("" : "+v"(*v));
  }
#endif
  static PADDOCK_INLINE I ZeroI() {
    return _mm512_setzero_si512();
  }
  static PADDOCK_INLINE I Bytes(int v) {
    return _mm512_set1_epi8(static_cast<char>(v));
  }
  static PADDOCK_INLINE I Set1I(int v) {
    return _mm512_set1_epi32(v);
  }
  static PADDOCK_INLINE I Broadcast4(const void* p) {
    int v;
    memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
  }
  static PADDOCK_INLINE I And(I a, I b) {
    return _mm512_and_si512(a, b);
  }
  static PADDOCK_INLINE I Or(I a, I b) {
    return _mm512_or_si512(a, b);
  }
  static PADDOCK_INLINE I Sub32(I a, I b) {
    return _mm512_sub_epi32(a, b);
  }
  template <int n>
  static PADDOCK_INLINE I ShiftRight16(I v) {
    return _mm512_srli_epi16(v, n);
  }
  template <int n>
  static PADDOCK_INLINE I ShiftLeft32(I v) {
    return _mm512_slli_epi32(v, n);
  }
  static PADDOCK_INLINE I ShiftTo4(I v, int bit) {
    return bit <= 4 ? _mm512_slli_epi16(v, static_cast<unsigned>(4 - bit))
                    : _mm512_srli_epi16(v, static_cast<unsigned>(bit - 4));
  }

  static PADDOCK_INLINE I Lookup(const uint8_t* table, I v) {
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))), v);
  }

  static PADDOCK_INLINE I Dot(I total, I w, I a) {
    return _mm512_dpbusd_epi32(total, w, a);
  }
  static PADDOCK_INLINE I Fold(I total, I partial) {
    return _mm512_add_epi32(total, partial);
  }
  static PADDOCK_INLINE I FoldScaled(I total, I partial, I scale) {
    return _mm512_add_epi32(total, _mm512_mullo_epi32(partial, scale));
  }
  static PADDOCK_INLINE I ScaleU8(const uint8_t* p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static PADDOCK_INLINE I ScaleI8(const int8_t* p) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static PADDOCK_INLINE I PairU8(const uint8_t* low, const uint8_t* high) {
    return _mm512_or_si512(ScaleU8(low), _mm512_slli_epi32(ScaleU8(high), 16));
  }
  static PADDOCK_INLINE I PairI8(const int8_t* low, const int8_t* high) {
    return _mm512_or_si512(_mm512_and_si512(ScaleI8(low), _mm512_set1_epi32(0xffff)),
                           _mm512_slli_epi32(ScaleI8(high), 16));
  }
  static PADDOCK_INLINE I DotPair(I total, I pair, I sums) {
    return _mm512_dpwssd_epi32(total, pair, sums);
  }

  using SignedBytes = I;  // packed with 128 added
  static PADDOCK_INLINE I Prepare(I w) {
    return w;
  }
  static PADDOCK_INLINE I DotSigned(I total, I w, I a) {
    return Dot(total, w, a);
  }

  static PADDOCK_INLINE F ToFloat(I v) {
    return _mm512_cvtepi32_ps(v);
  }
  static PADDOCK_INLINE F LoadF(const float* p) {
    return _mm512_loadu_ps(p);
  }
  static PADDOCK_INLINE F LoadHalf(const uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static PADDOCK_INLINE F LoadSignedBytes(const int8_t* p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
  static PADDOCK_INLINE F LoadBfloat16(const uint16_t* p) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))), 16));
  }
  static PADDOCK_INLINE void Store(float* p, F v) {
    _mm512_storeu_ps(p, v);
  }
  static PADDOCK_INLINE void StoreHalf(uint16_t* p, F v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  static PADDOCK_INLINE void StoreRounded8(F v, int8_t* p) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(v)));
  }
  static PADDOCK_INLINE F Zero() {
    return _mm512_setzero_ps();
  }
  static PADDOCK_INLINE F Set1(float v) {
    return _mm512_set1_ps(v);
  }
  static PADDOCK_INLINE F Add(F a, F b) {
    return _mm512_add_ps(a, b);
  }
  static PADDOCK_INLINE F Mul(F a, F b) {
    return _mm512_mul_ps(a, b);
  }
  static PADDOCK_INLINE F Div(F a, F b) {
    return _mm512_div_ps(a, b);
  }
  static PADDOCK_INLINE F Max(F a, F b) {
    return _mm512_max_ps(a, b);
  }
  static PADDOCK_INLINE F Min(F a, F b) {
    return _mm512_min_ps(a, b);
  }
  static PADDOCK_INLINE float ReduceMax(F v) {
    return _mm512_reduce_max_ps(v);
  }
  static PADDOCK_INLINE F SelectGreater(F a, F b, F x, F y) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x);
  }
  static PADDOCK_INLINE F Fma(F a, F b, F c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  static PADDOCK_INLINE F Fnma(F a, F b, F c) {
    return _mm512_fnmadd_ps(a, b, c);
  }
  static PADDOCK_INLINE F Round(F v) {
    return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static PADDOCK_INLINE F ScaleByPowerOf2(F v, F n) {
    const I exponent = _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23);
    return _mm512_mul_ps(v, _mm512_castsi512_ps(exponent));
  }
  static PADDOCK_INLINE float SquareRoot(float v) {
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(v)));
  }
  static PADDOCK_INLINE float HalfToFloat(uint16_t v) {
    return _cvtsh_ss(v);
  }
  static PADDOCK_INLINE float RoundToHalf(float v) {
    return _cvtsh_ss(_cvtss_sh(v, _MM_FROUND_TO_NEAREST_INT));
  }
};

PADDOCK_INLINE void PrefetchStream(const uint8_t* p) {
  PrefetchAhead<8192>(p);
}
// On Zen 5 a loop that prefetches and loads line by line reads Q4_K, Q5_K and Q6_K at 0.83 to 0.91 of the memory's
// speed, at any distance; asked for every line once more, at 1.00. In bytes the best distances of the three differ, in
// blocks they do not. Short loops over small blocks do not gain.
template <size_t kBlockBytes>
PADDOCK_INLINE void PrefetchBlocks(const uint8_t* p) {
  PrefetchAhead<3 * kBlockBytes>(p);
  PrefetchAhead<2 * kBlockBytes>(p);
}
