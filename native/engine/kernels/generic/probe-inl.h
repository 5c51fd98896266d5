// The machine's own limits, measured with the same instructions that the kernels use.

uint64_t ReadStream(const void* data, size_t bytes) {
  const auto* p = static_cast<const uint8_t*>(data);
  Isa::I a = Isa::ZeroI(), b = a, c = a, d = a;
  constexpr size_t kStep = sizeof(Isa::I);
  for (size_t i = 0; i < bytes; i += 256) {
    for (size_t line = 0; line < 256; line += 64) PrefetchStream(p + i + line);
    for (size_t at = i; at < i + 256; at += 4 * kStep) {
      a = Isa::Or(a, Isa::Load(p + at));
      b = Isa::Or(b, Isa::Load(p + at + kStep));
      c = Isa::Or(c, Isa::Load(p + at + 2 * kStep));
      d = Isa::Or(d, Isa::Load(p + at + 3 * kStep));
    }
  }
  alignas(64) uint8_t out[sizeof(Isa::I)];
  Isa::StoreI(out, Isa::Or(Isa::Or(a, b), Isa::Or(c, d)));
  uint64_t first;
  memcpy(&first, out, sizeof first);
  return first;
}

uint64_t Int8Peak(uint64_t iterations, int32_t* sink) {
  constexpr int kChains = 10;
  Isa::I acc[kChains];
  for (int i = 0; i < kChains; ++i) acc[i] = Isa::ZeroI();
  Isa::I w = Isa::Bytes(1), x = Isa::Bytes(1);
  for (uint64_t n = 0; n < iterations; ++n) {
    Isa::Keep(&w);
    for (int i = 0; i < kChains; ++i) acc[i] = Isa::Dot(acc[i], w, x);
  }
  for (int i = 1; i < kChains; ++i) acc[0] = Isa::Sub32(acc[0], acc[i]);
  alignas(64) int32_t out[sizeof(Isa::I) / 4];
  Isa::StoreI(reinterpret_cast<uint8_t*>(out), acc[0]);
  *sink += out[0];
  return iterations * kChains * sizeof(Isa::I) * 2;
}
