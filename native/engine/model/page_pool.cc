#include "model/page_pool.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace paddock {
namespace {

// For as long as this a page may be held by who copies a block of it.
constexpr std::chrono::milliseconds kMoment{1};
constexpr int kMoments = 50;

}  // namespace

void PageBudget::Allow(uint64_t remembered) {
  std::lock_guard lock(mutex_);
  limit_ += std::max(remembered, remembered_) - remembered_;
  remembered_ = std::max(remembered, remembered_);
}

uint64_t PageBudget::used() const {
  std::lock_guard lock(mutex_);
  return used_;
}

void PageBudget::Join(PagePool* pool) {
  std::lock_guard lock(mutex_);
  pools_.push_back(pool);
  limit_ += pool->context_bytes_;
}

void PageBudget::Leave(PagePool* pool) {
  std::lock_guard lock(mutex_);
  std::erase(pools_, pool);
  limit_ -= pool->context_bytes_;
  used_ -= pool->ReleaseFree();
  // Whoever still holds a page frees it.
  std::lock_guard pages(pool->shared_->mutex);
  used_ -= pool->shared_->allocated * pool->format_.page_bytes();
}

bool PageBudget::Take(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  if (used_ + bytes > limit_) return false;
  used_ += bytes;
  return true;
}

void PageBudget::Give(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  used_ -= bytes;
}

bool PageBudget::HasRoom(const PagePool& pool, uint64_t bytes) const {
  uint64_t beyond = 0;
  for (const PagePool* const other : pools_) {
    const uint64_t promised = other->promised_ + (other == &pool ? bytes : 0);
    beyond += promised - std::min(promised, other->context_bytes_);
  }
  return pool.promised_ + bytes <= pool.context_bytes_ || beyond <= remembered_;
}

bool PageBudget::MakeRoom() {
  std::lock_guard lock(mutex_);
  for (PagePool* const pool : pools_) {
    if (const uint64_t bytes = pool->ReleaseFree(); bytes > 0) {
      used_ -= bytes;
      return true;
    }
  }
  PageKeeper* keeper = nullptr;
  std::optional<PageKeeper::Use> oldest;
  for (const PagePool* const pool : pools_) {
    const auto use = pool->keeper_ == nullptr ? std::nullopt : pool->keeper_->Oldest();
    if (!use || (oldest && !(*use < *oldest))) continue;
    oldest = use;
    keeper = pool->keeper_;
  }
  if (keeper == nullptr) return false;
  keeper->GiveUpOldest();
  return true;
}

PagePool::PagePool(const KvFormat& format, int context, PageBudget& budget)
    : format_(format),
      context_bytes_(static_cast<uint64_t>(context) * format.page_bytes()),
      budget_(budget),
      shared_(std::make_shared<Shared>()) {
  budget_.Join(this);
}

PagePool::~PagePool() {
  budget_.Leave(this);
}

std::unique_ptr<KvPage> PagePool::TakeFree() {
  std::lock_guard lock(shared_->mutex);
  std::unique_ptr<KvPage> page = std::move(shared_->free);
  if (page == nullptr) return nullptr;
  shared_->free = std::move(page->next);
  return page;
}

uint64_t PagePool::ReleaseFree() {
  uint64_t bytes = 0;
  while (TakeFree() != nullptr) bytes += format_.page_bytes();
  std::lock_guard lock(shared_->mutex);
  shared_->allocated -= static_cast<size_t>(bytes / format_.page_bytes());
  return bytes;
}

bool PagePool::HasRoom(int positions) const {
  std::lock_guard lock(budget_.mutex_);
  return budget_.HasRoom(*this, static_cast<uint64_t>(KvFormat::Pages(positions)) * format_.page_bytes());
}

PageReservation::PageReservation(PagePool& pool, int positions)
    : pool_(pool), bytes_(static_cast<uint64_t>(KvFormat::Pages(positions)) * pool.format().page_bytes()) {
  std::lock_guard lock(pool_.budget_.mutex_);
  holds_ = pool_.budget_.HasRoom(pool_, bytes_);
  if (holds_) pool_.promised_ += bytes_;
}

PageReservation::~PageReservation() {
  std::lock_guard lock(pool_.budget_.mutex_);
  if (holds_) pool_.promised_ -= bytes_;
}

KvPageRef PagePool::Take() {
  std::unique_ptr<KvPage> page;
  for (int moment = 0; (page = TakeFree()) == nullptr;) {
    if (budget_.Take(format_.page_bytes())) {
      page = std::make_unique<KvPage>();
      if (page->memory.Allocate(format_.page_bytes())) {
        std::lock_guard lock(shared_->mutex);
        ++shared_->allocated;
        break;
      }
      budget_.Give(format_.page_bytes());
      return nullptr;
    }
    if (budget_.MakeRoom()) continue;
    if (++moment > kMoments) return nullptr;
    std::this_thread::sleep_for(kMoment);
  }
  page->sealed = 0;
  page->writer = nullptr;
  return {page.release(), [shared = shared_](KvPage* held) {
            std::unique_ptr<KvPage> freed(held);
            std::lock_guard lock(shared->mutex);
            freed->next = std::move(shared->free);
            shared->free = std::move(freed);
          }};
}

}  // namespace paddock
