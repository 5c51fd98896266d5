#include "train/lora.h"

#include <cmath>

#include "train/random.h"

namespace paddock {
namespace {

struct Target {
  const char* name;
  const char* tensor;
};
constexpr Target kTargets[kLoraTargets] = {{"q", "attn_q"},      {"k", "attn_k"},      {"v", "attn_v"},
                                           {"o", "attn_output"}, {"gate", "ffn_gate"}, {"up", "ffn_up"},
                                           {"down", "ffn_down"}};

Status Invalid(std::string what) {
  return {StatusCode::kInvalidArgument, std::move(what)};
}

}  // namespace

std::string_view LoraTargetName(LoraTarget target) {
  return kTargets[static_cast<int>(target)].name;
}

std::string LoraTensorName(LoraTarget target, int layer) {
  std::string name = "blk.";
  name += std::to_string(layer);
  name += ".";
  name += kTargets[static_cast<int>(target)].tensor;
  name += ".weight";
  return name;
}

MatrixShape LoraTargetShape(LoraTarget target, const Hyperparameters& h) {
  switch (target) {
    case LoraTarget::kQ: return {h.q_rows(), h.embedding};
    case LoraTarget::kK:
    case LoraTarget::kV: return {h.kv_rows(), h.embedding};
    case LoraTarget::kO: return {h.embedding, h.q_rows()};
    case LoraTarget::kGate:
    case LoraTarget::kUp: return {h.ffn, h.embedding};
    case LoraTarget::kDown: return {h.embedding, h.ffn};
  }
  return {0, 0};
}

Status CheckLoraOptions(const LoraOptions& options, const Hyperparameters& h) {
  if (options.rank < 1 || options.rank > kMaxLoraRank) {
    return Invalid("The rank of an adapter must be between 1 and " + std::to_string(kMaxLoraRank) + ".");
  }
  if (!(options.alpha > 0) || !std::isfinite(options.alpha)) return Invalid("Alpha must be a positive number.");
  if (!(options.dropout >= 0) || !(options.dropout < 1)) return Invalid("Dropout must be at least 0 and below 1.");
  if (options.first_layer < 0 || options.first_layer >= h.layers) {
    return Invalid("This model has " + std::to_string(h.layers) + " layers; that leaves none to train.");
  }
  bool any = false;
  for (bool target : options.targets) any = any || target;
  if (!any) return Invalid("Name at least one matrix to train: q, k, v, o, gate, up or down.");
  return Status::Ok();
}

Lora::Lora(const LoraOptions& options, const Hyperparameters& h) : options_(options) {
  pairs_.resize(static_cast<size_t>(h.layers) * kLoraTargets);
  for (int layer = options.first_layer; layer < h.layers; ++layer) {
    for (int t = 0; t < kLoraTargets; ++t) {
      const auto target = static_cast<LoraTarget>(t);
      if (!Has(layer, target)) continue;
      const MatrixShape shape = LoraTargetShape(target, h);
      Pair& pair = pairs_[static_cast<size_t>(layer) * kLoraTargets + static_cast<size_t>(t)];
      pair.in = shape.columns;
      pair.out = shape.rows;
      pair.a = size_;
      size_ += static_cast<size_t>(options.rank) * static_cast<size_t>(pair.in);
      pair.b = size_;
      size_ += static_cast<size_t>(options.rank) * static_cast<size_t>(pair.out);
    }
  }
}

void Lora::Initialize() {
  values_.resize(size_);
  const uint64_t key = MixKey(options_.seed, 0x6c6f7261);
  for (const Pair& pair : pairs_) {
    if (pair.in == 0) continue;
    const float bound = 1.0f / std::sqrt(static_cast<float>(pair.in));
    for (size_t i = pair.a; i < pair.b; ++i) values_[i] = bound * (2 * UniformAt(key, i) - 1);
    for (size_t i = pair.b; i < pair.b + static_cast<size_t>(options_.rank) * static_cast<size_t>(pair.out); ++i)
      values_[i] = 0;
  }
}

}  // namespace paddock
