#include "train/lora_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/private_file.h"
#include "gguf/gguf_writer.h"
#include "quant/dequantize.h"

namespace paddock {
namespace {

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

Result<std::vector<float>> Floats(const GgufFile& file, const TensorInfo& tensor) {
  const Result<std::vector<uint8_t>> bytes = file.Read(tensor);
  if (!bytes.ok()) return bytes.status();
  std::vector<float> out(static_cast<size_t>(tensor.columns() * tensor.rows()));
  Dequantize(tensor.type, bytes->data(), out.size(), out.data());
  return out;
}

Status Broken(const std::string& path, const std::string& why) {
  return {StatusCode::kInvalidModel, path + " cannot be used as an adapter: " + why + ". Export it again."};
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

namespace {

// The form in which PEFT saves: a length of 8 bytes, then JSON.
bool IsSafetensors(const std::string& path) {
  const Result<File> file = File::Open(path);
  uint8_t begin[9];
  return file.ok() && file->Read(0, begin).ok() && begin[8] == '{';
}

Status OpenError(const std::string& path, const Status& status) {
  if (status.code() == StatusCode::kNotAFile && std::filesystem::is_directory(ToPath(path))) {
    return {StatusCode::kNotAFile,
            path +
                " is a folder. Name the adapter's GGUF file; llama.cpp's convert_lora_to_gguf.py "
                "makes one of a folder that PEFT has saved."};
  }
  if (status.code() != StatusCode::kInvalidModel) return status;
  if (IsSafetensors(path)) {
    return {StatusCode::kUnsupportedModel, path +
                                               " is an adapter in the form of PEFT. Convert it with llama.cpp's "
                                               "convert_lora_to_gguf.py and name the GGUF file."};
  }
  return Broken(path, "it is damaged, or no GGUF file");
}

// Scale and numbers of one pair, whose shapes have been checked.
Result<LoraFile::Pair> ReadPair(const GgufFile& file, const TensorInfo& a, const TensorInfo& b, double alpha) {
  LoraFile::Pair pair;
  pair.rank = static_cast<size_t>(a.rows());
  pair.in = static_cast<size_t>(a.columns());
  pair.out = static_cast<size_t>(b.rows());
  pair.scale = static_cast<float>(alpha) / static_cast<float>(pair.rank);
  for (const auto& [tensor, values] : {std::pair(&a, &pair.a), std::pair(&b, &pair.b)}) {
    Result<std::vector<float>> read = Floats(file, *tensor);
    if (!read.ok()) return read.status();
    *values = read.Take();
    if (!std::all_of(values->begin(), values->end(), [](float v) { return std::isfinite(v); }))
      return Broken(file.path(), "the tensor " + std::string(tensor->name) + " has values that are no numbers");
  }
  return pair;
}

}  // namespace

Result<LoraFile> LoraFile::Open(const std::string& path) {
  const Result<GgufFile> file = GgufFile::Open(path);
  if (!file.ok()) return OpenError(path, file.status());
  if (file->GetString("general.type").value_or("model") != "adapter" ||
      file->GetString("adapter.type").value_or("lora") != "lora") {
    return Broken(path, "it is a GGUF file of another kind");
  }
  LoraFile out;
  out.path_ = path;
  out.architecture_ = std::string(file->GetString("general.architecture").value_or(""));
  const std::optional<double> alpha = file->GetFloat("adapter.lora.alpha");
  if (!alpha || !std::isfinite(*alpha)) return Broken(path, "it does not say its alpha");
  if (*alpha == 0) {
    return Broken(path, "its alpha is 0, which means no effect to some programs and the full effect to others");
  }
  for (const TensorInfo& a : file->tensors()) {
    if (!a.name.ends_with(kA)) continue;
    const std::string name(a.name.substr(0, a.name.size() - kA.size()));
    std::string other = name;
    other += kB;
    const TensorInfo* b = file->FindTensor(other);
    if (b == nullptr || b->columns() != a.rows() || a.rows() < 1 || a.rows() > kMaxLoraRank) {
      return Broken(path, "the two matrices for " + name + " do not fit each other");
    }
    Result<Pair> pair = ReadPair(*file, a, *b, *alpha);
    if (!pair.ok()) return pair.status();
    out.pairs_.emplace(name, pair.Take());
  }
  if (out.pairs_.empty() || out.pairs_.size() * 2 != file->tensors().size()) {
    return Broken(path, "it has no pairs of matrices, or something besides them");
  }
  return out;
}

Status LoraFile::Write(const std::string& path, const Lora& lora, const Hyperparameters& h) {
  const size_t rank = lora.options().rank;
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
    const size_t in = pair->in, out = pair->out;
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
  const auto refused = [this](const std::string& why) -> Status {
    return {StatusCode::kInvalidArgument, "The adapter " + path_ + " does not fit this model: " + why + "."};
  };
  const std::string other = " It was trained on another model; give that one";
  const std::string_view architecture = model.GetString("general.architecture").value_or("");
  if (architecture != architecture_) {
    return refused("it is for the family \"" + architecture_ + "\", the model is of \"" +
                   std::string(architecture.substr(0, 40)) + "\"." + other);
  }
  const bool tied = model.FindTensor("output.weight") == nullptr;
  for (const auto& [name, pair] : pairs_) {
    if (name == "token_embd.weight" || (name == "output.weight" && tied)) {
      return refused("it changes " + name +
                     ", and here the embedding, and an output head that is the embedding, stay "
                     "as they are. Train an adapter without embed_tokens and lm_head");
    }
    const TensorInfo* tensor = model.FindTensor(name);
    if (tensor == nullptr) return refused("it changes " + name + ", which the model does not have." + other);
    if (tensor->columns() != pair.in || tensor->rows() != pair.out) {
      return refused("for " + name + " it has " + std::to_string(pair.in) + " x " + std::to_string(pair.out) +
                     ", the model " + std::to_string(tensor->columns()) + " x " + std::to_string(tensor->rows()) + "." +
                     other);
    }
  }
  return Status::Ok();
}

const LoraFile::Pair* LoraFile::Find(std::string_view tensor) const {
  const auto found = pairs_.find(tensor);
  return found == pairs_.end() ? nullptr : &found->second;
}

}  // namespace paddock
