// Products with weight types of 256-column blocks: integer scales per 16 or 32 columns, float scales per block.
//
// Per block and row: total = sum over runs of scale * dot(codes, q), an exact integer; correction = sum over runs of
// (min or scale) * sum(q), exact too. Then, in single precision and always in this order,
//   F = fma(total - zero * correction, d * da, F)          (types with a zero point)
//   F = fma(total, d * da, F); F = fma(-correction, dmin * da, F)   (types with minima)
// Both kernels below compute the same integers and the same float operations per row and token, so a result does not
// depend on how many tokens are multiplied together.

template <typename Format>
struct Shape256 {
  static constexpr int kScalesPerRun = 32 / Format::kScaleColumns;
  // Groups of four columns that share a scale and fit one partial sum.
  static constexpr int kDepth =
      Isa::template kDepth<Format::kBits> < 8 / kScalesPerRun ? Isa::template kDepth<Format::kBits> : 8 / kScalesPerRun;
  static constexpr int kSumPairs = Format::kHasMin ? 4 : 8;  // pairs of sums per block
};

// Prefetches 1/32 of a block, part `step`. Every line must be covered; a missed one is a full memory stall.
template <size_t kBytes>
PADDOCK_INLINE void PrefetchLines(const void* block, int step) {
  static_assert(kBytes <= 64 * 64);
  constexpr int kLines = (kBytes + 63) / 64;
  const int begin = step * kLines / 32, end = (step + 1) * kLines / 32;
  const auto* p = static_cast<const uint8_t*>(block) + 64 * begin;
  if (end > begin) PrefetchBlocks<kBytes>(p);
  if (end > begin + 1) PrefetchBlocks<kBytes>(p + 64);
}

template <typename Format>
PADDOCK_INLINE Isa::F Accumulate256(Isa::F f, Isa::I total, Isa::I correction, Isa::F d, Isa::F dmin, float da) {
  const Isa::F scale = Isa::Set1(da);
  if constexpr (Format::kHasMin) {
    static_assert(Format::kZero == 0);
    f = Isa::Fma(Isa::ToFloat(total), Isa::Mul(d, scale), f);
    return Isa::Fnma(Isa::ToFloat(correction), Isa::Mul(dmin, scale), f);
  } else {
    static_assert(Format::kZero == 1 << 5, "the shift multiplies the sums by the code of zero");
    return Isa::Fma(Isa::ToFloat(Isa::Sub32(total, Isa::template ShiftLeft32<5>(correction))), Isa::Mul(d, scale), f);
  }
}

template <typename Format>
PADDOCK_INLINE const int16_t* Sums256(const Activations& a, int columns, int token, int block) {
  if constexpr (Format::kHasMin) return a.sum32 + static_cast<size_t>(token) * (columns / 32) + block * 8;
  return a.sum16 + static_cast<size_t>(token) * (columns / 16) + block * 16;
}

// The products of runs RunLow(kJ) and RunHigh(kJ) of a block. kJ is a template parameter because the shifts of the bit
// planes depend on it, and a shift by a number that is not known when compiling costs more than the product.
template <typename Format, int kTokens, int kJ>
PADDOCK_INLINE void DirectRuns(const typename Format::Block& block, const int8_t* q, size_t columns,
                               Isa::I (&total)[kTokens]) {
  using Shape = Shape256<Format>;
  PADDOCK_UNROLL(4)
  for (int g0 = 0; g0 < 8; g0 += Shape::kDepth) {
    Isa::I low[kTokens], high[kTokens];
    for (int t = 0; t < kTokens; ++t) low[t] = high[t] = Isa::ZeroI();
    PADDOCK_UNROLL(8)
    for (int g = g0; g < g0 + Shape::kDepth; ++g) {
      PrefetchLines<sizeof(block)>(&block, kJ * 8 + g);
      Isa::I cl, ch;
      Format::Codes(block, kJ, g, &cl, &ch);
      PADDOCK_UNROLL(8)
      for (int t = 0; t < kTokens; ++t) {
        const int8_t* p = q + static_cast<size_t>(t) * columns + 4 * g;
        low[t] = Isa::Dot(low[t], cl, Isa::Broadcast4(p + 32 * Format::RunLow(kJ)));
        high[t] = Isa::Dot(high[t], ch, Isa::Broadcast4(p + 32 * Format::RunHigh(kJ)));
      }
    }
    const int s = g0 * 4 / Format::kScaleColumns;
    const Isa::I scale_low = Format::Scale(block, Format::RunLow(kJ) * Shape::kScalesPerRun + s);
    const Isa::I scale_high = Format::Scale(block, Format::RunHigh(kJ) * Shape::kScalesPerRun + s);
    PADDOCK_UNROLL(8)
    for (int t = 0; t < kTokens; ++t) {
      total[t] = Isa::FoldScaled(total[t], low[t], scale_low);
      total[t] = Isa::FoldScaled(total[t], high[t], scale_high);
    }
  }
}

// A few tokens: every code is unpacked in registers and used for kTokens tokens. Streams the weights once.
template <typename Format, int kTokens>
PADDOCK_INLINE void Direct256(const typename Format::Block* w, const MatmulArgs& args, int token, float* out) {
  using Shape = Shape256<Format>;
  const int columns = args.columns, blocks = columns / 256;
  const size_t stride = static_cast<size_t>(columns);
  const int8_t* q = args.a.q + static_cast<size_t>(token) * stride;
  const float* da = args.a.d + static_cast<size_t>(token) * blocks;
  Isa::F f[kTokens];
  for (int t = 0; t < kTokens; ++t) f[t] = Isa::Zero();
  for (int b = 0; b < blocks; ++b) {
    const typename Format::Block& block = w[b];
    Isa::I total[kTokens];
    for (int t = 0; t < kTokens; ++t) total[t] = Isa::ZeroI();
    DirectRuns<Format, kTokens, 0>(block, q + b * 256, stride, total);
    DirectRuns<Format, kTokens, 1>(block, q + b * 256, stride, total);
    DirectRuns<Format, kTokens, 2>(block, q + b * 256, stride, total);
    DirectRuns<Format, kTokens, 3>(block, q + b * 256, stride, total);
    Isa::I correction[kTokens];
    for (int t = 0; t < kTokens; ++t) correction[t] = Isa::ZeroI();
    for (int i = 0; i < Shape::kSumPairs; ++i) {
      const Isa::I pair = Format::SumPair(block, i);
      for (int t = 0; t < kTokens; ++t) {
        correction[t] =
            Isa::DotPair(correction[t], pair, Isa::Broadcast4(Sums256<Format>(args.a, columns, token + t, b) + 2 * i));
      }
    }
    const Isa::F d = Isa::LoadHalf(block.d);
    Isa::F dmin = d;
    if constexpr (Format::kHasMin) dmin = Isa::LoadHalf(block.dmin);
    for (int t = 0; t < kTokens; ++t) {
      f[t] = Accumulate256<Format>(f[t], total[t], correction[t], d, dmin, da[static_cast<size_t>(t) * blocks + b]);
    }
  }
  for (int t = 0; t < kTokens; ++t) Isa::Store(out + static_cast<size_t>(t) * args.out_stride, f[t]);
}

// Many tokens: kPanels panels of kColumnBlock columns are unpacked once into scratch, then used for all tokens.
struct Unpacked256 {
  static constexpr int kBlocks = kColumnBlock / 256;
  uint8_t codes[kColumnBlock / 4][kPanels][kGroup];
  Isa::I scale[kBlocks * 16][kPanels];
  Isa::I pair[kBlocks * 8][kPanels];
  Isa::F d[kBlocks][kPanels], dmin[kBlocks][kPanels];
};

// What the end of a block needs, besides its codes and scales. `Unpacked` differs between instruction sets.
template <typename Format, typename Unpacked>
PADDOCK_INLINE void UnpackFactors(const typename Format::Block& w, int block, int panel, Unpacked* u) {
  for (int i = 0; i < Shape256<Format>::kSumPairs; ++i) u->pair[block * 8 + i][panel] = Format::SumPair(w, i);
  u->d[block][panel] = Isa::LoadHalf(w.d);
  if constexpr (Format::kHasMin) u->dmin[block][panel] = Isa::LoadHalf(w.dmin);
}

// Adds a block's integers for one token and panel to the sums of the blocks before it, in `out`.
template <typename Format, typename Unpacked>
PADDOCK_INLINE void Finish256(const Unpacked& u, int block, int panel, Isa::I total, const int16_t* sums, float da,
                              bool first, float* out) {
  Isa::I correction = Isa::ZeroI();
  for (int i = 0; i < Shape256<Format>::kSumPairs; ++i)
    correction = Isa::DotPair(correction, u.pair[block * 8 + i][panel], Isa::Broadcast4(sums + 2 * i));
  const Isa::F f = first ? Isa::Zero() : Isa::LoadF(out);
  Isa::Store(out, Accumulate256<Format>(f, total, correction, u.d[block][panel], u.dmin[block][panel], da));
}

template <typename Format>
void Unpack256(const uint8_t* panels, size_t panel_bytes, int first_block, int blocks, Unpacked256* u) {
  using Shape = Shape256<Format>;
  for (int p = 0; p < kPanels; ++p) {
    const auto* w = reinterpret_cast<const typename Format::Block*>(panels + p * panel_bytes) + first_block;
    for (int b = 0; b < blocks; ++b) {
      FetchNextColumns(&w[b + blocks], sizeof(w[b]));
      for (int j = 0; j < 4; ++j) {
        for (int g = 0; g < 8; ++g) {
          Isa::I low, high;
          Format::Codes(w[b], j, g, &low, &high);
          Isa::StoreI(u->codes[b * 64 + Format::RunLow(j) * 8 + g][p], low);
          Isa::StoreI(u->codes[b * 64 + Format::RunHigh(j) * 8 + g][p], high);
        }
      }
      for (int s = 0; s < 8 * Shape::kScalesPerRun; ++s) u->scale[b * 16 + s][p] = Format::Scale(w[b], s);
      UnpackFactors<Format>(w[b], b, p, u);
    }
  }
}

template <typename Format, int kTokens>
PADDOCK_INLINE void Gemm256(const Unpacked256& u, int first_block, int blocks, const MatmulArgs& args, int token,
                            float* out) {
  using Shape = Shape256<Format>;
  const int columns = args.columns, all_blocks = columns / 256;
  const int8_t* q = args.a.q + static_cast<size_t>(token) * columns + first_block * 256;
  for (int b = 0; b < blocks; ++b) {
    Isa::I total[kPanels][kTokens];
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) total[p][t] = Isa::ZeroI();
    }
    for (int s = 0; s < 8 * Shape::kScalesPerRun; ++s) {
      const Isa::I* scale = u.scale[b * 16 + s];
      PADDOCK_UNROLL(2)
      for (int g0 = 0; g0 < 8 / Shape::kScalesPerRun; g0 += Shape::kDepth) {
        Isa::I partial[kPanels][kTokens];
        for (int p = 0; p < kPanels; ++p) {
          for (int t = 0; t < kTokens; ++t) partial[p][t] = Isa::ZeroI();
        }
        PADDOCK_UNROLL(8)
        for (int g = g0; g < g0 + Shape::kDepth; ++g) {
          const int group = b * 64 + s * (8 / Shape::kScalesPerRun) + g;
          Isa::I w[kPanels];
          for (int p = 0; p < kPanels; ++p) w[p] = Isa::Load(u.codes[group][p]);
          PADDOCK_UNROLL(8)
          for (int t = 0; t < kTokens; ++t) {
            const Isa::I x = Isa::Broadcast4(q + static_cast<size_t>(t) * columns + 4 * group);
            for (int p = 0; p < kPanels; ++p) partial[p][t] = Isa::Dot(partial[p][t], w[p], x);
          }
        }
        for (int p = 0; p < kPanels; ++p) {
          for (int t = 0; t < kTokens; ++t) total[p][t] = Isa::FoldScaled(total[p][t], partial[p][t], scale[p]);
        }
      }
    }
    for (int t = 0; t < kTokens; ++t) {
      const int16_t* sums = Sums256<Format>(args.a, columns, token + t, first_block + b);
      const float da = args.a.d[static_cast<size_t>(token + t) * all_blocks + first_block + b];
      for (int p = 0; p < kPanels; ++p) {
        Finish256<Format>(u, b, p, total[p][t], sums, da, first_block + b == 0,
                          out + static_cast<size_t>(t) * args.out_stride + p * kLanes);
      }
    }
  }
}

template <typename Format>
struct Matmul256 {
  using Block = typename Format::Block;
  using Unpacked = Unpacked256;
  static constexpr int kBlockColumns = 256;

  template <int kTokens>
  static PADDOCK_NOINLINE void Direct(const uint8_t* panel, const MatmulArgs& args, int token, float* out) {
    Direct256<Format, kTokens>(reinterpret_cast<const Block*>(panel), args, token, out);
  }
  static void Unpack(const uint8_t* panels, size_t panel_bytes, int first_block, int blocks, Unpacked* u) {
    Unpack256<Format>(panels, panel_bytes, first_block, blocks, u);
  }
  template <int kTokens>
  static PADDOCK_NOINLINE void Gemm(const Unpacked& u, int first_block, int blocks, const MatmulArgs& args, int token,
                                    float* out) {
    Gemm256<Format, kTokens>(u, first_block, blocks, args, token, out);
  }
};
