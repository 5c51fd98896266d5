// Chooses between the direct kernel (few tokens) and the unpacked GEMM (many), and walks tokens and columns.

template <typename Kernel>
PADDOCK_INLINE void DirectTokens(const uint8_t* panel, const MatmulArgs& args, float* out) {
  int t = 0;
  for (; t + kDirectTokens <= args.tokens; t += kDirectTokens) {
    Kernel::template Direct<kDirectTokens>(panel, args, t, out + static_cast<size_t>(t) * args.out_stride);
  }
  float* rest = out + static_cast<size_t>(t) * args.out_stride;
  switch (args.tokens - t) {
    case 7:
      if constexpr (kDirectTokens > 7) Kernel::template Direct<7>(panel, args, t, rest);
      break;
    case 6:
      if constexpr (kDirectTokens > 6) Kernel::template Direct<6>(panel, args, t, rest);
      break;
    case 5:
      if constexpr (kDirectTokens > 5) Kernel::template Direct<5>(panel, args, t, rest);
      break;
    case 4:
      if constexpr (kDirectTokens > 4) Kernel::template Direct<4>(panel, args, t, rest);
      break;
    case 3: Kernel::template Direct<3>(panel, args, t, rest); break;
    case 2: Kernel::template Direct<2>(panel, args, t, rest); break;
    case 1: Kernel::template Direct<1>(panel, args, t, rest); break;
    default: break;
  }
}

template <typename Kernel>
void MatmulFormat(const MatmulArgs& args) {
  int panel = args.panel_begin;
  if (args.tokens >= kGemmTokens) {
    auto* unpacked = reinterpret_cast<typename Kernel::Unpacked*>(args.scratch);
    const int all_blocks = args.columns / Kernel::kBlockColumns;
    constexpr int kStep = kColumnBlock / Kernel::kBlockColumns;
    for (; panel + kPanels <= args.panel_end; panel += kPanels) {
      float* out = args.out + static_cast<size_t>(panel - args.panel_begin) * kLanes;
      for (int b = 0; b < all_blocks; b += kStep) {
        const int blocks = all_blocks - b < kStep ? all_blocks - b : kStep;
        Kernel::Unpack(args.panels + panel * args.panel_bytes, args.panel_bytes, b, blocks, unpacked);
        int t = 0;
        for (; t + kGemmTileTokens <= args.tokens; t += kGemmTileTokens) {
          Kernel::template Gemm<kGemmTileTokens>(*unpacked, b, blocks, args, t,
                                                 out + static_cast<size_t>(t) * args.out_stride);
        }
        for (; t + 2 <= args.tokens; t += 2) {
          Kernel::template Gemm<2>(*unpacked, b, blocks, args, t, out + static_cast<size_t>(t) * args.out_stride);
        }
        if (t < args.tokens) {
          Kernel::template Gemm<1>(*unpacked, b, blocks, args, t, out + static_cast<size_t>(t) * args.out_stride);
        }
      }
    }
  }
  for (; panel < args.panel_end; ++panel) {
    DirectTokens<Kernel>(args.panels + panel * args.panel_bytes, args,
                         args.out + static_cast<size_t>(panel - args.panel_begin) * kLanes);
  }
}

template <TensorType kType>
void MatmulFloats(const MatmulArgs& args) {
  for (int panel = args.panel_begin; panel < args.panel_end; ++panel) {
    DirectTokens<MatmulFloat<kType>>(args.panels + panel * args.panel_bytes, args,
                                     args.out + static_cast<size_t>(panel - args.panel_begin) * kLanes);
  }
}

void Matmul(TensorType type, const MatmulArgs& args) {
  const bool has_direct_kernel = ActivationKindOf(type) == ActivationKind::kFloat;
  if (args.a.x != nullptr && (args.tokens >= kGemmTokens || !has_direct_kernel)) return MatmulUnpacked(type, args);
  switch (type) {
    case TensorType::kF32: return MatmulFloats<TensorType::kF32>(args);
    case TensorType::kF16: return MatmulFloats<TensorType::kF16>(args);
    case TensorType::kBF16: return MatmulFloats<TensorType::kBF16>(args);
    case TensorType::kQ4_0: return MatmulFormat<Matmul32<FormatQ4_0>>(args);
    case TensorType::kQ4_1: return MatmulFormat<Matmul32<FormatQ4_1>>(args);
    case TensorType::kQ5_0: return MatmulFormat<Matmul32<FormatQ5_0>>(args);
    case TensorType::kQ5_1: return MatmulFormat<Matmul32<FormatQ5_1>>(args);
    case TensorType::kQ8_0: return MatmulFormat<Matmul32<FormatQ8_0>>(args);
    case TensorType::kIQ4_NL: return MatmulFormat<Matmul32<FormatIQ4_NL>>(args);
    case TensorType::kQ4_K: return MatmulFormat<Matmul256<FormatQ4_K>>(args);
    case TensorType::kQ5_K: return MatmulFormat<Matmul256<FormatQ5_K>>(args);
    case TensorType::kQ6_K: return MatmulFormat<Matmul256<FormatQ6_K>>(args);
  }
}

template <typename Format>
void PackBlocks(const uint8_t* source, size_t row_bytes, int rows, int blocks, uint8_t* panel) {
  auto* out = reinterpret_cast<typename Format::Block*>(panel);
  const size_t block_bytes = row_bytes / static_cast<size_t>(blocks);
  for (int b = 0; b < blocks; ++b) {
    for (int r = 0; r < rows; ++r) {
      const uint8_t* block = source + r * row_bytes + b * block_bytes;
      // The same place of the next panel's rows: rows are read in an order that no hardware prefetcher foresees.
      for (size_t i = 0; i < block_bytes; i += 64) PADDOCK_FETCH(block + kLanes * row_bytes + i);
      Format::PackRow(block, r, &out[b]);
    }
  }
}

size_t PanelBytes(TensorType type, int columns) {
  const size_t c = static_cast<size_t>(columns);
  switch (type) {
    case TensorType::kF32: return c * kLanes * 4;
    case TensorType::kF16:
    case TensorType::kBF16: return c * kLanes * 2;
    case TensorType::kQ4_0: return c / 32 * sizeof(FormatQ4_0::Block);
    case TensorType::kQ4_1: return c / 32 * sizeof(FormatQ4_1::Block);
    case TensorType::kQ5_0: return c / 32 * sizeof(FormatQ5_0::Block);
    case TensorType::kQ5_1: return c / 32 * sizeof(FormatQ5_1::Block);
    case TensorType::kQ8_0: return c / 32 * sizeof(FormatQ8_0::Block);
    case TensorType::kIQ4_NL: return c / 32 * sizeof(FormatIQ4_NL::Block);
    case TensorType::kQ4_K: return c / 256 * sizeof(FormatQ4_K::Block);
    case TensorType::kQ5_K: return c / 256 * sizeof(FormatQ5_K::Block);
    case TensorType::kQ6_K: return c / 256 * sizeof(FormatQ6_K::Block);
  }
  return 0;
}

void PackPanel(TensorType type, const uint8_t* source, size_t row_bytes, int rows, int columns, uint8_t* panel) {
  if (rows < kLanes) memset(panel, 0, PanelBytes(type, columns));
  switch (type) {
    case TensorType::kF32: return MatmulFloat<TensorType::kF32>::Pack(source, row_bytes, rows, columns, panel);
    case TensorType::kF16: return MatmulFloat<TensorType::kF16>::Pack(source, row_bytes, rows, columns, panel);
    case TensorType::kBF16: return MatmulFloat<TensorType::kBF16>::Pack(source, row_bytes, rows, columns, panel);
    case TensorType::kQ4_0: return PackBlocks<FormatQ4_0>(source, row_bytes, rows, columns / 32, panel);
    case TensorType::kQ4_1: return PackBlocks<FormatQ4_1>(source, row_bytes, rows, columns / 32, panel);
    case TensorType::kQ5_0: return PackBlocks<FormatQ5_0>(source, row_bytes, rows, columns / 32, panel);
    case TensorType::kQ5_1: return PackBlocks<FormatQ5_1>(source, row_bytes, rows, columns / 32, panel);
    case TensorType::kQ8_0: return PackBlocks<FormatQ8_0>(source, row_bytes, rows, columns / 32, panel);
    case TensorType::kIQ4_NL: return PackBlocks<FormatIQ4_NL>(source, row_bytes, rows, columns / 32, panel);
    case TensorType::kQ4_K: return PackBlocks<FormatQ4_K>(source, row_bytes, rows, columns / 256, panel);
    case TensorType::kQ5_K: return PackBlocks<FormatQ5_K>(source, row_bytes, rows, columns / 256, panel);
    case TensorType::kQ6_K: return PackBlocks<FormatQ6_K>(source, row_bytes, rows, columns / 256, panel);
  }
}
