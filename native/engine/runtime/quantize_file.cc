#include "runtime/quantize_file.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "gguf/gguf_writer.h"
#include "kernels/dispatch.h"
#include "model/architecture.h"
#include "ops/thread_pool.h"
#include "quant/finite.h"
#include "quant/quantize.h"
#include "runtime/convert_rows.h"
#include "runtime/write_behind.h"

namespace paddock {
namespace {

struct Recipe {
  const char* name;
  TensorType type;
  uint32_t file_type;  // general.file_type
};
constexpr Recipe kRecipes[] = {
    {"Q4_0", TensorType::kQ4_0, 2},    {"Q4_1", TensorType::kQ4_1, 3},    {"IQ4_NL", TensorType::kIQ4_NL, 25},
    {"Q4_K_S", TensorType::kQ4_K, 14}, {"Q4_K_M", TensorType::kQ4_K, 15}, {"Q5_K_M", TensorType::kQ5_K, 17},
    {"Q6_K", TensorType::kQ6_K, 18},   {"Q8_0", TensorType::kQ8_0, 7},    {"F16", TensorType::kF16, 1},
    {"BF16", TensorType::kBF16, 32},   {"F32", TensorType::kF32, 0},
};

const Recipe* Find(std::string_view name) {
  for (const Recipe& recipe : kRecipes) {
    if (name == recipe.name) return &recipe;
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

Result<std::vector<Step>> PlanSteps(const GgufFile& source, const Recipe& recipe, const Importance* importance) {
  RecipeInput model;
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
    const Result<TensorType> to = TypeInRecipe(recipe.name, tensor, LayerOf(tensor.name), model, head);
    if (!to.ok()) return to.status();
    Result<const float*> weights = nullptr;
    if (importance != nullptr) weights = importance->Find(tensor.name, tensor.columns());
    if (!weights.ok()) return weights.status();
    steps.push_back({&tensor, steps.size(), *to, CanQuantize(*to) ? *weights : nullptr});
  }
  return steps;
}

}  // namespace

const std::vector<std::string>& Recipes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Recipe& recipe : kRecipes) out.emplace_back(recipe.name);
    return out;
  }();
  return names;
}

Result<TensorType> TypeInRecipe(std::string_view name, const TensorInfo& tensor, int layer, const RecipeInput& model,
                                bool head) {
  const Recipe* recipe = Find(name);
  if (recipe == nullptr) {
    std::string choices;
    for (const std::string& choice : Recipes()) choices += (choices.empty() ? "" : ", ") + choice;
    return Status(StatusCode::kInvalidArgument,
                  "There is no type \"" + std::string(name.substr(0, 40)) + "\". Choose one of: " + choices + ".");
  }
  if (tensor.dimensions < 2 || tensor.name.ends_with("_norm.weight") || tensor.columns() < 32) return tensor.type;
  TensorType type = recipe->type;
  const std::string_view mix = recipe->name;
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

namespace {

// What the plan says before anything is written, and the headers of the new tensors.
QuantizeReport ReportOf(const std::vector<Step>& steps, std::vector<GgufWriter::Tensor>* headers) {
  QuantizeReport report;
  std::map<std::string, uint64_t> types;
  uint64_t matrix_bytes = 0, matrix_elements = 0;
  for (const auto& [tensor, number, to, weights] : steps) {
    const uint64_t elements = tensor->columns() * tensor->rows();
    const uint64_t bytes = tensor->rows() * RowBytes(to, tensor->columns());
    headers->push_back({tensor->name, to, {}, tensor->dimensions, bytes});
    std::copy_n(tensor->shape, 4, headers->back().shape);
    report.parameters += elements;
    report.bytes += bytes;
    ++types[Traits(to).name];
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
  return report;
}

// Writes tensors one after another, and knows how far it is.
class TensorWriter {
 public:
  TensorWriter(const QuantizeSource& source, GgufWriter* writer, int threads, const FitTable& fits,
               const std::atomic<bool>* cancel, const std::function<void(double)>& progress, uint64_t elements)
      : source_(source),
        pool_(threads),
        behind_(writer),
        fits_(fits),
        cancel_(cancel),
        progress_(progress),
        elements_(static_cast<double>(elements)) {}

  Status Write(const Step& step, const LoraFile::Pair* pair) {
    const TensorRows& rows = source_.rows(step.number);
    const bool same = step.to == rows.type && rows.heads == 0 && pair == nullptr;
    PADDOCK_RETURN_IF_ERROR(same ? Copy(step, rows) : Convert(step, rows, pair));
    done_ += static_cast<double>(step.tensor->columns() * step.tensor->rows());
    return Status::Ok();
  }
  Status Finish() { return behind_.Wait(); }

  // Root of the squared error of all converted weights, relative to the weights.
  double relative_error() const { return power_ > 0 ? std::sqrt(error_ / power_) : 0; }

 private:
  Status Copy(const Step& step, const TensorRows& rows) {
    const size_t block = Traits(rows.type).block_bytes, stretch = kCopiedBytes / block * block;
    std::vector<uint8_t> bytes;
    for (uint64_t at = 0; at < rows.bytes;) {
      const size_t size = std::min<uint64_t>(stretch, rows.bytes - at);
      bytes.resize(size);
      PADDOCK_RETURN_IF_ERROR(rows.Read(at, bytes));
      if (!AllFinite(rows.type, bytes.data(), size)) return NoNumbers(*step.tensor);
      at += size;
      const double part = static_cast<double>(at) / static_cast<double>(rows.bytes);
      PADDOCK_RETURN_IF_ERROR(Pass(step, &bytes, size, at == rows.bytes, part));
    }
    return Status::Ok();
  }

  Status Convert(const Step& step, const TensorRows& rows, const LoraFile::Pair* pair) {
    RowConverter converter(*step.tensor, rows, pair, step.importance, step.to, fits_, &pool_);
    for (size_t begin = 0; begin < converter.rows(); begin += converter.stretch()) {
      const size_t count = std::min(converter.stretch(), converter.rows() - begin);
      PADDOCK_RETURN_IF_ERROR(converter.Convert(begin, count, cancel_));
      const double part = static_cast<double>(begin + count) / static_cast<double>(converter.rows());
      PADDOCK_RETURN_IF_ERROR(
          Pass(step, converter.result(), count * converter.row_bytes(), begin + count == converter.rows(), part));
    }
    if (step.to == step.tensor->type && pair == nullptr) return Status::Ok();
    error_ += converter.error();
    power_ += converter.power();
    return Status::Ok();
  }

  // Has a stretch written, up to which `part` of the tensor is done.
  Status Pass(const Step& step, std::vector<uint8_t>* bytes, size_t size, bool last, double part) {
    if (cancel_ != nullptr && cancel_->load()) return {StatusCode::kCancelled, "Quantizing was cancelled."};
    PADDOCK_RETURN_IF_ERROR(behind_.Write(bytes, size, last));
    const double elements = static_cast<double>(step.tensor->columns() * step.tensor->rows());
    if (progress_) progress_((done_ + part * elements) / elements_);
    return Status::Ok();
  }

  static constexpr size_t kCopiedBytes = size_t{4} << 20;

  const QuantizeSource& source_;
  ThreadPool pool_;
  WriteBehind behind_;
  const FitTable& fits_;
  const std::atomic<bool>* const cancel_;
  const std::function<void(double)>& progress_;
  const double elements_;
  double done_ = 0, error_ = 0, power_ = 0;
};

// A part of a model is no model: what the other parts have would be missing.
Status CheckWhole(const GgufFile& header) {
  const uint64_t parts = header.GetUint("split.count").value_or(1);
  if (parts <= 1) return Status::Ok();
  return SplitFile(header.GetUint("split.no").value_or(0) + 1, parts);
}

}  // namespace

Result<QuantizeReport> QuantizeFile(const QuantizeSource& source, const LoraFile* adapter, const Importance* importance,
                                    const std::string& path, const std::string& recipe, int threads,
                                    const std::atomic<bool>* cancel, const std::function<void(double)>& progress) {
  const Recipe* found = Find(recipe);
  if (found == nullptr) return TypeInRecipe(recipe, {}, -1, {}, false).status();
  PADDOCK_RETURN_IF_ERROR(CheckWhole(source.header()));
  const Result<std::vector<Step>> steps = PlanSteps(source.header(), *found, importance);
  if (!steps.ok()) return steps.status();
  if (adapter != nullptr) PADDOCK_RETURN_IF_ERROR(adapter->Fits(source.header()));
  const Result<const KernelTable*> kernels = ChooseKernels("");
  if (!kernels.ok()) return kernels.status();
  std::vector<GgufWriter::Tensor> headers;
  QuantizeReport report = ReportOf(*steps, &headers);
  Result<GgufWriter> created = GgufWriter::Create(
      path, &source.header(), {{"general.file_type", found->file_type}, {"general.quantization_version", uint32_t{2}}},
      headers);
  if (!created.ok()) return created.status();
  GgufWriter writer = created.Take();
  TensorWriter tensors(source, &writer, threads, *(*kernels)->fits, cancel, progress, report.parameters);
  for (const Step& step : *steps)
    PADDOCK_RETURN_IF_ERROR(tensors.Write(step, adapter == nullptr ? nullptr : adapter->Find(step.tensor->name)));
  PADDOCK_RETURN_IF_ERROR(tensors.Finish());
  PADDOCK_RETURN_IF_ERROR(writer.Finish());
  if (progress) progress(1);
  report.source_bytes = source.bytes();
  report.relative_error = tensors.relative_error();
  return report;
}

}  // namespace paddock
