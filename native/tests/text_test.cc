// Tokenizer, detokenizer and sampler. That ids equal the reference's on real vocabularies is tested in test/oracle.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <map>

#include "check.h"
#include "runtime/sampler.h"
#include "tiny_model.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/tokenizer.h"

namespace paddock {
namespace {

std::unique_ptr<Tokenizer> TinyTokenizer() {
  const test::TemporaryFile file(test::TinyModel{}.Writer().Write());
  auto tokenizer = Tokenizer::Create(*GgufFile::Open(file.path()), 272);
  if (!tokenizer.ok()) std::exit(1);
  return tokenizer.Take();
}

std::vector<std::string> Pieces(PreTokenizer kind, const std::string& text) {
  const std::vector<uint32_t> points = DecodeUtf8(text);
  std::vector<std::string> out;
  size_t begin = 0;
  for (const size_t end : PieceEnds(kind, points)) {
    std::string piece;
    for (; begin < end; ++begin) AppendUtf8(points[begin], &piece);
    out.push_back(piece);
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(PreTokenizersSplitAsTheirExpressionsSay) {
  CHECK(Pieces(PreTokenizer::kGpt2, "I'll say  hi, 12 times") ==
        Strings({"I", "'ll", " say", " ", " hi", ",", " 12", " times"}));
  CHECK(Pieces(PreTokenizer::kGpt2, "a\n\n b ") == Strings({"a", "\n\n", " b", " "}));
  CHECK(Pieces(PreTokenizer::kSmollm, "x 12  3") == Strings({"x", " ", "1", "2", "  ", "3"}));
  CHECK(Pieces(PreTokenizer::kQwen2, "I'LL 123\r\n\n x(y)") ==
        Strings({"I", "'LL", " ", "1", "2", "3", "\r\n\n", " x", "(y", ")"}));
  CHECK(Pieces(PreTokenizer::kQwen2, "foo();\n\tbar") == Strings({"foo", "();\n", "\tbar"}));
  CHECK(Pieces(PreTokenizer::kLlamaBpe, "1234567") == Strings({"123", "456", "7"}));
  CHECK(Pieces(PreTokenizer::kGpt2, "").empty());
}

TEST(NamesOfTheSameRuleAreKnown) {
  PreTokenizer found = PreTokenizer::kGpt2;
  CHECK(FindPreTokenizer("deepseek-r1-qwen", &found) && found == PreTokenizer::kQwen2);
  CHECK(!FindPreTokenizer("qwen35", &found));
}

// A byte that begins no character stands for itself: tokens never have more bytes than their spellings, whose sum is
// what the file is checked for.
TEST(BrokenSpellingsDoNotGrow) {
  test::TinyModel tiny;
  test::GgufWriter w = tiny.Writer();
  std::vector<std::string> tokens = test::TinyModel::Vocabulary();
  const std::vector<std::string> broken = {"\xff\xfe", "a\xe2\x82", "\xc3", "\xf4\x90\x80\x80", "\xe4\xbd\xa0\xff"};
  for (size_t i = 0; i < broken.size(); ++i) tokens[240 + i] = broken[i];
  w.Remove("tokenizer.ggml.tokens");
  w.Strings("tokenizer.ggml.tokens", tokens);
  const test::TemporaryFile file(w.Write());
  const auto tokenizer = Tokenizer::Create(*GgufFile::Open(file.path()), 272);
  CHECK(tokenizer.ok());
  for (size_t i = 0; i < broken.size(); ++i)
    CHECK_EQ(std::string((*tokenizer)->Bytes(static_cast<int32_t>(240 + i))), broken[i]);
}

// Numbers that differ only where a hash without a seed would not look.
TEST(HashesSpreadWhatLooksAlike) {
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{0x123456789abcdef}}) {
    std::vector<int> texts(1024), pairs(1024);
    for (uint64_t i = 0; i < 8192; ++i) {
      const uint64_t word = i << 51;
      ++texts[HashText({reinterpret_cast<const char*>(&word), 8}, seed) & 1023];
      ++pairs[Scramble((i << 32) + seed) & 1023];
    }
    CHECK(*std::max_element(texts.begin(), texts.end()) < 40 && *std::max_element(pairs.begin(), pairs.end()) < 40);
  }
}

TEST(PiecesCoverTheTextWithoutGaps) {
  test::Random random(9);
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int n = random.Below(12); n > 0; --n) {
      static const char* const kParts[] = {" ", "\n", "\r", "\t", "a", "Z", "'",    "s",        "ll",
                                           "1", "९",  "é",  "你", "😀", "!", "\xff", "\xe2\x82", "\u00a0"};
      text += kParts[random.Below(18)];
    }
    std::string normal;
    for (const uint32_t c : DecodeUtf8(text)) AppendUtf8(c, &normal);
    for (const PreTokenizer kind :
         {PreTokenizer::kGpt2, PreTokenizer::kSmollm, PreTokenizer::kQwen2, PreTokenizer::kLlamaBpe}) {
      std::string joined;
      for (const std::string& piece : Pieces(kind, text)) {
        CHECK(!piece.empty());
        joined += piece;
      }
      CHECK_EQ(joined, normal);
    }
  }
}

TEST(EncodingMergesAndKeepsControlTokensApart) {
  const auto tokenizer = TinyTokenizer();
  CHECK(tokenizer->Encode("abcab", false) == std::vector<int32_t>({257, 256}));
  CHECK(tokenizer->Encode("", true).empty());
  CHECK(tokenizer->Encode("x<|end|>y", true) == std::vector<int32_t>({'x', 258, 'y'}));
  const std::vector<int32_t> as_text = tokenizer->Encode("x<|end|>y", false);
  CHECK_EQ(as_text.size(), size_t{9});
  CHECK(tokenizer->Encode("<|end|><|end|>", true) == std::vector<int32_t>({258, 258}));
  CHECK(tokenizer->EndsGeneration(258) && tokenizer->IsControl(258) && !tokenizer->EndsGeneration('a'));
  CHECK(tokenizer->Find("<|end|>") == 258 && tokenizer->Find("abc") == 257 && !tokenizer->Find("abcd"));
}

TEST(DetokenizerNeverEmitsHalfACharacter) {
  const auto tokenizer = TinyTokenizer();
  const std::string text = "a é 你 😀 e\u0301 👩‍👩‍👧 end";
  for (const Strings& stop : {Strings{}, Strings{"\n\n", "😀x"}}) {
    Detokenizer detokenizer(*tokenizer, stop);
    std::string all;
    for (const char c : text) {
      const std::string part = detokenizer.Add(static_cast<uint8_t>(c));
      CHECK_EQ(ReplaceBrokenUtf8(part), part);
      all += part;
    }
    CHECK_EQ(all + detokenizer.Finish(), text);
  }
  const auto spell = [&](const std::vector<int32_t>& tokens) {
    Detokenizer detokenizer(*tokenizer, {});
    std::string all;
    for (const int32_t token : tokens) all += detokenizer.Add(token);
    return all + detokenizer.Finish();
  };
  CHECK_EQ(spell({0xf0, 0x9f, 'x'}), "\ufffd\ufffdx");
  CHECK_EQ(spell({0xf0}), "\ufffd");
  CHECK_EQ(spell({'a', test::TinyModel::kEnd, 'b'}), "ab");
}

TEST(StopStringsAreHeldBackAndCutOff) {
  const auto tokenizer = TinyTokenizer();
  const auto run = [&](const std::string& text, const Strings& stop, bool* stopped) {
    Detokenizer detokenizer(*tokenizer, stop);
    std::string all;
    for (const char c : text) {
      if (!detokenizer.stopped()) all += detokenizer.Add(static_cast<uint8_t>(c));
    }
    *stopped = detokenizer.stopped();
    return all + detokenizer.Finish();
  };
  bool stopped;
  CHECK_EQ(run("one STOP two", {"STOP"}, &stopped), "one ");
  CHECK(stopped);
  CHECK_EQ(run("one STO two", {"STOP"}, &stopped), "one STO two");
  CHECK(!stopped);
  CHECK_EQ(run("aaab", {"aab"}, &stopped), "a");
  CHECK_EQ(run("x</s>y", {"</t>", "</s>", ""}, &stopped), "x");
  CHECK_EQ(run("ends with ST", {"STOP"}, &stopped), "ends with ST");
}

// Logits as the forward pass leaves them.
class Blocks {
 public:
  explicit Blocks(std::vector<float>& logits) : max_(LogitRow::BlockCount(logits.size())), row_{logits, max_} {
    for (size_t block = 0; block < max_.size(); ++block) row_.Update(block);
  }
  const LogitRow& row() const { return row_; }

 private:
  std::vector<float> max_;
  LogitRow row_;
};

TEST(ArgMaxIsTheFirstOfTheLargest) {
  // Many blocks, and an end that is no whole vector.
  std::vector<float> logits(5003, -1.0f);
  for (const size_t at : {size_t{0}, size_t{15}, size_t{2047}, size_t{2048}, size_t{4095}, size_t{5002}}) {
    std::vector<float> one = logits;
    one[at] = 3;
    CHECK_EQ(ArgMax(Blocks(one).row()), static_cast<int32_t>(at));
    one.back() = 3;  // as large, and behind it
    one[1] = NAN;
    CHECK_EQ(ArgMax(Blocks(one).row()), static_cast<int32_t>(at));
  }
  std::fill(logits.begin(), logits.end(), NAN);
  CHECK_EQ(ArgMax(Blocks(logits).row()), 0);
  std::fill(logits.begin(), logits.end(), -INFINITY);
  CHECK_EQ(ArgMax(Blocks(logits).row()), 0);
}

TEST(SamplerFollowsItsOptions) {
  std::vector<float> logits = {1, 3, 2, -1};
  CHECK_EQ(Sampler({}).Sample(Blocks(logits).row(), {}), 1);
  const auto count = [](SamplerOptions options, const std::vector<float>& from) {
    std::vector<int> counts(from.size());
    for (uint64_t seed = 0; seed < 4000; ++seed) {
      options.seed = seed * 7919;
      std::vector<float> copy = from;
      ++counts[static_cast<size_t>(Sampler(options).Sample(Blocks(copy).row(), {}))];
    }
    return counts;
  };
  const std::vector<int> plain = count({.temperature = 1}, logits);
  const double total = std::exp(1.0) + std::exp(3.0) + std::exp(2.0) + std::exp(-1.0);
  for (size_t i = 0; i < 4; ++i)
    CHECK(std::fabs(plain[i] / 4000.0 - std::exp(static_cast<double>(logits[i])) / total) < 0.03);
  const std::vector<int> top2 = count({.temperature = 1, .top_k = 2}, logits);
  CHECK(top2[0] == 0 && top2[3] == 0 && top2[1] > 0 && top2[2] > 0);
  const std::vector<int> nucleus = count({.temperature = 1, .top_p = 0.5f}, logits);
  CHECK(nucleus[1] == 4000);
  const std::vector<int> min_p = count({.temperature = 1, .min_p = 0.3f}, logits);
  CHECK(min_p[0] == 0 && min_p[2] > 0);
  CHECK(count({.temperature = 0.01f}, logits)[1] == 4000);
  const int32_t seen[] = {1, 1};
  std::vector<float> penalized = logits;
  CHECK_EQ(Sampler({.repetition_penalty = 2}).Sample(Blocks(penalized).row(), seen), 2);
  // The next best is in another block.
  std::vector<float> far(1000, -1.0f);
  far[1] = 3;
  far[900] = 2;
  CHECK_EQ(Sampler({.repetition_penalty = 2}).Sample(Blocks(far).row(), seen), 900);
  // A broken model's logits must not break the sampler.
  std::vector<float> nan(8, NAN);
  const int32_t any =
      Sampler({.temperature = 1, .top_k = 3, .top_p = 0.9f, .min_p = 0.1f}).Sample(Blocks(nan).row(), {});
  CHECK(any >= 0 && any < 8);
}

// The tokens that the chain leaves, step by step over all of them in order.
std::vector<bool> Left(const SamplerOptions& o, const std::vector<float>& logits) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  if (o.top_k > 0) order.resize(std::min(order.size(), static_cast<size_t>(o.top_k)));
  std::vector<double> p;
  for (const size_t i : order)
    p.push_back(std::exp(static_cast<double>((logits[i] - logits[order[0]]) / o.temperature)));
  const double total = std::accumulate(p.begin(), p.end(), 0.0);
  size_t kept = 0;
  for (double mass = 0; kept < p.size() && mass < static_cast<double>(o.top_p) * total; ++kept) mass += p[kept];
  while (kept > 1 && p[kept - 1] < static_cast<double>(o.min_p)) --kept;
  std::vector<bool> left(logits.size());
  for (size_t i = 0; i < kept; ++i) left[order[i]] = true;
  return left;
}

TEST(TheSamplersStepsFollowEachOther) {
  const auto drawn = [](SamplerOptions options, const std::vector<float>& logits) {
    std::vector<bool> drawn(logits.size());
    for (uint64_t seed = 0; seed < 4000; ++seed) {
      options.seed = seed * 7919;
      std::vector<float> copy = logits;
      drawn[static_cast<size_t>(Sampler(options).Sample(Blocks(copy).row(), {}))] = true;
    }
    return drawn;
  };
  // Top-p measures all tokens: over those that min-p leaves, 0.85 would be reached by two.
  const std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.12f), std::log(0.08f)};
  const SamplerOptions both{.temperature = 1, .top_p = 0.85f, .min_p = 0.2f};
  CHECK(drawn(both, logits) == (std::vector<bool>{true, true, true, false}));
  test::Random random(9);
  for (int round = 0; round < 40; ++round) {
    std::vector<float> some(400, -9.0f);
    for (int i = 0; i < 12; ++i) some[static_cast<size_t>(random.Below(400))] = 1.5f * random.Uniform();
    SamplerOptions options{.temperature = 0.8f};
    if (round % 2 == 0) options.top_k = 1 + random.Below(9);
    if (round % 3 != 0) options.top_p = 0.5f + 0.2f * (1 + random.Uniform());
    if (round % 5 != 0) options.min_p = 0.15f * (1 + random.Uniform());
    if (options.top_k == 0 && options.min_p < 0.02f) continue;  // thousands of draws show only what is likely
    CHECK(drawn(options, some) == Left(options, some));
  }
  std::vector<float> copy = logits;
  CHECK_EQ(Sampler({.temperature = 1, .top_k = 2, .min_p = 7}).Sample(Blocks(copy).row(), {}), 0);
}

TEST(SamplerHandlesLargeVocabularies) {
  test::Random random(4);
  std::vector<float> logits = random.Floats(150000, 5.0f);
  for (const SamplerOptions& options :
       {SamplerOptions{.temperature = 1}, SamplerOptions{.temperature = 1, .top_p = 0.99f},
        SamplerOptions{.temperature = 0.7f, .top_k = 40, .top_p = 0.95f, .min_p = 0.05f}}) {
    std::vector<float> copy = logits;
    const int32_t token = Sampler(options).Sample(Blocks(copy).row(), {});
    CHECK(token >= 0 && token < 150000);
  }
  // What can be drawn is found wherever it is, and a NaN beside it hides nothing.
  std::fill(logits.begin(), logits.end(), -20.0f);
  std::map<int32_t, int> drawn = {{2047, 0}, {2048, 0}, {149999, 0}};
  for (const auto& [token, times] : drawn) logits[static_cast<size_t>(token)] = 3;
  logits[0] = logits[2046] = NAN;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::vector<float> copy = logits;
    ++drawn[Sampler({.temperature = 1, .min_p = 0.05f, .seed = seed * 7919}).Sample(Blocks(copy).row(), {})];
  }
  CHECK_EQ(drawn.size(), size_t{3});
  for (const auto& [token, times] : drawn) CHECK(times > 50);
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
