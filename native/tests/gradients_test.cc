// The parts of the backward pass, each against an oracle in double precision: weights back from their panels, products,
// and the derivatives of every operation against central differences of its plain definition.
#include <cmath>
#include <cstring>

#include "base/buffer.h"
#include "base/half.h"
#include "check.h"
#include "model/rope.h"
#include "quant/dequantize.h"
#include "random_tensor.h"
#include "tables.h"
#include "train/attention_backward.h"

namespace paddock {
namespace {

using Doubles = std::vector<double>;

// |a - b| / |b| over all numbers.
double RelativeError(const std::vector<float>& a, const Doubles& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

// The derivative of f at x by central differences.
Doubles Differences(Doubles x, const std::function<double(const Doubles&)>& f) {
  Doubles out(x.size());
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + kStep;
    const double above = f(x);
    x[i] = at - kStep;
    out[i] = (above - f(x)) / (2 * kStep);
    x[i] = at;
  }
  return out;
}

std::vector<float> RandomFloats(size_t n, test::Random& random) {
  std::vector<float> out(n);
  for (float& v : out) v = random.Uniform();
  return out;
}

Doubles ToDoubles(const std::vector<float>& x) {
  return {x.begin(), x.end()};
}

TEST(PanelsComeBackAsFloats) {
  constexpr TensorType kTypes[] = {TensorType::kF32,    TensorType::kF16,  TensorType::kBF16, TensorType::kQ4_0,
                                   TensorType::kQ4_1,   TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ8_0,
                                   TensorType::kIQ4_NL, TensorType::kQ4_K, TensorType::kQ5_K, TensorType::kQ6_K};
  test::Random random(3);
  for (const KernelTable* table : test::TablesToTest()) {
    for (const TensorType type : kTypes) {
      constexpr int kColumns = 512, kBegin = 256;
      const int rows = table->lanes - 1;
      const std::vector<uint8_t> source = test::RandomTensor(type, rows, kColumns, 0.3f, random);
      const size_t row_bytes = RowBytes(type, kColumns);
      Buffer panel;
      CHECK(panel.Allocate(table->panel_bytes(type, kColumns)));
      table->pack_panel(type, source.data(), row_bytes, rows, kColumns, panel.data());
      std::vector<float> out(static_cast<size_t>((kColumns - kBegin) * table->lanes));
      table->gradients->unpack(type, panel.data(), kBegin, kColumns, out.data());
      double worst = 0;
      for (int r = 0; r < rows; ++r) {
        std::vector<float> row(kColumns);
        Dequantize(type, source.data() + static_cast<size_t>(r) * row_bytes, kColumns, row.data());
        for (int c = kBegin; c < kColumns; ++c) {
          const float got = out[static_cast<size_t>((c - kBegin) * table->lanes + r)];
          worst = std::max(worst, std::abs(static_cast<double>(got - row[static_cast<size_t>(c)])));
        }
      }
      if (worst > 1e-6) test::Fail(__FILE__, __LINE__, std::string(table->name) + " " + Traits(type).name);
    }
  }
}

// Odd sizes, tiles that begin inside the packed form, and rows alone or with others.
void CheckProducts(const ProductTable& products, double tolerance) {
  test::Random random(5);
  constexpr int kRows = 11, kDepth = 48, kColumns = 83, kStride = 100;
  const std::vector<float> a = RandomFloats(kRows * kDepth, random), b = RandomFloats(kDepth * kStride, random);
  std::vector<float> b_columns(kStride * kDepth);
  for (size_t i = 0; i < kDepth; ++i) {
    for (size_t j = 0; j < kStride; ++j) b_columns[j * kDepth + i] = b[i * kStride + j];
  }
  Doubles expected(kRows * kColumns);
  for (size_t i = 0; i < kRows; ++i) {
    for (size_t j = 0; j < kColumns; ++j) {
      for (size_t k = 0; k < kDepth; ++k)
        expected[i * kColumns + j] += static_cast<double>(a[i * kDepth + k]) * static_cast<double>(b[k * kStride + j]);
    }
  }
  Buffer left, by_rows, by_columns;
  const size_t element = static_cast<size_t>(products.element_bytes);
  CHECK(left.Allocate(a.size() * element));
  products.convert(a.data(), a.size(), left.data());
  CHECK(by_rows.Allocate(products.PackedBytes(kDepth, kColumns)));
  CHECK(by_columns.Allocate(products.PackedBytes(kDepth, kColumns)));
  for (const int begin : {0, 16, 32}) {
    products.pack_rows({b.data() + begin * kStride, kStride, 16, kColumns, begin, kDepth, by_rows.data()});
    products.pack_columns({b_columns.data() + begin, kDepth, 16, kColumns, begin, kDepth, by_columns.data()});
  }
  CHECK(std::memcmp(by_rows.data(), by_columns.data(), by_rows.size()) == 0);
  std::vector<float> whole(kRows * kColumns), one(kRows * kColumns);
  products.multiply({left.data(), kDepth, by_rows.data(), kDepth, kRows, kDepth, kColumns, whole.data(), kColumns});
  for (size_t i = 0; i < kRows; ++i) {
    products.multiply({left.data() + i * kDepth * element, kDepth, by_rows.data(), kDepth, 1, kDepth, kColumns,
                       one.data() + i * kColumns, kColumns});
  }
  CHECK(RelativeError(whole, expected) < tolerance);
  CHECK(std::memcmp(whole.data(), one.data(), whole.size() * sizeof(float)) == 0);
}

TEST(ProductsEqualTheirDefinition) {
  for (const KernelTable* table : test::TablesToTest()) {
    CheckProducts(*table->gradients->float32, 1e-6);
    if (const ProductTable* bfloat16 = Bfloat16Products(*table)) CheckProducts(*bfloat16, 5e-3);
  }
}

TEST(NormalizationGoesBack) {
  test::Random random(7);
  constexpr size_t kColumns = 88;
  const std::vector<float> x = RandomFloats(kColumns, random), weight = RandomFloats(kColumns, random),
                           dy = RandomFloats(kColumns, random);
  const Doubles expected = Differences(ToDoubles(x), [&](const Doubles& at) {
    double squares = 0;
    for (const double v : at) squares += v * v;
    const double scale = 1 / std::sqrt(squares / kColumns + 1e-5);
    double sum = 0;
    for (size_t i = 0; i < kColumns; ++i)
      sum += at[i] * scale * static_cast<double>(weight[i]) * static_cast<double>(dy[i]);
    return sum;
  });
  for (const KernelTable* table : test::TablesToTest()) {
    std::vector<float> dx(kColumns);
    table->gradients->rms_norm_backward(x.data(), weight.data(), dy.data(), kColumns, 1e-5f, dx.data());
    CHECK(RelativeError(dx, expected) < 1e-4);
  }
}

// A head of a query or key of the family qwen3: normalized, then rotated.
TEST(NormalizedAndRotatedHeadsGoBack) {
  test::Random random(15);
  Hyperparameters h{};
  h.architecture = FindArchitecture("qwen3");
  for (const size_t dim : {size_t{16}, size_t{64}, size_t{128}}) {
    h.head_dim = h.rope_dim = static_cast<int>(dim);
    const std::vector<float> x = RandomFloats(dim, random), weight = RandomFloats(dim, random),
                             dy = RandomFloats(dim, random), angles = RandomFloats(dim / 2, random);
    std::vector<float> c, s;
    for (const float angle : angles) {
      c.push_back(std::cos(3 * angle));
      s.push_back(std::sin(3 * angle));
    }
    const Doubles expected = Differences(ToDoubles(x), [&](const Doubles& at) {
      double squares = 0, sum = 0;
      for (const double v : at) squares += v * v;
      const double scale = 1 / std::sqrt(squares / static_cast<double>(dim) + 1e-6);
      for (size_t i = 0; i < dim / 2; ++i) {
        const size_t j = i + dim / 2;
        const double a = at[i] * scale * static_cast<double>(weight[i]), cosine = static_cast<double>(c[i]);
        const double b = at[j] * scale * static_cast<double>(weight[j]), sine = static_cast<double>(s[i]);
        sum += (a * cosine - b * sine) * static_cast<double>(dy[i]);
        sum += (a * sine + b * cosine) * static_cast<double>(dy[j]);
      }
      return sum;
    });
    for (const KernelTable* table : test::TablesToTest()) {
      std::vector<float> before = dy, dx(dim);
      Rotate<RotationSense::kBackward>(h, c.data(), s.data(), before.data());
      table->gradients->rms_norm_backward(x.data(), weight.data(), before.data(), h.head_dim, 1e-6f, dx.data());
      CHECK(RelativeError(dx, expected) < 1e-4);
    }
  }
}

TEST(ActivationGoesBack) {
  test::Random random(9);
  constexpr size_t kColumns = 96;
  std::vector<uint16_t> gate(kColumns), up(kColumns);
  std::vector<float> both(2 * kColumns);
  for (size_t i = 0; i < kColumns; ++i) {
    gate[i] = FloatToHalf(6 * random.Uniform());
    up[i] = FloatToHalf(random.Uniform());
    both[i] = HalfToFloat(gate[i]);
    both[kColumns + i] = HalfToFloat(up[i]);
  }
  const std::vector<float> dy = RandomFloats(kColumns, random);
  const auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  const Doubles expected = Differences(ToDoubles(both), [&](const Doubles& at) {
    double sum = 0;
    for (size_t i = 0; i < kColumns; ++i) sum += silu(at[i]) * at[kColumns + i] * static_cast<double>(dy[i]);
    return sum;
  });
  for (const KernelTable* table : test::TablesToTest()) {
    std::vector<float> d(2 * kColumns), ffn(kColumns);
    std::copy(dy.begin(), dy.end(), d.begin());
    table->gradients->silu_backward(gate.data(), up.data(), kColumns, d.data(), d.data() + kColumns, ffn.data());
    CHECK(RelativeError(d, expected) < 1e-4);
    for (size_t i = 0; i < kColumns; ++i) {
      const double value = silu(static_cast<double>(both[i])) * static_cast<double>(both[kColumns + i]);
      CHECK(std::abs(static_cast<double>(ffn[i]) - value) < 1e-5);
    }
  }
}

TEST(CrossEntropyGoesBack) {
  test::Random random(11);
  constexpr int kClasses = 77, kPadded = 80, kTarget = 5;
  std::vector<float> logits = RandomFloats(kClasses, random);
  for (float& v : logits) v *= 5;
  const auto loss = [&](const Doubles& at) {
    double sum = 0;
    for (const double v : at) sum += std::exp(v);
    return std::log(sum) - at[kTarget];
  };
  Doubles expected = Differences(ToDoubles(logits), loss);
  for (double& v : expected) v *= 0.25;
  for (const KernelTable* table : test::TablesToTest()) {
    std::vector<float> x = logits;
    x.resize(kPadded, -3.0e38f);
    const float got = table->gradients->cross_entropy(x.data(), kPadded, kTarget, 0.25f);
    CHECK(std::abs(static_cast<double>(got) - loss(ToDoubles(logits))) < 1e-5);
    CHECK(std::abs(x[kClasses]) < 1e-30f);
    x.resize(kClasses);
    CHECK(RelativeError(x, expected) < 1e-4);
  }
}

// Two tiles of queries, the last one short; keys and values that halves hold exactly.
TEST(AttentionGoesBack) {
  test::Random random(13);
#ifdef PADDOCK_EMULATED_MACHINE
  constexpr size_t kRows = 66, kDim = 16;
#else
  constexpr size_t kRows = 75, kDim = 32;
#endif
  constexpr size_t kSize = kRows * kDim;
  std::vector<float> q = RandomFloats(kSize, random), dy = RandomFloats(kSize, random), k(kSize), v(kSize);
  std::vector<uint16_t> k_half(kSize), v_half(kSize);
  for (size_t i = 0; i < kSize; ++i) {
    k_half[i] = FloatToHalf(random.Uniform());
    v_half[i] = FloatToHalf(random.Uniform());
    k[i] = HalfToFloat(k_half[i]);
    v[i] = HalfToFloat(v_half[i]);
  }
  // sum over rows r, of (softmax(q k^T) v) * dy; rows before `first` do not see what changed.
  const auto output = [&](const Doubles& q_at, const Doubles& k_at, const Doubles& v_at, size_t begin, size_t end) {
    double total = 0;
    for (size_t r = begin; r < end; ++r) {
      Doubles p(r + 1);
      double sum = 0;
      for (size_t j = 0; j <= r; ++j) {
        double score = 0;
        for (size_t c = 0; c < kDim; ++c) score += q_at[r * kDim + c] * k_at[j * kDim + c];
        sum += p[j] = std::exp(score);
      }
      for (size_t j = 0; j <= r; ++j) {
        for (size_t c = 0; c < kDim; ++c)
          total += p[j] / sum * v_at[j * kDim + c] * static_cast<double>(dy[r * kDim + c]);
      }
    }
    return total;
  };
  // Some elements of each, everywhere.
  struct Probe {
    int which;
    size_t index;
    double expected;
  };
  std::vector<Probe> probes;
  const Doubles q0 = ToDoubles(q), k0 = ToDoubles(k), v0 = ToDoubles(v);
  for (size_t i = 0; i < kSize; i += 37) {
    for (int which = 0; which < 3; ++which) {
      Doubles changed = which == 0 ? q0 : which == 1 ? k0 : v0;
      const size_t row = i / kDim;
      const auto at = [&](double value) {
        changed[i] = value;
        return output(which == 0 ? changed : q0, which == 1 ? changed : k0, which == 2 ? changed : v0, row,
                      which == 0 ? row + 1 : kRows);
      };
      const double x = changed[i];
      probes.push_back({which, i, (at(x + 1e-5) - at(x - 1e-5)) / 2e-5});
    }
  }
  const auto check = [&](const KernelTable& table, const ProductTable& products, double tolerance) {
    AttentionBackward attention(*table.gradients, products, kDim, kRows);
    Arena measure(nullptr);
    attention.Take(&measure);
    Buffer memory;
    CHECK(memory.Allocate(measure.used()));
    Arena arena(memory.data());
    attention.Take(&arena);
    std::vector<float> d[3];
    for (auto& x : d) x.resize(kSize);
    attention.Run({static_cast<int>(kRows), q.data(), k_half.data(), v_half.data(), dy.data(), d[0].data(), d[1].data(),
                   d[2].data(), kDim, kDim, kDim, kDim});
    std::vector<float> got;
    Doubles expected;
    for (const Probe& p : probes) {
      got.push_back(d[p.which][p.index]);
      expected.push_back(p.expected);
    }
    CHECK(RelativeError(got, expected) < tolerance);
  };
  for (const KernelTable* table : test::TablesToTest()) {
    check(*table, *table->gradients->float32, 1e-4);
    if (const ProductTable* bfloat16 = Bfloat16Products(*table)) check(*table, *bfloat16, 1e-2);
  }
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
