// Guessing changes the speed, never the answer.
#include <algorithm>

#include "check.h"
#include "runtime/drafter.h"
#include "tiny_engine.h"

namespace paddock {
namespace {

using test::TinyModel;

struct Silent : GenerateObserver {
  void OnPrefill(double, int, int) override {}
  void OnText(std::string_view text, int) override { streamed += text; }
  std::string streamed;
};

GenerateResult Answer(Engine& engine, const GenerateRequest& request) {
  Silent observer;
  auto result = engine.Generate(request, nullptr, &observer);
  CHECK(result.ok());
  CHECK(observer.streamed == result->text);
  return result.Take();
}

// A prompt that repeats itself, so that there is something to look up.
std::vector<int32_t> Repetitive() {
  std::vector<int32_t> ids;
  for (int i = 0; i < 120; ++i) ids.push_back(32 + (i % 17) * 5 % 90);
  return ids;
}

void CheckSame(const TinyModel& model) {
  const std::unique_ptr<Engine> engine = test::Open(model, {.threads = 2});
  int accepted = 0;
  for (const float temperature : {0.0f, 0.7f}) {
    for (const float penalty : {1.0f, 1.2f}) {
      GenerateRequest request;
      request.prompt = Repetitive();
      request.max_tokens = 80;
      request.ignore_end = true;
      request.sampler.temperature = temperature;
      request.sampler.repetition_penalty = penalty;
      request.sampler.seed = 7;
      request.speculate = false;
      const GenerateResult plain = Answer(*engine, request);
      CHECK(plain.drafted_tokens == 0 && plain.tokens.size() == 80);

      request.speculate = true;
      const GenerateResult looked_up = Answer(*engine, request);
      CHECK(looked_up.tokens == plain.tokens && looked_up.text == plain.text);

      request.prediction = plain.tokens;
      const GenerateResult predicted = Answer(*engine, request);
      CHECK(predicted.tokens == plain.tokens);
      CHECK(predicted.accepted_tokens <= predicted.drafted_tokens);
      accepted += predicted.accepted_tokens;

      // As an edit does: something changed, something left out, something more.
      request.prediction[20] ^= 1;
      request.prediction.erase(request.prediction.begin() + 40, request.prediction.begin() + 45);
      request.prediction.insert(request.prediction.begin() + 60, {1, 2, 3});
      CHECK(Answer(*engine, request).tokens == plain.tokens);

      request.prediction.assign(500, 5);
      request.max_tokens = 33;
      const GenerateResult shorter = Answer(*engine, request);
      CHECK(std::equal(shorter.tokens.begin(), shorter.tokens.end(), plain.tokens.begin()));
      CHECK(shorter.tokens.size() == 33 && shorter.finish_reason == FinishReason::kLength);
    }
  }
  CHECK(accepted > 0);
}

TEST(TheAnswerIsTheSameWithAndWithoutGuesses) {
  TinyModel llama, qwen;
  qwen.architecture = "qwen2";
  qwen.matrix = TensorType::kQ5_K;
  qwen.tied = false;
  CheckSame(llama);
  CheckSame(qwen);
  CheckSame(TinyModel::Qwen3());
}

// Makes a policy for which a pass over n tokens costs 10 + slope * (n - 1) milliseconds.
DraftPolicy PolicyWithSlope(double slope) {
  DraftPolicy policy;
  for (int n = 1; n <= kMaxDraft + 1; ++n) policy.ObservePass(n, 10 + slope * (n - 1));
  return policy;
}

TEST(DraftsAreLongWhereTheyPayAndNoneWhereTheyDoNot) {
  CHECK(PolicyWithSlope(0).Length(DraftSource::kPrediction, 20) == 20);
  CHECK(PolicyWithSlope(10).Length(DraftSource::kPrediction, 20) == 0);
  DraftPolicy policy = PolicyWithSlope(1);
  const int first = policy.Length(DraftSource::kPrediction, 31);
  CHECK(first > 1);
  for (int i = 0; i < 60; ++i) policy.ObserveDraft(DraftSource::kPrediction, first, 0);
  CHECK(policy.Length(DraftSource::kPrediction, 31) == 0);
  for (int i = 0; i < 60; ++i) policy.ObserveDraft(DraftSource::kPrediction, 8, 8);
  CHECK(policy.Length(DraftSource::kPrediction, 31) >= first);
  CHECK(DraftPolicy().Length(DraftSource::kPrediction, 31) == 0);
}

TEST(ThePredictionIsFollowedLeftAndTakenUpAgain) {
  DraftPolicy policy = PolicyWithSlope(0);
  std::vector<int32_t> prompt = {1, 2, 3}, prediction;
  for (int i = 0; i < 40; ++i) prediction.push_back(100 + i);
  Drafter drafter(prompt, prediction);
  std::vector<int32_t> batch;
  drafter.Propose(3, &policy, &batch);
  CHECK((batch == std::vector<int32_t>{100, 101, 102}));
  for (const int32_t token : {100, 101, 7, 8}) drafter.Append(token);
  batch.clear();
  drafter.Propose(3, &policy, &batch);
  CHECK(batch.empty());
  for (const int32_t token : {104, 105, 106, 107}) drafter.Append(token);
  drafter.Propose(3, &policy, &batch);
  CHECK((batch == std::vector<int32_t>{108, 109, 110}));
  CHECK(drafter.source() == DraftSource::kPrediction);
}

// A rename of 100 to 7.
TEST(WhatWasReplacedOnceIsExpectedToBeReplacedAgain) {
  DraftPolicy policy = PolicyWithSlope(0);
  const std::vector<int32_t> prediction = {1, 100, 2, 3, 4, 5, 100, 6, 100, 8, 9};
  Drafter drafter(std::vector<int32_t>{50}, prediction);
  std::vector<int32_t> batch;
  for (const int32_t token : {1, 7, 2}) drafter.Append(token);
  drafter.Propose(5, &policy, &batch);
  // One token agrees: the old text goes on, which may be chance.
  CHECK((batch == std::vector<int32_t>{3, 4, 5, 100, 6}));
  CHECK(drafter.source() == DraftSource::kRejoined);
  for (const int32_t token : {3, 4, 5}) drafter.Append(token);
  batch.clear();
  drafter.Propose(5, &policy, &batch);
  CHECK((batch == std::vector<int32_t>{7, 6, 7, 8, 9}));
  CHECK(drafter.source() == DraftSource::kPrediction);
  // Not in this place: then not in those after it either.
  for (const int32_t token : {100, 6}) drafter.Append(token);
  batch.clear();
  drafter.Propose(5, &policy, &batch);
  CHECK(batch.front() == 7);
  CHECK(drafter.source() == DraftSource::kRejoined);
}

// Each 1 becomes eight tokens with four of it, round after round.
TEST(ReplacementsDoNotLetThePredictionGrowWithoutEnd) {
  DraftPolicy policy = PolicyWithSlope(0);
  std::vector<int32_t> prediction;
  for (int i = 0; i < 40; ++i) prediction.insert(prediction.end(), {2, 1, 3, 1, 3, 1});
  Drafter drafter(std::vector<int32_t>{50}, prediction);
  std::vector<int32_t> batch;
  const std::vector<int32_t> replaced = {2, 1, 3, 1, 3, 1, 3, 1};
  int grown = 0;
  for (int round = 0; round < 30; ++round) {
    batch.clear();
    drafter.Propose(31, &policy, &batch);
    CHECK(batch.size() <= 31);
    for (size_t i = 0; i < batch.size() && batch[i] != 1; ++i) drafter.Append(batch[i]);
    for (const int32_t token : {2, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1}) drafter.Append(token);
    batch.clear();
    drafter.Propose(31, &policy, &batch);
    grown += std::search(batch.begin(), batch.end(), replaced.begin(), replaced.end()) == batch.end() ? 0 : 1;
  }
  CHECK(grown > 0);
}

TEST(TheLongestEarlierMatchIsContinued) {
  DraftPolicy policy = PolicyWithSlope(0);
  Drafter drafter(std::vector<int32_t>{9, 1, 2, 3, 50, 8, 1, 2, 3, 60, 9, 1, 2}, {});
  std::vector<int32_t> batch;
  drafter.Append(3);
  drafter.Propose(1, &policy, &batch);
  CHECK((batch == std::vector<int32_t>{50}));
  CHECK(drafter.source() == DraftSource::kShortMatch);
}

// The second request drafts, since the first has measured what a pass costs.
TEST(IdsOutsideTheVocabularyAreRefusedWhereverTheyEnter) {
  const std::unique_ptr<Engine> engine = test::Open(TinyModel{}, {.threads = 2});
  GenerateRequest request;
  request.prompt = Repetitive();
  request.max_tokens = 20;
  request.ignore_end = true;
  const GenerateResult plain = Answer(*engine, request);
  const int32_t vocabulary = engine->info().vocabulary;
  Silent observer;
  for (const int32_t id : {-1, vocabulary, 0x7fffffff, -0x7fffffff - 1}) {
    for (std::vector<int32_t> GenerateRequest::*list :
         {&GenerateRequest::prompt, &GenerateRequest::prediction, &GenerateRequest::stop_tokens}) {
      GenerateRequest wrong = request;
      wrong.prediction = plain.tokens;
      wrong.stop_tokens = {1, 2, 3};
      (wrong.*list)[2] = id;
      const auto refused = engine->Generate(wrong, nullptr, &observer);
      CHECK(refused.status().code() == StatusCode::kInvalidArgument);
    }
    std::vector<int32_t> ids = Repetitive();
    ids[50] = id;
    CHECK(engine->Score(ids, nullptr).status().code() == StatusCode::kInvalidArgument);
    CHECK(engine->Predictions(ids, 0, nullptr).status().code() == StatusCode::kInvalidArgument);
    CHECK(engine->Observe(ids, nullptr).code() == StatusCode::kInvalidArgument);
    CHECK(engine->Evaluate(ids, 0, 64, nullptr).status().code() == StatusCode::kInvalidArgument);
  }
  request.prediction = plain.tokens;
  CHECK(Answer(*engine, request).tokens == plain.tokens);
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
