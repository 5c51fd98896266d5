// Eight rows by one token, each as two registers; see gemm-inl.h.

template <int kTokens>
struct Tile {
  Isa::I at[kPanels][kTokens];

  PADDOCK_INLINE void Clear() {
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) at[p][t] = Isa::ZeroI();
    }
  }

  // Adds the products of sixteen columns.
  PADDOCK_INLINE void Multiply16(const int8_t (*codes)[kPanels][4][16], const int8_t* q, size_t stride) {
    int8x16_t x[kTokens];
    for (int t = 0; t < kTokens; ++t) x[t] = vld1q_s8(q + t * stride);
    Multiply4<0>(codes[0], x);
    Multiply4<1>(codes[0], x);
    Multiply4<2>(codes[1], x);
    Multiply4<3>(codes[1], x);
  }

  PADDOCK_INLINE void AddScaled(const Tile& partial, const Isa::TileScale* scale) {
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) at[p][t] = Isa::FoldScaled(at[p][t], partial.at[p][t], scale[p]);
    }
  }

  PADDOCK_INLINE Isa::I Sums(int panel, int token) const { return at[panel][token]; }

 private:
  template <int kGroup4>
  PADDOCK_INLINE void Multiply4(const int8_t (&codes)[kPanels][4][16], const int8x16_t (&x)[kTokens]) {
    PADDOCK_UNROLL(2)
    for (int p = 0; p < kPanels; ++p) {
      const int8x16_t low = vld1q_s8(codes[p][kGroup4 % 2 * 2]), high = vld1q_s8(codes[p][kGroup4 % 2 * 2 + 1]);
      PADDOCK_UNROLL(4)
      for (int t = 0; t < kTokens; ++t) {
        at[p][t].low = vdotq_laneq_s32(at[p][t].low, low, x[t], kGroup4);
        at[p][t].high = vdotq_laneq_s32(at[p][t].high, high, x[t], kGroup4);
      }
    }
  }
};
