// The quantizer against the plain reading of the formats.
#include "quant/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "check.h"
#include "kernels/dispatch.h"
#include "kernels/kernel_table.h"
#include "quant/dequantize.h"
#include "random.h"

namespace paddock {
namespace {

using test::Random;

struct Case {
  TensorType type;
  double most;  // relative root mean square error for normally distributed weights
};
// A uniform quantizer of n bits over a block has about 2^-n of its range; these are measured values with a margin.
constexpr Case kCases[] = {{TensorType::kQ8_0, 0.006}, {TensorType::kQ6_K, 0.018}, {TensorType::kQ5_K, 0.036},
                           {TensorType::kQ5_1, 0.038}, {TensorType::kQ5_0, 0.044}, {TensorType::kQ4_K, 0.073},
                           {TensorType::kQ4_1, 0.077}, {TensorType::kQ4_0, 0.090}, {TensorType::kIQ4_NL, 0.080}};

std::vector<float> Normal(size_t n, uint64_t seed) {
  Random random(seed);
  std::vector<float> x(n);
  for (float& v : x) {
    v = 0;
    for (int i = 0; i < 12; ++i) v += random.Uniform();
    v *= 0.02f;
  }
  return x;
}

std::vector<float> RoundTrip(TensorType type, const std::vector<float>& x, const float* importance = nullptr) {
  std::vector<uint8_t> packed(RowBytes(type, x.size()));
  QuantizeRows(*AvailableKernels().front()->fits, type, x.data(), importance, 1, x.size(), packed.data());
  std::vector<float> out(x.size());
  Dequantize(type, packed.data(), x.size(), out.data());
  return out;
}

double SquaredError(const std::vector<float>& a, const std::vector<float>& b, const float* w = nullptr) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double e = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += e * e * (w != nullptr ? static_cast<double>(w[i]) : 1.0);
  }
  return sum;
}

TEST(ErrorsAreSmall) {
  const std::vector<float> x = Normal(1 << 14, 1), zero(x.size());
  for (const Case& c : kCases) {
    const double error = std::sqrt(SquaredError(x, RoundTrip(c.type, x)) / SquaredError(x, zero));
    std::printf("     %s: %.4f\n", Traits(c.type).name, error);
    CHECK(error < c.most);
  }
}

// Rounding to a scale that maps the largest value to the end of the range.
std::vector<float> PlainRoundTrip(const std::vector<float>& x) {
  std::vector<float> out(x.size());
  for (size_t b = 0; b < x.size(); b += 32) {
    float extreme = 0;
    for (size_t i = b; i < b + 32; ++i) extreme = std::fabs(x[i]) > std::fabs(extreme) ? x[i] : extreme;
    const float d = HalfToFloat(FloatToHalf(extreme / -8));
    for (size_t i = b; i < b + 32; ++i) out[i] = d * std::clamp(std::round(x[i] / d), -8.0f, 7.0f);
  }
  return out;
}

TEST(SearchingPays) {
  const std::vector<float> x = Normal(1 << 14, 2), plain = PlainRoundTrip(x), found = RoundTrip(TensorType::kQ4_0, x);
  const double mean = SquaredError(x, std::vector<float>(x.size())) / static_cast<double>(x.size());
  std::vector<float> w;
  for (const float v : x) w.push_back(1 + v * v / static_cast<float>(mean));
  const double ratio = SquaredError(x, found, w.data()) / SquaredError(x, plain, w.data());
  const double unweighted = SquaredError(x, found) / SquaredError(x, plain);
  std::printf("     %.3f of the error that is minimized, %.3f without its weights\n", ratio, unweighted);
  CHECK(ratio < 0.85);
  CHECK(unweighted < 0.95);
}

TEST(ImportantColumnsGetSmallerErrors) {
  const std::vector<float> x = Normal(1 << 12, 3);
  std::vector<float> importance(x.size());
  Random random(4);
  for (float& v : importance) v = std::exp(3 * random.Uniform());
  for (const Case& c : kCases) {
    if (c.type == TensorType::kQ8_0) continue;  // nothing to choose from
    const double with = SquaredError(x, RoundTrip(c.type, x, importance.data()), importance.data());
    CHECK(with < SquaredError(x, RoundTrip(c.type, x), importance.data()));
  }
}

TEST(ExtremesDoNoHarm) {
  for (const Case& c : kCases) {
    const size_t n = 256;
    for (const float value : {0.0f, 1e-30f, -1e-8f, 0.5f, -3.0f, 6e4f}) {
      const std::vector<float> x(n, value);
      for (const float y : RoundTrip(c.type, x)) CHECK(std::fabs(y - value) <= 0.002f * std::fabs(value) + 1e-7f);
    }
    std::vector<float> x(n);
    x[17] = 1e30f;  // beyond what half precision scales can say
    x[18] = -1e30f;
    for (const float y : RoundTrip(c.type, x)) CHECK(std::isfinite(y));
    x.assign(n, 0.001f);
    x[200] = -2;
    const std::vector<float> y = RoundTrip(c.type, x);
    CHECK(std::fabs(y[200] + 2) < 0.2f);
    const std::vector<float> none(n);
    for (const float v : RoundTrip(c.type, Normal(n, 5), none.data())) CHECK(std::isfinite(v));
  }
}

TEST(EveryTableGivesTheSameBytes) {
  const size_t rows = 3, columns = 768;
  const std::vector<float> x = Normal(rows * columns, 7);
  for (const Case& c : kCases) {
    std::vector<std::vector<uint8_t>> results;
    for (const KernelTable* table : AvailableKernels()) {
      results.emplace_back(rows * RowBytes(c.type, columns));
      QuantizeRows(*table->fits, c.type, x.data(), nullptr, rows, columns, results.back().data());
      CHECK(results.back() == results.front());
    }
  }
}

TEST(TheSameRowGivesTheSameBytes) {
  const std::vector<float> x = Normal(512, 6);
  for (const Case& c : kCases) {
    CHECK(CanQuantize(c.type));
    const std::vector<float> a = RoundTrip(c.type, x), b = RoundTrip(c.type, x);
    CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
  }
  CHECK(!CanQuantize(TensorType::kF16));
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
