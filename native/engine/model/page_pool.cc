#include "model/page_pool.h"

#include <utility>

namespace paddock {

PagePool::PagePool(const KvFormat& format, size_t capacity)
    : format_(format), capacity_(capacity), shared_(std::make_shared<Shared>()) {}

size_t PagePool::used() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->used;
}

KvPageRef PagePool::Take() {
  while (used() >= capacity_) {
    if (!reclaim_ || !reclaim_()) return nullptr;
  }
  std::unique_ptr<KvPage> page;
  {
    std::lock_guard lock(shared_->mutex);
    // Room for it to come back: giving back must not fail.
    shared_->free.reserve(capacity_);
    if (!shared_->free.empty()) {
      page = std::move(shared_->free.back());
      shared_->free.pop_back();
    }
  }
  if (page == nullptr) {
    page = std::make_unique<KvPage>();
    if (!page->memory.Allocate(format_.page_bytes())) return nullptr;
  }
  page->sealed = 0;
  page->writer = nullptr;
  {
    std::lock_guard lock(shared_->mutex);
    ++shared_->used;
  }
  return {page.release(), [shared = shared_](KvPage* held) {
            std::lock_guard lock(shared->mutex);
            --shared->used;
            shared->free.emplace_back(held);
          }};
}

}  // namespace paddock
