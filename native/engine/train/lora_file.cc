#include "train/lora_file.h"

#include <cmath>

#include "gguf/gguf_writer.h"
#include "quant/dequantize.h"

namespace paddock {
namespace {

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

std::vector<float> Floats(const TensorInfo& tensor) {
  std::vector<float> out(static_cast<size_t>(tensor.columns() * tensor.rows()));
  const size_t columns = static_cast<size_t>(tensor.columns()), row_bytes = RowBytes(tensor.type, columns);
  for (size_t row = 0; row < tensor.rows(); ++row)
    Dequantize(tensor.type, tensor.data.data() + row * row_bytes, columns, out.data() + row * columns);
  return out;
}

Status Broken(const std::string& path, const std::string& why) {
  return {Code::kInvalidModel, path + " cannot be used as an adapter: " + why + ". Export it again."};
}

}  // namespace

void LoraFile::Pair::AddRow(size_t row, float* x) const {
  for (size_t r = 0; r < rank; ++r) {
    const float factor = scale * b[row * rank + r];
    if (factor == 0) continue;
    const float* from = a.data() + r * in;
    for (size_t i = 0; i < in; ++i) x[i] += factor * from[i];
  }
}

Result<LoraFile> LoraFile::Open(const std::string& path) {
  const Result<GgufFile> file = GgufFile::Open(path);
  if (!file.ok()) return file.status();
  if (file->GetString("general.type").value_or("model") != "adapter" ||
      file->GetString("adapter.type").value_or("lora") != "lora") {
    return Broken(path, "it is a GGUF file of another kind");
  }
  LoraFile out;
  out.path_ = path;
  out.architecture_ = std::string(file->GetString("general.architecture").value_or(""));
  const std::optional<double> alpha = file->GetFloat("adapter.lora.alpha");
  if (!alpha || !std::isfinite(*alpha)) return Broken(path, "it does not say its alpha");
  for (const TensorInfo& a : file->tensors()) {
    if (!a.name.ends_with(kA)) continue;
    const std::string name(a.name.substr(0, a.name.size() - kA.size()));
    std::string other = name;
    other += kB;
    const TensorInfo* b = file->FindTensor(other);
    if (b == nullptr || b->columns() != a.rows() || a.rows() < 1 || a.rows() > kMaxLoraRank) {
      return Broken(path, "the two matrices for " + name + " do not fit each other");
    }
    Pair pair;
    pair.rank = static_cast<size_t>(a.rows());
    pair.in = static_cast<size_t>(a.columns());
    pair.out = static_cast<size_t>(b->rows());
    pair.scale = static_cast<float>(*alpha) / static_cast<float>(pair.rank);
    pair.a = Floats(a);
    pair.b = Floats(*b);
    out.pairs_.emplace(name, std::move(pair));
  }
  if (out.pairs_.empty() || out.pairs_.size() * 2 != file->tensors().size()) {
    return Broken(path, "it has no pairs of matrices, or something besides them");
  }
  return out;
}

Status LoraFile::Write(const std::string& path, const Lora& lora, const Hyperparameters& h) {
  const size_t rank = static_cast<size_t>(lora.options().rank);
  std::vector<std::string> names;
  std::vector<const Lora::Pair*> pairs;
  for (int layer = 0; layer < h.layers; ++layer) {
    for (int t = 0; t < kLoraTargets; ++t) {
      const auto target = static_cast<LoraTarget>(t);
      if (!lora.Has(layer, target)) continue;
      pairs.push_back(&lora.At(layer, target));
      for (const std::string_view suffix : {kA, kB}) names.push_back(LoraTensorName(target, layer).append(suffix));
    }
  }
  std::vector<GgufWriter::Tensor> tensors;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto in = static_cast<uint64_t>(pairs[i]->in), out = static_cast<uint64_t>(pairs[i]->out);
    tensors.push_back({names[2 * i], TensorType::kF32, {in, rank, 1, 1}, 2, 4 * in * rank});
    tensors.push_back({names[2 * i + 1], TensorType::kF32, {rank, out, 1, 1}, 2, 4 * out * rank});
  }
  Result<GgufWriter> created = GgufWriter::Create(path, nullptr,
                                                  {{"general.type", "adapter"},
                                                   {"general.architecture", h.architecture->name},
                                                   {"general.name", h.name},
                                                   {"adapter.type", "lora"},
                                                   {"adapter.lora.alpha", lora.options().alpha}},
                                                  tensors);
  if (!created.ok()) return created.status();
  GgufWriter writer = created.Take();
  const auto write = [&](const float* data, size_t count) -> Status {
    PADDOCK_RETURN_IF_ERROR(writer.Write({reinterpret_cast<const uint8_t*>(data), count * sizeof(float)}));
    return writer.EndTensor();
  };
  for (const Lora::Pair* pair : pairs) {
    const size_t in = static_cast<size_t>(pair->in), out = static_cast<size_t>(pair->out);
    PADDOCK_RETURN_IF_ERROR(write(lora.values().data() + pair->a, in * rank));
    std::vector<float> b(out * rank);
    for (size_t i = 0; i < out; ++i) {
      for (size_t r = 0; r < rank; ++r) b[i * rank + r] = lora.values()[pair->b + r * out + i];
    }
    PADDOCK_RETURN_IF_ERROR(write(b.data(), b.size()));
  }
  return writer.Finish();
}

Status LoraFile::Fits(const GgufFile& model) const {
  const std::string_view architecture = model.GetString("general.architecture").value_or("");
  bool fits = architecture == architecture_;
  for (const auto& [name, pair] : pairs_) {
    const TensorInfo* tensor = model.FindTensor(name);
    fits = fits && tensor != nullptr && tensor->columns() == pair.in && tensor->rows() == pair.out;
  }
  if (fits) return Status::Ok();
  return {Code::kInvalidArgument,
          "The adapter " + path_ + " was trained on another model. Give the model that it was trained on."};
}

const LoraFile::Pair* LoraFile::Find(std::string_view tensor) const {
  const auto found = pairs_.find(tensor);
  return found == pairs_.end() ? nullptr : &found->second;
}

}  // namespace paddock
