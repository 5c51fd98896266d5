// NEON with the dot product extension (Armv8.2 FEAT_DotProd): eight rows a panel, as two registers of four. Eight bytes
// of scales then fill a register when they are widened to 16 bits, and each broadcast activation serves two products.
// Codes are at most 63, so the signed product sees the same number as an unsigned one would.

struct NeonDotprodIsa {
  static constexpr int kLanes = 8;
  static constexpr int kSignedOffset = 0;
  template <int kBits>
  static constexpr int kDepth = 8;  // nothing can overflow
  struct I {
    int32x4_t low, high;  // rows 0 .. 3 and 4 .. 7
  };
  struct F {
    float32x4_t low, high;
  };

  static PADDOCK_INLINE I Load(const uint8_t* p) { return FromBytes(vld1q_u8(p), vld1q_u8(p + 16)); }
  static PADDOCK_INLINE void StoreI(uint8_t* p, I v) {
    vst1q_u8(p, vreinterpretq_u8_s32(v.low));
    vst1q_u8(p + 16, vreinterpretq_u8_s32(v.high));
  }
  // Makes the compiler forget the value, so that a benchmark loop is not folded away.
  static PADDOCK_INLINE void Keep(I* v) { asm volatile("" : "+w"(v->low), "+w"(v->high)); }
  static PADDOCK_INLINE I ZeroI() { return Set1I(0); }
  static PADDOCK_INLINE I Bytes(int v) {
    const uint8x16_t all = vdupq_n_u8(static_cast<uint8_t>(v));
    return FromBytes(all, all);
  }
  static PADDOCK_INLINE I Set1I(int v) {
    const int32x4_t all = vdupq_n_s32(v);
    return {all, all};
  }
  static PADDOCK_INLINE I Broadcast4(const void* p) {
    int32_t v;
    memcpy(&v, p, 4);
    return Set1I(v);
  }
  static PADDOCK_INLINE I And(I a, I b) { return {vandq_s32(a.low, b.low), vandq_s32(a.high, b.high)}; }
  static PADDOCK_INLINE I Or(I a, I b) { return {vorrq_s32(a.low, b.low), vorrq_s32(a.high, b.high)}; }
  static PADDOCK_INLINE I Sub32(I a, I b) { return {vsubq_s32(a.low, b.low), vsubq_s32(a.high, b.high)}; }
  // Shifts within bytes instead of within 16 bits: what crosses a byte is masked off by every caller.
  template <int n>
  static PADDOCK_INLINE I ShiftRight16(I v) {
    return FromBytes(vshrq_n_u8(vreinterpretq_u8_s32(v.low), n), vshrq_n_u8(vreinterpretq_u8_s32(v.high), n));
  }
  template <int n>
  static PADDOCK_INLINE I ShiftLeft32(I v) {
    return {vshlq_n_s32(v.low, n), vshlq_n_s32(v.high, n)};
  }
  // A negative count shifts right.
  static PADDOCK_INLINE I ShiftTo4(I v, int bit) {
    const int8x16_t count = vdupq_n_s8(static_cast<int8_t>(4 - bit));
    return FromBytes(vshlq_u8(vreinterpretq_u8_s32(v.low), count), vshlq_u8(vreinterpretq_u8_s32(v.high), count));
  }

  // table[v] for each byte v, at most 15
  static PADDOCK_INLINE I Lookup(const uint8_t* table, I v) {
    const uint8x16_t all = vld1q_u8(table);
    return FromBytes(vqtbl1q_u8(all, vreinterpretq_u8_s32(v.low)), vqtbl1q_u8(all, vreinterpretq_u8_s32(v.high)));
  }

  static PADDOCK_INLINE I Dot(I total, I w, I a) {
    return {vdotq_s32(total.low, vreinterpretq_s8_s32(w.low), vreinterpretq_s8_s32(a.low)),
            vdotq_s32(total.high, vreinterpretq_s8_s32(w.high), vreinterpretq_s8_s32(a.high))};
  }
  static PADDOCK_INLINE I Fold(I total, I partial) {
    return {vaddq_s32(total.low, partial.low), vaddq_s32(total.high, partial.high)};
  }
  static PADDOCK_INLINE I FoldScaled(I total, I partial, I scale) {
    return {vmlaq_s32(total.low, partial.low, scale.low), vmlaq_s32(total.high, partial.high, scale.high)};
  }
  static PADDOCK_INLINE I ScaleU8(const uint8_t* p) { return Widen(vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p)))); }
  static PADDOCK_INLINE I ScaleI8(const int8_t* p) { return Widen(vmovl_s8(vld1_s8(p))); }
  // Eight 16-bit numbers of the first row in one register, of the second in the other: a widening multiplication by one
  // element then needs no addition of neighbours.
  static PADDOCK_INLINE I PairU8(const uint8_t* low, const uint8_t* high) {
    return {vreinterpretq_s32_u16(vmovl_u8(vld1_u8(low))), vreinterpretq_s32_u16(vmovl_u8(vld1_u8(high)))};
  }
  static PADDOCK_INLINE I PairI8(const int8_t* low, const int8_t* high) {
    return {vreinterpretq_s32_s16(vmovl_s8(vld1_s8(low))), vreinterpretq_s32_s16(vmovl_s8(vld1_s8(high)))};
  }
  static PADDOCK_INLINE I DotPair(I total, I pair, I sums) {
    const int16x8_t first = vreinterpretq_s16_s32(pair.low), second = vreinterpretq_s16_s32(pair.high);
    const int16x8_t s = vreinterpretq_s16_s32(sums.low);
    total.low = vmlal_laneq_s16(total.low, vget_low_s16(first), s, 0);
    total.high = vmlal_high_laneq_s16(total.high, first, s, 0);
    total.low = vmlal_laneq_s16(total.low, vget_low_s16(second), s, 1);
    total.high = vmlal_high_laneq_s16(total.high, second, s, 1);
    return total;
  }

  // For gemm-inl.h: the codes of eight columns, from the vectors of two groups of four, and the scales of a panel.
  static PADDOCK_INLINE void StoreCodes(I first, I second, int8_t (*out)[16]) {
    vst1q_s8(out[0], vreinterpretq_s8_s32(first.low));
    vst1q_s8(out[1], vreinterpretq_s8_s32(first.high));
    vst1q_s8(out[2], vreinterpretq_s8_s32(second.low));
    vst1q_s8(out[3], vreinterpretq_s8_s32(second.high));
  }
  using TileScale = I;
  static PADDOCK_INLINE TileScale SpreadScale(I scale) { return scale; }

  using SignedBytes = I;
  static PADDOCK_INLINE I Prepare(I w) { return w; }
  static PADDOCK_INLINE I DotSigned(I total, I w, I a) { return Dot(total, w, a); }

  static PADDOCK_INLINE F ToFloat(I v) { return {vcvtq_f32_s32(v.low), vcvtq_f32_s32(v.high)}; }
  static PADDOCK_INLINE F LoadF(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
  static PADDOCK_INLINE F LoadHalf(const uint16_t* p) {
    const uint16x8_t v = vld1q_u16(p);
    return {vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(v))), vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(v)))};
  }
  static PADDOCK_INLINE F LoadSignedBytes(const int8_t* p) {
    const int16x8_t v = vmovl_s8(vld1_s8(p));
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(v))), vcvtq_f32_s32(vmovl_high_s16(v))};
  }
  static PADDOCK_INLINE F LoadBfloat16(const uint16_t* p) {
    const uint16x8_t v = vld1q_u16(p);
    return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(v), 16)), vreinterpretq_f32_u32(vshll_high_n_u16(v, 16))};
  }
  static PADDOCK_INLINE void Store(float* p, F v) {
    vst1q_f32(p, v.low);
    vst1q_f32(p + 4, v.high);
  }
  static PADDOCK_INLINE void StoreHalf(uint16_t* p, F v) {
    vst1q_u16(p, vcombine_u16(vreinterpret_u16_f16(vcvt_f16_f32(v.low)), vreinterpret_u16_f16(vcvt_f16_f32(v.high))));
  }
  // Rounds to nearest even and stores kLanes bytes; |v| <= 127.
  static PADDOCK_INLINE void StoreRounded8(F v, int8_t* p) {
    vst1_s8(p, vmovn_s16(vcombine_s16(vmovn_s32(vcvtnq_s32_f32(v.low)), vmovn_s32(vcvtnq_s32_f32(v.high)))));
  }
  static PADDOCK_INLINE F Zero() { return Set1(0); }
  static PADDOCK_INLINE F Set1(float v) {
    const float32x4_t all = vdupq_n_f32(v);
    return {all, all};
  }
  static PADDOCK_INLINE F Add(F a, F b) { return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)}; }
  static PADDOCK_INLINE F Mul(F a, F b) { return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)}; }
  static PADDOCK_INLINE F Div(F a, F b) { return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)}; }
  // The forms that prefer a number to a NaN, as the limits in the other tables do.
  static PADDOCK_INLINE F Max(F a, F b) { return {vmaxnmq_f32(a.low, b.low), vmaxnmq_f32(a.high, b.high)}; }
  static PADDOCK_INLINE F Min(F a, F b) { return {vminnmq_f32(a.low, b.low), vminnmq_f32(a.high, b.high)}; }
  static PADDOCK_INLINE float ReduceMax(F v) { return vmaxnmvq_f32(vmaxnmq_f32(v.low, v.high)); }
  // x where a > b, else y
  static PADDOCK_INLINE F SelectGreater(F a, F b, F x, F y) {
    return {vbslq_f32(vcgtq_f32(a.low, b.low), x.low, y.low), vbslq_f32(vcgtq_f32(a.high, b.high), x.high, y.high)};
  }
  static PADDOCK_INLINE F Fma(F a, F b, F c) {  // a * b + c
    return {vfmaq_f32(c.low, a.low, b.low), vfmaq_f32(c.high, a.high, b.high)};
  }
  static PADDOCK_INLINE F Fnma(F a, F b, F c) {  // c - a * b
    return {vfmsq_f32(c.low, a.low, b.low), vfmsq_f32(c.high, a.high, b.high)};
  }
  static PADDOCK_INLINE F Round(F v) { return {vrndnq_f32(v.low), vrndnq_f32(v.high)}; }
  // v * 2^n for integral n in [-126, 127]
  static PADDOCK_INLINE F ScaleByPowerOf2(F v, F n) { return {Scaled(v.low, n.low), Scaled(v.high, n.high)}; }
  static PADDOCK_INLINE float SquareRoot(float v) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(v)), 0); }
  static PADDOCK_INLINE float HalfToFloat(uint16_t v) {
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(v))), 0);
  }
  static PADDOCK_INLINE float RoundToHalf(float v) {
    return vgetq_lane_f32(vcvt_f32_f16(vcvt_f16_f32(vdupq_n_f32(v))), 0);
  }

 private:
  static PADDOCK_INLINE I FromBytes(uint8x16_t low, uint8x16_t high) {
    return {vreinterpretq_s32_u8(low), vreinterpretq_s32_u8(high)};
  }
  static PADDOCK_INLINE I Widen(int16x8_t v) { return {vmovl_s16(vget_low_s16(v)), vmovl_high_s16(v)}; }
  static PADDOCK_INLINE float32x4_t Scaled(float32x4_t v, float32x4_t n) {
    const int32x4_t exponent = vshlq_n_s32(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127)), 23);
    return vmulq_f32(v, vreinterpretq_f32_s32(exponent));
  }
};

// Weights are used once a pass: fetched ahead of use, with the hint that they need not stay.
PADDOCK_INLINE void PrefetchStream(const uint8_t* p) {
  __builtin_prefetch(p + 3072, 0, 0);
}
template <size_t>
PADDOCK_INLINE void PrefetchBlocks(const uint8_t* p) {
  PrefetchStream(p);
}
