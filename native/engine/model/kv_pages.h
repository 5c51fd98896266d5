// Where keys and values lie: in pages of one attention segment, kSegmentKeys neighbouring positions of all layers, in
// half precision or as bytes with scales.
//
// Per layer and kv head a page holds keys in panels of kKeyPanel positions, [kSegmentKeys / kKeyPanel][head_dim]
// [kKeyPanel], so that scores need no transposition; then values, [kSegmentKeys][head_dim]; then the scales of both,
// which bytes need, [head_dim / kKvBlock][kSegmentKeys].
//
// Keys are stored rotated for their absolute position, so what comes back from a copy holds the bits that computing it
// would give.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "kernels/kernel_table.h"
#include "model/architecture.h"

namespace paddock {

// Positions that are copied to and from disk together: whole panels that never straddle a page.
inline constexpr int kBlockTokens = 64;
static_assert(kBlockTokens % kKeyPanel == 0 && kSegmentKeys % kBlockTokens == 0);

// The shape of a model's pages.
class KvFormat {
 public:
  KvFormat() = default;
  KvFormat(const Hyperparameters& h, KvType type) : KvFormat(type, h.layers, h.kv_heads, h.head_dim) {}
  KvFormat(KvType type, int layers, int kv_heads, int head_dim)
      : type_(type), layers_(layers), kv_heads_(kv_heads), head_dim_(head_dim) {}

  // Whether this type can hold the model's heads.
  static bool Supports(const Hyperparameters& h, KvType type) {
    return type == KvType::kF16 || h.head_dim % kKvBlock == 0;
  }
  // How many pages hold so many positions.
  static int Pages(int positions) { return (positions + kSegmentKeys - 1) / kSegmentKeys; }

  KvType type() const { return type_; }
  uint64_t page_bytes() const { return static_cast<uint64_t>(layers_ * kv_heads_) * head_bytes(); }
  // Keys and values of one block, all layers, as CopyOut() writes them.
  uint64_t block_bytes() const { return page_bytes() * kBlockTokens / kSegmentKeys; }
  // Where the halves of a block begin: bytes come first, then their scales.
  uint64_t halves_at() const {
    return type_ == KvType::kF16 ? 0 : block_bytes() / (kKvBlock + sizeof(uint16_t)) * kKvBlock;
  }

  // A block of `page`, whose first position there, a multiple of kBlockTokens, is `position`; [block_bytes()].
  void CopyOut(const uint8_t* page, int position, uint8_t* out) const {
    ForEachRun(position, kBlockTokens, [&](size_t at, size_t bytes) {
      std::memcpy(out, page + at, bytes);
      out += bytes;
    });
  }
  void CopyIn(uint8_t* page, int position, const uint8_t* in) const {
    ForEachRun(position, kBlockTokens, [&](size_t at, size_t bytes) {
      std::memcpy(page + at, in, bytes);
      in += bytes;
    });
  }
  // The first `positions` of a page, and those that share a panel with them.
  void CopyBeginning(const uint8_t* from, int positions, uint8_t* to) const {
    const int panels = (positions + kKeyPanel - 1) / kKeyPanel;
    ForEachRun(0, panels * kKeyPanel, [&](size_t at, size_t bytes) { std::memcpy(to + at, from + at, bytes); });
  }

 private:
  friend class KvTable;
  size_t side_bytes() const { return static_cast<size_t>(kSegmentKeys * head_dim_) * (type_ == KvType::kF16 ? 2 : 1); }
  size_t scale_bytes() const { return type_ == KvType::kF16 ? 0 : side_bytes() / kKvBlock * sizeof(uint16_t); }
  size_t head_bytes() const { return 2 * (side_bytes() + scale_bytes()); }
  // The places in a page of the keys of a head; its values, the keys' scales and the values' scales follow.
  size_t keys_at(int layer, int kv_head) const {
    return static_cast<size_t>(layer * kv_heads_ + kv_head) * head_bytes();
  }

  // Calls copy(place, bytes) for each contiguous part of `count` positions, in the order in which blocks are stored:
  // keys and values of all heads, then their scales.
  template <typename Copy>
  void ForEachRun(int position, int count, Copy copy) const {
    const size_t row = side_bytes() / kSegmentKeys, bytes = row * static_cast<size_t>(count);
    const size_t skipped = row * static_cast<size_t>(position);
    const int heads = layers_ * kv_heads_, scales = type_ == KvType::kQ8 ? head_dim_ / kKvBlock : 0;
    for (int head = 0; head < heads; ++head) {
      const size_t keys = keys_at(0, head);
      copy(keys + skipped, bytes);
      copy(keys + side_bytes() + skipped, bytes);
    }
    for (int head = 0; head < heads; ++head) {
      for (int i = 0; i < scales; ++i) {
        const size_t at =
            keys_at(0, head) + 2 * side_bytes() + static_cast<size_t>(i * kSegmentKeys + position) * sizeof(uint16_t);
        copy(at, static_cast<size_t>(count) * sizeof(uint16_t));
        copy(at + scale_bytes(), static_cast<size_t>(count) * sizeof(uint16_t));
      }
    }
  }

  KvType type_ = KvType::kF16;
  int layers_ = 0, kv_heads_ = 0, head_dim_ = 0;
};

// The pages of one sequence, as a pass reads and writes them. Owns none of them.
class KvTable {
 public:
  KvTable() = default;
  explicit KvTable(const KvFormat& format) : format_(format) {}

  const KvFormat& format() const { return format_; }
  int size() const { return static_cast<int>(pages_.size()); }
  void Add(uint8_t* page) { pages_.push_back(page); }
  void Replace(int index, uint8_t* page) { pages_[index] = page; }
  void Shrink(int size) { pages_.resize(size); }

  // Where attention finds a segment's keys, values and scales, and the keys of the next one; the rest of `args` stays
  // as it is. `position` is the segment's first.
  void Locate(int layer, int kv_head, int position, AttendArgs* args) const {
    const size_t page = position / kSegmentKeys, side = format_.side_bytes(), at = format_.keys_at(layer, kv_head);
    const uint8_t* keys = pages_[page] + at;
    const auto* scales = reinterpret_cast<const uint16_t*>(keys + 2 * side);
    args->type = format_.type_;
    args->k = keys;
    args->v = keys + side;
    args->k_scale = scales;
    args->v_scale = scales + format_.scale_bytes() / sizeof(uint16_t);
    args->next_k = page + 1 < pages_.size() ? pages_[page + 1] + at : nullptr;
  }

  // `key` and `value` are [head_dim], of the type of the format, `scales` [head_dim / kKvBlock] halves or null.
  template <typename Element>
  void StoreKey(int layer, int kv_head, int position, const Element* key, const uint16_t* scales) const {
    const int in_page = position % kSegmentKeys;
    uint8_t* const keys = Keys(layer, kv_head, position);
    Element* panel = reinterpret_cast<Element*>(keys) +
                     static_cast<size_t>(in_page / kKeyPanel * kKeyPanel * format_.head_dim_) + in_page % kKeyPanel;
    for (int i = 0; i < format_.head_dim_; ++i) panel[i * kKeyPanel] = key[i];
    StoreScales(keys + 2 * format_.side_bytes(), in_page, scales);
  }
  template <typename Element>
  void StoreValue(int layer, int kv_head, int position, const Element* value, const uint16_t* scales) const {
    const int in_page = position % kSegmentKeys;
    uint8_t* const values = Keys(layer, kv_head, position) + format_.side_bytes();
    const size_t bytes = static_cast<size_t>(format_.head_dim_) * sizeof(Element);
    std::memcpy(values + static_cast<size_t>(in_page) * bytes, value, bytes);
    StoreScales(values + format_.side_bytes() + format_.scale_bytes(), in_page, scales);
  }

 private:
  uint8_t* Keys(int layer, int kv_head, int position) const {
    return pages_[position / kSegmentKeys] + format_.keys_at(layer, kv_head);
  }
  void StoreScales(uint8_t* side, int in_page, const uint16_t* scales) const {
    if (format_.type_ == KvType::kF16) return;
    uint16_t* out = reinterpret_cast<uint16_t*>(side) + in_page;
    for (int i = 0; i < format_.head_dim_ / kKvBlock; ++i) out[i * kSegmentKeys] = scales[i];
  }

  KvFormat format_;
  std::vector<uint8_t*> pages_;
};

}  // namespace paddock
