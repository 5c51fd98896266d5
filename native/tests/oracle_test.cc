// A real model against what another implementation answered: `oracle_test RECORDING MODEL`. RECORDING is what
// test/oracle/as-text.mjs writes. For machines where the addon's own comparison cannot run, as in an emulator.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "check.h"
#include "engine.h"

namespace paddock {
namespace {

const char *recording_path, *model_path;

// Two right implementations are as far apart as the reference is from itself, see test/oracle; over so few tokens the
// mean of that moves more.
constexpr double kTolerance = 1.5, kMeanTolerance = 0.01, kLeastMargin = 0.1;
constexpr int kFewestTokens = 100;

struct Text {
  std::string bytes;
  std::vector<int32_t> ids;
};
struct Greedy {
  std::vector<int32_t> ids, tokens;
  std::vector<double> margins;
};
struct Recording {
  double nll_spread = 0, margin_spread = 0;
  std::vector<Text> texts;
  std::vector<int32_t> scored;
  std::vector<double> nll;
  std::vector<Greedy> greedy;
};

std::vector<int32_t> ReadIds(std::istream& in) {
  size_t count = 0;
  in >> count;
  std::vector<int32_t> ids(in ? count : 0);
  for (int32_t& id : ids) in >> id;
  return ids;
}

std::vector<double> ReadNumbers(std::istream& in, size_t count) {
  std::vector<double> numbers(count);
  for (double& number : numbers) in >> number;
  return numbers;
}

Recording ReadRecording() {
  Recording out;
  std::ifstream file(recording_path);
  for (std::string line, kind; std::getline(file, line);) {
    std::istringstream in(line);
    in >> kind;
    if (kind == "spread") {
      in >> out.nll_spread >> out.margin_spread;
    } else if (kind == "text") {
      Text text;
      std::string hex;
      in >> hex;
      for (size_t i = 0; i + 1 < hex.size(); i += 2)
        text.bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
      text.ids = ReadIds(in);
      out.texts.push_back(text);
    } else if (kind == "score") {
      out.scored = ReadIds(in);
      out.nll = ReadNumbers(in, out.scored.size() - 1);
    } else if (kind == "greedy") {
      Greedy greedy;
      greedy.ids = ReadIds(in);
      greedy.tokens = ReadIds(in);
      greedy.margins = ReadNumbers(in, greedy.tokens.size());
      out.greedy.push_back(greedy);
    }
    CHECK(static_cast<bool>(in));
  }
  return out;
}

struct Silent : GenerateObserver {
  void OnPrefill(double, int, int) override {}
  void OnText(std::string_view, int) override {}
};

// Loaded once for all that follows.
Engine& Model() {
  static const std::unique_ptr<Engine> engine = [] {
    LoadOptions options;
    options.context_length = 512;
    options.prefix_cache_bytes = 0;
    auto loaded = Engine::Load(model_path, options, nullptr, nullptr);
    if (!loaded.ok()) {
      test::Fail(__FILE__, __LINE__, loaded.status().message());
      std::exit(1);
    }
    return loaded.Take();
  }();
  return *engine;
}

TEST(TokenIdsAreIdentical) {
  const Recording recording = ReadRecording();
  CHECK(recording.texts.size() >= 200);
  for (const Text& text : recording.texts) CHECK(Model().tokenizer().Encode(text.bytes, true) == text.ids);
}

TEST(LikelihoodsAgree) {
  const Recording recording = ReadRecording();
  const auto ours = Model().Score(recording.scored, nullptr);
  CHECK(ours.ok() && ours->size() == recording.nll.size());
  CHECK(recording.nll.size() >= kFewestTokens);
  double difference = 0, sum = 0, expected = 0;
  for (size_t i = 0; i < recording.nll.size(); ++i) {
    difference += std::abs((*ours)[i] - recording.nll[i]);
    sum += (*ours)[i];
    expected += recording.nll[i];
  }
  difference /= static_cast<double>(recording.nll.size());
  const double ratio = sum / expected;
  std::cout << Model().info().kernels << ": mean absolute difference " << difference << " nats, mean "
            << 100 * (ratio - 1) << " % off\n";
  CHECK(difference < kTolerance * recording.nll_spread);
  CHECK(std::abs(ratio - 1) < kMeanTolerance);
}

TEST(GreedyContinuationsAgreeWhereTheReferenceIsSure) {
  const Recording recording = ReadRecording();
  Silent silent;
  int choices = 0, ties = 0;
  for (const Greedy& greedy : recording.greedy) {
    choices += static_cast<int>(greedy.tokens.size());
    for (size_t at = 0; at < greedy.tokens.size();) {
      GenerateRequest request;
      request.prompt = greedy.ids;
      request.prompt.insert(request.prompt.end(), greedy.tokens.begin(),
                            greedy.tokens.begin() + static_cast<std::ptrdiff_t>(at));
      request.max_tokens = static_cast<int>(greedy.tokens.size() - at);
      request.ignore_end = true;
      request.sampler.temperature = 0;
      const auto answer = Model().Generate(request, nullptr, &silent);
      CHECK(answer.ok());
      for (const int32_t token : answer->tokens) {
        if (token != greedy.tokens[at]) break;
        ++at;
      }
      if (at == greedy.tokens.size()) break;
      // Goes on behind the tie, on the reference's own text.
      CHECK(greedy.margins[at] <= std::max(kLeastMargin, recording.margin_spread));
      ++ties;
      ++at;
    }
  }
  CHECK(choices > 0);
  CHECK(ties * 10 <= choices);
}

}  // namespace
}  // namespace paddock

int main(int count, char** arguments) {
  if (count != 3) return 2;
  paddock::recording_path = arguments[1];
  paddock::model_path = arguments[2];
  return paddock::test::RunAll();
}
