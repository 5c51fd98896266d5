#include "ops/thread_pool.h"

#include <algorithm>
#include <utility>

#include "ops/wait.h"

namespace paddock {
namespace {

constexpr uint64_t kPhase = uint64_t{1} << 32;      // one phase further
constexpr uint64_t kCancelled = uint64_t{1} << 31;  // the pass is cancelled
constexpr uint64_t kAsleep = uint64_t{1} << 30;     // somebody sleeps until this phase ends
constexpr uint64_t kBrokenOff = uint64_t{1} << 29;  // the work ends here, to be gone on with
constexpr uint64_t kInside = kBrokenOff - 1;        // mask of the threads inside

uint32_t PhaseOf(uint64_t state) {
  return static_cast<uint32_t>(state >> 32);
}

// Of the calling thread.
thread_local int urgency = 0;

// 0, or while the pools are held an odd number that every WakeHeld() makes another.
std::atomic<uint32_t> held{0};

}  // namespace

Urgency::Urgency(ThreadPool& pool, int level) : pool_(pool), level_(std::clamp(level, 0, kLevels - 1)) {
  urgency = level_;
  std::lock_guard lock(pool_.turns_);
  ++pool_.levels_[level_].present;
}

Urgency::~Urgency() {
  urgency = 0;
  std::lock_guard lock(pool_.turns_);
  --pool_.levels_[level_].present;
  pool_.turned_.notify_all();
}

ThreadPool::Turn::Turn(ThreadPool& pool) : pool_(pool) {
  std::unique_lock lock(pool.turns_);
  Level& mine = pool.levels_[urgency];
  const uint64_t ticket = mine.given++;
  pool.turned_.wait(lock, [&] {
    const bool wanted = std::any_of(&mine + 1, pool.levels_ + Urgency::kLevels,
                                    [](const Level& level) { return level.present > 0 || level.given > level.served; });
    return !pool.taken_ && !wanted && mine.served == ticket;
  });
  pool.taken_ = true;
  ++mine.served;
}

ThreadPool::Turn::~Turn() {
  std::lock_guard lock(pool_.turns_);
  pool_.taken_ = false;
  pool_.turned_.notify_all();
}

ThreadPool::ThreadPool(int threads) : size_(std::max(1, threads)), members_(size_) {
  try {
    for (int i = 1; i < size_; ++i) workers_.emplace_back([this, i] { Loop(i); });
  } catch (...) {
    Stop();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  Stop();
}

void ThreadPool::Stop() {
  quit_.store(true);
  for (Member& member : members_) {
    member.jobs.fetch_add(1);
    WakeAll(member.jobs);
  }
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Loop(int index) {
  std::atomic<uint32_t>& jobs = members_[index].jobs;
  for (uint32_t seen = 0;;) {
    while (jobs.load() == seen) Sleep(jobs, seen);
    seen = jobs.load();
    if (quit_.load()) return;
    Work(index);
    if (running_.fetch_sub(1) == 1) WakeAll(running_);
  }
}

void ThreadPool::Work(int index) {
  Member& member = members_[index];
  Join(member);
  try {
    (*work_)({*this, index});
  } catch (...) {
    if (!failed_.exchange(true)) error_ = std::current_exception();
    return Abandon(member);
  }
  // No thread waits in the last phase, so it needs no end.
  if (member.joined) state_.fetch_sub(1, std::memory_order_acq_rel);
}

void ThreadPool::Abandon(Member& member) {
  // Other threads may wait for the end of this phase. The last one inside ends it and thereby enters the next phase.
  if (member.joined && LeaveOrEnd(member, false)) state_.fetch_sub(1, std::memory_order_acq_rel);
}

void ThreadPool::Run(const std::atomic<bool>* cancel, int active, Deadline deadline,
                     const std::function<void(const Worker&)>& work) {
  const Turn turn(*this);
  work_ = &work;
  cancel_ = cancel;
  deadline_ = deadline;
  active_ = std::clamp(active, 1, size_);
  const uint32_t phase = PhaseOf(state_.load(std::memory_order_relaxed)) + 1;
  for (int i = 0; i < active_; ++i) {
    Member& member = members_[i];
    member.claimed.store(0, std::memory_order_relaxed);
    member.phase = phase;
  }
  state_.store(phase * kPhase, std::memory_order_relaxed);
  phase_.store(phase, std::memory_order_relaxed);
  running_.store(static_cast<uint32_t>(active_ - 1), std::memory_order_relaxed);
  failed_.store(false, std::memory_order_relaxed);
  for (int i = 1; i < active_; ++i) {
    std::atomic<uint32_t>& jobs = members_[i].jobs;
    jobs.fetch_add(1);
    WakeAll(jobs);
  }
  Work(0);
  // Nobody may still be inside `work` when it goes out of scope.
  for (uint32_t left; (left = running_.load(std::memory_order_acquire)) != 0;) {
    if (!SpinWhile(running_, left)) Sleep(running_, left);
  }
  if (failed_.load(std::memory_order_relaxed)) std::rethrow_exception(std::exchange(error_, nullptr));
}

// Moving a cache line between cores that share no cache takes some 200 ns, which dominates here. Join() and
// LeaveOrEnd() therefore start with a CAS on the expected value: a failed CAS returns the current one, so the line
// moves only once.
void ThreadPool::Join(Member& member) {
  uint64_t state = member.phase * kPhase + static_cast<uint64_t>(active_ - 1);
  do {
    member.joined = PhaseOf(state) == member.phase;
  } while (member.joined &&
           !state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel, std::memory_order_acquire));
  member.cancelled = (state & kCancelled) != 0;
  member.broken_off = (state & kBrokenOff) != 0;
}

bool ThreadPool::LeaveOrEnd(Member& member, bool border) {
  uint64_t state = member.phase * kPhase + 1;
  for (;;) {
    // Another may still join behind the last one inside, which makes the exchange fail.
    const bool last = (state & kInside) == 1;
    uint64_t next = state - 1;
    if (last) {
      next = (member.phase + 1) * kPhase + (state & kCancelled) + 1;
      // Once cancelled always cancelled: whoever is in the next phase or comes to it leaves the pass.
      if (Interrupted()) next |= kCancelled;
      if (border && deadline_ != kNoDeadline && std::chrono::steady_clock::now() >= deadline_) next |= kBrokenOff;
    }
    if (!state_.compare_exchange_weak(state, next, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    if (!last) return false;
    ++member.phase;
    member.cancelled = (next & kCancelled) != 0;
    member.broken_off = (next & kBrokenOff) != 0;
    // In order: the next phase cannot end before this thread has left it.
    phase_.store(member.phase, std::memory_order_release);
    if ((state & kAsleep) != 0) WakeAll(phase_);
    return true;
  }
}

void ThreadPool::SleepUntilNext(uint32_t phase) {
  uint64_t state = state_.load(std::memory_order_acquire);
  while (PhaseOf(state) == phase && (state & kAsleep) == 0) {
    if (state_.compare_exchange_weak(state, state | kAsleep, std::memory_order_acq_rel, std::memory_order_acquire))
      break;
  }
  // The thread that ends the phase has seen kAsleep. It changes phase_ before it wakes, so this Sleep() cannot miss it.
  if (PhaseOf(state) == phase) Sleep(phase_, phase);
}

void ThreadPool::HoldAll(bool hold) {
  held.store(hold ? 1 : 0);
  WakeAll(held);
}

void ThreadPool::WakeHeld() {
  for (uint32_t now = held.load(); now != 0;) {
    if (held.compare_exchange_weak(now, now + 2)) return WakeAll(held);
  }
}

void ThreadPool::WaitWhileHeld() const {
  for (uint32_t now; (now = held.load(std::memory_order_relaxed)) != 0 && !Interrupted();) Sleep(held, now);
}

int ThreadPool::Claim(int index, int count) {
  Member& member = members_[index];
  WaitWhileHeld();
  if (!member.joined || Interrupted()) return count;
  const auto bound = [&](int owner) { return static_cast<int>(static_cast<int64_t>(count) * owner / active_); };
  for (int i = 0; i < active_; ++i) {
    const int owner = (index + i) % active_, begin = bound(owner), pieces = bound(owner + 1) - begin;
    std::atomic<uint64_t>& word = members_[owner].claimed;
    uint64_t claimed = word.load(std::memory_order_relaxed);
    for (;;) {
      const int done = PhaseOf(claimed) == member.phase ? static_cast<int>(static_cast<uint32_t>(claimed)) : 0;
      if (done >= pieces) break;
      if (word.compare_exchange_weak(claimed, member.phase * kPhase + static_cast<uint64_t>(done + 1),
                                     std::memory_order_relaxed))
        return begin + done;
    }
  }
  return count;
}

void ThreadPool::Sync(Member& member, bool border) {
  WaitWhileHeld();
  if (member.joined && LeaveOrEnd(member, border)) return;
  while (phase_.load(std::memory_order_acquire) == member.phase) {
    if (!SpinWhile(phase_, member.phase)) SleepUntilNext(member.phase);
  }
  ++member.phase;
  Join(member);
}

bool Worker::Sync() const {
  ThreadPool::Member& member = pool.members_[index];
  pool.Sync(member, false);
  return !member.cancelled;
}

bool Worker::SyncAtBorder() const {
  ThreadPool::Member& member = pool.members_[index];
  pool.Sync(member, true);
  return !member.cancelled && !member.broken_off;
}

bool Worker::Joined() const {
  return pool.members_[index].joined;
}

int Worker::Claim(int count) const {
  return pool.Claim(index, count);
}

}  // namespace paddock
