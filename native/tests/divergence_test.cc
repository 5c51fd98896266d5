// The comparison of two predictions against test/oracle/divergence.py, and of two models by way of their logits.
#include "runtime/divergence.h"

#include <cmath>
#include <vector>

#include "check.h"
#include "random.h"
#include "tiny_engine.h"

namespace paddock {
namespace {

using test::Random;
using test::SomeIds;
using test::TinyModel;

bool Near(double a, double b) {
  return std::fabs(a - b) <= 1e-6 * std::max(1.0, std::fabs(b));
}

struct Reference {
  uint64_t seed;
  size_t vocabulary;
  float scale;
  double nll, base_nll, kld;
};
// Printed by divergence.py. In the third most entries are below e^-16.
constexpr Reference kReferences[] = {{1, 151, 1, 5.2998055847, 5.1727652163, 0.3102643626},
                                     {2, 151, 12, 11.4047639736, 4.9890453367, 11.3744871201},
                                     {3, 5000, 30, 54.3116713500, 38.4672623864, 25.3613538554}};

TEST(AgreesWithTheReference) {
  for (const Reference& r : kReferences) {
    const std::vector<float> base = Random(r.seed).Floats(r.vocabulary, r.scale);
    const std::vector<float> logits = Random(r.seed + 100).Floats(r.vocabulary, r.scale);
    const int32_t token = static_cast<int32_t>(r.seed * 40);
    const TokenDivergence d = CompareLogits(base, logits, token);
    CHECK(Near(d.nll, r.nll));
    CHECK(Near(d.base_nll, r.base_nll));
    CHECK(Near(d.kld, r.kld));
    CHECK(Near(NegativeLogLikelihood(logits, token), r.nll));
  }
}

TEST(OfTheSamePredictionsIsNothing) {
  const std::vector<float> logits = Random(7).Floats(999, 20);
  std::vector<float> shifted = logits;
  for (float& x : shifted) x += 4;
  CHECK_EQ(CompareLogits(logits, logits, 3).kld, 0.0);
  CHECK(std::fabs(CompareLogits(logits, shifted, 3).kld) < 1e-5);
  CHECK(CompareLogits(logits, shifted, 3).same_top);
}

TEST(OfEqualLogitsTheFirstIsTheTop) {
  const std::vector<float> base = {1, 5, 5}, same = {0, 2, 2}, other = {0, 1, 2};
  CHECK(CompareLogits(base, same, 0).same_top);
  CHECK(!CompareLogits(base, other, 0).same_top);
}

std::unique_ptr<Engine> Open(TensorType matrix, int threads) {
  TinyModel model;
  model.matrix = matrix;
  return test::Open(model, {.threads = threads});
}

// Inside a batch of 256, at its borders, and after them. Each is a pass over all tokens, so an emulator gets fewer.
#ifdef PADDOCK_EMULATED_MACHINE
constexpr size_t kCompared = 300;
constexpr int kFirsts[] = {255, 256, 298};
#else
constexpr size_t kCompared = 600;
constexpr int kFirsts[] = {0, 100, 255, 256, 300, 598};
#endif

TEST(ModelsAreComparedTokenByToken) {
  const auto base = Open(TensorType::kQ8_0, 2), model = Open(TensorType::kQ4_0, 1);
  const std::vector<int32_t> ids = SomeIds(kCompared);
  const auto all = base->Score(ids, nullptr), mine = model->Score(ids, nullptr);
  CHECK(all.ok() && mine.ok());
  for (const int first : kFirsts) {
    const auto logits = base->Predictions(ids, first, nullptr);
    CHECK(logits.ok());
    const auto found = model->Compare(ids, first, *logits, nullptr);
    CHECK(found.ok() && found->size() == kCompared - 1 - static_cast<size_t>(first));
    const auto part = model->Score(ids, nullptr, first);
    CHECK(part.ok() && part->size() == found->size());
    for (size_t i = 0; i < found->size(); ++i) {
      const size_t at = static_cast<size_t>(first) + i;
      CHECK_EQ((*part)[i], (*mine)[at]);
      CHECK_EQ((*found)[i].nll, (*mine)[at]);
      CHECK_EQ((*found)[i].base_nll, (*all)[at]);
      CHECK((*found)[i].kld >= 0);
    }
  }
}

TEST(WrongComparisonsAreRefused) {
  const auto model = Open(TensorType::kQ8_0, 1);
  const std::vector<int32_t> ids = SomeIds(40);
  const std::vector<float> logits = *model->Predictions(ids, 20, nullptr);
  const auto code = [&](int first, std::span<const float> base) {
    return model->Compare(ids, first, base, nullptr).status().code();
  };
  CHECK(code(20, logits) == StatusCode::kOk);
  CHECK(code(19, logits) == StatusCode::kInvalidArgument);
  CHECK(code(39, {}) == StatusCode::kInvalidArgument);
  CHECK(code(-1, logits) == StatusCode::kInvalidArgument);
  CHECK(code(20, std::span(logits).first(logits.size() - 1)) == StatusCode::kInvalidArgument);
  for (const int first : {-1, 39, 1000}) {
    CHECK(model->Predictions(ids, first, nullptr).status().code() == StatusCode::kInvalidArgument);
    CHECK(model->Score(ids, nullptr, first).status().code() == StatusCode::kInvalidArgument);
  }
  CHECK(model->Predictions({}, 0, nullptr).status().code() == StatusCode::kInvalidArgument);
  const CancelFlag cancel{true};
  CHECK(model->Predictions(ids, 0, &cancel).status().code() == StatusCode::kCancelled);
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
