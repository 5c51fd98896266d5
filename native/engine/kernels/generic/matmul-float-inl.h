// Products in single precision, with weights of any type: nothing is rounded but the sums themselves, in the order of
// the columns,
//   F = fma(weight, x, F).
// That is what MatmulFloat's direct kernel does too, so a result does not depend on how many tokens are multiplied
// together. Panels are unpacked to floats some columns at a time, and used for all tokens.

constexpr int kFloatColumns = 256;  // whole blocks of every type
// Two chains of additions for each of the two multipliers, four and more deep, and as many registers as there are.
constexpr int kFloatTileTokens = kLanes >= 16 ? 12 : 6;

struct UnpackedFloats {
  alignas(64) float weight[kPanels][kFloatColumns][kLanes];
};

// `columns` columns of kPanelCount panels, from `column` on, times kTokens tokens.
template <int kPanelCount, int kTokens>
PADDOCK_NOINLINE void FloatTile(const UnpackedFloats& u, const MatmulArgs& args, int column, int columns, int token,
                                float* out) {
  const size_t stride = static_cast<size_t>(args.columns);
  const float* x = args.a.x + static_cast<size_t>(token) * stride + column;
  out += static_cast<size_t>(token) * args.out_stride;
  Isa::F f[kPanelCount][kTokens];
  for (int p = 0; p < kPanelCount; ++p) {
    for (int t = 0; t < kTokens; ++t)
      f[p][t] = column == 0 ? Isa::Zero() : Isa::LoadF(out + static_cast<size_t>(t) * args.out_stride + p * kLanes);
  }
  for (int c = 0; c < columns; ++c) {
    Isa::F w[kPanelCount];
    for (int p = 0; p < kPanelCount; ++p) w[p] = Isa::LoadF(u.weight[p][c]);
    PADDOCK_UNROLL(12)
    for (int t = 0; t < kTokens; ++t) {
      const Isa::F value = Isa::Set1(x[static_cast<size_t>(t) * stride + static_cast<size_t>(c)]);
      for (int p = 0; p < kPanelCount; ++p) f[p][t] = Isa::Fma(w[p], value, f[p][t]);
    }
  }
  for (int p = 0; p < kPanelCount; ++p) {
    for (int t = 0; t < kTokens; ++t) Isa::Store(out + static_cast<size_t>(t) * args.out_stride + p * kLanes, f[p][t]);
  }
}

template <int kPanelCount>
void FloatTokens(const UnpackedFloats& u, const MatmulArgs& args, int column, int columns, float* out) {
  int t = 0;
  for (; t + kFloatTileTokens <= args.tokens; t += kFloatTileTokens)
    FloatTile<kPanelCount, kFloatTileTokens>(u, args, column, columns, t, out);
  for (; t + 4 <= args.tokens; t += 4) FloatTile<kPanelCount, 4>(u, args, column, columns, t, out);
  for (; t < args.tokens; ++t) FloatTile<kPanelCount, 1>(u, args, column, columns, t, out);
}

void MatmulUnpacked(TensorType type, const MatmulArgs& args) {
  auto* u = reinterpret_cast<UnpackedFloats*>(args.scratch);
  for (int panel = args.panel_begin, panels; panel < args.panel_end; panel += panels) {
    panels = panel + kPanels <= args.panel_end ? kPanels : 1;
    float* out = args.out + static_cast<size_t>(panel - args.panel_begin) * kLanes;
    for (int column = 0; column < args.columns; column += kFloatColumns) {
      const int columns = args.columns - column < kFloatColumns ? args.columns - column : kFloatColumns;
      for (int p = 0; p < panels; ++p) {
        UnpackPanel(type, args.panels + static_cast<size_t>(panel + p) * args.panel_bytes, column, column + columns,
                    u->weight[p][0]);
      }
      if (panels == 1) {
        FloatTokens<1>(*u, args, column, columns, out);
      } else {
        FloatTokens<kPanels>(*u, args, column, columns, out);
      }
    }
  }
}
