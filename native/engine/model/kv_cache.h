// Keys and values of one sequence, in half precision.
//
// Keys lie in panels of kKeyPanel positions, [layer][kv head][position / kKeyPanel][head_dim][kKeyPanel], so that
// scores need no transposition; values as [layer][kv head][position][head_dim].
//
// Blocks of kBlockTokens positions can be copied out and in. They are whole panels and never straddle a segment, and
// keys are stored rotated for their absolute position, so a block that comes back holds the bits that computing it
// would give.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/buffer.h"
#include "kernels/kernel_table.h"
#include "model/architecture.h"

namespace paddock {

// Tokens whose keys and values are kept and restored together.
inline constexpr int kBlockTokens = 64;
static_assert(kBlockTokens % kKeyPanel == 0 && kSegmentKeys % kBlockTokens == 0);

class KvCache {
 public:
  // Positions are rounded up to whole segments.
  static uint64_t Bytes(const Hyperparameters& h, int context) { return 2 * SideBytes(h, context); }

  bool Allocate(const Hyperparameters& h, int context) {
    capacity_ = Capacity(context);
    layers_ = h.layers;
    head_dim_ = h.head_dim;
    kv_heads_ = h.kv_heads;
    return keys_.Allocate(SideBytes(h, context)) && values_.Allocate(SideBytes(h, context));
  }

  // `position` is a multiple of kKeyPanel.
  uint16_t* KeyPanel(int layer, int kv_head, int position) const {
    return keys_.as<uint16_t>() + Offset(layer, kv_head) +
           static_cast<size_t>(position) * static_cast<size_t>(head_dim_);
  }
  uint16_t* Value(int layer, int kv_head, int position) const {
    return values_.as<uint16_t>() + Offset(layer, kv_head) +
           static_cast<size_t>(position) * static_cast<size_t>(head_dim_);
  }

  // Keys and values of one block, all layers.
  static uint64_t BlockBytes(const Hyperparameters& h) {
    return uint64_t{4} * kBlockTokens * static_cast<uint64_t>(h.layers) * static_cast<uint64_t>(h.kv_rows());
  }
  // `position`, a multiple of kBlockTokens, is the first of the block; `out` and `in` have BlockBytes().
  void ReadBlock(int position, uint8_t* out) const {
    EachRun(position, [&](uint16_t* run, size_t bytes) {
      std::memcpy(out, run, bytes);
      out += bytes;
    });
  }
  void WriteBlock(int position, const uint8_t* in) {
    EachRun(position, [&](uint16_t* run, size_t bytes) {
      std::memcpy(run, in, bytes);
      in += bytes;
    });
  }

 private:
  // Calls copy(memory, bytes) for each contiguous part of a block, in the order in which blocks are stored.
  template <typename Copy>
  void EachRun(int position, Copy copy) const {
    const size_t bytes = size_t{2} * kBlockTokens * static_cast<size_t>(head_dim_);
    for (int layer = 0; layer < layers_; ++layer) {
      for (int head = 0; head < kv_heads_; ++head) {
        copy(KeyPanel(layer, head, position), bytes);
        copy(Value(layer, head, position), bytes);
      }
    }
  }

  static int Capacity(int context) { return (context + kSegmentKeys - 1) / kSegmentKeys * kSegmentKeys; }
  static uint64_t SideBytes(const Hyperparameters& h, int context) {
    return static_cast<uint64_t>(h.layers) * static_cast<uint64_t>(h.kv_rows()) *
           static_cast<uint64_t>(Capacity(context)) * 2;
  }
  size_t Offset(int layer, int kv_head) const {
    return (static_cast<size_t>(layer) * static_cast<size_t>(kv_heads_) + static_cast<size_t>(kv_head)) *
           static_cast<size_t>(capacity_) * static_cast<size_t>(head_dim_);
  }

  Buffer keys_, values_;
  int capacity_ = 0, layers_ = 0, head_dim_ = 0, kv_heads_ = 0;
};

}  // namespace paddock
