#include "runtime/load_plan.h"

#include <algorithm>

#include "kernels/cpu_features.h"
#include "kernels/dispatch.h"
#include "model/forward.h"
#include "model/weights.h"
#include "ops/cpu_topology.h"
#include "ops/thread_pool.h"
#include "runtime/sampler.h"
#include "runtime/thread_choice.h"
#include "tokenizer/tokenizer.h"

namespace paddock {
namespace {

constexpr int kDefaultContext = 8192;
constexpr int kMinContext = 64;

// A requested thread count is used as it is, up to the number of CPUs.
void ChooseCandidates(const LoadOptions& options, LoadPlan* plan) {
  plan->threads = options.oversubscribe && options.threads > 0 ? options.threads
                                                               : PlanThreads(options.threads, options.leave_one_core);
  const bool as_asked = options.threads > 0 && plan->threads == options.threads;
  plan->candidates = {plan->threads};
  if (!as_asked) plan->candidates = ThreadCandidates(plan->threads, PerformanceCores());
}

}  // namespace

std::string Quantization(const GgufFile& file) {
  uint64_t bytes[64] = {}, best = 0;
  TensorType type = TensorType::kF32;
  for (const TensorInfo& t : file.tensors()) {
    if (t.dimensions < 2) continue;
    uint64_t& sum = bytes[static_cast<uint32_t>(t.type)];
    sum += t.bytes;
    if (sum > best) {
      best = sum;
      type = t.type;
    }
  }
  // general.file_type of recipes (ggml docs, gguf.md).
  switch (file.GetUint("general.file_type").value_or(~0ull)) {
    case 14: return "Q4_K_S";
    case 15: return "Q4_K_M";
    case 16: return "Q5_K_S";
    case 17: return "Q5_K_M";
    default: return Traits(type).name;
  }
}

uint64_t Parameters(const GgufFile& file) {
  uint64_t count = 0;
  for (const TensorInfo& t : file.tensors()) count += t.columns() * t.rows();
  return count;
}

Result<LoadPlan> PlanLoad(const GgufFile& file, const LoadOptions& options) {
  LoadPlan plan;
  Result<Hyperparameters> h = ReadHyperparameters(file);
  if (!h.ok()) return h.status();
  plan.h = h.Take();
  Result<const KernelTable*> kernels = ChooseKernels(options.kernels);
  if (!kernels.ok()) return kernels.status();
  plan.kernels = *kernels;
  if (options.threads < 0 || options.threads > kMaxThreads) {
    return Status(StatusCode::kInvalidArgument,
                  "The number of threads must be 0 (automatic) to " + std::to_string(kMaxThreads) + ".");
  }
  ChooseCandidates(options, &plan);
  if (options.context_length != 0 &&
      (options.context_length < kMinContext || options.context_length > plan.h.trained_context)) {
    return Status(StatusCode::kInvalidArgument,
                  "The context length must be 0 (automatic) or " + std::to_string(kMinContext) + " to " +
                      std::to_string(plan.h.trained_context) + ", which this model was trained for.");
  }
  plan.context =
      options.context_length > 0 ? options.context_length : std::min(plan.h.trained_context, kDefaultContext);
  if (!KvFormat::Supports(plan.h, options.kv_type)) {
    return Status(StatusCode::kInvalidArgument, "The context of this model cannot be kept in 8 bits: its heads have " +
                                                    std::to_string(plan.h.head_dim) + " columns, and whole blocks of " +
                                                    std::to_string(kKvBlock) + " are needed. Use 16 bits.");
  }
  const Result<uint64_t> weights = WeightBytes(file, plan.h, *plan.kernels);
  if (!weights.ok()) return weights.status();
  plan.memory.weights = *weights + Tokenizer::MemoryBytes(file);
  plan.kv = KvFormat(plan.h, options.kv_type);
  plan.memory.kv_cache = static_cast<uint64_t>(KvFormat::Pages(plan.context)) * plan.kv.page_bytes();
  plan.memory.scratch =
      Forward::ScratchBytes(plan.h, *plan.kernels, plan.threads, plan.context) + Sampler::MostBytes(plan.h.vocabulary);
  plan.memory.prefix_cache = options.prefix_cache_bytes.value_or(DefaultPrefixCacheBytes());
  plan.memory.total = plan.memory.weights + plan.memory.kv_cache + plan.memory.scratch + plan.memory.prefix_cache;
  return plan;
}

uint64_t DefaultPrefixCacheBytes() {
  return std::min<uint64_t>(uint64_t{512} << 20, DetectMemory().total / 32);
}

Inspection Inspect(const GgufFile& file, const LoadOptions& options) {
  Inspection out;
  out.architecture = std::string(file.GetString("general.architecture").value_or("unknown").substr(0, 40));
  out.quantization = Quantization(file);
  out.parameters = Parameters(file);
  out.trained_context_length =
      static_cast<int>(std::min<uint64_t>(file.GetUint(out.architecture + ".context_length").value_or(0), 1 << 30));
  LoadOptions within = options;
  if (options.context_length > 0) {
    within.context_length = std::max(kMinContext, std::min(options.context_length, out.trained_context_length));
  }
  const Result<LoadPlan> plan = PlanLoad(file, within);
  if (!plan.ok()) {
    out.unsupported = plan.status();
    return out;
  }
  out.context_length = plan->context;
  if (const Status tokenizer = Tokenizer::Check(file, plan->h.vocabulary); !tokenizer.ok()) {
    out.unsupported = tokenizer;
    return out;
  }
  out.memory = plan->memory;
  return out;
}

}  // namespace paddock
