// What the engine remembers of prompts and answers beyond the live cache: in memory, and on disk when asked.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "model/kv_cache.h"
#include "runtime/prefix_cache.h"
#include "runtime/snapshot_store.h"

namespace paddock {

class PrefixReuse {
 public:
  explicit PrefixReuse(KvCache& live) : live_(live) {}

  // Uses no more than `budget` bytes; without `store` nothing goes to disk. Before this, nothing is remembered.
  void Open(uint64_t budget, uint64_t block_bytes, std::unique_ptr<SnapshotStore> store);

  // Brings as much of the beginning of `prompt` into the live cache as is remembered. Its first `live` tokens are there
  // already; returns how many are then. Stops between two blocks once `cancel` (may be null) is set; calls
  // progress(tokens), if there is one, after each block from disk.
  int Restore(std::span<const int32_t> prompt, int live, const std::atomic<bool>* cancel,
              const std::function<void(int)>& progress);

  // Remembers the whole blocks of `tokens`, whose keys and values are live. Blocks reach the disk only through memory.
  void Remember(std::span<const int32_t> tokens, bool on_disk);

  // While the engine computes.
  void SetBusy(bool busy);
  void Flush();
  // False when `cancel` was set before everything on disk was removed.
  bool Clear(const std::atomic<bool>* cancel);

 private:
  KvCache& live_;
  std::optional<PrefixCache> memory_;
  std::unique_ptr<SnapshotStore> store_;
  Buffer staging_;  // a block on its way from disk
};

}  // namespace paddock
