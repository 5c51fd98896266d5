// Damaged and hostile model files: each must end in a clear error, never in a crash. Run it under ASan and UBSan.
#include <limits>

#include "check.h"
#include "engine.h"
#include "tiny_model.h"

namespace paddock {
namespace {

using test::Bytes;
using test::GgufWriter;
using test::TemporaryFile;
using test::TinyModel;

Status LoadBytes(const std::vector<uint8_t>& bytes) {
  const TemporaryFile file(bytes);
  return Engine::Load(file.path(), {}, nullptr, nullptr).status();
}

// Loading must fail with the code, and the message must be a sentence that names `part`.
void Refused(const char* what, const std::vector<uint8_t>& bytes, StatusCode code, const std::string& part) {
  const Status status = LoadBytes(bytes);
  if (status.code() != code || status.message().find(part) == std::string::npos || status.message().back() != '.') {
    test::Fail(__FILE__, __LINE__, std::string(what) + ": " + CodeName(status.code()) + ": " + status.message());
  }
}

// A sound model changed by `change` before it is written.
template <typename Change>
std::vector<uint8_t> Changed(Change change, const TinyModel& model = {}) {
  GgufWriter w = model.Writer();
  change(w);
  return w.Write();
}

void Replace(GgufWriter& w, const std::string& key, const Bytes& entry) {
  for (Bytes& m : w.metadata) {
    uint64_t length;
    std::memcpy(&length, m.data.data(), 8);
    if (std::string(m.data.begin() + 8, m.data.begin() + 8 + static_cast<std::ptrdiff_t>(length)) == key) {
      m = entry;
      return;
    }
  }
  w.metadata.push_back(entry);
}

constexpr uint64_t kHuge = std::numeric_limits<int64_t>::max();

TEST(SoundFilesLoad) {
  const TemporaryFile file(TinyModel{}.Writer().Write());
  const auto engine = Engine::Load(file.path(), {}, nullptr, nullptr);
  CHECK(engine.ok());
  GgufWriter v2 = TinyModel{}.Writer();
  v2.version = 2;
  CHECK(LoadBytes(v2.Write()).ok());
}

TEST(TruncationAnywhereIsNoticed) {
  const std::vector<uint8_t> whole = TinyModel{}.Writer().Write();
  // Every byte of the first structures, then steps through metadata, tensor table and data.
  for (size_t size = 0; size < whole.size(); size += size < 600 ? 1 : 997) {
    const Status status = LoadBytes({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    if (status.ok() || status.code() != StatusCode::kInvalidModel)
      test::Fail(__FILE__, __LINE__, "a file cut at " + std::to_string(size) + " loads");
  }
}

TEST(HeadersThatLie) {
  Refused("empty", {}, StatusCode::kInvalidModel, "empty");
  Refused("magic", Changed([](GgufWriter& w) { w.magic = 0x46554746; }), StatusCode::kInvalidModel, "GGUF");
  Refused("version", Changed([](GgufWriter& w) { w.version = 4; }), StatusCode::kUnsupportedModel, "version 4");
  Refused("big-endian", Changed([](GgufWriter& w) { w.version = 0x03000000; }), StatusCode::kInvalidModel,
          "big-endian");
  for (const uint64_t count : {kHuge, ~uint64_t{0}, uint64_t{1} << 40, uint64_t{100000}}) {
    Refused("tensor count", Changed([&](GgufWriter& w) { w.tensor_count = count; }), StatusCode::kInvalidModel, "");
    Refused("metadata count", Changed([&](GgufWriter& w) { w.metadata_count = count; }), StatusCode::kInvalidModel, "");
  }
}

TEST(MetadataThatLies) {
  const auto with = [](const std::string& key, const Bytes& entry) {
    return Changed([&](GgufWriter& w) { Replace(w, key, entry); });
  };
  Bytes long_key;
  long_key.Put<uint64_t>(~0ull).Put<uint32_t>(4).Put<uint32_t>(1);
  Refused("key length -1", with("x", long_key), StatusCode::kInvalidModel, "metadata entry");
  Refused("empty key", with("x", GgufWriter::Key("", MetadataType::kUint32).Put<uint32_t>(1)),
          StatusCode::kInvalidModel, "key");
  Refused("duplicate key", Changed([](GgufWriter& w) { w.Uint32("llama.block_count", 2); }), StatusCode::kInvalidModel,
          "twice");
  Refused("value type", with("x", GgufWriter::Key("x", static_cast<MetadataType>(13)).Put<uint32_t>(1)),
          StatusCode::kInvalidModel, "type");
  Refused("bool of 7", with("x", GgufWriter::Key("x", MetadataType::kBool).Put<uint8_t>(7)), StatusCode::kInvalidModel,
          "truth");
  Refused("string length", with("x", GgufWriter::Key("x", MetadataType::kString).Put<uint64_t>(kHuge)),
          StatusCode::kInvalidModel, "");
  const auto array = [](uint32_t type, uint64_t length) {
    return GgufWriter::Key("x", MetadataType::kArray).Put(type).Put(length);
  };
  Refused("array of arrays", with("x", array(9, 1)), StatusCode::kInvalidModel, "unknown type");
  Refused("array length", with("x", array(4, kHuge)), StatusCode::kInvalidModel, "");
  Refused("array bytes wrap", with("x", array(10, 1ull << 61)), StatusCode::kInvalidModel, "");
  Refused("string array length", with("x", array(8, 1ull << 60)), StatusCode::kInvalidModel, "");
  for (const uint32_t alignment : {0u, 3u, 48u, 1u << 30}) {
    Refused("alignment", Changed([&](GgufWriter& w) { w.Uint32("general.alignment", alignment); }),
            StatusCode::kInvalidModel, "alignment");
  }
  Refused("alignment type", Changed([](GgufWriter& w) { w.String("general.alignment", "32"); }),
          StatusCode::kInvalidModel, "alignment");
}

#ifndef _WIN32
// A file may be long without taking any room on the disk, so its length says nothing about how much may be claimed.
TEST(ClaimsOfLongSparseFilesTakeNoMemory) {
  const auto claim = [](const char* what, const Bytes& begin) {
    const TemporaryFile file(begin.data);
    std::error_code error;
    std::filesystem::resize_file(file.path(), uintmax_t{200} << 30, error);
    if (error) return;  // no sparse files here
    const Status status = Engine::Load(file.path(), {}, nullptr, nullptr).status();
    if (status.code() != StatusCode::kInvalidModel)
      test::Fail(__FILE__, __LINE__, std::string(what) + status.message());
  };
  const auto header = [](uint64_t tensors, uint64_t entries) {
    return Bytes().Put<uint32_t>(0x46554747).Put<uint32_t>(3).Put(tensors).Put(entries);
  };
  const uint64_t most = (uint64_t{200} << 30) / 32;
  claim("entries", header(0, most));
  claim("tensors", header(most, 0));
  Bytes texts = header(0, 1000);
  for (int i = 0; i < 1000; ++i) {
    std::string key = "list";
    texts.Text(key += std::to_string(i)).Put<uint32_t>(9).Put<uint32_t>(8).Put<uint64_t>(uint64_t{1} << 20);
    texts.data.resize(texts.data.size() + (i < 2 ? 8 << 20 : 0));
    if (i == 2) break;
  }
  claim("texts", texts);
  claim("a text", header(0, 1).Text("key").Put<uint32_t>(8).Put<uint64_t>(uint64_t{150} << 30));
}
#endif

TEST(TensorTablesThatLie) {
  const auto first = [](auto change) { return Changed([&](GgufWriter& w) { change(w.tensors[0]); }); };
  using Tensor = GgufWriter::Tensor;
  Refused("no dimensions", first([](Tensor& t) { t.shape = {}; }), StatusCode::kInvalidModel, "dimensions");
  Refused("five dimensions", first([](Tensor& t) {
            t.shape = {256, 1, 1, 1, 1};
          }),
          StatusCode::kInvalidModel, "dimensions");
  Refused("zero dimension", first([](Tensor& t) { t.shape = {256, 0}; }), StatusCode::kInvalidModel, "shape");
  Refused("negative dimension", first([](Tensor& t) {
            t.shape = {~0ull - 31, 2};
          }),
          StatusCode::kInvalidModel, "shape");
  Refused("elements wrap", first([](Tensor& t) {
            t.shape = {1ull << 32, 1ull << 32};
          }),
          StatusCode::kInvalidModel, "shape");
  Refused("elements near 2^63", first([](Tensor& t) { t.shape = {1ull << 62}; }), StatusCode::kInvalidModel, "");
  Refused("no whole blocks", first([](Tensor& t) { t.shape = {250, 272}; }), StatusCode::kInvalidModel, "block");
  Refused("unknown type", first([](Tensor& t) { t.type = 99; }), StatusCode::kUnsupportedModel, "type 99");
  Refused("empty name", first([](Tensor& t) { t.name = ""; }), StatusCode::kInvalidModel, "name");
  Refused("duplicate name", Changed([](GgufWriter& w) { w.tensors[1].name = w.tensors[0].name; }),
          StatusCode::kInvalidModel, "twice");
  Refused("unaligned", first([](Tensor& t) { t.fixed_offset = true, t.offset = 1; }), StatusCode::kInvalidModel,
          "aligned");
  for (const uint64_t offset : {uint64_t{1} << 40, (uint64_t{1} << 63) - 32, ~uint64_t{0} - 31}) {
    Refused("offset",
            Changed([&](GgufWriter& w) { w.tensors.back().fixed_offset = true, w.tensors.back().offset = offset; }),
            StatusCode::kInvalidModel, "end of the file");
  }
  Refused("overlap", Changed([](GgufWriter& w) { w.tensors.back().fixed_offset = true, w.tensors.back().offset = 0; }),
          StatusCode::kInvalidModel, "overlap");
}

TEST(ModelsThatDoNotFitTogether) {
  const auto number = [](const std::string& key, uint32_t v) {
    return Changed([&](GgufWriter& w) { Replace(w, key, GgufWriter::Key(key, MetadataType::kUint32).Put(v)); });
  };
  Refused("architecture", Changed([](GgufWriter& w) {
            Replace(w, "general.architecture",
                    GgufWriter::Key("general.architecture", MetadataType::kString).Text("mamba"));
          }),
          StatusCode::kUnsupportedModel, "mamba");
  for (const uint32_t layers : {0u, 513u, ~0u})
    Refused("layers", number("llama.block_count", layers), StatusCode::kInvalidModel, "block_count");
  Refused("more layers than tensors", number("llama.block_count", 3), StatusCode::kInvalidModel, "blk.2.");
  Refused("heads", number("llama.attention.head_count", 0), StatusCode::kInvalidModel, "head_count");
  Refused("kv heads", number("llama.attention.head_count_kv", 3), StatusCode::kInvalidModel, "head");
  Refused("embedding length", number("llama.embedding_length", 1 << 20), StatusCode::kInvalidModel, "embedding_length");
  Refused("feed forward", number("llama.feed_forward_length", 1024), StatusCode::kInvalidModel, "ffn_gate");
  Refused("context", number("llama.context_length", 0), StatusCode::kInvalidModel, "context_length");
  Refused("rope dimension", number("llama.rope.dimension_count", 65), StatusCode::kInvalidModel, "dimension_count");
  Refused("missing tensor", Changed([](GgufWriter& w) { w.tensors.pop_back(); }), StatusCode::kInvalidModel, "missing");
  Refused("wrong shape",
          Changed([](GgufWriter& w) { std::swap(w.tensors.back().shape[0], w.tensors.back().shape[1]); }),
          StatusCode::kInvalidModel, "shape");
  Refused("norm of NaN type", Changed([](GgufWriter& w) {
            Replace(w, "llama.attention.layer_norm_rms_epsilon",
                    GgufWriter::Key("llama.attention.layer_norm_rms_epsilon", MetadataType::kFloat32)
                        .Put(std::numeric_limits<float>::quiet_NaN()));
          }),
          StatusCode::kInvalidModel, "epsilon");
}

// Norms of heads must be there in a family that has them, with a number for each column of a head, and nowhere else.
TEST(NormsOfHeadsThatDoNotFit) {
  const TinyModel qwen3 = TinyModel::Qwen3();
  CHECK(LoadBytes(qwen3.Writer().Write()).ok());
  for (const std::string norm : {"blk.0.attn_q_norm.weight", "blk.1.attn_k_norm.weight"}) {
    const auto changed = [&](auto change) {
      return Changed(
          [&](GgufWriter& w) {
            for (auto& tensor : w.tensors) {
              if (tensor.name == norm) change(tensor);
            }
          },
          qwen3);
    };
    using Tensor = GgufWriter::Tensor;
    Refused("no norm", changed([](Tensor& t) { t.name = "other"; }), StatusCode::kInvalidModel, norm);
    Refused("short norm", changed([](Tensor& t) { t.shape[0] /= 2; }), StatusCode::kInvalidModel, "shape");
    Refused("norm of a family without", Changed([&](GgufWriter& w) {
              w.tensors.push_back(w.tensors[1]);
              w.tensors.back().name = norm;
            }),
            StatusCode::kUnsupportedModel, norm.substr(6));
  }
}

TEST(TokenTablesThatLie) {
  const auto with = [](const std::string& key, auto write) {
    return Changed([&](GgufWriter& w) {
      GgufWriter entry;
      write(entry);
      Replace(w, key, entry.metadata[0]);
    });
  };
  Refused("tokenizer kind",
          with("tokenizer.ggml.model", [](GgufWriter& e) { e.String("tokenizer.ggml.model", "llama"); }),
          StatusCode::kUnsupportedModel, "llama");
  Refused("pre", with("tokenizer.ggml.pre", [](GgufWriter& e) { e.String("tokenizer.ggml.pre", "tekken"); }),
          StatusCode::kUnsupportedModel, "tekken");
  Refused("tokens as numbers",
          with("tokenizer.ggml.tokens",
               [](GgufWriter& e) {
                 e.Int32s("tokenizer.ggml.tokens", {1, 2});
               }),
          StatusCode::kInvalidModel, "tokens");
  Refused("too few tokens",
          with("tokenizer.ggml.tokens", [](GgufWriter& e) { e.Strings("tokenizer.ggml.tokens", {"a"}); }),
          StatusCode::kInvalidModel, "tokens");
  Refused("too few types",
          with("tokenizer.ggml.token_type", [](GgufWriter& e) { e.Int32s("tokenizer.ggml.token_type", {1}); }),
          StatusCode::kInvalidModel, "types");
  Refused("types as strings",
          with("tokenizer.ggml.token_type", [](GgufWriter& e) { e.Strings("tokenizer.ggml.token_type", {"1"}); }),
          StatusCode::kInvalidModel, "types");
  Refused("merge without pair",
          with("tokenizer.ggml.merges", [](GgufWriter& e) { e.Strings("tokenizer.ggml.merges", {"ab"}); }),
          StatusCode::kInvalidModel, "merges");
  Refused("eos outside",
          with("tokenizer.ggml.eos_token_id", [](GgufWriter& e) { e.Uint32("tokenizer.ggml.eos_token_id", 272); }),
          StatusCode::kInvalidModel, "eos");
  Refused("eos as text",
          with("tokenizer.ggml.eos_token_id", [](GgufWriter& e) { e.String("tokenizer.ggml.eos_token_id", "x"); }),
          StatusCode::kInvalidModel, "eos");
}

TEST(FlippedBytesNeverCrash) {
  const std::vector<uint8_t> whole = TinyModel{}.Writer().Write();
  test::Random random(1);
  for (int i = 0; i < 400; ++i) {
    std::vector<uint8_t> bytes = whole;
    // Mostly in the structures at the front; the weights themselves cannot be wrong.
    for (int n = 1 + random.Below(4); n > 0; --n)
      bytes[static_cast<size_t>(random.Below(6000))] ^= static_cast<uint8_t>(1 << random.Below(8));
    const TemporaryFile file(bytes);
    LoadOptions options;
    options.threads = 1;
    const auto engine = Engine::Load(file.path(), options, nullptr, nullptr);
    if (!engine.ok()) continue;
    const std::vector<int32_t> ids = (*engine)->tokenizer().Encode("abc", false);
    if (!ids.empty()) CHECK((*engine)->Evaluate(ids, 0, 8, nullptr).ok());
  }
}

TEST(PathsThatAreNoFiles) {
  const auto code = [](const std::string& path) {
    return static_cast<int>(Engine::Load(path, {}, nullptr, nullptr).status().code());
  };
  CHECK_EQ(code("/nonexistent/model.gguf"), static_cast<int>(StatusCode::kNotFound));
  CHECK_EQ(code(std::filesystem::temp_directory_path().string()), static_cast<int>(StatusCode::kNotAFile));
}

TEST(InspectionTellsWhyAFileCannotRun) {
  const TemporaryFile sound(TinyModel{}.Writer().Write());
  const Inspection good = Inspect(*GgufFile::Open(sound.path()), {});
  CHECK(good.memory.has_value() && good.unsupported.ok());
  CHECK_EQ(good.memory->total,
           good.memory->weights + good.memory->kv_cache + good.memory->scratch + good.memory->prefix_cache);
  // What is more than the model was trained for is no reason.
  LoadOptions much;
  much.context_length = 1 << 20;
  const Inspection wished = Inspect(*GgufFile::Open(sound.path()), much);
  CHECK(wished.memory.has_value());
  CHECK_EQ(wished.context_length, good.trained_context_length);
  const TemporaryFile other(Changed([](GgufWriter& w) {
    Replace(w, "tokenizer.ggml.pre", GgufWriter::Key("tokenizer.ggml.pre", MetadataType::kString).Text("tekken"));
  }));
  const Inspection bad = Inspect(*GgufFile::Open(other.path()), {});
  CHECK(!bad.memory.has_value() && bad.unsupported.code() == StatusCode::kUnsupportedModel);
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
