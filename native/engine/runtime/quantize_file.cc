#include "runtime/quantize_file.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "gguf/gguf_writer.h"
#include "kernels/dispatch.h"
#include "ops/thread_pool.h"
#include "quant/quantize.h"
#include "runtime/convert_rows.h"
#include "runtime/write_behind.h"

namespace paddock {
namespace {

struct Mixture {
  const char* name;
  TensorType type;
  uint32_t file_type;  // general.file_type
};
constexpr Mixture kMixtures[] = {
    {"Q4_0", TensorType::kQ4_0, 2},    {"Q4_1", TensorType::kQ4_1, 3},    {"IQ4_NL", TensorType::kIQ4_NL, 25},
    {"Q4_K_S", TensorType::kQ4_K, 14}, {"Q4_K_M", TensorType::kQ4_K, 15}, {"Q5_K_M", TensorType::kQ5_K, 17},
    {"Q6_K", TensorType::kQ6_K, 18},   {"Q8_0", TensorType::kQ8_0, 7},    {"F16", TensorType::kF16, 1},
    {"BF16", TensorType::kBF16, 32},   {"F32", TensorType::kF32, 0},
};

const Mixture* Find(std::string_view name) {
  for (const Mixture& mixture : kMixtures) {
    if (name == mixture.name) return &mixture;
  }
  return nullptr;
}

TensorType WithFallback(TensorType type, uint64_t columns) {
  if (columns % static_cast<uint64_t>(Traits(type).block_elements) == 0) return type;
  switch (type) {
    case TensorType::kQ4_K: type = TensorType::kQ5_0; break;
    case TensorType::kQ5_K: type = TensorType::kQ5_1; break;
    case TensorType::kQ6_K: type = TensorType::kQ8_0; break;
    default: break;
  }
  return columns % static_cast<uint64_t>(Traits(type).block_elements) == 0 ? type : TensorType::kF16;
}

// The number in "blk.7.attn_v.weight", or -1.
int LayerOf(std::string_view name) {
  if (!name.starts_with("blk.")) return -1;
  int layer = 0;
  for (size_t i = 4; i < name.size() && name[i] != '.'; ++i) {
    if (name[i] < '0' || name[i] > '9' || layer > 9999) return -1;
    layer = 10 * layer + (name[i] - '0');
  }
  return layer;
}

struct Step {
  const TensorInfo* tensor;
  size_t number;
  TensorType to;
  const float* importance;  // may be null
};

Result<std::vector<Step>> PlanSteps(const GgufFile& source, const Mixture& mixture, const Importance* importance) {
  MixtureModel model;
  model.weighted = importance != nullptr;
  for (const TensorInfo& tensor : source.tensors()) model.layers = std::max(model.layers, LayerOf(tensor.name) + 1);
  const std::string architecture(source.GetString("general.architecture").value_or(""));
  const uint64_t heads = source.GetUint(architecture + ".attention.head_count").value_or(1);
  const uint64_t kv_heads = source.GetUint(architecture + ".attention.head_count_kv").value_or(heads);
  if (kv_heads > 0) model.group = static_cast<int>(std::min<uint64_t>(heads / kv_heads, 1024));
  const bool tied = source.FindTensor("output.weight") == nullptr;
  std::vector<Step> steps;
  for (const TensorInfo& tensor : source.tensors()) {
    const bool head = tensor.name == (tied ? "token_embd.weight" : "output.weight");
    const Result<TensorType> to = TypeInMixture(mixture.name, tensor, LayerOf(tensor.name), model, head);
    if (!to.ok()) return to.status();
    Result<const float*> weights = nullptr;
    if (importance != nullptr) weights = importance->Find(tensor.name, tensor.columns());
    if (!weights.ok()) return weights.status();
    steps.push_back({&tensor, steps.size(), *to, CanQuantize(*to) ? *weights : nullptr});
  }
  return steps;
}

}  // namespace

const std::vector<std::string>& Mixtures() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Mixture& mixture : kMixtures) out.emplace_back(mixture.name);
    return out;
  }();
  return names;
}

Result<TensorType> TypeInMixture(std::string_view name, const TensorInfo& tensor, int layer, const MixtureModel& model,
                                 bool head) {
  const Mixture* mixture = Find(name);
  if (mixture == nullptr) {
    std::string choices;
    for (const std::string& choice : Mixtures()) choices += (choices.empty() ? "" : ", ") + choice;
    return Status(Code::kInvalidArgument,
                  "There is no type \"" + std::string(name.substr(0, 40)) + "\". Choose one of: " + choices + ".");
  }
  if (tensor.dimensions < 2 || tensor.name.ends_with("_norm.weight") || tensor.columns() < 32) return tensor.type;
  TensorType type = mixture->type;
  const std::string_view mix = mixture->name;
  const bool few_bits = CanQuantize(type) && type != TensorType::kQ8_0;
  const bool value = tensor.name.ends_with("attn_v.weight"), down = tensor.name.ends_with("ffn_down.weight");
  if (head && few_bits) {
    type = TensorType::kQ6_K;
  } else if (layer >= 0 && (value || down)) {
    const int layers = model.layers, eighth = layers / 8;
    if (mix == "Q4_K_M" || mix == "Q5_K_M") {
      const bool more = layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
      if (more) type = TensorType::kQ6_K;
    } else if (mix == "Q4_0" && model.weighted && down && layer < eighth) {
      type = TensorType::kQ4_1;
    } else if (mix == "Q4_K_S" && ((value && layer < 4) || (down && layer < eighth))) {
      type = TensorType::kQ5_K;
    } else if (mix == "IQ4_NL" && ((value && model.group >= 4) || (down && layer < eighth && !model.weighted))) {
      type = TensorType::kQ5_K;
    }
  }
  return WithFallback(type, tensor.columns());
}

Result<QuantizeReport> QuantizeFile(const QuantizeSource& source, const LoraFile* adapter, const Importance* importance,
                                    const std::string& path, const std::string& mixture, int threads,
                                    const std::atomic<bool>* cancel, const std::function<void(double)>& progress) {
  const Mixture* found = Find(mixture);
  if (found == nullptr) return TypeInMixture(mixture, {}, -1, {}, false).status();
  Result<std::vector<Step>> planned = PlanSteps(source.header(), *found, importance);
  if (!planned.ok()) return planned.status();
  const std::vector<Step> steps = planned.Take();
  if (adapter != nullptr) PADDOCK_RETURN_IF_ERROR(adapter->Fits(source.header()));

  Result<const KernelTable*> chosen = ChooseKernels("");
  if (!chosen.ok()) return chosen.status();
  const KernelTable* kernels = *chosen;

  QuantizeReport report;
  std::vector<GgufWriter::Tensor> headers;
  std::map<std::string, uint64_t> types;
  uint64_t total = 0, matrix_bytes = 0, matrix_elements = 0;
  for (const auto& [tensor, number, to, weights] : steps) {
    const uint64_t elements = tensor->columns() * tensor->rows();
    const uint64_t bytes = tensor->rows() * RowBytes(to, static_cast<size_t>(tensor->columns()));
    headers.push_back({tensor->name, to, {}, tensor->dimensions, bytes});
    std::copy_n(tensor->shape, 4, headers.back().shape);
    report.parameters += elements;
    ++types[Traits(to).name];
    total += elements;
    if (tensor->dimensions >= 2) {
      matrix_bytes += bytes;
      matrix_elements += elements;
    }
    if (weights != nullptr) ++report.weighted;
    report.requantized = report.requantized || (to != tensor->type && CanQuantize(tensor->type));
  }
  report.types.assign(types.begin(), types.end());
  report.bits_per_weight =
      matrix_elements > 0 ? 8.0 * static_cast<double>(matrix_bytes) / static_cast<double>(matrix_elements) : 0;

  Result<GgufWriter> created = GgufWriter::Create(
      path, &source.header(), {{"general.file_type", found->file_type}, {"general.quantization_version", uint32_t{2}}},
      headers);
  if (!created.ok()) return created.status();
  GgufWriter writer = created.Take();
  ThreadPool pool(threads);
  WriteBehind behind(&writer);
  double error = 0, power = 0;
  uint64_t done = 0;
  for (const auto& [tensor, number, to, weights] : steps) {
    const LoraFile::Pair* pair = adapter == nullptr ? nullptr : adapter->Find(tensor->name);
    const TensorRows& rows = source.rows(number);
    if (to == rows.type && rows.heads == 0 && pair == nullptr) {
      PADDOCK_RETURN_IF_ERROR(behind.Wait());
      PADDOCK_RETURN_IF_ERROR(writer.Write(rows.data));
      PADDOCK_RETURN_IF_ERROR(writer.EndTensor());
    } else {
      RowConverter converter(*tensor, rows, pair, weights, to, *kernels->fits, &pool);
      for (size_t begin = 0; begin < converter.rows(); begin += converter.stretch()) {
        const size_t count = std::min(converter.stretch(), converter.rows() - begin);
        const bool sound = converter.Convert(begin, count, cancel);
        if (cancel != nullptr && cancel->load()) return Status(Code::kCancelled, "Quantizing was cancelled.");
        if (!sound) {
          return Status(Code::kInvalidModel, "The tensor " + std::string(tensor->name) +
                                                 " has weights that are no numbers. Download the model again.");
        }
        const bool last = begin + count == converter.rows();
        PADDOCK_RETURN_IF_ERROR(behind.Write(converter.result(), count * converter.row_bytes(), last));
        if (progress) {
          const double part = static_cast<double>(begin + count) * static_cast<double>(tensor->columns());
          progress((static_cast<double>(done) + part) / static_cast<double>(total));
        }
      }
      if (to != tensor->type || pair != nullptr) {
        error += converter.error();
        power += converter.power();
      }
    }
    source.Drop(number);
    done += tensor->columns() * tensor->rows();
    report.bytes += RowBytes(to, static_cast<size_t>(tensor->columns())) * tensor->rows();
  }
  PADDOCK_RETURN_IF_ERROR(behind.Wait());
  PADDOCK_RETURN_IF_ERROR(writer.Finish());
  if (progress) progress(1);
  report.source_bytes = source.bytes();
  report.relative_error = power > 0 ? std::sqrt(error / power) : 0;
  return report;
}

}  // namespace paddock
