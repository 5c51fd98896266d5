// The engine's own laws: the same tokens give the same bits, however they are batched, threaded or cached; and whatever
// is asked of it, it ends in an answer or a clear error.
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>

#include "check.h"
#include "tables.h"
#include "tiny_engine.h"

namespace paddock {
namespace {

using test::SomeIds;
using test::TemporaryFile;
using test::TinyModel;

struct Silent : GenerateObserver {
  void OnPrefill(double done, int, int) override { last_done = done; }
  void OnText(std::string_view text, int) override { streamed += text; }
  double last_done = 0;
  std::string streamed;
};

std::unique_ptr<Engine> Open(test::GgufWriter model, int threads, const std::string& kernels = "",
                             KvType kv_type = KvType::kF16) {
  return test::Open(std::move(model), {.threads = threads, .kv_type = kv_type, .kernels = kernels});
}

std::unique_ptr<Engine> Open(const TinyModel& model, int threads, const std::string& kernels = "",
                             KvType kv_type = KvType::kF16) {
  return Open(model.Writer(), threads, kernels, kv_type);
}

std::vector<float> Logits(Engine& engine, std::span<const int32_t> tokens, int keep, int batch) {
  const auto logits = engine.Evaluate(tokens, keep, batch, nullptr);
  CHECK(logits.ok());
  return {logits->begin(), logits->end()};
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

std::vector<TinyModel> Models() {
  TinyModel llama, qwen, legacy = TinyModel::Blocks32(), floats;
  qwen.architecture = "qwen2";
  qwen.matrix = TensorType::kQ5_K;
  qwen.tied = false;
  floats.matrix = TensorType::kF16;
  floats.down = TensorType::kF32;
  floats.embedding = TensorType::kBF16;
  return {llama, qwen, TinyModel::Qwen3(), legacy, floats};
}

// How far LogitsDoNotDependOnBatchesThreadsOrCache goes: longer than one segment of attention and than one batch. An
// emulator, where floats are computed in software, gets the same borders with fewer tokens between them, and no
// matrices of floats.
#ifdef PADDOCK_EMULATED_MACHINE
constexpr bool kFloatModels = false;
constexpr size_t kLawTokens = 264;
constexpr int kLawBatches[] = {1, 3, 18, 255}, kLawKept[] = {1, 256, 257, 263}, kLawThreads[] = {3};
#else
constexpr bool kFloatModels = true;
constexpr size_t kLawTokens = 600;
constexpr int kLawBatches[] = {1, 2, 3, 4, 5, 7, 64, 100, 255}, kLawKept[] = {1, 255, 256, 257, 300, 599};
constexpr int kLawThreads[] = {2, 3, 5};
#endif

TEST(LogitsDoNotDependOnBatchesThreadsOrCache) {
  const std::vector<int32_t> ids = SomeIds(kLawTokens);
  for (const TinyModel& model : Models()) {
    if (!kFloatModels && model.matrix == TensorType::kF16) continue;
    const std::unique_ptr<Engine> one = Open(model, 1);
    const std::vector<float> expected = Logits(*one, ids, 0, 256);
    for (const int batch : kLawBatches) CHECK(SameBits(expected, Logits(*one, ids, 0, batch)));
    // Half of it from the cache, all but one token from the cache: whatever batches have put it there.
    for (const int keep : kLawKept) CHECK(SameBits(expected, Logits(*one, ids, keep, 64)));
    // What followed a shared prefix before must leave no trace.
    std::vector<int32_t> other = ids;
    constexpr int kShared = kLawTokens / 2;
    for (size_t i = kShared; i < other.size(); ++i) other[i] = (other[i] + 1) % 256;
    Logits(*one, other, 0, 256);
    CHECK(SameBits(expected, Logits(*one, ids, kShared, 256)));
    for (const int threads : kLawThreads) {
      const std::unique_ptr<Engine> many = Open(model, threads);
      CHECK(SameBits(expected, Logits(*many, ids, 0, 256)));
      CHECK(SameBits(expected, Logits(*many, ids, 0, 3)));
    }
  }
}

TEST(GateAndUpMayBeOfDifferentTypes) {
  if (!kFloatModels) return;
  TinyModel halves;
  halves.matrix = TensorType::kF16;
  test::GgufWriter writer = halves.Writer();
  const std::vector<int32_t> ids = SomeIds(40);
  const std::vector<float> expected = Logits(*Open(writer, 2), ids, 0, 256);
  for (test::GgufWriter::Tensor& tensor : writer.tensors) {
    if (tensor.name.find("ffn_up") == std::string::npos) continue;
    // The same numbers, in twice the bytes.
    std::vector<uint8_t> floats(tensor.data.size() * 2);
    for (size_t i = 0; i < tensor.data.size() / 2; ++i) {
      uint16_t half;
      std::memcpy(&half, &tensor.data[2 * i], sizeof half);
      const float value = HalfToFloat(half);
      std::memcpy(&floats[4 * i], &value, sizeof value);
    }
    tensor.type = static_cast<uint32_t>(TensorType::kF32);
    tensor.data = floats;
  }
  const std::unique_ptr<Engine> mixed = Open(writer, 2);
  CHECK(SameBits(expected, Logits(*mixed, ids, 0, 256)));
  CHECK(SameBits(expected, Logits(*mixed, ids, 0, 2)));
}

void CheckKeysAndValuesInBytes(const TinyModel& model) {
  const std::vector<int32_t> ids = SomeIds(kLawTokens);
  const std::unique_ptr<Engine> one = Open(model, 1, "", KvType::kQ8), plain = Open(model, 1);
  CHECK(one->info().memory.kv_cache < plain->info().memory.kv_cache * 6 / 10);
  const std::vector<float> expected = Logits(*one, ids, 0, 256), exact = Logits(*plain, ids, 0, 256);
  double error = 0, power = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    error += std::pow(static_cast<double>(expected[i] - exact[i]), 2);
    power += std::pow(static_cast<double>(exact[i]), 2);
  }
  CHECK(error > 0 && error < 0.01 * power);
  for (const int batch : kLawBatches) CHECK(SameBits(expected, Logits(*one, ids, 0, batch)));
  for (const int keep : kLawKept) CHECK(SameBits(expected, Logits(*one, ids, keep, 64)));
  CHECK(SameBits(expected, Logits(*Open(model, 3, "", KvType::kQ8), ids, 0, 3)));
}

TEST(KeysAndValuesInBytesKeepTheLaws) {
  CheckKeysAndValuesInBytes({});
  CheckKeysAndValuesInBytes(TinyModel::Qwen3());
}

TEST(KernelTablesAgree) {
  const std::vector<int32_t> ids = SomeIds(40);
  for (const TinyModel& model : Models()) {
    const std::vector<float> scalar = Logits(*Open(model, 1, "scalar"), ids, 0, 256);
    for (const KernelTable* table : test::TablesToTest()) {
      const std::unique_ptr<Engine> engine = Open(model, 1, table->name);
      CHECK_EQ(std::string(engine->info().kernels), std::string(table->name));
      const std::vector<float> logits = Logits(*engine, ids, 0, 256);
      double error = 0, power = 0;
      for (size_t i = 0; i < logits.size(); ++i) {
        error += (static_cast<double>(logits[i]) - scalar[i]) * (static_cast<double>(logits[i]) - scalar[i]);
        power += static_cast<double>(scalar[i]) * scalar[i];
      }
      // Rounding differences may flip an int8 activation here and there.
      CHECK(error < 1e-4 * power);
    }
  }
}

TEST(ScoresAreThoseOfTheLogits) {
  const std::unique_ptr<Engine> engine = Open(TinyModel{}, 2);
  const std::vector<int32_t> ids = SomeIds(70);
  const auto nll = engine->Score(ids, nullptr);
  CHECK(nll.ok() && nll->size() == 69);
  for (const size_t at : {size_t{0}, size_t{31}, size_t{32}, size_t{68}}) {
    const std::vector<float> logits = Logits(*engine, std::span(ids).first(at + 1), 0, 256);
    double sum = 0;
    for (const float l : logits) sum += std::exp(static_cast<double>(l));
    CHECK(std::fabs((*nll)[at] - (std::log(sum) - static_cast<double>(logits[static_cast<size_t>(ids[at + 1])]))) <
          1e-6);
  }
}

TEST(GenerationReusesItsPrefixAndRepeatsItself) {
  const std::unique_ptr<Engine> engine = Open(TinyModel{}, 2);
  Silent observer;
  GenerateRequest request;
  request.prompt = SomeIds(90);
  request.max_tokens = 30;
  request.ignore_end = true;
  const auto cold = engine->Generate(request, nullptr, &observer);
  CHECK_EQ(cold->cached_tokens, 0);
  CHECK_EQ(cold->tokens.size(), size_t{30});
  CHECK(cold->finish_reason == FinishReason::kLength);
  CHECK_EQ(observer.streamed, cold->text);
  const auto warm = engine->Generate(request, nullptr, &observer);
  CHECK_EQ(warm->cached_tokens, 89);
  CHECK(warm->tokens == cold->tokens);
  // Sampling is a function of the seed.
  request.sampler = {
      .temperature = 1.2f, .top_k = 50, .top_p = 0.9f, .min_p = 0.01f, .repetition_penalty = 1.1f, .seed = 42};
  const auto a = engine->Generate(request, nullptr, &observer), b = engine->Generate(request, nullptr, &observer);
  CHECK(a->tokens == b->tokens);
  request.sampler.seed = 43;
  CHECK(engine->Generate(request, nullptr, &observer)->tokens != a->tokens);
}

TEST(GenerationStopsAtTokensStringsAndTheContext) {
  const std::unique_ptr<Engine> engine = Open(TinyModel{}, 1);
  Silent observer;
  GenerateRequest request;
  request.prompt = SomeIds(20);
  request.max_tokens = 20;
  request.ignore_end = true;
  const auto plain = engine->Generate(request, nullptr, &observer);
  request.ignore_end = false;
  request.stop_tokens = {plain->tokens[7]};
  const auto stopped = engine->Generate(request, nullptr, &observer);
  CHECK(stopped->finish_reason == FinishReason::kStop);
  CHECK(stopped->tokens.size() <= 7);
  request.stop_tokens = {};
  request.max_tokens = 0;
  request.ignore_end = true;
  request.prompt = SomeIds(1000);
  const auto full = engine->Generate(request, nullptr, &observer);
  CHECK(full->finish_reason == FinishReason::kLength);
  CHECK_EQ(full->tokens.size(), size_t{24});
}

TEST(CancellingKeepsWhatIsThere) {
  const std::unique_ptr<Engine> engine = Open(TinyModel{}, 2);
  Silent observer;
  GenerateRequest request;
  request.prompt = SomeIds(900);
  request.ignore_end = true;
  CancelFlag cancel{true};
  const auto at_once = engine->Generate(request, &cancel, &observer);
  CHECK(at_once.ok() && at_once->finish_reason == FinishReason::kCancelled);
  CHECK(at_once->tokens.empty());

  struct Stopper : Silent {
    CancelFlag* flag = nullptr;
    void OnText(std::string_view text, int tokens) override {
      Silent::OnText(text, tokens);
      if (tokens == 5) flag->store(true);
    }
  } stopper;
  cancel = false;
  stopper.flag = &cancel;
  const auto later = engine->Generate(request, &cancel, &stopper);
  CHECK(later->finish_reason == FinishReason::kCancelled);
  CHECK_EQ(later->tokens.size(), size_t{5});
  cancel = false;
  request.max_tokens = 5;
  const auto again = engine->Generate(request, &cancel, &observer);
  CHECK(again->tokens == later->tokens);
  CHECK_EQ(again->cached_tokens, 899);

  // From another thread, in the middle of a prefill.
  CancelFlag outside{false};
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    outside = true;
  });
  request.prompt = SomeIds(901);
  request.max_tokens = 0;
  const auto cut = engine->Generate(request, &outside, &observer);
  other.join();
  CHECK(cut.ok());
}

TEST(WrongRequestsAreRefused) {
  const std::unique_ptr<Engine> engine = Open(TinyModel{}, 1);
  Silent observer;
  const auto code = [&](std::vector<int32_t> prompt) {
    GenerateRequest request;
    request.prompt = std::move(prompt);
    return engine->Generate(request, nullptr, &observer).status().code();
  };
  CHECK(code({}) == StatusCode::kInvalidArgument);
  CHECK(code({-1}) == StatusCode::kInvalidArgument);
  CHECK(code({272}) == StatusCode::kInvalidArgument);
  CHECK(code(SomeIds(1024)) == StatusCode::kPromptTooLong);
  CHECK(engine->Score(SomeIds(1), nullptr).status().code() == StatusCode::kInvalidArgument);
  CHECK(engine->Score(SomeIds(1025), nullptr).status().code() == StatusCode::kPromptTooLong);
  const auto bench = [&](const BenchOptions& options) { return engine->Bench(options, nullptr).status().code(); };
  CHECK(bench({.prompt = 1000, .generate = 100}) == StatusCode::kInvalidArgument);
  CHECK(bench({.prompt = 1, .generate = 100, .depth = 1000}) == StatusCode::kInvalidArgument);
  CHECK(bench({.prompt = 1, .generate = 1, .depth = -1}) == StatusCode::kInvalidArgument);
  CHECK(bench({.prompt = 0, .generate = 0}) == StatusCode::kInvalidArgument);

  const TemporaryFile file(TinyModel{}.Writer().Write());
  for (const LoadOptions& options : {LoadOptions{.context_length = 2048}, LoadOptions{.context_length = -1},
                                     LoadOptions{.threads = 1000}, LoadOptions{.kernels = "mmx"}}) {
    CHECK(Engine::Load(file.path(), options, nullptr, nullptr).status().code() == StatusCode::kInvalidArgument);
  }
  const CancelFlag cancel{true};
  CHECK(Engine::Load(file.path(), {}, &cancel, nullptr).status().code() == StatusCode::kCancelled);
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
