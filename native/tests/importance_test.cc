// Importance matrices: what is collected, what is written and read, and what is refused.
#include "model/importance.h"

#include <cmath>
#include <cstring>
#include <filesystem>

#include "check.h"
#include "reference_model.h"
#include "tiny_engine.h"

namespace paddock {
namespace {

using test::GgufWriter;
using test::SomeIds;
using test::TemporaryFile;
using test::TinyModel;

TinyModel Floats() {
  TinyModel model;
  model.matrix = model.down = model.embedding = TensorType::kF32;
  model.embedding_length = 64;
  model.ffn = 96;
  model.kv_heads = 1;
  return model;
}

std::unique_ptr<Engine> Open(const TinyModel& model, int threads) {
  return test::Open(model, {.threads = threads});
}

#ifndef PADDOCK_EMULATED_MACHINE
std::vector<float> Values(const GgufFile& file, const std::string& name) {
  const TensorInfo* tensor = file.FindTensor(name);
  CHECK(tensor != nullptr && tensor->type == TensorType::kF32);
  const auto bytes = file.Read(*tensor);
  CHECK(bytes.ok());
  std::vector<float> out(bytes->size() / sizeof(float));
  std::memcpy(out.data(), bytes->data(), bytes->size());
  return out;
}

void CheckSums(const TinyModel& model) {
  const Lora none = test::NoAdapters(model);
  const test::ReferenceModel reference(model, none);
  // The second text ends in a rest that is too short for a pass of its own.
  const std::vector<std::vector<int32_t>> texts = {SomeIds(40), SomeIds(260)};
  for (const std::vector<int32_t>& ids : texts)
    reference.Loss(ids, std::vector<uint8_t>(ids.size()), std::vector<double>(none.size()));
  for (const int threads : {1, 3}) {
    const auto engine = Open(model, threads);
    for (const std::vector<int32_t>& ids : texts) CHECK(engine->Observe(ids, nullptr).ok());
    const TemporaryFile file(std::vector<uint8_t>{});
    CHECK(engine->SaveImportance(file.path(), {"one.txt", "two.txt"}).ok());
    const auto saved = GgufFile::Open(file.path());
    CHECK(saved.ok());
    CHECK_EQ(saved->tensors().size(), size_t{2 * 7 * 2});
    CHECK_EQ(saved->GetUint("imatrix.chunk_count").value_or(0), uint64_t{2});
    CHECK_EQ(saved->GetUint("imatrix.chunk_size").value_or(0), uint64_t{260});
    for (int layer = 0; layer < model.layers; ++layer) {
      for (const char* matrix : {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}) {
        const std::string name = "blk." + std::to_string(layer) + "." + matrix + ".weight";
        const std::vector<double>& expected = reference.Squares(name);
        const std::vector<float> sums = Values(*saved, name + ".in_sum2");
        CHECK_EQ(sums.size(), expected.size());
        const std::vector<float> counts = Values(*saved, name + ".counts");
        CHECK_EQ(counts.at(0), 300.0f);
        double error = 0, size = 0;
        for (size_t i = 0; i < sums.size(); ++i) {
          error += std::pow(static_cast<double>(sums[i]) - expected[i], 2);
          size += expected[i] * expected[i];
        }
        CHECK(std::sqrt(error / size) < 2e-3);  // keys and values are halves
      }
    }
    CHECK(!engine->SaveImportance(file.path(), {}).ok());  // they were forgotten
  }
}

TEST(SumsAreThoseOfThePlainModel) {
  CheckSums(Floats());
  TinyModel qwen3 = Floats();
  qwen3.architecture = "qwen3";
  qwen3.key_length = 32;
  CheckSums(qwen3);
}
#endif

TEST(WhatIsWrittenIsRead) {
  const TinyModel model = Floats();
  const auto engine = Open(model, 2);
  CHECK(engine->Observe(SomeIds(64), nullptr).ok());
  const TemporaryFile file(std::vector<uint8_t>{});
  CHECK(engine->SaveImportance(file.path(), {"a"}).ok());
  const auto importance = Importance::Open(file.path());
  CHECK(importance.ok());
  CHECK_EQ(importance->size(), size_t{14});
  const auto down = importance->Find("blk.1.ffn_down.weight", 96);
  CHECK(down.ok() && *down != nullptr);
  double mean = 0;
  for (int i = 0; i < 96; ++i) mean += static_cast<double>((*down)[i]) / 96;
  CHECK(std::fabs(mean - 1) < 0.01);
  CHECK(*importance->Find("token_embd.weight", 64) == nullptr);
  CHECK(importance->Find("blk.1.ffn_down.weight", 64).status().code() == StatusCode::kInvalidArgument);
}

TEST(WrongRequestsAreAnswered) {
  const auto engine = Open(Floats(), 2);
  CHECK(engine->Observe(SomeIds(15), nullptr).code() == StatusCode::kInvalidArgument);
  CHECK(engine->Observe(SomeIds(1025), nullptr).code() == StatusCode::kInvalidArgument);
  CHECK(engine->Observe(std::vector<int32_t>(20, 272), nullptr).code() == StatusCode::kInvalidArgument);
  CHECK(engine->SaveImportance("/nowhere/x", {}).code() == StatusCode::kInvalidArgument);
  const CancelFlag stop{true};
  CHECK(engine->Observe(SomeIds(100), &stop).code() == StatusCode::kCancelled);
}

GgufWriter Matrix(const std::string& type, const std::vector<float>& sums, const std::vector<float>& counts) {
  GgufWriter writer;
  writer.String("general.type", type);
  const auto add = [&](const std::string& name, const std::vector<float>& values) {
    std::vector<uint8_t> data(values.size() * sizeof(float));
    std::memcpy(data.data(), values.data(), data.size());
    writer.tensors.push_back({name, {values.size()}, 0, data, 0, false});
  };
  add("a.in_sum2", sums);
  add("a.counts", counts);
  return writer;
}

TEST(DamagedFilesAreRefused) {
  const std::vector<float> good(32, 2.0f);
  std::vector<float> negative = good, none = good;
  negative[3] = -1;
  none[3] = std::nanf("");
  const auto code = [](GgufWriter writer) {
    const TemporaryFile file(writer.Write());
    const auto opened = Importance::Open(file.path());
    return opened.ok() ? StatusCode::kOk : opened.status().code();
  };
  CHECK(code(Matrix("imatrix", good, {4})) == StatusCode::kOk);
  CHECK(code(Matrix("model", good, {4})) == StatusCode::kInvalidModel);
  CHECK(code(Matrix("imatrix", negative, {4})) == StatusCode::kInvalidModel);
  CHECK(code(Matrix("imatrix", none, {4})) == StatusCode::kInvalidModel);
  CHECK(code(Matrix("imatrix", good, {-1})) == StatusCode::kInvalidModel);
  CHECK(code(Matrix("imatrix", good, {0})) == StatusCode::kInvalidModel);                    // nothing was counted
  CHECK(code(Matrix("imatrix", std::vector<float>(32), {4})) == StatusCode::kInvalidModel);  // all zero
  CHECK(code(Matrix("imatrix", good, std::vector<float>(4, 1.0f))) == StatusCode::kOk);      // the first counts
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
