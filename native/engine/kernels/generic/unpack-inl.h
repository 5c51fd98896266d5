// Weight panels back to floats, a tile at a time, for products without rounded activations and for those with the
// transposed matrix.

// Four columns of every lane, out[4][kLanes] = (code - kZero) * scale - min. Written for the compiler's vectorizer.
template <int kZero, bool kSigned>
PADDOCK_INLINE void CodesToFloats(Isa::I codes, const float* scale, const float* min, float* out) {
  alignas(64) uint8_t bytes[kGroup];
  Isa::StoreI(bytes, codes);
  uint32_t words[kLanes];
  memcpy(words, bytes, sizeof words);
  PADDOCK_UNROLL(4)
  for (int c = 0; c < 4; ++c) {
    for (int r = 0; r < kLanes; ++r) {
      const int32_t code = kSigned ? static_cast<int32_t>(words[r] << (24 - 8 * c)) >> 24
                                   : static_cast<int32_t>(words[r] >> (8 * c) & 255);
      out[c * kLanes + r] = static_cast<float>(code - kZero) * scale[r] - min[r];
    }
  }
}

template <typename Format>
void Unpack256ToFloats(const typename Format::Block* blocks, int begin, int end, float* out) {
  constexpr int kScales = 256 / Format::kScaleColumns, kPerRun = 32 / Format::kScaleColumns;
  alignas(64) float scale[kScales][kLanes], min[kScales][kLanes];
  for (int b = begin / 256; b < end / 256; ++b, out += 256 * kLanes) {
    const typename Format::Block& block = blocks[b];
    for (int s = 0; s < kScales; ++s) {
      for (int r = 0; r < kLanes; ++r) {
        scale[s][r] = Isa::HalfToFloat(block.d[r]) * static_cast<float>(block.scale[s][r]);
        if constexpr (Format::kHasMin) {
          min[s][r] = Isa::HalfToFloat(block.dmin[r]) * static_cast<float>(block.min[s][r]);
        } else {
          min[s][r] = 0;
        }
      }
    }
    for (int j = 0; j < 4; ++j) {
      for (int g = 0; g < 8; ++g) {
        Isa::I low, high;
        Format::Codes(block, j, g, &low, &high);
        const int s = g * 4 / Format::kScaleColumns;
        const int run_low = Format::RunLow(j), run_high = Format::RunHigh(j);
        CodesToFloats<Format::kZero, false>(low, scale[run_low * kPerRun + s], min[run_low * kPerRun + s],
                                            out + (run_low * 32 + 4 * g) * kLanes);
        CodesToFloats<Format::kZero, false>(high, scale[run_high * kPerRun + s], min[run_high * kPerRun + s],
                                            out + (run_high * 32 + 4 * g) * kLanes);
      }
    }
  }
}

template <typename Format>
void Unpack32ToFloats(const typename Format::Block* blocks, int begin, int end, float* out) {
  constexpr bool kSigned = Format::kBits == 8 && Format::kZero == 0;
  for (int b = begin / 32; b < end / 32; ++b, out += 32 * kLanes) {
    const typename Format::Block& block = blocks[b];
    alignas(64) float scale[kLanes], min[kLanes] = {};
    for (int r = 0; r < kLanes; ++r) {
      scale[r] = Isa::HalfToFloat(block.d[r]);
      if constexpr (Format::kHasMin) min[r] = -Isa::HalfToFloat(block.m[r]);
    }
    for (int g = 0; g < 8; ++g)
      CodesToFloats<Format::kZero, kSigned>(Format::Code(block, g), scale, min, out + 4 * g * kLanes);
  }
}

template <TensorType kType>
void UnpackFloats(const uint8_t* panel, int begin, int end, float* out) {
  for (int c = begin; c < end; ++c, out += kLanes) Isa::Store(out, MatmulFloat<kType>::Column(panel, c));
}

template <typename Format>
PADDOCK_INLINE const typename Format::Block* BlocksOf(const uint8_t* panel) {
  return reinterpret_cast<const typename Format::Block*>(panel);
}

void UnpackPanel(TensorType type, const uint8_t* panel, int begin, int end, float* out) {
  switch (type) {
    case TensorType::kF32: return UnpackFloats<TensorType::kF32>(panel, begin, end, out);
    case TensorType::kF16: return UnpackFloats<TensorType::kF16>(panel, begin, end, out);
    case TensorType::kBF16: return UnpackFloats<TensorType::kBF16>(panel, begin, end, out);
    case TensorType::kQ4_0: return Unpack32ToFloats<FormatQ4_0>(BlocksOf<FormatQ4_0>(panel), begin, end, out);
    case TensorType::kQ4_1: return Unpack32ToFloats<FormatQ4_1>(BlocksOf<FormatQ4_1>(panel), begin, end, out);
    case TensorType::kQ5_0: return Unpack32ToFloats<FormatQ5_0>(BlocksOf<FormatQ5_0>(panel), begin, end, out);
    case TensorType::kQ5_1: return Unpack32ToFloats<FormatQ5_1>(BlocksOf<FormatQ5_1>(panel), begin, end, out);
    case TensorType::kQ8_0: return Unpack32ToFloats<FormatQ8_0>(BlocksOf<FormatQ8_0>(panel), begin, end, out);
    case TensorType::kIQ4_NL: return Unpack32ToFloats<FormatIQ4_NL>(BlocksOf<FormatIQ4_NL>(panel), begin, end, out);
    case TensorType::kQ4_K: return Unpack256ToFloats<FormatQ4_K>(BlocksOf<FormatQ4_K>(panel), begin, end, out);
    case TensorType::kQ5_K: return Unpack256ToFloats<FormatQ5_K>(BlocksOf<FormatQ5_K>(panel), begin, end, out);
    case TensorType::kQ6_K: return Unpack256ToFloats<FormatQ6_K>(BlocksOf<FormatQ6_K>(panel), begin, end, out);
  }
}
