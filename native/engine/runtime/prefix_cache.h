// Keys and values of prompts and answers that are no longer live: a tree of blocks of kBlockTokens tokens, in which
// conversations with the same beginning share its blocks.
//
// Nodes are ordered by their last use, and a node is never less recently used than its children. So the last one is
// always a leaf, and dropping it leaves every other chain whole.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "model/kv_cache.h"

namespace paddock {

using BlockIds = std::array<int32_t, kBlockTokens>;

class PrefixCache {
 public:
  // One per node, from the root. Shared, so that a block which is being written to disk may be dropped meanwhile.
  using Chain = std::vector<std::shared_ptr<const Buffer>>;

  // Keeps no more than `budget` bytes, those of its own bookkeeping included.
  PrefixCache(uint64_t budget, uint64_t block_bytes);
  ~PrefixCache();

  // The longest chain of whole blocks that `ids` begins with. It becomes the most recently used.
  Chain Find(std::span<const int32_t> ids);

  // Adds the whole blocks of `ids` that are not there; fill(position, out) copies the block at that position of the
  // live cache. Drops others to make room, but none of this chain: what does not fit is left out at the end. Returns
  // what is there now.
  Chain Add(std::span<const int32_t> ids, const std::function<void(int, uint8_t*)>& fill);

  void Clear();

  uint64_t bytes() const { return recent_.size() * node_bytes_; }
  size_t blocks() const { return recent_.size(); }

 private:
  struct Node;

  std::vector<Node*> Walk(std::span<const int32_t> ids);
  void DropLast();

  const uint64_t block_bytes_, node_bytes_;
  const size_t capacity_;  // nodes
  std::unique_ptr<Node> root_;
  std::list<Node*> recent_;  // most recently used first
};

}  // namespace paddock
