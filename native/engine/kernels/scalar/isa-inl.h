// Portable C++: eight lanes as arrays. It runs where no other table does, and it is what the others are tested against.

struct ScalarIsa {
  static constexpr int kLanes = 8;
  static constexpr int kSignedOffset = 128;
  template <int kBits>
  static constexpr int kDepth = 8;
  struct I {
    int32_t lane[kLanes];
  };
  struct F {
    float lane[kLanes];
  };

  static PADDOCK_INLINE I Load(const uint8_t* p) {
    I v;
    memcpy(&v, p, sizeof v);
    return v;
  }
  static PADDOCK_INLINE void StoreI(uint8_t* p, I v) { memcpy(p, &v, sizeof v); }
  // Makes the compiler forget the value, so that a benchmark loop is not folded away.
  static PADDOCK_INLINE void Keep(I* v) { asm volatile("" : "+m"(*v)); }
  static PADDOCK_INLINE I ZeroI() { return Set1I(0); }
  static PADDOCK_INLINE I Bytes(int v) { return Set1I(v | v << 8 | v << 16 | v << 24); }
  static PADDOCK_INLINE I Set1I(int v) {
    I out;
    for (int i = 0; i < kLanes; ++i) out.lane[i] = v;
    return out;
  }
  static PADDOCK_INLINE I Broadcast4(const void* p) {
    int v;
    memcpy(&v, p, 4);
    return Set1I(v);
  }
  static PADDOCK_INLINE I And(I a, I b) {
    return Each(a, b, [](int32_t x, int32_t y) { return x & y; });
  }
  static PADDOCK_INLINE I Or(I a, I b) {
    return Each(a, b, [](int32_t x, int32_t y) { return x | y; });
  }
  static PADDOCK_INLINE I Sub32(I a, I b) {
    return Each(a, b, [](int32_t x, int32_t y) { return x - y; });
  }
  // Shifts of 32 instead of 16 bits: what crosses a byte is masked off by every caller.
  template <int n>
  static PADDOCK_INLINE I ShiftRight16(I v) {
    return Each(v, v, [](int32_t x, int32_t) { return static_cast<int32_t>(static_cast<uint32_t>(x) >> n); });
  }
  template <int n>
  static PADDOCK_INLINE I ShiftLeft32(I v) {
    return Each(v, v, [](int32_t x, int32_t) { return static_cast<int32_t>(static_cast<uint32_t>(x) << n); });
  }
  static PADDOCK_INLINE I ShiftTo4(I v, int bit) {
    for (int i = 0; i < kLanes; ++i) {
      const uint32_t x = static_cast<uint32_t>(v.lane[i]);
      v.lane[i] = static_cast<int32_t>(bit <= 4 ? x << (4 - bit) : x >> (bit - 4));
    }
    return v;
  }

  static PADDOCK_INLINE I Lookup(const uint8_t* table, I v) {
    uint8_t byte[kLanes * 4];
    memcpy(byte, &v, sizeof byte);
    for (uint8_t& b : byte) b = table[b];
    memcpy(&v, byte, sizeof byte);
    return v;
  }

  static PADDOCK_INLINE I Dot(I total, I w, I a) {
    uint8_t u[kLanes * 4];
    int8_t s[kLanes * 4];
    memcpy(u, &w, sizeof u);
    memcpy(s, &a, sizeof s);
    for (int i = 0; i < kLanes; ++i) {
      for (int c = 0; c < 4; ++c) total.lane[i] += u[4 * i + c] * s[4 * i + c];
    }
    return total;
  }
  static PADDOCK_INLINE I Fold(I total, I partial) {
    return Each(total, partial, [](int32_t x, int32_t y) { return x + y; });
  }
  static PADDOCK_INLINE I FoldScaled(I total, I partial, I scale) {
    return Fold(total, Each(partial, scale, [](int32_t x, int32_t y) { return x * y; }));
  }
  static PADDOCK_INLINE I ScaleU8(const uint8_t* p) { return Widen(p); }
  static PADDOCK_INLINE I ScaleI8(const int8_t* p) { return Widen(p); }
  static PADDOCK_INLINE I PairU8(const uint8_t* low, const uint8_t* high) { return Pair(Widen(low), Widen(high)); }
  static PADDOCK_INLINE I PairI8(const int8_t* low, const int8_t* high) { return Pair(Widen(low), Widen(high)); }
  static PADDOCK_INLINE I DotPair(I total, I pair, I sums) {
    for (int i = 0; i < kLanes; ++i) {
      int16_t p[2], s[2];
      memcpy(p, &pair.lane[i], 4);
      memcpy(s, &sums.lane[i], 4);
      total.lane[i] += p[0] * s[0] + p[1] * s[1];
    }
    return total;
  }
  using SignedBytes = I;
  static PADDOCK_INLINE I Prepare(I w) { return w; }
  static PADDOCK_INLINE I DotSigned(I total, I w, I a) { return Dot(total, w, a); }

  static PADDOCK_INLINE F ToFloat(I v) {
    F out;
    for (int i = 0; i < kLanes; ++i) out.lane[i] = static_cast<float>(v.lane[i]);
    return out;
  }
  static PADDOCK_INLINE F LoadF(const float* p) {
    F v;
    memcpy(&v, p, sizeof v);
    return v;
  }
  static PADDOCK_INLINE F LoadHalf(const uint16_t* p) {
    F out;
    for (int i = 0; i < kLanes; ++i) out.lane[i] = HalfToFloat(p[i]);
    return out;
  }
  static PADDOCK_INLINE F LoadSignedBytes(const int8_t* p) {
    F out;
    for (int i = 0; i < kLanes; ++i) out.lane[i] = static_cast<float>(p[i]);
    return out;
  }
  static PADDOCK_INLINE F LoadBfloat16(const uint16_t* p) {
    F out;
    for (int i = 0; i < kLanes; ++i) {
      const uint32_t bits = static_cast<uint32_t>(p[i]) << 16;
      memcpy(&out.lane[i], &bits, 4);
    }
    return out;
  }
  static PADDOCK_INLINE void Store(float* p, F v) { memcpy(p, &v, sizeof v); }
  static PADDOCK_INLINE void StoreHalf(uint16_t* p, F v) {
    for (int i = 0; i < kLanes; ++i) p[i] = FloatToHalf(v.lane[i]);
  }
  static PADDOCK_INLINE void StoreRounded8(F v, int8_t* p) {
    for (int i = 0; i < kLanes; ++i) p[i] = static_cast<int8_t>(lrintf(v.lane[i]));
  }
  static PADDOCK_INLINE F Zero() { return Set1(0); }
  static PADDOCK_INLINE F Set1(float v) {
    F out;
    for (int i = 0; i < kLanes; ++i) out.lane[i] = v;
    return out;
  }
  static PADDOCK_INLINE F Add(F a, F b) {
    return Each(a, b, [](float x, float y) { return x + y; });
  }
  static PADDOCK_INLINE F Mul(F a, F b) {
    return Each(a, b, [](float x, float y) { return x * y; });
  }
  static PADDOCK_INLINE F Div(F a, F b) {
    return Each(a, b, [](float x, float y) { return x / y; });
  }
  static PADDOCK_INLINE F Max(F a, F b) {
    return Each(a, b, [](float x, float y) { return x > y ? x : y; });
  }
  static PADDOCK_INLINE float ReduceMax(F v) {
    float max = v.lane[0];
    for (int i = 1; i < kLanes; ++i) max = v.lane[i] > max ? v.lane[i] : max;
    return max;
  }
  static PADDOCK_INLINE F Min(F a, F b) {
    return Each(a, b, [](float x, float y) { return x < y ? x : y; });
  }
  static PADDOCK_INLINE F SelectGreater(F a, F b, F x, F y) {
    for (int i = 0; i < kLanes; ++i) y.lane[i] = a.lane[i] > b.lane[i] ? x.lane[i] : y.lane[i];
    return y;
  }
  static PADDOCK_INLINE F Fma(F a, F b, F c) {
    for (int i = 0; i < kLanes; ++i) c.lane[i] += a.lane[i] * b.lane[i];
    return c;
  }
  static PADDOCK_INLINE F Fnma(F a, F b, F c) {
    for (int i = 0; i < kLanes; ++i) c.lane[i] -= a.lane[i] * b.lane[i];
    return c;
  }
  static PADDOCK_INLINE F Round(F v) {
    for (int i = 0; i < kLanes; ++i) v.lane[i] = nearbyintf(v.lane[i]);
    return v;
  }
  static PADDOCK_INLINE F ScaleByPowerOf2(F v, F n) {
    for (int i = 0; i < kLanes; ++i) v.lane[i] = ldexpf(v.lane[i], static_cast<int>(n.lane[i]));
    return v;
  }
  static PADDOCK_INLINE float SquareRoot(float v) { return sqrtf(v); }
  static PADDOCK_INLINE float HalfToFloat(uint16_t v) { return paddock::HalfToFloat(v); }
  static PADDOCK_INLINE float RoundToHalf(float v) { return HalfToFloat(FloatToHalf(v)); }

 private:
  static I Pair(I low, I high) {
    for (int i = 0; i < kLanes; ++i)
      low.lane[i] = (low.lane[i] & 0xffff) | static_cast<int32_t>(static_cast<uint32_t>(high.lane[i]) << 16);
    return low;
  }
  template <typename T>
  static I Widen(const T* p) {
    I out;
    for (int i = 0; i < kLanes; ++i) out.lane[i] = p[i];
    return out;
  }
  template <typename V, typename Op>
  static PADDOCK_INLINE V Each(V a, V b, Op op) {
    for (int i = 0; i < kLanes; ++i) a.lane[i] = op(a.lane[i], b.lane[i]);
    return a;
  }
};

PADDOCK_INLINE void PrefetchStream(const uint8_t*) {}
template <size_t>
PADDOCK_INLINE void PrefetchBlocks(const uint8_t*) {}
