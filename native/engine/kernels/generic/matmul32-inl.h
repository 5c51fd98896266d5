// Products with weight types of 32-column blocks: one float scale per block, perhaps a float minimum.
//
// Per block and row: total = dot(codes, q) - zero * sum(q), an exact integer. Then, always in this order,
//   F = fma(total, d * da, F), and for types with a minimum F = fma(m, da * sum(q), F).
// As for 256-column blocks, both kernels do the same operations per row and token.

template <typename Format>
struct Dot32 {
  static constexpr bool kSigned = Format::kBits == 8;

  // Adds the products of one block to `total`; code(p, g) gives the vector of panel p and group g.
  template <int kPanelCount, int kTokens, typename LoadCode>
  static PADDOCK_INLINE void Block(LoadCode code, const int8_t* q, size_t stride,
                                   Isa::I (&total)[kPanelCount][kTokens]) {
    if constexpr (kSigned) {
      PADDOCK_UNROLL(8)
      for (int g = 0; g < 8; ++g) {
        Isa::SignedBytes w[kPanelCount];
        for (int p = 0; p < kPanelCount; ++p) w[p] = Isa::Prepare(code(p, g));
        PADDOCK_UNROLL(8)
        for (int t = 0; t < kTokens; ++t) {
          const Isa::I x = Isa::Broadcast4(q + t * stride + 4 * g);
          for (int p = 0; p < kPanelCount; ++p) total[p][t] = Isa::DotSigned(total[p][t], w[p], x);
        }
      }
    } else {
      constexpr int kDepth = Isa::template kDepth<Format::kBits>;
      PADDOCK_UNROLL(2)
      for (int g0 = 0; g0 < 8; g0 += kDepth) {
        Isa::I partial[kPanelCount][kTokens];
        for (int p = 0; p < kPanelCount; ++p) {
          for (int t = 0; t < kTokens; ++t) partial[p][t] = Isa::ZeroI();
        }
        PADDOCK_UNROLL(8)
        for (int g = g0; g < g0 + kDepth; ++g) {
          Isa::I w[kPanelCount];
          for (int p = 0; p < kPanelCount; ++p) w[p] = code(p, g);
          PADDOCK_UNROLL(8)
          for (int t = 0; t < kTokens; ++t) {
            const Isa::I x = Isa::Broadcast4(q + t * stride + 4 * g);
            for (int p = 0; p < kPanelCount; ++p) partial[p][t] = Isa::Dot(partial[p][t], w[p], x);
          }
        }
        for (int p = 0; p < kPanelCount; ++p) {
          for (int t = 0; t < kTokens; ++t) total[p][t] = Isa::Fold(total[p][t], partial[p][t]);
        }
      }
    }
  }

  static PADDOCK_INLINE Isa::F Accumulate(Isa::F f, Isa::I total, Isa::F d, Isa::F m, float da, int sum) {
    if constexpr (Format::kZero != 0) total = Isa::Sub32(total, Isa::Set1I(Format::kZero * sum));
    f = Isa::Fma(Isa::ToFloat(total), Isa::Mul(d, Isa::Set1(da)), f);
    if constexpr (Format::kHasMin) f = Isa::Fma(m, Isa::Set1(da * static_cast<float>(sum)), f);
    return f;
  }
};

struct Unpacked32 {
  static constexpr int kBlocks = kColumnBlock / 32;
  uint8_t codes[kColumnBlock / 4][kPanels][kGroup];
  Isa::F d[kBlocks][kPanels], m[kBlocks][kPanels];
};

template <typename Format>
struct Matmul32 {
  using Block = typename Format::Block;
  using Unpacked = Unpacked32;
  static constexpr int kBlockColumns = 32;

  template <int kTokens>
  static PADDOCK_NOINLINE void Direct(const uint8_t* panel, const MatmulArgs& args, int token, float* out) {
    const auto* w = reinterpret_cast<const Block*>(panel);
    const int columns = args.columns, blocks = columns / 32;
    const int8_t* q = args.a.q + static_cast<size_t>(token) * columns;
    const float* da = args.a.d + static_cast<size_t>(token) * blocks;
    const int16_t* sums = args.a.sum32 + static_cast<size_t>(token) * blocks;
    Isa::F f[kTokens];
    for (int t = 0; t < kTokens; ++t) f[t] = Isa::Zero();
    for (int b = 0; b < blocks; ++b) {
      PADDOCK_UNROLL(8)
      for (int i = 0; i < static_cast<int>(sizeof(Block)); i += 64)
        PrefetchStream(reinterpret_cast<const uint8_t*>(&w[b]) + i);
      Isa::I total[1][kTokens];
      for (int t = 0; t < kTokens; ++t) total[0][t] = Isa::ZeroI();
      Dot32<Format>::template Block<1, kTokens>([&](int, int g) PADDOCK_LAMBDA { return Format::Code(w[b], g); },
                                                q + b * 32, static_cast<size_t>(columns), total);
      const Isa::F d = Isa::LoadHalf(w[b].d);
      Isa::F m = d;
      if constexpr (Format::kHasMin) m = Isa::LoadHalf(w[b].m);
      for (int t = 0; t < kTokens; ++t) {
        const size_t at = static_cast<size_t>(t) * blocks + b;
        f[t] = Dot32<Format>::Accumulate(f[t], total[0][t], d, m, da[at], sums[at]);
      }
    }
    for (int t = 0; t < kTokens; ++t) Isa::Store(out + static_cast<size_t>(t) * args.out_stride, f[t]);
  }

  static void Unpack(const uint8_t* panels, size_t panel_bytes, int first_block, int blocks, Unpacked* u) {
    for (int p = 0; p < kPanels; ++p) {
      const auto* w = reinterpret_cast<const Block*>(panels + p * panel_bytes) + first_block;
      for (int b = 0; b < blocks; ++b) {
        FetchNextColumns(&w[b + blocks], sizeof(Block));
        for (int g = 0; g < 8; ++g) Isa::StoreI(u->codes[b * 8 + g][p], Format::Code(w[b], g));
        u->d[b][p] = Isa::LoadHalf(w[b].d);
        if constexpr (Format::kHasMin) u->m[b][p] = Isa::LoadHalf(w[b].m);
      }
    }
  }

  template <int kTokens>
  static PADDOCK_NOINLINE void Gemm(const Unpacked& u, int first_block, int blocks, const MatmulArgs& args, int token,
                                    float* out) {
    const int columns = args.columns, all_blocks = columns / 32;
    const int8_t* q = args.a.q + static_cast<size_t>(token) * columns + first_block * 32;
    Isa::F f[kPanels][kTokens];
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) {
        f[p][t] =
            first_block == 0 ? Isa::Zero() : Isa::LoadF(out + static_cast<size_t>(t) * args.out_stride + p * kLanes);
      }
    }
    for (int b = 0; b < blocks; ++b) {
      Isa::I total[kPanels][kTokens];
      for (int p = 0; p < kPanels; ++p) {
        for (int t = 0; t < kTokens; ++t) total[p][t] = Isa::ZeroI();
      }
      Dot32<Format>::template Block<kPanels, kTokens>([&](int p, int g)
                                                          PADDOCK_LAMBDA { return Isa::Load(u.codes[b * 8 + g][p]); },
                                                      q + b * 32, static_cast<size_t>(columns), total);
      for (int t = 0; t < kTokens; ++t) {
        const size_t at = static_cast<size_t>(token + t) * all_blocks + first_block + b;
        for (int p = 0; p < kPanels; ++p) {
          f[p][t] =
              Dot32<Format>::Accumulate(f[p][t], total[p][t], u.d[b][p], u.m[b][p], args.a.d[at], args.a.sum32[at]);
        }
      }
    }
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t)
        Isa::Store(out + static_cast<size_t>(t) * args.out_stride + p * kLanes, f[p][t]);
    }
  }
};
