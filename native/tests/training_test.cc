// Training as a whole: its forward pass is inference's, its gradient that of a plain model in double precision, and a
// run goes on bit for bit wherever and on whatever it is continued.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "check.h"
#include "peft_llama.h"
#include "peft_qwen2.h"
#include "peft_qwen3.h"
#include "reference_model.h"
#include "tiny_engine.h"

namespace paddock {
namespace {

using test::TemporaryFile;
using test::TinyModel;

std::unique_ptr<Engine> Open(const TinyModel& model, int threads = 2) {
  // A trainer looks at the file once more, to name the model in its checkpoints.
  static std::vector<std::unique_ptr<TemporaryFile>> files;
  files.push_back(std::make_unique<TemporaryFile>(model.Writer().Write()));
  return test::OpenFile(files.back()->path(), {.threads = threads});
}

std::unique_ptr<Trainer> MakeTrainer(Engine& engine, const TrainerOptions& options) {
  auto trainer = engine.MakeTrainer(options);
  if (!trainer.ok()) {
    test::Fail(__FILE__, __LINE__, trainer.status().message());
    std::exit(1);
  }
  return trainer.Take();
}

TinyModel Floats(const char* architecture) {
  TinyModel model;
  model.architecture = architecture;
  model.matrix = model.down = model.embedding = TensorType::kF32;
  model.embedding_length = 64;
  model.ffn = 96;
  if (model.architecture == "qwen3") model.key_length = 32;
  return model;
}

TinyModel Quantized(const char* architecture) {
  TinyModel model;
  model.architecture = architecture;
  if (model.architecture == "qwen3") model.key_length = 128;
  return model;
}

TrainerOptions Everything() {
  TrainerOptions options;
  options.lora.rank = 5;
  options.lora.alpha = 10;
  options.lora.targets.fill(true);
  options.lora.seed = 3;
  options.pass.max_rows = 160;
  return options;
}

struct Data {
  std::vector<std::vector<int32_t>> ids;
  std::vector<std::vector<uint8_t>> counted;

  // Samples of these lengths; the first third of each does not count.
  Data(std::initializer_list<size_t> lengths, uint64_t seed) {
    test::Random random(seed);
    for (const size_t n : lengths) {
      ids.emplace_back(n);
      counted.emplace_back(n);
      for (size_t i = 0; i < n; ++i) {
        ids.back()[i] = random.Below(256);
        counted.back()[i] = i >= n / 3;
      }
    }
  }
  std::vector<TrainingSample> samples() const {
    std::vector<TrainingSample> out;
    for (size_t i = 0; i < ids.size(); ++i) out.push_back({ids[i], counted[i]});
    return out;
  }
};

TEST(AdaptersThatAddNothingChangeNoBit) {
  for (const TinyModel& model : {Quantized("llama"), Quantized("qwen2"), Quantized("qwen3"), Floats("llama")}) {
    const auto engine = Open(model);
    const auto trainer = MakeTrainer(*engine, Everything());
    const Data data({70, 21}, 1);
    TrainingBatch batch;
    for (const TrainingSample& sample : data.samples()) batch.Add(sample);
    const std::vector<float> logits = trainer->pass().Logits(batch);
    const size_t vocabulary = TinyModel::Vocabulary().size();
    for (size_t s = 0; s < data.ids.size(); ++s) {
      const auto expected = engine->Evaluate(data.ids[s], 0, 256, nullptr);
      CHECK(expected.ok());
      const size_t last = static_cast<size_t>(batch.begin[s + 1]) - 1;
      CHECK(std::memcmp(logits.data() + last * vocabulary, expected->data(), vocabulary * sizeof(float)) == 0);
    }
  }
}

// Random numbers in B too, so that every path carries something.
void Stir(Trainer& trainer) {
  test::Random random(17);
  auto& values = const_cast<Lora&>(trainer.lora()).values();
  for (float& v : values) v += 0.05f * random.Uniform();
}

std::vector<float> Gradient(Trainer& trainer, const Data& data) {
  TrainingBatch batch;
  for (const TrainingSample& sample : data.samples()) batch.Add(sample);
  std::vector<float> gradient(trainer.lora().values().size());
  CHECK(trainer.pass().LossAndGradient(batch, 0.01f, &gradient, nullptr).ok());
  return gradient;
}

double Distance(const std::vector<float>& a, const std::vector<double>& b, size_t begin, size_t end) {
  double difference = 0, size = 0;
  for (size_t i = begin; i < end; ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(difference / size);
}

#ifndef PADDOCK_EMULATED_MACHINE
TEST(TheGradientIsThatOfThePlainModel) {
  for (const char* architecture : {"llama", "qwen2", "qwen3"}) {
    const TinyModel model = Floats(architecture);
    const auto engine = Open(model);
    const auto trainer = MakeTrainer(*engine, Everything());
    Stir(*trainer);
    const Data data({23, 12}, 5);
    const std::vector<float> got = Gradient(*trainer, data);
    const test::ReferenceModel reference(model, trainer->lora());
    // Of each matrix some numbers by central differences.
    std::vector<float> some;
    std::vector<double> expected;
    const auto loss = [&](const std::vector<double>& values) {
      double sum = 0;
      for (size_t s = 0; s < data.ids.size(); ++s) sum += reference.Loss(data.ids[s], data.counted[s], values);
      return 0.01 * sum;
    };
    std::vector<double> values(trainer->lora().values().begin(), trainer->lora().values().end());
    for (size_t i = 0; i < values.size(); i += 61) {
      const double at = values[i];
      values[i] = at + 1e-4;
      const double above = loss(values);
      values[i] = at - 1e-4;
      expected.push_back((above - loss(values)) / 2e-4);
      values[i] = at;
      some.push_back(got[i]);
    }
    CHECK(Distance(some, expected, 0, some.size()) < 1e-3);
  }
}
#endif

// The same model, adapter, samples and optimizer in PyTorch and PEFT: test/oracle/record-peft.py.
void CheckAgainstPeft(const char* architecture, std::span<const float> logits, std::span<const float> gradient,
                      std::span<const float> losses) {
  const TinyModel model = Floats(architecture);
  const auto engine = Open(model);
  TrainerOptions options;
  options.lora.rank = 4;
  options.lora.alpha = 8;
  options.pass.max_rows = 40;
  const auto trainer = MakeTrainer(*engine, options);
  test::Random random(17);
  for (float& v : const_cast<Lora&>(trainer->lora()).values()) v = 0.05f * random.Uniform();
  const Data data({23, 12, 40}, 5);
  const auto last = engine->Evaluate(data.ids[2], 0, 256, nullptr);
  CHECK(last.ok());
  CHECK(Distance({logits.begin(), logits.end()}, {last->begin(), last->end()}, 0, logits.size()) < 1e-3);
  size_t counted = 0;
  for (const auto& flags : data.counted) counted += static_cast<size_t>(std::count(flags.begin(), flags.end(), 1));
  std::vector<float> got(trainer->lora().values().size());
  CHECK_EQ(got.size(), gradient.size());
  for (const TrainingSample& sample : data.samples()) {
    TrainingBatch batch;
    batch.Add(sample);
    CHECK(trainer->pass().LossAndGradient(batch, 1.0f / static_cast<float>(counted), &got, nullptr).ok());
  }
  // Of every matrix by itself.
  const std::vector<double> expected(gradient.begin(), gradient.end());
  for (int layer = 0; layer < model.layers; ++layer) {
    for (const LoraTarget target : {LoraTarget::kQ, LoraTarget::kV}) {
      const Lora::Pair& pair = trainer->lora().At(layer, target);
      CHECK(Distance(got, expected, pair.a, pair.b) < 1e-3);
      CHECK(Distance(got, expected, pair.b, pair.b + static_cast<size_t>(4 * pair.out)) < 1e-3);
    }
  }
  for (const float loss : losses) {
    const auto report = trainer->Step(data.samples(), 5e-3f, nullptr);
    CHECK(report.ok());
    CHECK(std::abs(report->loss / static_cast<double>(loss) - 1) < 0.01);
  }
}

TEST(LogitsGradientsAndLossesAreThoseOfPyTorch) {
  CheckAgainstPeft("llama", kLlamaLogits, kLlamaGradient, kLlamaLosses);
  CheckAgainstPeft("qwen2", kQwen2Logits, kQwen2Gradient, kQwen2Losses);
  CheckAgainstPeft("qwen3", kQwen3Logits, kQwen3Gradient, kQwen3Losses);
}

bool Same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

#ifdef PADDOCK_EMULATED_MACHINE
constexpr int kThreadCounts[] = {1, 3};
#else
constexpr int kThreadCounts[] = {1, 2, 3};
#endif

TEST(TheGradientDependsOnNoThreadsAndNoCheckpoints) {
  for (const TinyModel& model : {Quantized("llama"), Floats("qwen2"), Quantized("qwen3")}) {
    const Data data({90, 33, 20}, 7);
    std::vector<float> expected;
    for (const int threads : kThreadCounts) {
      for (const bool checkpoints : {false, true}) {
        for (const float dropout : {0.0f, 0.3f}) {
          const auto engine = Open(model, threads);
          TrainerOptions options = Everything();
          options.lora.dropout = dropout;
          options.pass.checkpoints = checkpoints;
          const auto trainer = MakeTrainer(*engine, options);
          Stir(*trainer);
          const std::vector<float> got = Gradient(*trainer, data);
          if (dropout > 0) {
            CHECK(!Same(got, expected));
          } else if (expected.empty()) {
            expected = got;
          } else {
            CHECK(Same(got, expected));
          }
        }
      }
    }
  }
}

TEST(DerivativesInHalfThePrecisionPointTheSameWay) {
  const auto engine = Open(Quantized("llama"));
  TrainerOptions options = Everything();
  const auto best = MakeTrainer(*engine, options);
  options.pass.precision = GradientPrecision::kFloat32;
  const auto exact = MakeTrainer(*engine, options);
  Stir(*best);
  Stir(*exact);
  const Data data({90, 33, 20}, 7);
  const std::vector<float> reference = Gradient(*exact, data);
  CHECK(Distance(Gradient(*best, data), {reference.begin(), reference.end()}, 0, reference.size()) < 2e-2);
}

TEST(EightSamplesAreLearntByHeart) {
  const auto engine = Open(Quantized("llama"));
  TrainerOptions options = Everything();
  options.lora.rank = 16;
  options.lora.alpha = 32;
  const auto trainer = MakeTrainer(*engine, options);
  const Data data({20, 20, 20, 20, 20, 20, 20, 20}, 9);
  double loss = 0;
#ifdef PADDOCK_EMULATED_MACHINE
  constexpr int kSteps = 3;
#else
  constexpr int kSteps = 300;
#endif
  for (int step = 0; step < kSteps; ++step) {
    const auto report = trainer->Step(data.samples(), 2e-3f, nullptr);
    CHECK(report.ok());
    loss = report->loss;
    if (loss < 0.02) break;
  }
#ifndef PADDOCK_EMULATED_MACHINE
  CHECK(loss < 0.05);
#endif
  const auto after = trainer->Evaluate(data.samples(), nullptr);
  CHECK(after.ok());
  CHECK_EQ(after->samples.size(), size_t{8});
}

TEST(WhatTrainingNeedsIsKnownWithoutMakingIt) {
  const auto engine = Open(Quantized("llama"));
  TrainerOptions options = Everything();
  const auto need = engine->NeedForTraining(options);
  const auto trainer = MakeTrainer(*engine, options);
  CHECK(need.ok());
  CHECK_EQ(need->optimizer, 4 * sizeof(float) * trainer->lora().values().size());
  // Nothing is allocated for an adapter that only exists on paper.
  CHECK(Lora(options.lora, trainer->hyperparameters()).values().empty());
  CHECK_EQ(Lora(options.lora, trainer->hyperparameters()).size(), trainer->lora().values().size());
}

TEST(AGradientThatIsNoNumberChangesNothing) {
  for (const float wrong : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Optimizer optimizer({}, 3);
    std::vector<float> values = {1, 2, 3};
    CHECK(optimizer.Step({0.5f, 0.5f, 0.5f}, 0.1f, &values).has_value());
    const std::vector<float> before = values, first = optimizer.first(), second = optimizer.second();
    CHECK(!optimizer.Step({0.5f, wrong, 0.5f}, 0.1f, &values).has_value());
    CHECK(values == before && optimizer.first() == first && optimizer.second() == second);
    CHECK_EQ(optimizer.steps(), uint64_t{1});
  }
}

TEST(ARunGoesOnBitForBitFromACheckpoint) {
  const auto engine = Open(Quantized("qwen2"));
  TrainerOptions options = Everything();
  options.lora.dropout = 0.2f;
  const auto whole = MakeTrainer(*engine, options);
  const auto before = MakeTrainer(*engine, options), after = MakeTrainer(*engine, options);
  const test::TemporaryFile place({});
  const std::string path = place.path() + "-checkpoint.bin";
  const auto step = [](Trainer& trainer, uint64_t seed) {
    CHECK(trainer.Step(Data({40, 60, 90}, seed).samples(), 1e-3f, nullptr).ok());
  };
  for (const uint64_t seed : {1, 2, 3, 4}) step(*whole, seed);
  for (const uint64_t seed : {1, 2}) step(*before, seed);
  CHECK(before->Save(path, "{\"step\":2}").ok());
  const auto note = after->Restore(path);
  CHECK(note.ok());
  if (note.ok()) CHECK_EQ(*note, std::string("{\"step\":2}"));
  for (const uint64_t seed : {3, 4}) step(*after, seed);
  CHECK(Same(whole->lora().values(), after->lora().values()));
  CHECK_EQ(whole->steps(), after->steps());

  // Files left by a run that was killed while saving, or by a cancelled save, are ignored.
  const test::TemporaryFile left({1, 2, 3});
  std::filesystem::copy_file(left.path(), path + ".part", std::filesystem::copy_options::overwrite_existing);
  const std::atomic<bool> cancelled{true};
  CHECK(before->Save(path, "{}", &cancelled).code() == StatusCode::kCancelled);
  CHECK(before->Save(path, "{\"step\":2}").ok());
  CHECK(std::filesystem::remove(path + ".part"));

  // Other settings and damage are refused, and change nothing.
  options.lora.alpha = 11;
  const auto other = MakeTrainer(*engine, options);
  CHECK(other->Restore(path).status().code() == StatusCode::kInvalidArgument);
  CHECK(after->Restore(path + ".missing").status().code() == StatusCode::kNotFound);
  {
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    std::fseek(file, 5000, SEEK_SET);
    std::fputc(77, file);
    std::fclose(file);
  }
  CHECK(after->Restore(path).status().code() == StatusCode::kInvalidModel);
  CHECK(Same(whole->lora().values(), after->lora().values()));
  std::filesystem::remove(path);
}

TEST(WhatCannotBeTrainedIsRefused) {
  const auto engine = Open(Quantized("llama"));
  TrainerOptions options = Everything();
  options.lora.rank = 0;
  CHECK(engine->MakeTrainer(options).status().code() == StatusCode::kInvalidArgument);
  options = Everything();
  options.lora.targets.fill(false);
  CHECK(engine->MakeTrainer(options).status().code() == StatusCode::kInvalidArgument);
  options = Everything();
  options.lora.first_layer = 2;
  CHECK(engine->MakeTrainer(options).status().code() == StatusCode::kInvalidArgument);
  const auto trainer = MakeTrainer(*engine, Everything());
  CHECK(trainer->Step(Data({161}, 1).samples(), 1e-3f, nullptr).status().code() == StatusCode::kInvalidArgument);
  CHECK(trainer->Step(Data({1}, 1).samples(), 1e-3f, nullptr).status().code() == StatusCode::kInvalidArgument);
  Data outside({20}, 1);
  outside.ids[0][3] = 272;
  CHECK(trainer->Step(outside.samples(), 1e-3f, nullptr).status().code() == StatusCode::kInvalidArgument);
  std::atomic<bool> cancel{true};
  const std::vector<float> before = trainer->lora().values();
  CHECK(trainer->Step(Data({40}, 1).samples(), 1e-3f, &cancel).status().code() == StatusCode::kCancelled);
  CHECK(Same(before, trainer->lora().values()));
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
