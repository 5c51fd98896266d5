// Keys and values of one sequence, in half precision or as bytes with scales.
//
// Keys lie in panels of kKeyPanel positions, [layer][kv head][position / kKeyPanel][head_dim][kKeyPanel], so that
// scores need no transposition; values as [layer][kv head][position][head_dim]; scales, which bytes need, as
// [layer][kv head][segment][head_dim / kKvBlock][kSegmentKeys].
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
  // Whether this type can hold the model's heads.
  static bool Supports(const Hyperparameters& h, KvType type) {
    return type == KvType::kF16 || h.head_dim % kKvBlock == 0;
  }

  // Positions are rounded up to whole segments.
  static uint64_t Bytes(const Hyperparameters& h, int context, KvType type) {
    return 2 * (SideBytes(h, context, type) + ScaleBytes(h, context, type));
  }

  bool Allocate(const Hyperparameters& h, int context, KvType type) {
    type_ = type;
    capacity_ = Capacity(context);
    layers_ = h.layers;
    head_dim_ = h.head_dim;
    kv_heads_ = h.kv_heads;
    const uint64_t side = SideBytes(h, context, type), scales = ScaleBytes(h, context, type);
    return keys_.Allocate(side) && values_.Allocate(side) && key_scales_.Allocate(scales) &&
           value_scales_.Allocate(scales);
  }

  KvType type() const { return type_; }

  // Where attention finds a segment's keys, values and scales; the rest of `args` stays as it is. `position` is the
  // segment's first.
  void Locate(int layer, int kv_head, int position, AttendArgs* args) const {
    args->type = type_;
    args->k = KeyPanel(layer, kv_head, position);
    args->v = Value(layer, kv_head, position);
    args->k_scale = Scale(key_scales_, layer, kv_head, position);
    args->v_scale = Scale(value_scales_, layer, kv_head, position);
  }

  // `key` and `value` are [head_dim], of the type of this cache, `scales` [head_dim / kKvBlock] halves or null.
  template <typename Element>
  void StoreKey(int layer, int kv_head, int position, const Element* key, const uint16_t* scales) const {
    Element* panel =
        reinterpret_cast<Element*>(KeyPanel(layer, kv_head, position / kKeyPanel * kKeyPanel)) + position % kKeyPanel;
    for (int i = 0; i < head_dim_; ++i) panel[i * kKeyPanel] = key[i];
    StoreScales(key_scales_, layer, kv_head, position, scales);
  }
  template <typename Element>
  void StoreValue(int layer, int kv_head, int position, const Element* value, const uint16_t* scales) const {
    std::memcpy(Value(layer, kv_head, position), value, head_dim_ * sizeof(Element));
    StoreScales(value_scales_, layer, kv_head, position, scales);
  }

  // Keys and values of one block, all layers.
  static uint64_t BlockBytes(const Hyperparameters& h, KvType type) {
    const uint64_t elements = uint64_t{2} * kBlockTokens * static_cast<uint64_t>(h.layers * h.kv_rows());
    return elements * ElementBytes(type) + (type == KvType::kQ8 ? elements / kKvBlock * 2 : 0);
  }
  // Where the halves of a block begin: bytes come first, then their scales.
  static uint64_t HalvesAt(const Hyperparameters& h, KvType type) {
    return type == KvType::kF16 ? 0 : BlockBytes(h, type) / (kKvBlock + 2) * kKvBlock;
  }
  // `position`, a multiple of kBlockTokens, is the first of the block; `out` and `in` have BlockBytes().
  void ReadBlock(int position, uint8_t* out) const {
    ForEachRun(position, [&](void* run, size_t bytes) {
      std::memcpy(out, run, bytes);
      out += bytes;
    });
  }
  void WriteBlock(int position, const uint8_t* in) {
    ForEachRun(position, [&](void* run, size_t bytes) {
      std::memcpy(run, in, bytes);
      in += bytes;
    });
  }

 private:
  static uint64_t ElementBytes(KvType type) { return type == KvType::kF16 ? 2 : 1; }
  static int Capacity(int context) { return (context + kSegmentKeys - 1) / kSegmentKeys * kSegmentKeys; }
  static uint64_t SideBytes(const Hyperparameters& h, int context, KvType type) {
    return static_cast<uint64_t>(h.layers) * static_cast<uint64_t>(h.kv_rows()) *
           static_cast<uint64_t>(Capacity(context)) * ElementBytes(type);
  }
  static uint64_t ScaleBytes(const Hyperparameters& h, int context, KvType type) {
    return type == KvType::kF16 ? 0 : SideBytes(h, context, type) / kKvBlock * 2;
  }

  // Calls copy(memory, bytes) for each contiguous part of a block, in the order in which blocks are stored.
  template <typename Copy>
  void ForEachRun(int position, Copy copy) const {
    const size_t bytes = ElementBytes(type_) * kBlockTokens * head_dim_;
    const int scales = type_ == KvType::kQ8 ? head_dim_ / kKvBlock : 0;
    for (int layer = 0; layer < layers_; ++layer) {
      for (int head = 0; head < kv_heads_; ++head) {
        copy(KeyPanel(layer, head, position), bytes);
        copy(Value(layer, head, position), bytes);
      }
    }
    for (int layer = 0; layer < layers_; ++layer) {
      for (int head = 0; head < kv_heads_; ++head) {
        for (int i = 0; i < scales; ++i) {
          for (const Buffer* side : {&key_scales_, &value_scales_})
            copy(Scale(*side, layer, head, position) + i * kSegmentKeys, size_t{2} * kBlockTokens);
        }
      }
    }
  }

  // `position` is a multiple of kKeyPanel.
  uint8_t* KeyPanel(int layer, int kv_head, int position) const {
    return keys_.data() + Offset(layer, kv_head, position) * ElementBytes(type_);
  }
  uint8_t* Value(int layer, int kv_head, int position) const {
    return values_.data() + Offset(layer, kv_head, position) * ElementBytes(type_);
  }
  // The first scale of this position.
  uint16_t* Scale(const Buffer& side, int layer, int kv_head, int position) const {
    if (type_ == KvType::kF16) return nullptr;
    return side.as<uint16_t>() + Offset(layer, kv_head, position / kSegmentKeys * kSegmentKeys) / kKvBlock +
           position % kSegmentKeys;
  }
  void StoreScales(const Buffer& side, int layer, int kv_head, int position, const uint16_t* scales) const {
    if (type_ == KvType::kF16) return;
    uint16_t* out = Scale(side, layer, kv_head, position);
    for (int i = 0; i < head_dim_ / kKvBlock; ++i) out[i * kSegmentKeys] = scales[i];
  }
  // Elements before this position.
  size_t Offset(int layer, int kv_head, int position) const {
    return ((size_t{1} * layer * kv_heads_ + kv_head) * capacity_ + position) * head_dim_;
  }

  Buffer keys_, values_, key_scales_, value_scales_;
  KvType type_ = KvType::kF16;
  int capacity_ = 0, layers_ = 0, head_dim_ = 0, kv_heads_ = 0;
};

}  // namespace paddock
