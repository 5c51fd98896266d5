// Pairs of rows by pairs of tokens; see neondotprod/gemm-inl.h.

template <int kTokens>
struct Tile {
  static constexpr int kPairs = (kTokens + 1) / 2;
  static constexpr int kRowPairs = Isa::kRowPairs;
  Isa::Square at[kPanels][kRowPairs][kPairs];

  PADDOCK_INLINE void Clear() {
    for (int p = 0; p < kPanels; ++p) {
      for (int r = 0; r < kRowPairs; ++r) {
        for (int t = 0; t < kPairs; ++t) at[p][r][t] = Isa::ZeroSquare();
      }
    }
  }

  // Adds the products of sixteen columns. An odd last token is its own neighbour, and that half is not read.
  PADDOCK_INLINE void Multiply16(const int8_t (*codes)[kPanels][4][16], const int8_t* q, size_t stride) {
    Isa::Rows x[kPairs][2];
    for (int t = 0; t < kPairs; ++t) {
      const int8_t* first = q + 2 * t * stride;
      Isa::LoadTokens(first, 2 * t + 1 < kTokens ? first + stride : first, x[t]);
    }
    PADDOCK_UNROLL(2)
    for (int step = 0; step < 2; ++step) {
      PADDOCK_UNROLL(2)
      for (int p = 0; p < kPanels; ++p) {
        PADDOCK_UNROLL(4)
        for (int r = 0; r < kRowPairs; ++r) {
          const Isa::Rows w = Isa::LoadRows(codes[step][p][r]);
          PADDOCK_UNROLL(4)
          for (int t = 0; t < kPairs; ++t) at[p][r][t] = Isa::MultiplyPairs(at[p][r][t], w, x[t][step]);
        }
      }
    }
  }

  PADDOCK_INLINE void AddScaled(const Tile& partial, const Isa::TileScale* scale) {
    for (int p = 0; p < kPanels; ++p) {
      for (int r = 0; r < kRowPairs; ++r) {
        for (int t = 0; t < kPairs; ++t)
          at[p][r][t] = Isa::FoldScaledSquare(at[p][r][t], partial.at[p][r][t], scale[p].row_pair[r]);
      }
    }
  }

  PADDOCK_INLINE Isa::I Sums(int panel, int token) const {
    const auto& s = at[panel];
    const int t = token / 2;
    return Isa::SumsOf(token % 2, s[0][t], s[1][t], s[2][t], s[3][t]);
  }
};
