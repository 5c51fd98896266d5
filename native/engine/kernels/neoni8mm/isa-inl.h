// NEON with int8 matrix multiplication (FEAT_I8MM): neondotprod, and smmla. That instruction multiplies two rows of
// eight bytes by two others: two weight rows and two tokens make four sums of eight products, twice the work of a dot
// product. With one token half of it would be lost, so only the GEMM uses it.

struct NeonI8mmIsa : NeonDotprodIsa {
  static constexpr int kRowPairs = kLanes / 2;
  // Row pair r of a panel: columns 8s .. 8s+7 of row 2r, then those of row 2r + 1.
  using Rows = int8x16_t;
  // (row 2r, first token), (row 2r, second token), (row 2r + 1, first), (row 2r + 1, second)
  using Square = int32x4_t;

  // The row pairs of eight columns, from the vectors of two groups of four.
  static PADDOCK_INLINE void StoreCodes(I first, I second, int8_t (*out)[16]) {
    vst1q_s8(out[0], vreinterpretq_s8_s32(vzip1q_s32(first.low, second.low)));
    vst1q_s8(out[1], vreinterpretq_s8_s32(vzip2q_s32(first.low, second.low)));
    vst1q_s8(out[2], vreinterpretq_s8_s32(vzip1q_s32(first.high, second.high)));
    vst1q_s8(out[3], vreinterpretq_s8_s32(vzip2q_s32(first.high, second.high)));
  }
  static PADDOCK_INLINE Rows LoadRows(const int8_t* p) { return vld1q_s8(p); }
  // Sixteen columns of two tokens, as two times eight.
  static PADDOCK_INLINE void LoadTokens(const int8_t* first, const int8_t* second, Rows (&out)[2]) {
    const int64x2_t a = vreinterpretq_s64_s8(vld1q_s8(first)), b = vreinterpretq_s64_s8(vld1q_s8(second));
    out[0] = vreinterpretq_s8_s64(vzip1q_s64(a, b));
    out[1] = vreinterpretq_s8_s64(vzip2q_s64(a, b));
  }
  static PADDOCK_INLINE Square MultiplyPairs(Square total, Rows w, Rows a) { return vmmlaq_s32(total, w, a); }
  static PADDOCK_INLINE Square ZeroSquare() { return vdupq_n_s32(0); }
  static PADDOCK_INLINE Square FoldScaledSquare(Square total, Square partial, Square scale) {
    return vmlaq_s32(total, partial, scale);
  }
  // Each row's scale at both of its tokens.
  struct TileScale {
    Square row_pair[kRowPairs];
  };
  static PADDOCK_INLINE TileScale SpreadScale(I scale) {
    return {{vzip1q_s32(scale.low, scale.low), vzip2q_s32(scale.low, scale.low), vzip1q_s32(scale.high, scale.high),
             vzip2q_s32(scale.high, scale.high)}};
  }
  // The sums of one token, in the order of the rows.
  static PADDOCK_INLINE I SumsOf(int token, const Square& s0, const Square& s1, const Square& s2, const Square& s3) {
    if (token == 0) return {vuzp1q_s32(s0, s1), vuzp1q_s32(s2, s3)};
    return {vuzp2q_s32(s0, s1), vuzp2q_s32(s2, s3)};
  }
};
