// `seeds FOLDER` writes the first inputs of every target, by the writers of the tests.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "runtime/snapshot_store.h"
#include "tiny_engine.h"

namespace {

using namespace paddock;
using Writer = test::GgufWriter;

std::filesystem::path folder;

void Put(const std::string& target, const std::string& name, const std::vector<uint8_t>& bytes) {
  std::filesystem::create_directories(folder / target);
  std::ofstream(folder / target / name, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void AddFloats(Writer& w, const std::string& name, uint64_t columns, uint64_t rows) {
  w.tensors.push_back({name, {columns, rows}, 0, std::vector<uint8_t>(4 * columns * rows), 0, false});
}

Writer Small(TensorType type) {
  test::TinyModel tiny;
  tiny.matrix = tiny.down = tiny.embedding = type;
  tiny.embedding_length = tiny.ffn = 64;
  tiny.layers = 1;
  return tiny.Writer();
}

Writer Adapter() {
  Writer w;
  w.String("general.type", "adapter");
  w.String("general.architecture", "llama");
  w.String("adapter.type", "lora");
  w.Float32("adapter.lora.alpha", 4);
  AddFloats(w, "blk.0.attn_q.weight.lora_a", 64, 2);
  AddFloats(w, "blk.0.attn_q.weight.lora_b", 2, 64);
  return w;
}

Writer ImportanceFile() {
  Writer w;
  w.String("general.type", "imatrix");
  AddFloats(w, "blk.0.attn_q.weight.in_sum2", 64, 1);
  AddFloats(w, "blk.0.attn_q.weight.counts", 1, 1);
  return w;
}

void PutCheckpoint() {
  test::TinyModel tiny;
  tiny.layers = 1;
  const auto engine = test::Open(tiny, {.context_length = 64, .threads = 1, .kernels = "scalar"});
  const auto trainer = engine->MakeTrainer({.lora = {.rank = 1}, .pass = {.max_rows = 16}}).Take();
  std::filesystem::create_directories(folder / "checkpoint");
  (void)trainer->Save((folder / "checkpoint" / "whole").string(), "{}");
}

void PutSnapshot() {
  const KvFormat format(KvType::kF16, 1, 1, 16);
  SnapshotStore store((folder / "snapshot").string(), 1 << 20, {{}, "scalar", format});
  PageBudget budget;
  PagePool pool(format, 1, budget);
  const KvPageRef page = pool.Take();
  std::fill_n(page->data(), format.page_bytes(), uint8_t{3});
  store.Write(std::vector<int32_t>(kBlockTokens, 7), {&page, 1});
  store.Flush();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "Name a folder.\n"), 1;
  folder = argv[1];
  for (const TensorType type : {TensorType::kF32, TensorType::kQ4_0, TensorType::kQ8_0}) {
    const std::vector<uint8_t> model = Small(type).Write();
    for (const char* target : {"gguf", "tokenizer"}) Put(target, Traits(type).name, model);
  }
  Put("adapter", "adapter", Adapter().Write());
  Put("importance", "importance", ImportanceFile().Write());
  std::vector<uint8_t> source(64);
  const std::vector<uint8_t> header = Small(TensorType::kF32).Write();
  for (size_t i = 0; i < source.size(); i += 4) source[i] = 1;
  source.insert(source.end(), header.begin(), header.end());
  Put("source", "source", source);
  PutCheckpoint();
  PutSnapshot();
  return 0;
}
