// What the engine remembers of prompts and answers when no sequence works with them: in memory, and on disk when asked.
#pragma once

#include <memory>
#include <span>

#include "base/buffer.h"
#include "model/page_pool.h"
#include "model/sequence.h"
#include "runtime/prefix_cache.h"
#include "runtime/snapshot_store.h"

namespace paddock {

class PrefixReuse {
 public:
  // A place on disk: behind `blocks` blocks of a text.
  struct Place {
    BlockKey key{};
    int blocks = 0;
  };

  explicit PrefixReuse(PagePool& pool);
  PrefixReuse(const PrefixReuse&) = delete;
  PrefixReuse& operator=(const PrefixReuse&) = delete;

  // Without this nothing goes to disk.
  void Open(std::unique_ptr<SnapshotStore> store) { store_ = std::move(store); }

  // Begins `sequence` with as much of the beginning of `ids` as memory has.
  void Restore(std::span<const int32_t> ids, Sequence* sequence);
  // Where to look for more of `ids` on disk.
  Place PlaceBehind(std::span<const int32_t> ids, int tokens) const;
  // Brings the next block of `ids` into the sequence. False when it is not on disk, or memory has no room for it.
  bool RestoreBlock(std::span<const int32_t> ids, Place* place, Sequence* sequence);

  enum class Keep {
    kPassing,   // in memory, and given up before everything else
    kInMemory,  // ...
    kOnDisk     // ... whole blocks on disk as well
  };
  void Remember(Sequence& sequence, Keep keep);

  // While the engine computes: as often true as false.
  void SetBusy(bool busy);
  void Flush();
  // False when `cancel` was set before everything on disk was removed.
  bool Clear(const std::atomic<bool>* cancel);

 private:
  PagePool& pool_;
  PrefixCache memory_;
  std::unique_ptr<SnapshotStore> store_;
  Buffer staging_;  // a block on its way from disk
  int busy_ = 0;
};

}  // namespace paddock
