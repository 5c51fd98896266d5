// AVX2 + FMA + F16C: eight rows a panel. Bytes are multiplied into 16-bit pair sums (vpmaddubsw), so how many
// products may be added before they are widened depends on the width of the codes: |a| <= 127, two products a lane,
// 4 bits: 8 * 2 * 15 * 127 = 30480; 5 bits: 4 * 2 * 31 * 127 = 31496; 6 bits: 2 * 2 * 63 * 127 = 32004; all < 32768.

struct Avx2Isa {
  static constexpr int kLanes = 8;
  static constexpr int kSignedOffset = 0;
  template <int kBits>
  static constexpr int kDepth = kBits == 4   ? 8
                                : kBits == 5 ? 4
                                             : 2;
  using I = __m256i;
  using F = __m256;

  static PADDOCK_INLINE I Load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static PADDOCK_INLINE void StoreI(uint8_t* p, I v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  // Makes the compiler forget the value, so that a benchmark loop is not folded away.
  static PADDOCK_INLINE void Keep(I* v) { asm volatile("" : "+x"(*v)); }
  static PADDOCK_INLINE I ZeroI() { return _mm256_setzero_si256(); }
  static PADDOCK_INLINE I Bytes(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  static PADDOCK_INLINE I Set1I(int v) { return _mm256_set1_epi32(v); }
  static PADDOCK_INLINE I Broadcast4(const void* p) {
    int v;
    memcpy(&v, p, 4);
    return _mm256_set1_epi32(v);
  }
  static PADDOCK_INLINE I And(I a, I b) { return _mm256_and_si256(a, b); }
  static PADDOCK_INLINE I Or(I a, I b) { return _mm256_or_si256(a, b); }
  static PADDOCK_INLINE I Sub32(I a, I b) { return _mm256_sub_epi32(a, b); }
  template <int n>
  static PADDOCK_INLINE I ShiftRight16(I v) {
    return _mm256_srli_epi16(v, n);
  }
  template <int n>
  static PADDOCK_INLINE I ShiftLeft32(I v) {
    return _mm256_slli_epi32(v, n);
  }
  // Moves bit `bit` of every byte to bit 4; the bits beside it come along, those of the next byte too: mask after.
  static PADDOCK_INLINE I ShiftTo4(I v, int bit) {
    return bit <= 4 ? _mm256_slli_epi16(v, 4 - bit) : _mm256_srli_epi16(v, bit - 4);
  }

  // table[v] for each byte v, at most 15
  static PADDOCK_INLINE I Lookup(const uint8_t* table, I v) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))),
                               v);
  }

  // partial += codes (unsigned) times activations (signed)
  static PADDOCK_INLINE I Dot(I partial, I w, I a) { return _mm256_add_epi16(partial, _mm256_maddubs_epi16(w, a)); }
  static PADDOCK_INLINE I Fold(I total, I partial) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(partial, _mm256_set1_epi16(1)));
  }
  // The scale rides on the widening multiplication: both 16-bit halves of a lane hold it.
  static PADDOCK_INLINE I FoldScaled(I total, I partial, I scale) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(partial, scale));
  }
  static PADDOCK_INLINE I ScaleU8(const uint8_t* p) {
    const I v = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    return _mm256_or_si256(v, _mm256_slli_epi32(v, 16));
  }
  static PADDOCK_INLINE I ScaleI8(const int8_t* p) { return PairI8(p, p); }
  // Lanes of two 16-bit numbers, from two rows of kLanes bytes.
  static PADDOCK_INLINE I PairU8(const uint8_t* low, const uint8_t* high) {
    return _mm256_or_si256(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(low))),
        _mm256_slli_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(high))), 16));
  }
  static PADDOCK_INLINE I PairI8(const int8_t* low, const int8_t* high) {
    const I l = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(low)));
    const I h = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(high)));
    return _mm256_or_si256(_mm256_and_si256(l, _mm256_set1_epi32(0xffff)), _mm256_slli_epi32(h, 16));
  }
  static PADDOCK_INLINE I DotPair(I total, I pair, I sums) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(pair, sums));
  }

  // Signed by signed: the sign of the weight moves to the activation.
  struct SignedBytes {
    I value, magnitude;
  };
  static PADDOCK_INLINE SignedBytes Prepare(I w) { return {w, _mm256_abs_epi8(w)}; }
  static PADDOCK_INLINE I DotSigned(I total, const SignedBytes& w, I a) {
    return Fold(total, _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(a, w.value)));
  }

  static PADDOCK_INLINE F ToFloat(I v) { return _mm256_cvtepi32_ps(v); }
  static PADDOCK_INLINE F LoadF(const float* p) { return _mm256_loadu_ps(p); }
  static PADDOCK_INLINE F LoadHalf(const uint16_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static PADDOCK_INLINE F LoadSignedBytes(const int8_t* p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
  static PADDOCK_INLINE F LoadBfloat16(const uint16_t* p) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))), 16));
  }
  static PADDOCK_INLINE void Store(float* p, F v) { _mm256_storeu_ps(p, v); }
  static PADDOCK_INLINE void StoreHalf(uint16_t* p, F v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  // Rounds to nearest even and stores kLanes bytes; |v| <= 127.
  static PADDOCK_INLINE void StoreRounded8(F v, int8_t* p) {
    const I i = _mm256_cvtps_epi32(v);
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
  }
  static PADDOCK_INLINE F Zero() { return _mm256_setzero_ps(); }
  static PADDOCK_INLINE F Set1(float v) { return _mm256_set1_ps(v); }
  static PADDOCK_INLINE F Add(F a, F b) { return _mm256_add_ps(a, b); }
  static PADDOCK_INLINE F Mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static PADDOCK_INLINE F Div(F a, F b) { return _mm256_div_ps(a, b); }
  static PADDOCK_INLINE F Max(F a, F b) { return _mm256_max_ps(a, b); }
  static PADDOCK_INLINE F Min(F a, F b) { return _mm256_min_ps(a, b); }
  static PADDOCK_INLINE float ReduceMax(F v) {
    __m128 max = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    max = _mm_max_ps(max, _mm_movehl_ps(max, max));
    return _mm_cvtss_f32(_mm_max_ss(max, _mm_movehdup_ps(max)));
  }
  // x where a > b, else y
  static PADDOCK_INLINE F SelectGreater(F a, F b, F x, F y) {
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
  }
  static PADDOCK_INLINE F Fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }    // a * b + c
  static PADDOCK_INLINE F Fnma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }  // c - a * b
  static PADDOCK_INLINE F Round(F v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  // v * 2^n for integral n in [-126, 127]
  static PADDOCK_INLINE F ScaleByPowerOf2(F v, F n) {
    const I exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(v, _mm256_castsi256_ps(exponent));
  }
  static PADDOCK_INLINE float SquareRoot(float v) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(v))); }
  static PADDOCK_INLINE float HalfToFloat(uint16_t v) { return _cvtsh_ss(v); }
  static PADDOCK_INLINE float RoundToHalf(float v) { return _cvtsh_ss(_cvtss_sh(v, _MM_FROUND_TO_NEAREST_INT)); }
};

PADDOCK_INLINE void PrefetchStream(const uint8_t* p) {
  PrefetchAhead<10240>(p);
}
// One prefetch per line is enough: with 32-byte loads the loop is slow enough for the memory system to honour it.
template <size_t>
PADDOCK_INLINE void PrefetchBlocks(const uint8_t* p) {
  PrefetchStream(p);
}
