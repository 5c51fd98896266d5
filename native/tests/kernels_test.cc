// Every kernel table that this machine can run, against plain arithmetic in double precision.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/buffer.h"
#include "base/half.h"
#include "check.h"
#include "kernels/cpu_features.h"
#include "quant/dequantize.h"
#include "random_tensor.h"
#include "tables.h"

namespace paddock {

#ifdef PADDOCK_EMULATED_AVX512
namespace emulated {
extern const KernelTable kTable;
}
#endif
#ifdef PADDOCK_EMULATED_AVXVNNI
namespace emulated_avxvnni {
extern const KernelTable kTable;
}
#endif

namespace {

using test::Random;

// `tables`, and those of AVX-512 and AVX-VNNI in emulation.
std::vector<const KernelTable*> WithEmulated(std::vector<const KernelTable*> tables) {
#ifdef PADDOCK_EMULATED_AVX512
  tables.insert(tables.begin(), &emulated::kTable);
#endif
#ifdef PADDOCK_EMULATED_AVXVNNI
  if (DetectCpuFeatures().avx2) tables.push_back(&emulated_avxvnni::kTable);
#endif
  return tables;
}

std::vector<const KernelTable*> Tables() {
  return WithEmulated(test::TablesToTest());
}

constexpr TensorType kTypes[] = {TensorType::kF32,    TensorType::kF16,  TensorType::kBF16, TensorType::kQ4_0,
                                 TensorType::kQ4_1,   TensorType::kQ5_0, TensorType::kQ5_1, TensorType::kQ8_0,
                                 TensorType::kIQ4_NL, TensorType::kQ4_K, TensorType::kQ5_K, TensorType::kQ6_K};

struct QuantizedRows {
  std::vector<int8_t> q;
  std::vector<float> d;
  std::vector<int16_t> sum16, sum32;
  Activations view{};
};

QuantizedRows Quantize(const KernelTable& k, ActivationKind kind, const std::vector<float>& x, int tokens,
                       int columns) {
  QuantizedRows rows;
  const size_t n = static_cast<size_t>(columns), t = static_cast<size_t>(tokens);
  rows.q.resize(t * n);
  rows.d.resize(t * (n / 32));
  rows.sum16.resize(t * (n / 16));
  rows.sum32.resize(t * (n / 32));
  for (size_t i = 0; i < t; ++i) {
    if (kind == ActivationKind::kQ8x256) {
      k.quantize_256(&x[i * n], columns, &rows.q[i * n], &rows.d[i * (n / 256)], &rows.sum16[i * (n / 16)],
                     &rows.sum32[i * (n / 32)]);
    } else if (kind == ActivationKind::kQ8x32) {
      k.quantize_32(&x[i * n], columns, &rows.q[i * n], &rows.d[i * (n / 32)], &rows.sum32[i * (n / 32)]);
    }
  }
  if (kind == ActivationKind::kFloat) {
    rows.view.x = x.data();
  } else {
    rows.view = {nullptr, rows.q.data(), rows.d.data(), rows.sum16.data(), rows.sum32.data()};
  }
  return rows;
}

// What weights of this type can be multiplied with.
std::vector<ActivationKind> KindsFor(TensorType type) {
  std::vector<ActivationKind> kinds = {ActivationKind::kFloat};
  if (ActivationKindOf(type) != ActivationKind::kFloat) kinds.push_back(ActivationKindOf(type));
  return kinds;
}

// What the activations stand for after quantization.
double Value(const QuantizedRows& rows, ActivationKind kind, const std::vector<float>& x, int columns, size_t token,
             size_t column) {
  const size_t n = static_cast<size_t>(columns), at = token * n + column;
  if (kind == ActivationKind::kFloat) return x[at];
  const size_t block = kind == ActivationKind::kQ8x256 ? 256 : 32;
  return static_cast<double>(rows.d[token * (n / block) + column / block]) * rows.q[at];
}

struct Matrix {
  std::vector<float> values;  // [rows][columns], dequantized
  Buffer panels;
  size_t panel_bytes = 0;
  int panel_count = 0;
};

Matrix MakeMatrix(const KernelTable& k, TensorType type, int rows, int columns, Random& random) {
  Matrix m;
  const std::vector<uint8_t> raw = test::RandomTensor(type, rows, columns, 0.5f, random);
  const size_t row_bytes = RowBytes(type, static_cast<size_t>(columns));
  m.values.resize(static_cast<size_t>(rows) * static_cast<size_t>(columns));
  for (int r = 0; r < rows; ++r) {
    Dequantize(type, &raw[static_cast<size_t>(r) * row_bytes], static_cast<size_t>(columns),
               &m.values[static_cast<size_t>(r) * static_cast<size_t>(columns)]);
  }
  m.panel_bytes = k.panel_bytes(type, columns);
  m.panel_count = (rows + k.lanes - 1) / k.lanes;
  CHECK(m.panels.Allocate(m.panel_bytes * static_cast<size_t>(m.panel_count)));
  for (int p = 0; p < m.panel_count; ++p) {
    const int first = p * k.lanes, count = std::min(k.lanes, rows - first);
    k.pack_panel(type, &raw[static_cast<size_t>(first) * row_bytes], row_bytes, count, columns,
                 m.panels.data() + static_cast<size_t>(p) * m.panel_bytes);
  }
  return m;
}

std::vector<float> Multiply(const KernelTable& k, TensorType type, const Matrix& m, const Activations& a, int tokens,
                            int columns) {
  const size_t stride = static_cast<size_t>(m.panel_count * k.lanes);
  std::vector<float> out(stride * static_cast<size_t>(tokens));
  Buffer scratch;
  CHECK(scratch.Allocate(k.scratch_bytes));
  k.matmul(type,
           {m.panels.data(), m.panel_bytes, columns, 0, m.panel_count, tokens, a, out.data(), stride, scratch.data()});
  return out;
}

std::string Name(const KernelTable& k, TensorType type, ActivationKind kind) {
  return std::string(k.name) + " " + Traits(type).name + (kind == ActivationKind::kFloat ? " by floats" : "");
}

void CheckProducts(const KernelTable& k, TensorType type, ActivationKind kind, int columns) {
  Random random(static_cast<uint64_t>(type) * 100 + static_cast<uint64_t>(columns));
  const int rows = 5 * k.lanes - 3;
  const Matrix m = MakeMatrix(k, type, rows, columns, random);
  for (const int tokens : {1, 2, 3, 5, 8, 70}) {
    const std::vector<float> x = random.Floats(static_cast<size_t>(tokens * columns), 2.0f);
    const QuantizedRows a = Quantize(k, kind, x, tokens, columns);
    const std::vector<float> out = Multiply(k, type, m, a.view, tokens, columns);
    double error = 0, power = 0;
    for (int t = 0; t < tokens; ++t) {
      for (int r = 0; r < rows; r += 7) {
        double expected = 0;
        for (int c = 0; c < columns; ++c) {
          expected += static_cast<double>(
                          m.values[static_cast<size_t>(r) * static_cast<size_t>(columns) + static_cast<size_t>(c)]) *
                      Value(a, kind, x, columns, static_cast<size_t>(t), static_cast<size_t>(c));
        }
        const double got =
            out[static_cast<size_t>(t) * static_cast<size_t>(m.panel_count * k.lanes) + static_cast<size_t>(r)];
        error += (got - expected) * (got - expected);
        power += expected * expected;
      }
    }
    if (!(error <= 1e-9 * power)) {
      test::Fail(__FILE__, __LINE__,
                 Name(k, type, kind) + " columns " + std::to_string(columns) + " tokens " + std::to_string(tokens) +
                     ": relative error " + std::to_string(std::sqrt(error / power)));
    }
  }
}

TEST(ProductsEqualPlainArithmetic) {
  for (const KernelTable* k : Tables()) {
    for (const TensorType type : kTypes) {
      for (const ActivationKind kind : KindsFor(type)) {
        for (const int columns : {256, 768, 2304}) CheckProducts(*k, type, kind, columns);
        // A rest that is no whole block of 256.
        if (Traits(type).block_elements <= 32) CheckProducts(*k, type, kind, 544);
      }
    }
  }
}

// The law that makes caching and speculation lossless.
TEST(ProductsDoNotDependOnTheNumberOfTokens) {
  constexpr int kColumns = 2304, kTokens = 96;
  for (const KernelTable* k : Tables()) {
    for (const TensorType type : kTypes) {
      Random random(7);
      const Matrix m = MakeMatrix(*k, type, 4 * k->lanes, kColumns, random);
      const std::vector<float> x = random.Floats(kTokens * kColumns, 1.0f);
      for (const ActivationKind kind : KindsFor(type)) {
        const QuantizedRows a = Quantize(*k, kind, x, kTokens, kColumns);
        const size_t stride = static_cast<size_t>(m.panel_count * k->lanes);
        const std::vector<float> all = Multiply(*k, type, m, a.view, kTokens, kColumns);
        for (const int tokens : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 17, 31, 32, 33, 63, 64, 65}) {
          const std::vector<float> some = Multiply(*k, type, m, a.view, tokens, kColumns);
          if (std::memcmp(all.data(), some.data(), stride * static_cast<size_t>(tokens) * sizeof(float)) != 0)
            test::Fail(__FILE__, __LINE__, Name(*k, type, kind) + " differs at " + std::to_string(tokens) + " tokens");
        }
      }
    }
  }
}

// The integers are exact and the float operations are in one order, so only a table without a fused multiply-add may
// round otherwise: the scalar one.
TEST(ProductsAreTheSameBitsOnEveryFusingTable) {
  constexpr int kColumns = 1280, kTokens = 67;
  const size_t rows = 48;  // whole panels of every table
  for (const TensorType type : kTypes) {
    for (const ActivationKind kind : KindsFor(type)) {
      std::vector<float> expected;
      for (const KernelTable* k : WithEmulated(AvailableKernels())) {
        if (std::string(k->name) == "scalar") continue;
        Random random(11);
        const Matrix m = MakeMatrix(*k, type, static_cast<int>(rows), kColumns, random);
        const std::vector<float> x = random.Floats(kTokens * kColumns, 1.0f);
        const QuantizedRows a = Quantize(*k, kind, x, kTokens, kColumns);
        const std::vector<float> out = Multiply(*k, type, m, a.view, kTokens, kColumns);
        CHECK_EQ(out.size(), rows * kTokens);
        if (expected.empty()) expected = out;
        if (std::memcmp(expected.data(), out.data(), out.size() * sizeof(float)) != 0)
          test::Fail(__FILE__, __LINE__, Name(*k, type, kind) + " differs");
      }
    }
  }
}

// Codes and activations at the limits of their ranges: 16-bit partial sums must not overflow.
TEST(ExtremeCodesDoNotOverflow) {
  constexpr int kColumns = 512;
  for (const KernelTable* k : Tables()) {
    for (const TensorType type : kTypes) {
      const ActivationKind kind = ActivationKindOf(type);
      if (kind == ActivationKind::kFloat) continue;
      const size_t row_bytes = RowBytes(type, kColumns);
      std::vector<uint8_t> raw(row_bytes * static_cast<size_t>(k->lanes), 0xff);
      const uint16_t one = FloatToHalf(1.0f);
      for (size_t at = 0; at < raw.size(); at += static_cast<size_t>(Traits(type).block_bytes)) {
        for (const size_t offset : test::ScaleOffsets(type)) std::memcpy(&raw[at + offset], &one, 2);
      }
      std::vector<float> values(kColumns);
      Dequantize(type, raw.data(), kColumns, values.data());
      Buffer panel;
      CHECK(panel.Allocate(k->panel_bytes(type, kColumns)));
      k->pack_panel(type, raw.data(), row_bytes, k->lanes, kColumns, panel.data());
      for (const float sign : {1.0f, -1.0f}) {
        const std::vector<float> x(kColumns * 64, sign);
        const QuantizedRows a = Quantize(*k, kind, x, 64, kColumns);
        double expected = 0;
        for (size_t c = 0; c < kColumns; ++c)
          expected += static_cast<double>(values[c]) * Value(a, kind, x, kColumns, 0, c);
        Matrix m;
        m.panel_bytes = k->panel_bytes(type, kColumns);
        m.panel_count = 1;
        m.panels = std::move(panel);
        for (const int tokens : {1, 64}) {
          const float got = Multiply(*k, type, m, a.view, tokens, kColumns)[0];
          if (!(std::fabs(got - expected) <= 1e-5 * std::fabs(expected) + 1e-6)) {
            test::Fail(__FILE__, __LINE__,
                       std::string(k->name) + " " + Traits(type).name + ": " + std::to_string(got) + " is not " +
                           std::to_string(expected));
          }
        }
        panel = std::move(m.panels);
      }
    }
  }
}

TEST(QuantizationIsTheSameOnEveryTable) {
  constexpr int kColumns = 1024;
  Random random(3);
  std::vector<float> x = random.Floats(kColumns, 3.0f);
  std::fill(x.begin() + 256, x.begin() + 512, 0.0f);
  x[600] = 50;
  x[601] = -50;
  const KernelTable& reference = *AvailableKernels().back();
  for (const KernelTable* k : Tables()) {
    for (const ActivationKind kind : {ActivationKind::kQ8x32, ActivationKind::kQ8x256}) {
      const QuantizedRows a = Quantize(*k, kind, x, 1, kColumns), b = Quantize(reference, kind, x, 1, kColumns);
      CHECK(a.q == b.q);
      CHECK(a.d == b.d);
      CHECK(a.sum32 == b.sum32);
      CHECK(a.sum16 == b.sum16);
    }
  }
}

TEST(VectorFunctionsAreAccurate) {
  Random random(5);
  for (const KernelTable* k : Tables()) {
    for (const int n : {64, 576, 904}) {
      const size_t size = static_cast<size_t>(n);
      const std::vector<float> x = random.Floats(size, 4.0f), w = random.Floats(size, 1.0f);
      std::vector<float> out(size);
      k->rms_norm(x.data(), w.data(), n, 1e-5f, out.data());
      double sum = 0;
      for (const float v : x) sum += static_cast<double>(v) * v;
      const double scale = 1 / std::sqrt(sum / n + 1e-5);
      for (size_t i = 0; i < size; ++i) CHECK(std::fabs(out[i] - x[i] * scale * w[i]) < 1e-5);

      std::vector<float> gate = random.Floats(size, 20.0f);
      const std::vector<float> before = gate;
      k->silu_multiply(gate.data(), w.data(), n);
      for (size_t i = 0; i < size; ++i) {
        const double g = before[i], expected = g / (1 + std::exp(-g)) * w[i];
        CHECK(std::fabs(gate[i] - expected) < 1e-6 + 1e-6 * std::fabs(expected));
      }

      const size_t lanes = static_cast<size_t>(k->lanes), panels = (size + lanes - 1) / lanes;
      std::vector<float> pairs(2 * panels * lanes), product(size);
      for (size_t i = 0; i < size; ++i) {
        pairs[i / lanes * 2 * lanes + i % lanes] = before[i];
        pairs[i / lanes * 2 * lanes + lanes + i % lanes] = w[i];
      }
      k->silu_pairs(pairs.data(), n, product.data());
      CHECK(product == gate);

      std::vector<uint16_t> half(size);
      k->to_half(x.data(), n, half.data());
      for (size_t i = 0; i < size; ++i) CHECK_EQ(half[i], FloatToHalf(x[i]));
    }
    const float huge[8] = {1e9f, -1e9f, 65504, 65505, 0, -0.0f, 1e-9f, 1};
    uint16_t half[8];
    k->to_half(huge, 8, half);
    CHECK_EQ(HalfToFloat(half[0]), 65504.0f);
    CHECK_EQ(HalfToFloat(half[1]), -65504.0f);
  }
}

// Keys and values of one segment in the layout of a type, and what they stand for.
struct Segment {
  KvType type;
  int dim;
  std::vector<uint8_t> keys, values;
  std::vector<uint16_t> key_scales, value_scales;
  std::vector<float> plain_keys, plain_values;  // [kSegmentKeys][dim]

  Segment(KvType t, int columns, Random* random) : type(t), dim(columns) {
    const size_t d = static_cast<size_t>(dim), element = type == KvType::kF16 ? 2 : 1;
    keys.resize(kSegmentKeys * d * element);
    values.resize(keys.size());
    key_scales.resize(kSegmentKeys * (d / kKvBlock + 1));
    value_scales.resize(key_scales.size());
    plain_keys.resize(kSegmentKeys * d);
    plain_values.resize(plain_keys.size());
    for (uint16_t& scale : key_scales) scale = FloatToHalf((1.5f + random->Uniform()) / 127);
    for (uint16_t& scale : value_scales) scale = FloatToHalf((1.5f + random->Uniform()) / 127);
    for (size_t i = 0; i < kSegmentKeys; ++i) {
      for (size_t c = 0; c < d; ++c) {
        const size_t key = (i / kKeyPanel * d + c) * kKeyPanel + i % kKeyPanel, value = i * d + c;
        const size_t scale = c / kKvBlock * kSegmentKeys + i;
        plain_keys[value] = Put(&keys, key, key_scales[scale], 3 * random->Uniform());
        plain_values[value] = Put(&values, value, value_scales[scale], random->Uniform());
      }
    }
  }

  // Stores x, as nearly as the type can, and returns what was stored.
  float Put(std::vector<uint8_t>* side, size_t at, uint16_t scale, float x) const {
    if (type == KvType::kF16) {
      const uint16_t half = FloatToHalf(x);
      std::memcpy(side->data() + 2 * at, &half, 2);
      return HalfToFloat(half);
    }
    const int8_t q = static_cast<int8_t>(std::lround(x / 3 * 127));
    std::memcpy(side->data() + at, &q, 1);
    return HalfToFloat(scale) * static_cast<float>(q);
  }

  void Point(AttendArgs* args) const {
    args->type = type;
    args->head_dim = dim;
    args->k = keys.data();
    args->v = values.data();
    args->k_scale = key_scales.data();
    args->v_scale = value_scales.data();
  }
};

void CheckAttention(const KernelTable& k, KvType type, int dim) {
  Random random(static_cast<uint64_t>(dim));
  constexpr int kRows = 21;
  const size_t d = static_cast<size_t>(dim);
  const std::vector<float> q = random.Floats(kRows * d, 0.3f);
  const Segment segment(type, dim, &random);
  int valid[kRows];
  for (int& v : valid) v = 1 + random.Below(kSegmentKeys);
  valid[0] = 1;
  valid[1] = kSegmentKeys;
  std::vector<float> scores(kRows * kSegmentKeys), max(kRows), sum(kRows), o(kRows * d);
  AttendArgs args{};
  segment.Point(&args);
  args.q = q.data();
  args.rows = kRows;
  args.valid = valid;
  args.scores = scores.data();
  args.max = max.data();
  args.sum = sum.data();
  args.o = o.data();
  k.attend(args);
  for (size_t r = 0; r < kRows; ++r) {
    std::vector<double> expected(d);
    double total = 0;
    for (size_t i = 0; i < static_cast<size_t>(valid[r]); ++i) {
      double score = 0;
      for (size_t c = 0; c < d; ++c)
        score += static_cast<double>(q[r * d + c]) * static_cast<double>(segment.plain_keys[i * d + c]);
      const double e = std::exp(score - static_cast<double>(max[r]));
      total += e;
      for (size_t c = 0; c < d; ++c) expected[c] += e * static_cast<double>(segment.plain_values[i * d + c]);
    }
    for (size_t c = 0; c < d; ++c)
      CHECK(std::fabs(static_cast<double>(o[r * d + c] / sum[r]) - expected[c] / total) < 1e-5);
    // The same row alone gives the same bits.
    std::vector<float> alone(d);
    float max1, sum1;
    AttendArgs one = args;
    one.q = &q[r * d];
    one.rows = 1;
    one.valid = &valid[r];
    one.max = &max1;
    one.sum = &sum1;
    one.o = alone.data();
    k.attend(one);
    CHECK(max1 == max[r] && sum1 == sum[r]);
    CHECK(std::memcmp(alone.data(), &o[r * d], d * sizeof(float)) == 0);
  }
}

TEST(AttentionEqualsPlainSoftmaxAndIgnoresItsNeighbours) {
  for (const KernelTable* k : Tables()) {
    for (const int dim : {64, 80, 128}) {
      CheckAttention(*k, KvType::kF16, dim);
      if (dim % kKvBlock == 0) CheckAttention(*k, KvType::kQ8, dim);
    }
  }
}

TEST(TheVariableForcesAKernelAndNamesTheChoices) {
  const std::string best = AvailableKernels().front()->name;
  for (const KernelTable* k : AvailableKernels()) {
    const Result<const KernelTable*> chosen = ChooseKernels(k->name);
    CHECK(chosen.ok() && *chosen == k);
  }
  CHECK_EQ(std::string((*ChooseKernels(""))->name), best);
  const Result<const KernelTable*> unknown = ChooseKernels("mmx");
  CHECK(!unknown.ok());
  CHECK_EQ(static_cast<int>(unknown.status().code()), static_cast<int>(StatusCode::kInvalidArgument));
  CHECK(unknown.status().message().find("scalar") != std::string::npos);
}

// Who knows the machine, as the tests in an emulator do, says which tables must have run here.
TEST(TellsWhichTablesRan) {
  std::string names;
  for (const KernelTable* k : AvailableKernels()) {
    if (!names.empty()) names += ' ';
    names += k->name;
  }
  std::printf("     tables: %s\n", names.c_str());
  const char* expected = std::getenv("PADDOCK_EXPECT_KERNELS");
  if (expected != nullptr) CHECK_EQ(names, std::string(expected));
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
