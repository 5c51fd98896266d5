// Element-wise loops: quantization of activations, normalization, activation functions, conversions.

// exp(x) for x <= 88, relative error below 2e-7; very negative x gives 0. Splits x = n ln2 + r and evaluates a degree-6
// polynomial for 2^(r / ln2) (Cody and Waite, Software Manual for the Elementary Functions, 1980).
PADDOCK_INLINE Isa::F Exp(Isa::F x) {
  x = Isa::Max(x, Isa::Set1(-87.0f));
  const Isa::F n = Isa::Round(Isa::Mul(x, Isa::Set1(1.44269504f)));
  Isa::F r = Isa::Fnma(n, Isa::Set1(0.693359375f), x);
  r = Isa::Fnma(n, Isa::Set1(-2.12194440e-4f), r);
  Isa::F p = Isa::Set1(1.0f / 720);
  p = Isa::Fma(p, r, Isa::Set1(1.0f / 120));
  p = Isa::Fma(p, r, Isa::Set1(1.0f / 24));
  p = Isa::Fma(p, r, Isa::Set1(1.0f / 6));
  p = Isa::Fma(p, r, Isa::Set1(0.5f));
  p = Isa::Fma(p, r, Isa::Set1(1.0f));
  p = Isa::Fma(p, r, Isa::Set1(1.0f));
  return Isa::ScaleByPowerOf2(p, n);
}

PADDOCK_INLINE Isa::F Negate(Isa::F v) {
  return Isa::Fnma(v, Isa::Set1(1.0f), Isa::Zero());
}

PADDOCK_INLINE float ReduceAdd(Isa::F v) {
  alignas(64) float lane[kLanes];
  Isa::Store(lane, v);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  }
  return lane[0];
}

// The element of largest magnitude, with its sign; the first one among equals.
PADDOCK_INLINE float LargestMagnitude(const float* x, int n) {
  Isa::F high = Isa::LoadF(x), low = high;
  for (int i = kLanes; i < n; i += kLanes) {
    high = Isa::Max(high, Isa::LoadF(x + i));
    low = Isa::Min(low, Isa::LoadF(x + i));
  }
  const float max = Isa::ReduceMax(high), min = -Isa::ReduceMax(Negate(low));
  if (max != -min) return max > -min ? max : min;
  for (int i = 0; i < n; ++i) {
    if (x[i] == max || x[i] == min) return x[i];
  }
  return max;
}

PADDOCK_INLINE int SumOf(const int8_t* q, int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += q[i];
  return sum;
}

PADDOCK_INLINE void StoreCodes(const float* x, int n, float inverse, int8_t* q) {
  for (int i = 0; i < n; i += kLanes) Isa::StoreRounded8(Isa::Mul(Isa::LoadF(x + i), Isa::Set1(inverse)), q + i);
}

// Sums are taken when all codes are there: read back at once, they would wait for the stores.
void Quantize256(const float* x, int columns, int8_t* q, float* d, int16_t* sum16, int16_t* sum32) {
  const int blocks = columns / 256;
  for (int b = 0; b < blocks; ++b) {
    const float* from = x + b * 256;
    const float largest = LargestMagnitude(from, 256);
    const float inverse = largest != 0 ? -127.0f / largest : 0.0f;
    d[b] = largest != 0 ? 1.0f / inverse : 0.0f;
    StoreCodes(from, 256, inverse, q + b * 256);
  }
  for (int s = 0; s < blocks * 16; ++s) sum16[s] = static_cast<int16_t>(SumOf(q + 16 * s, 16));
  for (int s = 0; s < blocks * 8; ++s) sum32[s] = static_cast<int16_t>(sum16[2 * s] + sum16[2 * s + 1]);
}

void Quantize32(const float* x, int columns, int8_t* q, float* d, int16_t* sum32) {
  const int blocks = columns / 32;
  for (int b = 0; b < blocks; ++b) {
    const float* from = x + b * 32;
    Isa::F high = Isa::Zero();
    for (int i = 0; i < 32; i += kLanes) {
      const Isa::F v = Isa::LoadF(from + i);
      high = Isa::Max(high, Isa::Max(v, Negate(v)));
    }
    const float magnitude = Isa::ReduceMax(high);
    const float inverse = magnitude != 0 ? 127.0f / magnitude : 0.0f;
    d[b] = Isa::RoundToHalf(magnitude / 127.0f);
    StoreCodes(from, 32, inverse, q + b * 32);
  }
  for (int b = 0; b < blocks; ++b) sum32[b] = static_cast<int16_t>(SumOf(q + b * 32, 32));
}

// Rows are multiples of 8 but not always of kLanes: the rest is done in scalars.
void RmsNorm(const float* x, const float* weight, int n, float epsilon, float* out) {
  Isa::F sum = Isa::Zero();
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) sum = Isa::Fma(Isa::LoadF(x + i), Isa::LoadF(x + i), sum);
  float total = ReduceAdd(sum);
  for (; i < n; ++i) total += x[i] * x[i];
  const float scale = 1.0f / Isa::SquareRoot(total / static_cast<float>(n) + epsilon);
  for (i = 0; i + kLanes <= n; i += kLanes) {
    Isa::Store(out + i, Isa::Mul(Isa::Mul(Isa::LoadF(x + i), Isa::Set1(scale)), Isa::LoadF(weight + i)));
  }
  for (; i < n; ++i) out[i] = x[i] * scale * weight[i];
}

PADDOCK_INLINE Isa::F SiluMultiply(Isa::F gate, Isa::F up) {
  const Isa::F e = Exp(Isa::Min(Negate(gate), Isa::Set1(87.0f)));
  return Isa::Mul(Isa::Div(gate, Isa::Add(Isa::Set1(1.0f), e)), up);
}

void SiluMultiplyRow(float* gate, const float* up, int n) {
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) Isa::Store(gate + i, SiluMultiply(Isa::LoadF(gate + i), Isa::LoadF(up + i)));
  if (i == n) return;
  alignas(64) float g[kLanes] = {}, u[kLanes] = {};
  memcpy(g, gate + i, static_cast<size_t>(n - i) * sizeof(float));
  memcpy(u, up + i, static_cast<size_t>(n - i) * sizeof(float));
  Isa::Store(g, SiluMultiply(Isa::LoadF(g), Isa::LoadF(u)));
  memcpy(gate + i, g, static_cast<size_t>(n - i) * sizeof(float));
}

void SiluPairs(const float* gate_up, int n, float* out) {
  int i = 0;
  for (; i + kLanes <= n; i += kLanes)
    Isa::Store(out + i, SiluMultiply(Isa::LoadF(gate_up + 2 * i), Isa::LoadF(gate_up + 2 * i + kLanes)));
  if (i == n) return;
  alignas(64) float last[kLanes];
  Isa::Store(last, SiluMultiply(Isa::LoadF(gate_up + 2 * i), Isa::LoadF(gate_up + 2 * i + kLanes)));
  memcpy(out + i, last, static_cast<size_t>(n - i) * sizeof(float));
}

// What does not fit half precision is clamped: an infinity in the cache would turn a masked key's 0 * inf into NaN.
void ToHalf(const float* x, int n, uint16_t* out) {
  const Isa::F limit = Isa::Set1(65504.0f), lower = Isa::Set1(-65504.0f);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) Isa::StoreHalf(out + i, Isa::Max(Isa::Min(Isa::LoadF(x + i), limit), lower));
  if (i == n) return;
  alignas(64) float tail[kLanes] = {};
  alignas(64) uint16_t half[kLanes];
  memcpy(tail, x + i, static_cast<size_t>(n - i) * sizeof(float));
  Isa::StoreHalf(half, Isa::Max(Isa::Min(Isa::LoadF(tail), limit), lower));
  memcpy(out + i, half, static_cast<size_t>(n - i) * sizeof(uint16_t));
}
