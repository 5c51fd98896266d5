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

TEST(LikelihoodsAreThoseOfThePlainModel) {
  const std::vector<int32_t> ids = SomeIds(60);
  const size_t looked_at[] = {1, 2, 17, 30, 41, 58, 59};
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
    for (const size_t at : looked_at) {
      std::vector<uint8_t> counted(ids.size());
      counted[at] = 1;
      const double expected = plain.Loss(ids, counted, std::vector<double>(none.size()));
      error += std::fabs((*nll)[at - 1] - expected);
      rounded_error += std::fabs((*rounded_nll)[at - 1] - expected);
    }
    CHECK(error < 0.003 * std::size(looked_at));  // keys and values are halves
    CHECK(floats ? error == rounded_error : 4 * error < rounded_error);
  }
}

TEST(LogitsDoNotDependOnBatchesOrThreads) {
  const std::vector<int32_t> ids = SomeIds(300);
  for (const TinyModel& model : Models()) {
    std::vector<float> expected;
    for (const int threads : {1, 3}) {
      const auto engine = Open(model, true, threads);
      for (const int batch : {256, 40, 3, 1}) {
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
