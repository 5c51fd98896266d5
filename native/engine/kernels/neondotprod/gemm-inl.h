// The GEMM of the Arm tables, in place of the generic one for every quantized type; the direct kernel stays. A register
// of activations is sixteen columns of a token, and the instructions pick from it what they multiply with: broadcasting
// four columns at a time, as elsewhere, would be one more vector operation for every few products. What is multiplied
// with what is up to `Tile`, a few tokens of kPanels panels. The integers are the same in any order of adding and the
// float operations are the generic ones, so a result still does not depend on which of the two kernels computed it.

// The same format by another name, for which the generic products are still what they were.
template <typename Format>
struct Generic : Format {};

// Of kPanels panels, in the order that the instructions want.
using EightColumns = int8_t[kPanels][4][16];

struct TiledUnpacked256 {
  static constexpr int kBlocks = kColumnBlock / 256;
  EightColumns codes[kColumnBlock / 8];
  Isa::TileScale scale[kBlocks * 16][kPanels];
  Isa::I pair[kBlocks * 8][kPanels];
  Isa::F d[kBlocks][kPanels], dmin[kBlocks][kPanels];
};

template <typename Format>
struct TiledMatmul256 {
  using Block = typename Format::Block;
  using Shape = Shape256<Format>;
  using Unpacked = TiledUnpacked256;
  static constexpr int kBlockColumns = 256;

  template <int kTokens>
  static void Direct(const uint8_t* panel, const MatmulArgs& args, int token, float* out) {
    Matmul256<Generic<Format>>::template Direct<kTokens>(panel, args, token, out);
  }

  static void Unpack(const uint8_t* panels, size_t panel_bytes, int first_block, int blocks, Unpacked* u) {
    for (int p = 0; p < kPanels; ++p) {
      const auto* w = reinterpret_cast<const Block*>(panels + p * panel_bytes) + first_block;
      for (int b = 0; b < blocks; ++b) {
        FetchNextColumns(&w[b + blocks], sizeof(Block));
        for (int j = 0; j < 4; ++j) {
          for (int g = 0; g < 8; g += 2) {
            Isa::I low[2], high[2];
            for (int i = 0; i < 2; ++i) Format::Codes(w[b], j, g + i, &low[i], &high[i]);
            Isa::StoreCodes(low[0], low[1], u->codes[b * 32 + Format::RunLow(j) * 4 + g / 2][p]);
            Isa::StoreCodes(high[0], high[1], u->codes[b * 32 + Format::RunHigh(j) * 4 + g / 2][p]);
          }
        }
        for (int s = 0; s < 8 * Shape::kScalesPerRun; ++s)
          u->scale[b * 16 + s][p] = Isa::SpreadScale(Format::Scale(w[b], s));
        UnpackFactors<Format>(w[b], b, p, u);
      }
    }
  }

  template <int kTokens>
  static void Gemm(const Unpacked& u, int first_block, int blocks, const MatmulArgs& args, int token, float* out) {
    const int columns = args.columns, all_blocks = columns / 256;
    const size_t stride = static_cast<size_t>(columns);
    const int8_t* q = args.a.q + static_cast<size_t>(token) * stride + first_block * 256;
    for (int b = 0; b < blocks; ++b) {
      Tile<kTokens> total;
      total.Clear();
      for (int s = 0; s < 8 * Shape::kScalesPerRun; ++s) {
        Tile<kTokens> partial;
        partial.Clear();
        PADDOCK_UNROLL(2)
        for (int c = 0; c < Format::kScaleColumns; c += 16) {
          const int column = b * 256 + s * Format::kScaleColumns + c;
          partial.Multiply16(&u.codes[column / 8], q + column, stride);
        }
        total.AddScaled(partial, u.scale[b * 16 + s]);
      }
      PADDOCK_UNROLL(4)
      for (int t = 0; t < kTokens; ++t) {
        const int16_t* sums = Sums256<Format>(args.a, columns, token + t, first_block + b);
        const float da = args.a.d[static_cast<size_t>(token + t) * all_blocks + first_block + b];
        for (int p = 0; p < kPanels; ++p) {
          Finish256<Format>(u, b, p, total.Sums(p, t), sums, da, first_block + b == 0,
                            out + static_cast<size_t>(t) * args.out_stride + p * kLanes);
        }
      }
    }
  }
};

struct TiledUnpacked32 {
  static constexpr int kBlocks = kColumnBlock / 32;
  EightColumns codes[kColumnBlock / 8];
  Isa::F d[kBlocks][kPanels], m[kBlocks][kPanels];
};

template <typename Format>
struct TiledMatmul32 {
  using Block = typename Format::Block;
  using Unpacked = TiledUnpacked32;
  static constexpr int kBlockColumns = 32;

  template <int kTokens>
  static void Direct(const uint8_t* panel, const MatmulArgs& args, int token, float* out) {
    Matmul32<Generic<Format>>::template Direct<kTokens>(panel, args, token, out);
  }

  static void Unpack(const uint8_t* panels, size_t panel_bytes, int first_block, int blocks, Unpacked* u) {
    for (int p = 0; p < kPanels; ++p) {
      const auto* w = reinterpret_cast<const Block*>(panels + p * panel_bytes) + first_block;
      for (int b = 0; b < blocks; ++b) {
        FetchNextColumns(&w[b + blocks], sizeof(Block));
        for (int g = 0; g < 8; g += 2)
          Isa::StoreCodes(Format::Code(w[b], g), Format::Code(w[b], g + 1), u->codes[b * 4 + g / 2][p]);
        u->d[b][p] = Isa::LoadHalf(w[b].d);
        if constexpr (Format::kHasMin) u->m[b][p] = Isa::LoadHalf(w[b].m);
      }
    }
  }

  template <int kTokens>
  static void Gemm(const Unpacked& u, int first_block, int blocks, const MatmulArgs& args, int token, float* out) {
    const int columns = args.columns, all_blocks = columns / 32;
    const size_t stride = static_cast<size_t>(columns);
    const int8_t* q = args.a.q + static_cast<size_t>(token) * stride + first_block * 32;
    Isa::F f[kPanels][kTokens];
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t) {
        f[p][t] =
            first_block == 0 ? Isa::Zero() : Isa::LoadF(out + static_cast<size_t>(t) * args.out_stride + p * kLanes);
      }
    }
    for (int b = 0; b < blocks; ++b) {
      Tile<kTokens> total;
      total.Clear();
      total.Multiply16(&u.codes[b * 4], q + b * 32, stride);
      total.Multiply16(&u.codes[b * 4 + 2], q + b * 32 + 16, stride);
      PADDOCK_UNROLL(4)
      for (int t = 0; t < kTokens; ++t) {
        const size_t at = static_cast<size_t>(token + t) * all_blocks + first_block + b;
        for (int p = 0; p < kPanels; ++p) {
          f[p][t] = Dot32<Format>::Accumulate(f[p][t], total.Sums(p, t), u.d[b][p], u.m[b][p], args.a.d[at],
                                              args.a.sum32[at]);
        }
      }
    }
    for (int p = 0; p < kPanels; ++p) {
      for (int t = 0; t < kTokens; ++t)
        Isa::Store(out + static_cast<size_t>(t) * args.out_stride + p * kLanes, f[p][t]);
    }
  }
};

// What generic/matmul-inl.h finds under these names from here on.
template <>
struct Matmul256<FormatQ4_K> : TiledMatmul256<FormatQ4_K> {};
template <>
struct Matmul256<FormatQ5_K> : TiledMatmul256<FormatQ5_K> {};
template <>
struct Matmul256<FormatQ6_K> : TiledMatmul256<FormatQ6_K> {};
template <>
struct Matmul32<FormatQ4_0> : TiledMatmul32<FormatQ4_0> {};
template <>
struct Matmul32<FormatQ4_1> : TiledMatmul32<FormatQ4_1> {};
template <>
struct Matmul32<FormatQ5_0> : TiledMatmul32<FormatQ5_0> {};
template <>
struct Matmul32<FormatQ5_1> : TiledMatmul32<FormatQ5_1> {};
template <>
struct Matmul32<FormatQ8_0> : TiledMatmul32<FormatQ8_0> {};
template <>
struct Matmul32<FormatIQ4_NL> : TiledMatmul32<FormatIQ4_NL> {};
