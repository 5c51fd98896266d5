// Activations that are not rounded: the likelihoods are those of the file, and keep the engine's laws.
#include <cmath>
#include <cstring>
#include <iterator>

#include "check.h"
#include "reference_model.h"
#include "tiny_engine.h"

namespace paddock {
namespace {

using test::SomeIds;
using test::TinyModel;

std::unique_ptr<Engine> Open(const TinyModel& model, bool exact, int threads) {
  return test::Open(model, {.threads = threads, .float_activations = exact});
}

std::vector<TinyModel> Models() {
  TinyModel llama, qwen3 = TinyModel::Qwen3(), legacy = TinyModel::Blocks32(), floats;
  legacy.architecture = "qwen2";
  floats.matrix = floats.down = TensorType::kF16;
  floats.embedding = TensorType::kF32;
  return {llama, qwen3, legacy, floats};
}

// How far the tests go. An emulator, where floats are computed in software, gets shorter texts, but the same models and
// the border between two segments of attention.
#ifdef PADDOCK_EMULATED_MACHINE
constexpr size_t kScored = 30, kEvaluated = 260;
constexpr size_t kLookedAt[] = {1, 17, 28, 29};
constexpr int kThreads[] = {3}, kBatches[] = {256, 3};
#else
constexpr size_t kScored = 60, kEvaluated = 300;
constexpr size_t kLookedAt[] = {1, 2, 17, 30, 41, 58, 59};
constexpr int kThreads[] = {1, 3}, kBatches[] = {256, 40, 3, 1};
#endif

TEST(LikelihoodsAreThoseOfThePlainModel) {
  const std::vector<int32_t> ids = SomeIds(kScored);
  for (const TinyModel& model : Models()) {
    const Lora none = test::NoAdapters(model);
    const test::ReferenceModel plain(model, none);
    const bool floats = model.matrix == TensorType::kF16;
    const auto exact = Open(model, true, 2), rounded = Open(model, false, 2);
    CHECK(exact->info().float_activations);
    CHECK_EQ(rounded->info().float_activations, floats);
    const auto nll = exact->Score(ids, nullptr), rounded_nll = rounded->Score(ids, nullptr);
    CHECK(nll.ok() && rounded_nll.ok());
    double error = 0, rounded_error = 0;
    for (const size_t at : kLookedAt) {
      std::vector<uint8_t> counted(ids.size());
      counted[at] = 1;
      const double expected = plain.Loss(ids, counted, std::vector<double>(none.size()));
      error += std::fabs((*nll)[at - 1] - expected);
      rounded_error += std::fabs((*rounded_nll)[at - 1] - expected);
    }
    CHECK(error < 0.003 * std::size(kLookedAt));  // keys and values are halves
    CHECK(floats ? error == rounded_error : 4 * error < rounded_error);
  }
}

TEST(LogitsDoNotDependOnBatchesOrThreads) {
  const std::vector<int32_t> ids = SomeIds(kEvaluated);
  for (const TinyModel& model : Models()) {
    std::vector<float> expected;
    for (const int threads : kThreads) {
      const auto engine = Open(model, true, threads);
      for (const int batch : kBatches) {
        const auto logits = engine->Evaluate(ids, 0, batch, nullptr);
        CHECK(logits.ok());
        if (expected.empty()) expected.assign(logits->begin(), logits->end());
        CHECK(std::memcmp(expected.data(), logits->data(), expected.size() * sizeof(float)) == 0);
      }
    }
  }
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
