// Sound files that are no model the engine can run as it is meant, and models that change: each is refused with the
// true reason, none runs wrongly.
#include <cmath>
#include <filesystem>
#include <limits>

#include "check.h"
#include "model/importance.h"
#include "runtime/quantize_file.h"
#include "temporary_folder.h"
#include "tiny_engine.h"
#include "train/lora_file.h"

namespace paddock {
namespace {

using test::Bytes;
using test::GgufWriter;
using test::SomeIds;
using test::TemporaryFile;
using test::TinyModel;

template <typename Change>
GgufWriter Changed(Change change, const TinyModel& model = {}) {
  GgufWriter w = model.Writer();
  change(w);
  return w;
}

Status Load(GgufWriter w) {
  const TemporaryFile file(w.Write());
  return Engine::Load(file.path(), {}, nullptr, nullptr).status();
}

void CheckStatus(const char* what, const Status& status, StatusCode code, const std::string& part) {
  if (status.code() != code || status.message().find(part) == std::string::npos || status.message().back() != '.')
    test::Fail(__FILE__, __LINE__, std::string(what) + ": " + CodeName(status.code()) + ": " + status.message());
}

void Refused(const char* what, GgufWriter w, const std::string& part, StatusCode code = StatusCode::kUnsupportedModel) {
  CheckStatus(what, Load(std::move(w)), code, part);
}

void AddVector(GgufWriter& w, const std::string& name) {
  w.tensors.push_back({name, {64}, 0, std::vector<uint8_t>(256), 0, false});
}

TEST(TensorsThatNobodyReadsAreRefusedByName) {
  for (const char* name : {"blk.0.attn_sub_norm.weight", "blk.1.post_attention_norm.weight", "blk.0.attn_output.bias",
                           "blk.0.attn_q_norm.weight", "blk.2.attn_norm.weight", "output.bias", "token_types.weight",
                           "rope_factors_long.weight", "blk.0.ffn_gate_inp.weight", "cls.output.weight"}) {
    Refused(name, Changed([&](GgufWriter& w) { AddVector(w, name); }), name);
  }
  // These are read where they are there.
  const auto with = [](const char* name, uint64_t size) {
    return Load(Changed([&](GgufWriter& w) {
      std::vector<float> ones(size, 1.0f);
      std::vector<uint8_t> data(4 * size);
      std::memcpy(data.data(), ones.data(), data.size());
      w.tensors.push_back({name, {size}, 0, data, 0, false});
    }));
  };
  CHECK(with("rope_freqs.weight", 32).ok());
  CHECK(with("blk.0.attn_q.bias", 256).ok());
}

TEST(MetadataThatChangesTheComputationIsHonouredOrRefused) {
  const auto text = [](const char* key, const char* value) {
    return Changed([&](GgufWriter& w) { w.String(key, value); });
  };
  const auto number = [](const char* key, float value) {
    return Changed([&](GgufWriter& w) { w.Float32(key, value); });
  };
  const auto whole = [](const char* key, uint32_t value) {
    return Changed([&](GgufWriter& w) { w.Uint32(key, value); });
  };
  Refused("causal", Changed([](GgufWriter& w) { w.Bool("llama.attention.causal", false); }), "llama.attention.causal");
  Refused("attention factor", number("llama.rope.scaling.attn_factor", 1.2f), "attn_factor");
  Refused("logit scale", number("llama.logit_scale", 0.5f), "logit_scale");
  Refused("window", whole("llama.attention.sliding_window", 512), "512 tokens");
  Refused("scale of attention", number("llama.attention.scale", 0.1f), "llama.attention.scale");
  Refused("unknown", whole("llama.something_new", 1), "llama.something_new");
  Refused("yarn", text("llama.rope.scaling.type", "yarn"), "yarn");
  // Neutral values, what says nothing about the computation, and keys of others.
  CHECK(Load(Changed([](GgufWriter& w) {
          w.Bool("llama.attention.causal", true);
          w.Uint32("llama.attention.sliding_window", 4096);
          w.Uint32("llama.vocab_size", 7);
          w.Uint32("llama.expert_count", 0);
          w.Float32("llama.rope.scaling.attn_factor", 1);
          w.Uint32("llama.rope.scaling.original_context_length", 100);
          w.String("general.quantized_by", "somebody");
          w.String("quantize.imatrix.file", "a.dat");
          w.Uint32("split.count", 1);
          w.Uint32("qwen2.logit_scale", 5);
          w.Bool("tokenizer.ggml.add_eos_token", false);
        })).ok());
}

std::vector<double> ScoreOf(GgufWriter w) {
  const auto engine = test::Open(std::move(w), {.threads = 1});
  return *engine->Score(SomeIds(100), nullptr);
}

TEST(AFactorWithoutATypeStretchesLinearly) {
  const auto linear = ScoreOf(Changed([](GgufWriter& w) {
    w.String("llama.rope.scaling.type", "linear");
    w.Float32("llama.rope.scaling.factor", 4);
  }));
  CHECK(linear != ScoreOf(TinyModel{}.Writer()));
  CHECK(linear == ScoreOf(Changed([](GgufWriter& w) { w.Float32("llama.rope.scaling.factor", 4); })));
  CHECK(linear == ScoreOf(Changed([](GgufWriter& w) { w.Float32("llama.rope.scale_linear", 4); })));
  CHECK(ScoreOf(TinyModel{}.Writer()) == ScoreOf(Changed([](GgufWriter& w) {
          w.String("llama.rope.scaling.type", "none");
          w.Float32("llama.rope.scaling.factor", 4);
        })));
}

TEST(OtherKindsOfFilesAreNoDamagedModels) {
  const auto part = [](GgufWriter& w) {
    w.Uint32("split.no", 1);
    w.Uint32("split.count", 3);
  };
  Refused("a part", Changed(part), "part 2 of 3");
  Refused("a mixture", Changed([](GgufWriter& w) {
            w.Uint32("llama.expert_count", 8);
            w.tensors.pop_back();
          }),
          "mixture of 8 experts");
  Refused("an adapter", Changed([](GgufWriter& w) { w.String("general.type", "adapter"); }), "\"adapter\"");
  for (const std::string key : {"llama.attention.head_count_kv", "llama.feed_forward_length"}) {
    Refused("a list", Changed([&](GgufWriter& w) {
              w.Remove(key);
              w.Int32s(key, {2, 1});
            }),
            key + " is a list of 2 numbers");
  }
  Refused("more tokens than rows", Changed([](GgufWriter& w) {
            w.tensors[0].shape[1] -= 16;
            w.tensors[0].data.resize(w.tensors[0].data.size() / 272 * 256);
          }),
          "272 tokens, its embedding has 256 rows", StatusCode::kInvalidModel);
  // Half a model is not written either.
  const TemporaryFile file(Changed(part).Write());
  const auto source = QuantizeSource::Open(file.path());
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path());
  CheckStatus(
      "quantizing a part",
      QuantizeFile(*source, nullptr, nullptr, folder.path() + "/out.gguf", "Q4_0", 1, nullptr, nullptr).status(),
      StatusCode::kUnsupportedModel, "part 2 of 3");
  CHECK(folder.Files().empty());
}

// Puts `bits` at the weight, or the scale of the block, that begins at `at`.
GgufWriter Broken(TensorType type, const std::string& name, size_t at, uint32_t bits, size_t size) {
  TinyModel model;
  model.matrix = model.down = model.embedding = type;
  model.tied = false;
  return Changed(
      [&](GgufWriter& w) {
        for (auto& tensor : w.tensors) {
          if (tensor.name == name) std::memcpy(&tensor.data[at], &bits, size);
        }
      },
      model);
}

TEST(WeightsThatAreNoNumbersAreNamed) {
  struct Case {
    TensorType type;
    size_t at;
    uint32_t bits;
    size_t size;
  };
  const float infinite = std::numeric_limits<float>::infinity();
  for (const Case& c :
       {Case{TensorType::kF32, 400, std::bit_cast<uint32_t>(infinite), 4}, Case{TensorType::kF16, 402, 0x7e00, 2},
        Case{TensorType::kBF16, 402, 0xff80, 2}, Case{TensorType::kQ4_0, 18 * 7, 0x7c00, 2},
        Case{TensorType::kQ4_1, 20 * 7 + 2, 0xfc00, 2}, Case{TensorType::kQ5_0, 22 * 7, 0x7c01, 2},
        Case{TensorType::kQ5_1, 24 * 7, 0x7fff, 2}, Case{TensorType::kQ8_0, 34 * 7, 0x7c00, 2},
        Case{TensorType::kIQ4_NL, 18 * 7, 0x7c00, 2}, Case{TensorType::kQ4_K, 144 * 7 + 2, 0x7c00, 2},
        Case{TensorType::kQ5_K, 176 * 7, 0x7c00, 2}, Case{TensorType::kQ6_K, 210 * 7 + 208, 0x7c00, 2}}) {
    for (const std::string name : {"blk.1.ffn_down.weight", "token_embd.weight"}) {
      const GgufWriter broken = Broken(c.type, name, c.at, c.bits, c.size);
      Refused(Traits(c.type).name, broken, name, StatusCode::kInvalidModel);
      GgufWriter writer = broken;
      const TemporaryFile file(writer.Write()), out({});
      const auto source = QuantizeSource::Open(file.path());
      for (const char* recipe : {Traits(c.type).name, "Q4_0", "F32"}) {
        if (std::string(recipe) == "Q5_0" || std::string(recipe) == "Q5_1" || std::string(recipe) == "Q4_K" ||
            std::string(recipe) == "Q5_K")
          continue;
        CheckStatus(recipe, QuantizeFile(*source, nullptr, nullptr, out.path(), recipe, 2, nullptr, nullptr).status(),
                    StatusCode::kInvalidModel, name);
      }
    }
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Refused("a norm", Broken(TensorType::kQ8_0, "blk.0.attn_norm.weight", 8, std::bit_cast<uint32_t>(nan), 4),
          "blk.0.attn_norm.weight", StatusCode::kInvalidModel);
}

struct Silent : GenerateObserver {
  void OnPrefill(double, int, int) override {}
  void OnText(std::string_view, int) override {}
};

#ifndef _WIN32
// The rows of the embedding are read while the model is used.
TEST(AModelThatChangesOnDiskIsAnErrorInWords) {
  for (const bool truncate : {true, false}) {
    const std::vector<uint8_t> bytes = TinyModel{}.Writer().Write();
    const TemporaryFile file(bytes);
    const auto engine = test::OpenFile(file.path(), {.threads = 2});
    const auto trainer = engine->MakeTrainer({});
    CHECK(trainer.ok() && engine->Score(SomeIds(40), nullptr).ok());
    if (truncate) {
      std::filesystem::resize_file(file.path(), 100);
    } else {
      std::FILE* changed = std::fopen(file.path().c_str(), "r+b");
      std::fseek(changed, static_cast<long>(bytes.size() / 2), SEEK_SET);
      std::fputc(bytes[bytes.size() / 2] ^ 1, changed);
      std::fclose(changed);
    }
    GenerateRequest request;
    request.prompt = SomeIds(40);
    request.max_tokens = 4;
    Silent observer;
    const std::vector<int32_t> ids = SomeIds(32);
    const std::vector<uint8_t> counted(ids.size(), 1);
    const TrainingSample sample{ids, counted};
    for (const Status& status :
         {engine->Generate(request, nullptr, &observer).status(), engine->Score(SomeIds(40), nullptr).status(),
          engine->Observe(SomeIds(40), nullptr), engine->Bench({.prompt = 16, .generate = 4}, nullptr).status(),
          (*trainer)->Step(std::span(&sample, 1), 1e-3f, nullptr).status()})
      CheckStatus("a changed file", status, StatusCode::kInvalidModel, "was changed or cut off");
  }
}
#endif

TEST(AFileThatTookAnothersPlaceChangesNothing) {
  const TemporaryFile file(TinyModel{}.Writer().Write());
  const auto engine = test::OpenFile(file.path(), {.threads = 1});
  const auto before = engine->Score(SomeIds(60), nullptr);
  const TemporaryFile other(TinyModel::Qwen3().Writer().Write());
  std::filesystem::rename(other.path(), file.path());
  const auto after = engine->Score(SomeIds(60), nullptr);
  CHECK(before.ok() && after.ok() && *before == *after);
}

GgufWriter Adapter(float alpha, const std::string& tensor, uint64_t in, uint64_t out, float value = 0.5f) {
  GgufWriter w;
  w.String("general.type", "adapter");
  w.String("general.architecture", "llama");
  w.String("adapter.type", "lora");
  w.Float32("adapter.lora.alpha", alpha);
  for (const auto& [suffix, shape] :
       {std::pair(".lora_a", std::vector<uint64_t>{in, 2}), std::pair(".lora_b", std::vector<uint64_t>{2, out})}) {
    std::vector<float> values(shape[0] * shape[1], value);
    std::vector<uint8_t> data(4 * values.size());
    std::memcpy(data.data(), values.data(), data.size());
    w.tensors.push_back({tensor + suffix, shape, 0, data, 0, false});
  }
  return w;
}

TEST(AdaptersAreRefusedWithTheTrueReason) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const auto source = QuantizeSource::Open(model.path());
  const auto outcome = [&](GgufWriter w) {
    const TemporaryFile file(w.Write());
    const auto adapter = LoraFile::Open(file.path());
    return adapter.ok() ? adapter->Fits(source->header()) : adapter.status();
  };
  const std::string q = "blk.0.attn_q.weight";
  CHECK(outcome(Adapter(4, q, 256, 256)).ok());
  CheckStatus("alpha 0", outcome(Adapter(0, q, 256, 256)), StatusCode::kInvalidModel, "alpha is 0");
  CheckStatus("NaN", outcome(Adapter(4, q, 256, 256, NAN)), StatusCode::kInvalidModel, q + ".lora_a has values");
  CheckStatus("embedding", outcome(Adapter(4, "token_embd.weight", 256, 272)), StatusCode::kInvalidArgument,
              "embedding");
  CheckStatus("tied head", outcome(Adapter(4, "output.weight", 256, 272)), StatusCode::kInvalidArgument, "output head");
  CheckStatus("shape", outcome(Adapter(4, q, 256, 128)), StatusCode::kInvalidArgument, q + " it has 256 x 128");
  CheckStatus("missing", outcome(Adapter(4, "blk.7.attn_q.weight", 256, 256)), StatusCode::kInvalidArgument, "blk.7");
  GgufWriter family = Adapter(4, q, 256, 256);
  family.metadata[1] = Bytes();
  family.metadata[1].Text("general.architecture").Put<uint32_t>(8).Text("qwen2");
  CheckStatus("family", outcome(family), StatusCode::kInvalidArgument, "\"qwen2\"");
  Bytes peft;
  peft.Put<uint64_t>(40).data.resize(100, '{');
  const TemporaryFile safetensors(peft.data), cut(std::vector<uint8_t>{'G', 'G', 'U', 'F', 3, 0});
  CheckStatus("PEFT", LoraFile::Open(safetensors.path()).status(), StatusCode::kUnsupportedModel, "PEFT");
  CheckStatus("cut", LoraFile::Open(cut.path()).status(), StatusCode::kInvalidModel, cut.path());
  CheckStatus("cut", Importance::Open(cut.path()).status(), StatusCode::kInvalidModel, cut.path());
  CheckStatus("folder", LoraFile::Open("/").status(), StatusCode::kNotAFile, "folder");
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
