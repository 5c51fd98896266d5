// Low-rank adapters (Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021): beside a frozen matrix W,
// y = W x + (alpha / rank) B A x with A [rank][in] and B [out][rank]. Only A and B are trained.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/architecture.h"

namespace paddock {

// The matrices of a layer, in the order of LayerWeights::matrices().
enum class LoraTarget { kQ, kK, kV, kO, kGate, kUp, kDown };
inline constexpr int kLoraTargets = 7;

// "q", "k", "v", "o", "gate", "up", "down"
std::string_view LoraTargetName(LoraTarget target);
// The tensor of a model file, e.g. "blk.3.attn_q.weight".
std::string LoraTensorName(LoraTarget target, int layer);

inline constexpr int kMaxLoraRank = 256;

struct LoraOptions {
  int rank = 8;         // 1 .. kMaxLoraRank
  float alpha = 16;     // scale * rank
  float dropout = 0;    // 0 <= dropout < 1, of the input of A, while training
  int first_layer = 0;  // layers before this one have no adapters
  std::array<bool, kLoraTargets> targets = {true, false, true, false, false, false, false};
  uint64_t seed = 0;

  float scale() const { return alpha / static_cast<float>(rank); }
};
Status CheckLoraOptions(const LoraOptions& options, const Hyperparameters& h);

// The trained numbers as one vector, and where each matrix lies in it. B is kept transposed, [rank][out], so that both
// are rank long rows.
class Lora {
 public:
  // Only says where everything lies; Initialize() makes the numbers.
  Lora(const LoraOptions& options, const Hyperparameters& h);

  struct Pair {
    int in = 0, out = 0;
    size_t a = 0, b = 0;  // offsets of [rank][in] and [rank][out]
  };

  const LoraOptions& options() const { return options_; }
  // Whether this matrix has an adapter.
  bool Has(int layer, LoraTarget target) const {
    return layer >= options_.first_layer && options_.targets[static_cast<int>(target)];
  }
  const Pair& At(int layer, LoraTarget target) const {
    return pairs_[static_cast<size_t>(layer) * kLoraTargets + static_cast<int>(target)];
  }

  // A uniform in +-1 / sqrt(in), as the reference implementation draws it (Kaiming with a = sqrt(5)), from the seed; B
  // zero, so that training begins at the base model.
  void Initialize();

  // Of the trained numbers.
  size_t size() const { return size_; }
  // Empty before Initialize().
  std::vector<float>& values() { return values_; }
  const std::vector<float>& values() const { return values_; }

 private:
  LoraOptions options_;
  std::vector<Pair> pairs_;
  size_t size_ = 0;
  std::vector<float> values_;
};

// Rows and columns of a matrix of the model.
struct MatrixShape {
  int rows, columns;
};
MatrixShape LoraTargetShape(LoraTarget target, const Hyperparameters& h);

}  // namespace paddock
