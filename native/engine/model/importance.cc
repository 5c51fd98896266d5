#include "model/importance.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "gguf/gguf.h"
#include "gguf/gguf_writer.h"

namespace paddock {
namespace {

// No column counts for nothing: the texts that were read are not all that will be.
constexpr double kLeast = 1e-4;

constexpr std::string_view kSums = ".in_sum2", kCounts = ".counts";

struct Matrix {
  const char* name;
  LayerInput input;
};
constexpr Matrix kMatrices[] = {
    {"attn_q.weight", LayerInput::kAttention}, {"attn_k.weight", LayerInput::kAttention},
    {"attn_v.weight", LayerInput::kAttention}, {"attn_output.weight", LayerInput::kOutput},
    {"ffn_gate.weight", LayerInput::kFfn},     {"ffn_up.weight", LayerInput::kFfn},
    {"ffn_down.weight", LayerInput::kDown},
};

int Columns(const Hyperparameters& h, LayerInput input) {
  switch (input) {
    case LayerInput::kOutput: return h.q_rows();
    case LayerInput::kDown: return h.ffn;
    default: return h.embedding;
  }
}

std::span<const uint8_t> BytesOf(const std::vector<float>& v) {
  return {reinterpret_cast<const uint8_t*>(v.data()), v.size() * sizeof(float)};
}

Status Damaged(const std::string& path, const std::string& what) {
  return {StatusCode::kInvalidModel,
          path + " cannot be used as an importance matrix: " + what + ". Make one with \"paddock importance\"."};
}

// Values of an F32 tensor; nothing when it is of another type.
Result<std::vector<float>> Floats(const GgufFile& file, const TensorInfo& tensor) {
  if (tensor.type != TensorType::kF32) return std::vector<float>();
  const Result<std::vector<uint8_t>> bytes = file.Read(tensor);
  if (!bytes.ok()) return bytes.status();
  std::vector<float> out(bytes->size() / sizeof(float));
  std::memcpy(out.data(), bytes->data(), out.size() * sizeof(float));
  return out;
}

bool AreSums(const std::vector<float>& v) {
  return !v.empty() && std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x) && x >= 0; });
}

}  // namespace

ImportanceSums::ImportanceSums(const Hyperparameters& h, int threads) : threads_(threads), layers_(h.layers) {
  inputs_.resize(threads * h.layers * kLayerInputs);
  for (size_t i = 0; i < inputs_.size(); ++i)
    inputs_[i].sums.resize(Columns(h, static_cast<LayerInput>(i % kLayerInputs)));
}

void ImportanceSums::Add(int thread, int layer, LayerInput input, const float* x) {
  Input& to = inputs_[Index(thread, layer, input)];
  for (size_t i = 0; i < to.sums.size(); ++i) to.sums[i] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  ++to.rows;
}

std::vector<float> ImportanceSums::Sums(int layer, LayerInput input) const {
  std::vector<double> total(inputs_[Index(0, layer, input)].sums.size());
  for (int thread = 0; thread < threads_; ++thread) {
    const std::vector<double>& part = inputs_[Index(thread, layer, input)].sums;
    for (size_t i = 0; i < total.size(); ++i) total[i] += part[i];
  }
  return {total.begin(), total.end()};
}

uint64_t ImportanceSums::rows(int layer, LayerInput input) const {
  uint64_t rows = 0;
  for (int thread = 0; thread < threads_; ++thread) rows += inputs_[Index(thread, layer, input)].rows;
  return rows;
}

Result<Importance> Importance::Open(const std::string& path) {
  Result<GgufFile> opened = GgufFile::Open(path);
  if (opened.status().code() == StatusCode::kInvalidModel) return Damaged(path, "it is damaged, or no GGUF file");
  if (!opened.ok()) return opened.status();
  const GgufFile file = opened.Take();
  if (file.GetString("general.type") != "imatrix") {
    return Damaged(path, "it is a GGUF file of another kind");
  }
  Importance importance;
  for (const TensorInfo& tensor : file.tensors()) {
    if (!tensor.name.ends_with(kSums)) continue;
    const std::string name(tensor.name.substr(0, tensor.name.size() - kSums.size()));
    std::string counts_name = name;
    counts_name += kCounts;
    const TensorInfo* counts = file.FindTensor(counts_name);
    // More than one row are the experts of a mixture, which the engine does not run.
    if (tensor.rows() != 1 || counts == nullptr) continue;
    Result<std::vector<float>> read = Floats(file, tensor);
    if (!read.ok()) return read.status();
    const Result<std::vector<float>> rows = Floats(file, *counts);
    if (!rows.ok()) return rows.status();
    std::vector<float> sums = read.Take();
    if (!AreSums(sums) || !AreSums(*rows)) return Damaged(path, "the numbers of " + name + " are damaged");
    double mean = 0;
    for (const float v : sums) mean += static_cast<double>(v) / static_cast<double>(sums.size());
    if ((*rows)[0] == 0 || mean == 0) continue;
    for (float& v : sums) v = static_cast<float>(std::max(static_cast<double>(v) / mean, kLeast));
    importance.matrices_.emplace(name, std::move(sums));
  }
  if (importance.matrices_.empty()) return Damaged(path, "it names no matrix");
  return importance;
}

Result<const float*> Importance::Find(std::string_view tensor, uint64_t columns) const {
  const auto found = matrices_.find(tensor);
  if (found == matrices_.end()) return static_cast<const float*>(nullptr);
  if (found->second.size() != columns) {
    return Status(StatusCode::kInvalidArgument,
                  "The importance matrix was made with another model: its " + std::string(tensor) + " has " +
                      std::to_string(found->second.size()) + " columns, that of the model " + std::to_string(columns) +
                      ". Make one with \"paddock importance\" and this model.");
  }
  return found->second.data();
}

Status WriteImportance(const ImportanceSums& sums, const Hyperparameters& h, const std::string& path,
                       const std::vector<std::string>& datasets, uint32_t chunks, uint32_t chunk_size) {
  struct Entry {
    std::string name;
    std::vector<float> data;
  };
  std::vector<Entry> entries;
  for (int layer = 0; layer < h.layers; ++layer) {
    for (const auto& [name, input] : kMatrices) {
      std::string tensor = "blk.";
      tensor += std::to_string(layer);
      tensor += '.';
      tensor += name;
      entries.push_back({tensor + std::string(kSums), sums.Sums(layer, input)});
      entries.push_back({tensor + std::string(kCounts), {static_cast<float>(sums.rows(layer, input))}});
    }
  }
  std::vector<GgufWriter::Tensor> headers;
  for (const Entry& entry : entries) {
    const uint64_t n = entry.data.size();
    headers.push_back({entry.name, TensorType::kF32, {n, 1, 1, 1}, 1, n * sizeof(float)});
  }
  Result<GgufWriter> created = GgufWriter::Create(path, nullptr,
                                                  {{"general.type", "imatrix"},
                                                   {"imatrix.datasets", datasets},
                                                   {"imatrix.chunk_count", chunks},
                                                   {"imatrix.chunk_size", chunk_size}},
                                                  headers);
  if (!created.ok()) return created.status();
  GgufWriter writer = created.Take();
  for (const Entry& entry : entries) {
    PADDOCK_RETURN_IF_ERROR(writer.Write(BytesOf(entry.data)));
    PADDOCK_RETURN_IF_ERROR(writer.EndTensor());
  }
  return writer.Finish();
}

}  // namespace paddock
