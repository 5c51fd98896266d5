#include "ops/thread_pool.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace paddock {
namespace {

constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  asm volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) : size_(threads < 1 ? 1 : threads), shares_(static_cast<size_t>(size_)) {
  for (int i = 1; i < size_; ++i) workers_.emplace_back([this, i] { Loop(i); });
}

ThreadPool::~ThreadPool() {
  quit_.store(true);
  job_.fetch_add(1);
  job_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Loop(int thread) {
  uint32_t seen = 0;
  for (;;) {
    job_.wait(seen);
    seen = job_.load();
    if (quit_.load()) return;
    (*work_)(thread);
    Sync();
  }
}

void ThreadPool::Run(const std::atomic<bool>* cancel, const std::function<void(int)>& work) {
  work_ = &work;
  cancel_ = cancel;
  cancelled_.store(false, std::memory_order_relaxed);
  ResetShares();
  if (size_ > 1) {
    job_.fetch_add(1);
    job_.notify_all();
  }
  work(0);
  Sync();  // nobody may still be inside `work` when it goes out of scope
}

void ThreadPool::ResetShares() {
  for (Share& share : shares_) share.next.store(0, std::memory_order_relaxed);
}

int ThreadPool::Claim(int thread, int count) {
  if (cancel_ != nullptr && cancel_->load(std::memory_order_relaxed)) return count;
  const auto bound = [&](int owner) { return static_cast<int>(static_cast<int64_t>(count) * owner / size_); };
  for (int i = 0; i < size_; ++i) {
    const int owner = (thread + i) % size_, begin = bound(owner), end = bound(owner + 1);
    std::atomic<int>& next = shares_[static_cast<size_t>(owner)].next;
    // Looked at first, so that the counter of a run that is used up stays where it is.
    if (next.load(std::memory_order_relaxed) >= end - begin) continue;
    const int piece = begin + next.fetch_add(1, std::memory_order_relaxed);
    if (piece < end) return piece;
  }
  return count;
}

bool ThreadPool::Sync() {
  const uint32_t phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size_ - 1) {
    // Once cancelled always cancelled: threads leave the pass through the final Sync() of Run().
    if (cancel_ != nullptr && cancel_->load(std::memory_order_relaxed))
      cancelled_.store(true, std::memory_order_relaxed);
    ResetShares();
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1);
    if (sleepers_.load() > 0) phase_.notify_all();
    return !cancelled_.load(std::memory_order_relaxed);
  }
  for (int i = 0; i < kSpins; ++i) {
    if (phase_.load(std::memory_order_acquire) != phase) return !cancelled_.load(std::memory_order_relaxed);
    Pause();
  }
  sleepers_.fetch_add(1);
  phase_.wait(phase);
  sleepers_.fetch_sub(1);
  return !cancelled_.load(std::memory_order_relaxed);
}

}  // namespace paddock
