// Weights that stay floating point (F32, F16, BF16): panels of single columns, [column][lane].

template <TensorType kType>
struct MatmulFloat {
  static constexpr int kElementBytes = kType == TensorType::kF32 ? 4 : 2;

  static PADDOCK_INLINE Isa::F Column(const uint8_t* panel, int c) {
    const uint8_t* at = panel + static_cast<size_t>(c) * kLanes * kElementBytes;
    if constexpr (kType == TensorType::kF32) return Isa::LoadF(reinterpret_cast<const float*>(at));
    if constexpr (kType == TensorType::kF16) return Isa::LoadHalf(reinterpret_cast<const uint16_t*>(at));
    return Isa::LoadBfloat16(reinterpret_cast<const uint16_t*>(at));
  }

  template <int kTokens>
  static void Direct(const uint8_t* panel, const MatmulArgs& args, int token, float* out) {
    const float* x = args.a.x + static_cast<size_t>(token) * args.columns;
    Isa::F f[kTokens];
    for (int t = 0; t < kTokens; ++t) f[t] = Isa::Zero();
    for (int c = 0; c < args.columns; ++c) {
      const Isa::F w = Column(panel, c);
      for (int t = 0; t < kTokens; ++t)
        f[t] = Isa::Fma(w, Isa::Set1(x[static_cast<size_t>(t) * args.columns + c]), f[t]);
    }
    for (int t = 0; t < kTokens; ++t) Isa::Store(out + static_cast<size_t>(t) * args.out_stride, f[t]);
  }

  static void Pack(const uint8_t* source, size_t row_bytes, int rows, int columns, uint8_t* panel) {
    for (int c = 0; c < columns; ++c) {
      for (int r = 0; r < rows; ++r) {
        memcpy(panel + (static_cast<size_t>(c) * kLanes + r) * kElementBytes,
               source + r * row_bytes + static_cast<size_t>(c) * kElementBytes, kElementBytes);
      }
    }
  }
};
