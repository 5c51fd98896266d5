// Keys and values of one sequence, in half precision.
//
// Keys lie in panels of kKeyPanel positions, [layer][kv head][position / kKeyPanel][head_dim][kKeyPanel], so that
// scores need no transposition; values as [layer][kv head][position][head_dim].
#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "kernels/kernel_table.h"
#include "model/architecture.h"

namespace paddock {

class KvCache {
 public:
  // Positions are rounded up to whole segments.
  static uint64_t Bytes(const Hyperparameters& h, int context) { return 2 * SideBytes(h, context); }

  bool Allocate(const Hyperparameters& h, int context) {
    capacity_ = Capacity(context);
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

 private:
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
  int capacity_ = 0, head_dim_ = 0, kv_heads_ = 0;
};

}  // namespace paddock
