// The memory of a model's keys and values: pages that sequences share and that are used again when nobody holds them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/buffer.h"
#include "model/kv_pages.h"

namespace paddock {

class Sequence;

// One page. Its first positions never change again once others may read them, until nobody holds the page; behind them
// one sequence goes on.
struct KvPage {
  Buffer memory;
  int sealed = 0;                    // positions that never change
  const Sequence* writer = nullptr;  // of the others; null: whoever comes first

  uint8_t* data() const { return memory.data(); }
};
using KvPageRef = std::shared_ptr<KvPage>;

class PagePool {
 public:
  // Gives out at most `capacity` pages at a time.
  PagePool(const KvFormat& format, size_t capacity);

  // An empty page. While all are given out, asks the reclaimer for one. Null when it has none either, or when the
  // system has no more memory. One thread at a time may call this; pages may be given back by any.
  KvPageRef Take();
  // Makes somebody give up a page that is only remembered; false when there is none. May be empty.
  void SetReclaimer(std::function<bool()> reclaim) { reclaim_ = std::move(reclaim); }

  const KvFormat& format() const { return format_; }
  size_t capacity() const { return capacity_; }
  // Pages that are held.
  size_t used() const;

 private:
  struct Shared {
    std::mutex mutex;
    std::vector<std::unique_ptr<KvPage>> free;
    size_t used = 0;
  };

  const KvFormat format_;
  const size_t capacity_;
  std::function<bool()> reclaim_;
  const std::shared_ptr<Shared> shared_;  // outlives the pool while pages are held
};

}  // namespace paddock
