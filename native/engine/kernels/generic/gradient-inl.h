// Derivatives of the element-wise parts of a layer, a row at a time.

void RmsNormBackward(const float* x, const float* weight, const float* dy, int n, float epsilon, float* dx) {
  Isa::F squares = Isa::Zero(), dots = Isa::Zero();
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Isa::F v = Isa::LoadF(x + i);
    squares = Isa::Fma(v, v, squares);
    dots = Isa::Fma(Isa::Mul(Isa::LoadF(weight + i), Isa::LoadF(dy + i)), v, dots);
  }
  float square = ReduceAdd(squares), dot = ReduceAdd(dots);
  for (; i < n; ++i) {
    square += x[i] * x[i];
    dot += weight[i] * dy[i] * x[i];
  }
  // dx = s w dy - x s^3 / n sum(w dy x), with s = 1 / sqrt(mean(x^2) + epsilon)
  const float scale = 1.0f / Isa::SquareRoot(square / static_cast<float>(n) + epsilon);
  const float along = scale * scale * scale * dot / static_cast<float>(n);
  for (i = 0; i + kLanes <= n; i += kLanes) {
    const Isa::F d = Isa::Mul(Isa::Mul(Isa::LoadF(weight + i), Isa::LoadF(dy + i)), Isa::Set1(scale));
    Isa::Store(dx + i, Isa::Add(Isa::LoadF(dx + i), Isa::Fnma(Isa::LoadF(x + i), Isa::Set1(along), d)));
  }
  for (; i < n; ++i) dx[i] += scale * weight[i] * dy[i] - x[i] * along;
}

void SiluBackward(const uint16_t* gate, const uint16_t* up, int n, float* d, float* d_up, float* ffn) {
  const Isa::F one = Isa::Set1(1.0f);
  for (int i = 0; i < n; i += kLanes) {
    const Isa::F g = Isa::LoadHalf(gate + i), u = Isa::LoadHalf(up + i), dh = Isa::LoadF(d + i);
    const Isa::F negated = Isa::Min(Negate(g), Isa::Set1(87.0f));
    const Isa::F sigmoid = Isa::Div(one, Isa::Add(one, Exp(negated)));
    const Isa::F silu = Isa::Mul(g, sigmoid);
    // silu' = sigmoid (1 + g (1 - sigmoid)) = sigmoid + silu (1 - sigmoid)
    const Isa::F slope = Isa::Fma(silu, Isa::Fnma(sigmoid, one, one), sigmoid);
    Isa::Store(d + i, Isa::Mul(Isa::Mul(dh, u), slope));
    Isa::Store(d_up + i, Isa::Mul(dh, silu));
    if (ffn != nullptr) Isa::Store(ffn + i, Isa::Mul(silu, u));
  }
}

// exp(x - max) in place; returns their sum.
PADDOCK_INLINE float ExpAll(float* x, int n) {
  Isa::F max = Isa::LoadF(x);
  for (int i = kLanes; i < n; i += kLanes) max = Isa::Max(max, Isa::LoadF(x + i));
  const Isa::F largest = Isa::Set1(-Isa::ReduceMax(max));
  Isa::F sum = Isa::Zero();
  for (int i = 0; i < n; i += kLanes) {
    const Isa::F e = Exp(Isa::Add(Isa::LoadF(x + i), largest));
    Isa::Store(x + i, e);
    sum = Isa::Add(sum, e);
  }
  return ReduceAdd(sum);
}

void SoftmaxRow(float* scores, int valid, int n) {
  for (int i = valid; i < n; ++i) scores[i] = -3.0e38f;
  const Isa::F inverse = Isa::Set1(1.0f / ExpAll(scores, n));
  for (int i = 0; i < n; i += kLanes) Isa::Store(scores + i, Isa::Mul(Isa::LoadF(scores + i), inverse));
  for (int i = valid; i < n; ++i) scores[i] = 0;
}

void SoftmaxBackward(const float* p, int n, float* d) {
  Isa::F dots = Isa::Zero();
  for (int i = 0; i < n; i += kLanes) dots = Isa::Fma(Isa::LoadF(p + i), Isa::LoadF(d + i), dots);
  const Isa::F dot = Isa::Set1(-ReduceAdd(dots));
  for (int i = 0; i < n; i += kLanes) Isa::Store(d + i, Isa::Mul(Isa::LoadF(p + i), Isa::Add(Isa::LoadF(d + i), dot)));
}

float CrossEntropy(float* logits, int n, int target, float weight) {
  Isa::F max = Isa::LoadF(logits);
  for (int i = kLanes; i < n; i += kLanes) max = Isa::Max(max, Isa::LoadF(logits + i));
  const float wanted = logits[target] - Isa::ReduceMax(max);
  const float sum = ExpAll(logits, n);
  const Isa::F factor = Isa::Set1(weight / sum);
  for (int i = 0; i < n; i += kLanes) Isa::Store(logits + i, Isa::Mul(Isa::LoadF(logits + i), factor));
  logits[target] -= weight;
  return logf(sum) - wanted;
}

const GradientTable kGradients = {
    .float32 = &kFloat32Products,
    .unpack = UnpackPanel,
    .rms_norm_backward = RmsNormBackward,
    .silu_backward = SiluBackward,
    .softmax = SoftmaxRow,
    .softmax_backward = SoftmaxBackward,
    .cross_entropy = CrossEntropy,
};
