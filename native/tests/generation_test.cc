// Answers that are suspended, broken off between layers, or computed together are those that are computed alone, to the
// bit.
#include "runtime/generation.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "check.h"
#include "random.h"
#include "tiny_engine.h"

namespace paddock {
namespace {

using test::SomeIds;
using test::TinyModel;

struct Listener : GenerateObserver {
  void OnPrefill(double done, int total, int) override {
    sound = sound && done >= last && done <= total;
    last = done;
  }
  void OnText(std::string_view text, int) override { streamed += text; }
  double last = 0;
  bool sound = true;
  std::string streamed;
};

std::unique_ptr<Engine> Open(const TinyModel& model, KvType kv_type = KvType::kF16) {
  return test::Open(model.Writer(), {.threads = 2, .kv_type = kv_type});
}

#ifdef PADDOCK_EMULATED_MACHINE
constexpr int kAnswerTokens = 12;
#else
constexpr int kAnswerTokens = 60;
#endif

// Prompts of several lengths, some with a common beginning; greedy, sampled and with a prediction.
std::vector<GenerateRequest> Requests() {
  std::vector<GenerateRequest> requests;
  const auto add = [&](std::vector<int32_t> prompt, SamplerOptions sampler, std::vector<int32_t> prediction) {
    GenerateRequest request;
    request.prompt = std::move(prompt);
    request.max_tokens = kAnswerTokens;
    request.ignore_end = true;
    request.sampler = sampler;
    request.prediction = std::move(prediction);
    requests.push_back(std::move(request));
  };
  const SamplerOptions sampled{.temperature = 1.1f, .top_k = 40, .top_p = 0.95f, .repetition_penalty = 1.2f, .seed = 9};
  std::vector<int32_t> shared = SomeIds(300, 1), forked = shared;
  for (size_t i = 270; i < forked.size(); ++i) forked[i] = (forked[i] + 1) % 256;
  add(SomeIds(5, 3), {}, {});
  add(shared, sampled, {});
  add(forked, {}, SomeIds(40, 4));
  add(SomeIds(620, 2), sampled, {});
  return requests;
}

struct Running {
  std::unique_ptr<Generation> generation;
  std::unique_ptr<Listener> listener;
};

Running Begin(Engine& engine, const GenerateRequest& request, const CancelFlag* cancel = nullptr) {
  Running running{nullptr, std::make_unique<Listener>()};
  auto begun = engine.Begin(request, cancel, running.listener.get());
  CHECK(begun.ok());
  running.generation = begun.Take();
  return running;
}

void CheckSame(const GenerateResult& alone, Running& running) {
  const Result<GenerateResult> result = running.generation->Take();
  CHECK(result.ok());
  CHECK(result->tokens == alone.tokens);
  CHECK_EQ(result->text, alone.text);
  CHECK_EQ(running.listener->streamed, alone.text);
  CHECK(running.listener->sound);
}

// The same requests in random turns of random length, some of them together.
void CheckInTurns(Engine& engine, const std::vector<GenerateResult>& alone, uint32_t seed) {
  test::Random random(seed);
  const std::vector<GenerateRequest> requests = Requests();
  std::vector<Running> all;
  for (const GenerateRequest& request : requests) all.push_back(Begin(engine, request));
  const auto is_done = [](const Running& one) { return one.generation->done(); };
  while (!std::all_of(all.begin(), all.end(), is_done)) {
    std::vector<Generation*> together;
    for (const Running& one : all) {
      if (one.generation->decoding() && random.Below(2) == 0) together.push_back(one.generation.get());
    }
    if (together.size() > 1 && random.Below(3) > 0) {
      Generation::StepTogether(together);
      continue;
    }
    // No time at all breaks a pass off after each layer.
    Generation& one = *all[static_cast<size_t>(random.Below(static_cast<int>(all.size())))].generation;
    if (!one.done()) one.Step(std::chrono::milliseconds(random.Below(2) * 20));
    if (random.Below(20) == 0) CHECK(engine.Score(SomeIds(20, 8), nullptr).ok());
  }
  for (size_t i = 0; i < all.size(); ++i) CheckSame(alone[i], all[i]);
}

TEST(AnswersInTurnsAndTogetherAreThoseThatAreAlone) {
  for (const TinyModel& model : {TinyModel{}, TinyModel::Qwen3()}) {
    for (const KvType kv_type : {KvType::kF16, KvType::kQ8}) {
      std::vector<GenerateResult> alone;
      for (const GenerateRequest& request : Requests()) {
        Listener listener;
        alone.push_back(Open(model, kv_type)->Generate(request, nullptr, &listener).Take());
        CHECK_EQ(alone.back().tokens.size(), static_cast<size_t>(kAnswerTokens));
      }
      const auto engine = Open(model, kv_type);
      // From the second time on their beginnings are remembered.
      for (uint32_t seed = 1; seed <= 3; ++seed) CheckInTurns(*engine, alone, seed);
    }
  }
}

TEST(LikelihoodsAreThoseOfTheScoredText) {
  const auto engine = Open(TinyModel{});
  GenerateRequest request = Requests()[2];
  request.likelihoods = true;
  Listener listener;
  const GenerateResult result = engine->Generate(request, nullptr, &listener).Take();
  CHECK_EQ(result.likelihoods.size(), result.tokens.size());
  std::vector<int32_t> text = request.prompt;
  text.insert(text.end(), result.tokens.begin(), result.tokens.end());
  const auto scored = engine->Score(text, nullptr, static_cast<int>(request.prompt.size()) - 1);
  CHECK(scored.ok() && scored->size() == result.tokens.size());
  for (size_t i = 0; i < result.tokens.size(); ++i) CHECK(std::abs((*scored)[i] + result.likelihoods[i]) < 1e-4);
}

// In whatever tokens; from there on it is what the model says behind them.
TEST(AnAnswerBeginsWithTheTextThatItWasGiven) {
  const auto engine = Open(TinyModel{});
  Listener listener;
  for (const GenerateRequest& asked : Requests()) {
    for (const char* const opening : {"a", "abc", " b", "zq\xc3\xa4 9"}) {
      GenerateRequest request = asked;
      request.opening = opening;
      request.likelihoods = true;
      const GenerateResult result = engine->Generate(request, nullptr, &listener).Take();
      CHECK_EQ(result.text.substr(0, request.opening.size()), request.opening);
      CHECK_EQ(result.tokens.size(), static_cast<size_t>(kAnswerTokens));
      for (const double one : result.likelihoods) CHECK(std::isfinite(one) && one <= 1e-6);
      if (request.sampler.temperature > 0) continue;
      auto rest = result.tokens.begin();
      for (size_t bytes = 0; bytes < request.opening.size(); ++rest) {
        bytes += engine->tokenizer().Bytes(*rest).size();
        request.prompt.push_back(*rest);
        --request.max_tokens;
      }
      request.opening.clear();
      const GenerateResult free = engine->Generate(request, nullptr, &listener).Take();
      CHECK(std::equal(rest, result.tokens.end(), free.tokens.begin(), free.tokens.end()));
    }
  }
}

TEST(OneOfSeveralCanBeCancelledOrDropped) {
  const auto engine = Open(TinyModel{});
  const std::vector<GenerateRequest> requests = Requests();
  Listener listener;
  const GenerateResult alone = Open(TinyModel{})->Generate(requests[1], nullptr, &listener).Take();
  CancelFlag cancel{false};
  Running stays = Begin(*engine, requests[1]), goes = Begin(*engine, requests[2], &cancel);
  Running dropped = Begin(*engine, requests[3]);
  dropped.generation->Step(std::chrono::milliseconds(0));
  dropped.generation->Step(std::chrono::milliseconds(0));
  dropped.generation.reset();  // in the middle of a pass
  while (!stays.generation->decoding()) stays.generation->Step();
  while (!goes.generation->decoding()) goes.generation->Step();
  for (int pass = 0; !stays.generation->done(); ++pass) {
    if (pass == 5) cancel = true;
    std::vector<Generation*> together = {stays.generation.get()};
    if (goes.generation->decoding()) together.push_back(goes.generation.get());
    Generation::StepTogether(together);
  }
  CheckSame(alone, stays);
  const auto result = goes.generation->Take();
  CHECK(result.ok() && result->finish_reason == FinishReason::kCancelled && result->tokens.size() >= 5);
}

// Where the memory is that of one context, who comes second has to wait, and what was remembered makes room.
TEST(OneContextIsAlwaysThereAndASecondOneMustWait) {
  const auto engine = test::Open(TinyModel{}.Writer(), {.threads = 1, .prefix_cache_bytes = 0});
  GenerateRequest request;
  request.ignore_end = true;
  request.prompt = SomeIds(900, 1);
  Listener listener;
  CHECK(engine->Score(SomeIds(1000, 3), nullptr, 900).ok());
  Running first = Begin(*engine, request);
  first.generation->Step();
  request.prompt = SomeIds(900, 2);
  CHECK(!engine->HasRoom(request));
  CHECK(engine->Begin(request, nullptr, &listener).status().code() == StatusCode::kOutOfMemory);
  CHECK(!engine->HasRoom(300) && engine->Score(SomeIds(300, 3), nullptr).status().code() == StatusCode::kOutOfMemory);
  while (!first.generation->done()) first.generation->Step();
  CHECK_EQ(first.generation->Take()->tokens.size(), size_t{124});
  first.generation.reset();
  CHECK(engine->HasRoom(request) && engine->HasRoom(300));
  CHECK(engine->Generate(request, nullptr, &listener).ok());
  // Short ones fit beside each other.
  request.prompt = SomeIds(100, 4);
  request.max_tokens = 100;
  Running a = Begin(*engine, request), b = Begin(*engine, request);
  CHECK(a.generation->has_room() && b.generation->has_room());
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
