#include "runtime/quantize_file.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/half.h"
#include "gguf/gguf_writer.h"
#include "kernels/dispatch.h"
#include "ops/thread_pool.h"
#include "quant/dequantize.h"
#include "quant/quantize.h"

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

// One tensor's rows from its type to another, a stretch of them at a time.
class Converter {
 public:
  Converter(const TensorInfo& tensor, const LoraFile::Pair* adapter, const float* importance, TensorType to,
            const FitTable& fits, ThreadPool* pool)
      : tensor_(tensor), adapter_(adapter), importance_(importance), to_(to), fits_(fits), pool_(*pool) {
    row_bytes_ = RowBytes(to, columns());
    piece_ = std::max<size_t>(1, kPieceElements / columns());
    stretch_ = std::max<size_t>(1, kStretchBytes / (columns() * sizeof(float)));
    out_.resize(stretch_ * row_bytes_);
    error_.resize(static_cast<size_t>(pool_.size()));
    power_.resize(error_.size());
  }

  size_t rows() const { return static_cast<size_t>(tensor_.rows()); }
  size_t stretch() const { return stretch_; }

  // False when cancelled or when a weight is no number.
  bool Convert(size_t begin, size_t count, const std::atomic<bool>* cancel) {
    std::atomic<bool> sound{true};
    const int pieces = static_cast<int>((count + piece_ - 1) / piece_);
    pool_.Run(cancel, [&](int thread) {
      std::vector<float> x(piece_ * columns()), back(piece_ * columns());
      for (int piece; (piece = pool_.Claim(thread, pieces)) < pieces;) {
        const size_t at = static_cast<size_t>(piece) * piece_, n = std::min(piece_, count - at);
        if (!ConvertRows(begin + at, n, out_.data() + at * row_bytes_, thread, x.data(), back.data()))
          sound.store(false, std::memory_order_relaxed);
      }
    });
    return sound.load();
  }
  std::span<const uint8_t> result(size_t count) const { return {out_.data(), count * row_bytes_}; }
  double error() const { return Sum(error_); }
  double power() const { return Sum(power_); }

 private:
  static constexpr size_t kStretchBytes = size_t{16} << 20;
  static constexpr size_t kPieceElements = 8192;  // what x, its weights and its codes fill of a cache

  size_t columns() const { return static_cast<size_t>(tensor_.columns()); }
  static double Sum(const std::vector<double>& v) {
    double sum = 0;
    for (const double x : v) sum += x;
    return sum;
  }

  void Read(size_t row, float* x) const {
    const uint8_t* source = tensor_.data.data() + row * RowBytes(tensor_.type, columns());
    if (tensor_.type == TensorType::kF16 && columns() % 16 == 0) {
      fits_.widen(reinterpret_cast<const uint16_t*>(source), static_cast<int>(columns()), x);
    } else {
      Dequantize(tensor_.type, source, columns(), x);
    }
    if (adapter_ != nullptr) adapter_->AddRow(row, x);
  }

  bool ConvertRows(size_t row, size_t count, uint8_t* out, int thread, float* x, float* back) {
    const size_t elements = count * columns();
    for (size_t i = 0; i < count; ++i) Read(row + i, x + i * columns());
    // A sum of what is no number is none either.
    if (!std::isfinite(Power(x, elements))) {
      for (size_t i = 0; i < elements; ++i) {
        if (!std::isfinite(x[i])) return false;
      }
    }
    if (to_ == TensorType::kF32) {
      std::copy_n(reinterpret_cast<const uint8_t*>(x), 4 * elements, out);
    } else if (to_ == TensorType::kF16) {
      for (size_t i = 0; i < elements; ++i) {
        const uint16_t half = FloatToHalf(std::clamp(x[i], -65504.0f, 65504.0f));
        std::copy_n(reinterpret_cast<const uint8_t*>(&half), 2, out + 2 * i);
      }
    } else {
      QuantizeRows(fits_, to_, x, importance_, count, columns(), out);
    }
    Dequantize(to_, out, elements, back);
    for (size_t i = 0; i < elements; ++i) back[i] -= x[i];
    error_[static_cast<size_t>(thread)] += Power(back, elements);
    power_[static_cast<size_t>(thread)] += Power(x, elements);
    return true;
  }

  // The sum of squares, in parts, so that the compiler may use vectors.
  static double Power(const float* x, size_t n) {
    constexpr size_t kParts = 16, kRun = 512;
    double total = 0;
    for (size_t at = 0; at < n; at += kRun) {
      const size_t end = std::min(at + kRun, n), whole = at + (end - at) / kParts * kParts;
      float sum[kParts] = {};
      for (size_t i = at; i < whole; i += kParts) {
        for (size_t j = 0; j < kParts; ++j) sum[j] += x[i + j] * x[i + j];
      }
      for (size_t i = whole; i < end; ++i) sum[0] += x[i] * x[i];
      for (const float part : sum) total += static_cast<double>(part);
    }
    return total;
  }

  const TensorInfo& tensor_;
  const LoraFile::Pair* const adapter_;  // may be null
  const float* const importance_;        // may be null
  const TensorType to_;
  const FitTable& fits_;
  ThreadPool& pool_;
  size_t row_bytes_ = 0, stretch_ = 0;
  size_t piece_ = 0;  // rows that a thread converts together
  std::vector<uint8_t> out_;
  std::vector<double> error_, power_;  // [thread]
};

struct Step {
  const TensorInfo* tensor;
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
    steps.push_back({&tensor, *to, CanQuantize(*to) ? *weights : nullptr});
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
  const bool few_bits = type != TensorType::kQ8_0 && type != TensorType::kF16;
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

Result<QuantizeReport> QuantizeFile(const GgufFile& source, const LoraFile* adapter, const Importance* importance,
                                    const std::string& path, const std::string& mixture, int threads,
                                    const std::atomic<bool>* cancel, const std::function<void(double)>& progress) {
  const Mixture* found = Find(mixture);
  if (found == nullptr) return TypeInMixture(mixture, {}, -1, {}, false).status();
  Result<std::vector<Step>> planned = PlanSteps(source, *found, importance);
  if (!planned.ok()) return planned.status();
  const std::vector<Step> steps = planned.Take();
  if (adapter != nullptr) PADDOCK_RETURN_IF_ERROR(adapter->Fits(source));

  Result<const KernelTable*> chosen = ChooseKernels("");
  if (!chosen.ok()) return chosen.status();
  const KernelTable* kernels = *chosen;

  QuantizeReport report;
  std::vector<GgufWriter::Tensor> headers;
  std::map<std::string, uint64_t> types;
  uint64_t total = 0, matrix_bytes = 0, matrix_elements = 0;
  for (const auto& [tensor, to, weights] : steps) {
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
      path, &source, {{"general.file_type", found->file_type}, {"general.quantization_version", uint32_t{2}}}, headers);
  if (!created.ok()) return created.status();
  GgufWriter writer = created.Take();
  ThreadPool pool(threads);
  double error = 0, power = 0;
  uint64_t done = 0;
  for (const auto& [tensor, to, weights] : steps) {
    const LoraFile::Pair* pair = adapter == nullptr ? nullptr : adapter->Find(tensor->name);
    if (to == tensor->type && pair == nullptr) {
      PADDOCK_RETURN_IF_ERROR(writer.Write(tensor->data));
    } else {
      Converter converter(*tensor, pair, weights, to, *kernels->fits, &pool);
      for (size_t begin = 0; begin < converter.rows(); begin += converter.stretch()) {
        const size_t count = std::min(converter.stretch(), converter.rows() - begin);
        const bool sound = converter.Convert(begin, count, cancel);
        if (cancel != nullptr && cancel->load()) return Status(Code::kCancelled, "Quantizing was cancelled.");
        if (!sound) {
          return Status(Code::kInvalidModel, "The tensor " + std::string(tensor->name) +
                                                 " has weights that are no numbers. Download the model again.");
        }
        PADDOCK_RETURN_IF_ERROR(writer.Write(converter.result(count)));
        if (progress) {
          const double part = static_cast<double>(begin + count) * static_cast<double>(tensor->columns());
          progress((static_cast<double>(done) + part) / static_cast<double>(total));
        }
      }
      error += converter.error();
      power += converter.power();
    }
    PADDOCK_RETURN_IF_ERROR(writer.EndTensor());
    done += tensor->columns() * tensor->rows();
    report.bytes += RowBytes(to, static_cast<size_t>(tensor->columns())) * tensor->rows();
  }
  PADDOCK_RETURN_IF_ERROR(writer.Finish());
  if (progress) progress(1);
  report.source_bytes = source.file_bytes();
  report.relative_error = power > 0 ? std::sqrt(error / power) : 0;
  return report;
}

}  // namespace paddock
