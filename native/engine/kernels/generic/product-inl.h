// Products of dense single-precision matrices: a register tile of some rows by one packed block of columns.

constexpr int kProductVectors = kLanes >= 16 ? 4 : 2;
constexpr int kProductWidth = kProductVectors * kLanes;
constexpr int kProductRows = 6;

template <int kRows>
PADDOCK_NOINLINE void ProductTile(const float* a, size_t a_stride, const float* b, int k, int n, float* c,
                                  size_t c_stride) {
  Isa::F sum[kRows][kProductVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kProductVectors; ++v) sum[r][v] = Isa::Zero();
  }
  for (int i = 0; i < k; ++i, b += kProductWidth) {
    Isa::F right[kProductVectors];
    for (int v = 0; v < kProductVectors; ++v) right[v] = Isa::LoadF(b + v * kLanes);
    PADDOCK_UNROLL(6)
    for (int r = 0; r < kRows; ++r) {
      const Isa::F left = Isa::Set1(a[static_cast<size_t>(r) * a_stride + static_cast<size_t>(i)]);
      for (int v = 0; v < kProductVectors; ++v) sum[r][v] = Isa::Fma(left, right[v], sum[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    float* row = c + static_cast<size_t>(r) * c_stride;
    if (n == kProductWidth) {
      for (int v = 0; v < kProductVectors; ++v)
        Isa::Store(row + v * kLanes, Isa::Add(Isa::LoadF(row + v * kLanes), sum[r][v]));
    } else {
      alignas(64) float rest[kProductWidth];
      for (int v = 0; v < kProductVectors; ++v) Isa::Store(rest + v * kLanes, sum[r][v]);
      for (int j = 0; j < n; ++j) row[j] += rest[j];
    }
  }
}

void MultiplyFloat32(const ProductArgs& args) {
  const auto* a = static_cast<const float*>(args.a);
  for (int j = 0; j < args.n; j += kProductWidth) {
    const float* b = static_cast<const float*>(args.b) + static_cast<size_t>(j) * static_cast<size_t>(args.b_k);
    const int n = args.n - j < kProductWidth ? args.n - j : kProductWidth;
    int i = 0;
    const auto at = [&](auto tile) {
      tile(a + static_cast<size_t>(i) * args.a_stride, args.a_stride, b, args.k, n,
           args.c + static_cast<size_t>(i) * args.c_stride + j, args.c_stride);
    };
    for (; i + kProductRows <= args.rows; i += kProductRows) at(ProductTile<kProductRows>);
    switch (args.rows - i) {
      case 5: at(ProductTile<5>); break;
      case 4: at(ProductTile<4>); break;
      case 3: at(ProductTile<3>); break;
      case 2: at(ProductTile<2>); break;
      case 1: at(ProductTile<1>); break;
      default: break;
    }
  }
}

void ConvertFloat32(const float* x, size_t n, void* out) {
  memcpy(out, x, n * sizeof(float));
}

void PackRowsFloat32(const PackArgs& args) {
  for (int j = 0; j < args.n; j += kProductWidth) {
    const int n = args.n - j < kProductWidth ? args.n - j : kProductWidth;
    float* out = static_cast<float*>(args.packed) + static_cast<size_t>(j) * static_cast<size_t>(args.k_total) +
                 static_cast<size_t>(args.k_begin) * kProductWidth;
    for (int i = 0; i < args.k; ++i, out += kProductWidth) {
      memcpy(out, args.source + static_cast<size_t>(i) * args.stride + j, static_cast<size_t>(n) * sizeof(float));
      for (int c = n; c < kProductWidth; ++c) out[c] = 0;
    }
  }
}

void PackColumnsFloat32(const PackArgs& args) {
  for (int j = 0; j < args.n; j += kProductWidth) {
    const int n = args.n - j < kProductWidth ? args.n - j : kProductWidth;
    const float* source = args.source + static_cast<size_t>(j) * args.stride;
    float* out = static_cast<float*>(args.packed) + static_cast<size_t>(j) * static_cast<size_t>(args.k_total) +
                 static_cast<size_t>(args.k_begin) * kProductWidth;
    for (int i = 0; i < args.k; i += 8) {
      for (int c = 0; c < n; ++c) {
        for (int s = 0; s < 8; ++s)
          out[(i + s) * kProductWidth + c] = source[static_cast<size_t>(c) * args.stride + i + s];
      }
      for (int c = n; c < kProductWidth; ++c) {
        for (int s = 0; s < 8; ++s) out[(i + s) * kProductWidth + c] = 0;
      }
    }
  }
}

const ProductTable kFloat32Products = {
    .name = "float32",
    .width = kProductWidth,
    .element_bytes = 4,
    .convert = ConvertFloat32,
    .pack_rows = PackRowsFloat32,
    .pack_columns = PackColumnsFloat32,
    .multiply = MultiplyFloat32,
};
