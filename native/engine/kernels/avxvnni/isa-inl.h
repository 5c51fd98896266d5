// AVX-VNNI: AVX2 with a dot product that adds four byte products straight into 32 bits (vpdpbusd on 256-bit registers).

struct AvxVnniIsa : Avx2Isa {
  static constexpr int kSignedOffset = 128;
  template <int kBits>
  static constexpr int kDepth = 8;  // nothing can overflow

  static PADDOCK_INLINE I Dot(I total, I w, I a) { return _mm256_dpbusd_avx_epi32(total, w, a); }
  static PADDOCK_INLINE I Fold(I total, I partial) { return _mm256_add_epi32(total, partial); }
  static PADDOCK_INLINE I FoldScaled(I total, I partial, I scale) {
    return _mm256_add_epi32(total, _mm256_mullo_epi32(partial, scale));
  }
  static PADDOCK_INLINE I ScaleU8(const uint8_t* p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }
  static PADDOCK_INLINE I ScaleI8(const int8_t* p) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
  }
  static PADDOCK_INLINE I DotPair(I total, I pair, I sums) { return _mm256_dpwssd_avx_epi32(total, pair, sums); }

  using SignedBytes = I;  // packed with 128 added
  static PADDOCK_INLINE I Prepare(I w) { return w; }
  static PADDOCK_INLINE I DotSigned(I total, I w, I a) { return Dot(total, w, a); }
};
