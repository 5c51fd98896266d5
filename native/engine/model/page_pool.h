// The memory of keys and values: pages that sequences share and that are used again when nobody holds them.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "model/kv_pages.h"

namespace paddock {

class PagePool;
class Sequence;

// One page. Its first positions never change again once others may read them, until nobody holds the page; behind them
// one sequence goes on.
struct KvPage {
  Buffer memory;
  int sealed = 0;                    // positions that never change
  const Sequence* writer = nullptr;  // of the others; null: whoever comes first
  std::unique_ptr<KvPage> next;      // in the list of free ones

  uint8_t* data() const { return memory.data(); }
};
using KvPageRef = std::shared_ptr<KvPage>;

// Who holds pages of a pool that it can do without. Any thread may call these.
class PageKeeper {
 public:
  // Of the page that it would give up first. What is passing goes first, then what was used longest ago.
  struct Use {
    bool lasting = true;
    uint64_t time = 0;
    auto operator<=>(const Use&) const = default;
  };

  virtual ~PageKeeper() = default;
  // Nothing when it has no such page.
  virtual std::optional<Use> Oldest() = 0;
  virtual void GiveUpOldest() = 0;
};

// The bytes that the pools of all models may take together: a context for each, and what is remembered beside it. Any
// thread.
class PageBudget {
 public:
  // At least so many bytes for what is remembered.
  void Allow(uint64_t remembered);
  uint64_t used() const;

 private:
  friend PagePool;
  friend class PageReservation;
  void Join(PagePool* pool);
  void Leave(PagePool* pool);
  bool Take(uint64_t bytes);
  void Give(uint64_t bytes);
  // Frees memory that somebody can do without. False when there is none.
  bool MakeRoom();
  // Whether `pool` may promise so many bytes more: up to its context always, beyond it while all pools together promise
  // no more than what may be remembered.
  bool HasRoom(const PagePool& pool, uint64_t bytes) const;

  mutable std::mutex mutex_;
  std::vector<PagePool*> pools_;
  uint64_t limit_ = 0, remembered_ = 0, used_ = 0;
};

// The pages of one model.
class PagePool {
 public:
  // `context` = pages that this model adds to the budget.
  PagePool(const KvFormat& format, int context, PageBudget& budget);
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  // Until this pool is gone.
  void SetKeeper(PageKeeper* keeper) { keeper_ = keeper; }

  // An empty page. Null when the budget is used up by sequences, or when the system has no more memory. One thread at a
  // time may call this; pages may be given back by any.
  KvPageRef Take();

  // Whether a PageReservation for so many positions would hold now.
  bool HasRoom(int positions) const;

  const KvFormat& format() const { return format_; }

 private:
  friend PageBudget;
  friend class PageReservation;
  // Outlives the pool while pages are held.
  struct Shared {
    std::mutex mutex;
    std::unique_ptr<KvPage> free;
    size_t allocated = 0;  // pages, held and free
  };
  std::unique_ptr<KvPage> TakeFree();
  // Returns the bytes.
  uint64_t ReleaseFree();

  const KvFormat format_;
  const uint64_t context_bytes_;
  uint64_t promised_ = 0;  // bytes; of the budget's mutex
  PageBudget& budget_;
  PageKeeper* keeper_ = nullptr;
  const std::shared_ptr<Shared> shared_;
};

// The promise that a sequence finds pages for so many positions whatever others take, since what is remembered is given
// up for it. Held as long as the sequence may grow.
class PageReservation {
 public:
  PageReservation(PagePool& pool, int positions);
  ~PageReservation();
  PageReservation(const PageReservation&) = delete;
  PageReservation& operator=(const PageReservation&) = delete;

  // False when there is no room: whoever asked has to wait until others have ended.
  explicit operator bool() const { return holds_; }

 private:
  PagePool& pool_;
  const uint64_t bytes_;
  bool holds_ = false;
};

}  // namespace paddock
