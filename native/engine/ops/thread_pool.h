// Threads that walk through the phases of a forward pass together.
//
// One Run() is a whole pass: every thread executes the same function, takes its part of each phase with Claim() and
// goes to the next phase with Sync(), which is a barrier. A phase ends when every thread that entered it has left. A
// descheduled thread that has not entered holds nobody up; it catches up later, and finds nothing to claim on the way.
//
// Several threads may want a pass: one after the other has the pool, and nobody as long as somebody more urgent works
// with it, not even in the gaps between two passes (Urgency).
//
// A pass can be broken off between two phases at its borders, SyncAtBorder(), and gone on with later by another Run().
//
// A process that gives way to another one holds all its pools: their threads sleep where they are, and go on from
// there.
//
// Inside a pass a waiting thread spins for some tens of microseconds, because phases are that short, and then sleeps,
// so that it does not take a core from the thread it waits for. Between passes all threads sleep.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace paddock {

class ThreadPool;

// One thread inside ThreadPool::Run().
struct Worker {
  ThreadPool& pool;
  int index;  // 0 .. pool.active() - 1

  // Leaves this phase, waits for its end and goes to the next. False when the pass was cancelled, for all threads
  // alike; they must then return.
  bool Sync() const;
  // The same where the work may be broken off: false as well when the time of this Run() is over, for all threads that
  // were in this phase. Those that were behind leave it here or at an earlier border.
  bool SyncAtBorder() const;
  // False when this phase was over before the thread got to it. It must then touch nothing that another thread may
  // write, since the others may be anywhere.
  bool Joined() const;
  // An unclaimed piece of the `count` pieces of this phase, or `count` when none is left. All calls of a phase give the
  // same count, and a thread asks until there is none. Each thread has a run of neighbouring pieces, so that it reads
  // one long stream that can be fetched ahead; a thread that has finished its own run helps the others. Once the pass
  // is cancelled there is nothing to claim, since a phase of prefill takes a tenth of a second.
  int Claim(int count) const;
  // Calls each(piece) for the pieces that this thread claims.
  template <typename Each>
  void ForEach(int count, Each each) const {
    for (int piece; (piece = Claim(count)) < count;) each(piece);
  }
};

// How urgent the passes of the calling thread are while this exists. Without one they are the least urgent. A thread
// has at most one for each pool.
class Urgency {
 public:
  static constexpr int kLevels = 8;  // 0, the least urgent, to 7

  Urgency(ThreadPool& pool, int level);
  ~Urgency();
  Urgency(const Urgency&) = delete;
  Urgency& operator=(const Urgency&) = delete;

 private:
  ThreadPool& pool_;
  const int level_;
};

class ThreadPool {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  static constexpr Deadline kNoDeadline = Deadline::max();

  // The calling thread of Run() is one of the `threads`. Throws std::system_error when the system gives no more
  // threads.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  // Waits until it is the calling thread's turn. Then calls work(worker) on `active` threads (1 .. size()), with
  // indices 0 .. active - 1, and returns when all have returned; the other threads sleep on. `cancel` may be null;
  // every Sync() checks it. An exception from `work` cancels the pass for all threads; Run() throws the first one when
  // all have returned. After `deadline` the next border breaks the work off.
  void Run(const std::atomic<bool>* cancel, int active, Deadline deadline,
           const std::function<void(const Worker&)>& work);
  void Run(const std::atomic<bool>* cancel, int active, const std::function<void(const Worker&)>& work) {
    Run(cancel, active, kNoDeadline, work);
  }
  // The same on all threads.
  void Run(const std::atomic<bool>* cancel, const std::function<void(const Worker&)>& work) {
    Run(cancel, size_, work);
  }

  // While held, the threads of all pools of this process sleep, also amid a pass: at their next piece or phase. What is
  // cancelled ends all the same, once WakeHeld() was called.
  static void HoldAll(bool held);
  // To be called after a `cancel` was set while held.
  static void WakeHeld();

  // Inside Run(): how many threads take part.
  int active() const { return active_; }

 private:
  friend Worker;
  friend Urgency;
  // Waits for the pool; first come, first served among the equally urgent.
  class Turn {
   public:
    explicit Turn(ThreadPool& pool);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    ThreadPool& pool_;
  };
  struct alignas(64) Member {
    // The pieces that are claimed of this thread's run: the phase's number << 32 | how many. One of another phase means
    // none yet, so that nobody has to set them back.
    std::atomic<uint64_t> claimed{0};
    std::atomic<uint32_t> jobs{0};  // changes when there is a pass to take part in

    // The thread's own.
    uint32_t phase = 0;
    bool joined = false, cancelled = false, broken_off = false;
  };

  void Stop();
  void Loop(int index);
  void Work(int index);
  int Claim(int index, int count);
  void Sync(Member& member, bool border);
  // Takes a thread whose work has thrown out of the pass.
  void Abandon(Member& member);
  void WaitWhileHeld() const;
  // Whether this pass is to end early.
  bool Interrupted() const {
    return failed_.load(std::memory_order_relaxed) || (cancel_ != nullptr && cancel_->load(std::memory_order_relaxed));
  }
  void Join(Member& member);
  // Out of the phase, or, as the last one, on to the next: true.
  bool LeaveOrEnd(Member& member, bool border);
  // Until the end of this phase, or a little less.
  void SleepUntilNext(uint32_t phase);

  const int size_;

  // Whose turn it is. At each level, who has the urgency, and the tickets that were given out and served.
  struct Level {
    int present = 0;
    uint64_t given = 0, served = 0;
  };
  std::mutex turns_;
  std::condition_variable turned_;
  bool taken_ = false;
  Level levels_[Urgency::kLevels];

  int active_ = 1;
  const std::function<void(const Worker&)>* work_ = nullptr;
  const std::atomic<bool>* cancel_ = nullptr;
  Deadline deadline_ = kNoDeadline;
  std::vector<Member> members_;
  std::vector<std::thread> workers_;

  // The truth about the phase, in one word: its number << 32 | whether the pass is cancelled << 31 | whether somebody
  // sleeps until its end << 30 | whether the work is broken off << 29 | threads inside.
  alignas(64) std::atomic<uint64_t> state_{0};
  alignas(64) std::atomic<uint32_t> phase_{0};    // its number again, for those who wait
  alignas(64) std::atomic<uint32_t> running_{0};  // threads that have not returned from this pass
  std::atomic<bool> quit_{false};
  std::atomic<bool> failed_{false};  // somebody's work has thrown in this pass
  std::exception_ptr error_;         // what the first of them threw; its own until `running_` is 0
};

// Some threads of a pool: those that one model uses.
class Team {
 public:
  Team(ThreadPool& pool, int size) : pool_(&pool), size_(size) {}

  int size() const { return size_; }
  ThreadPool& pool() const { return *pool_; }
  // As ThreadPool::Run(), on all threads of the team or the first `active`.
  void Run(const std::atomic<bool>* cancel, const std::function<void(const Worker&)>& work) const {
    pool_->Run(cancel, size_, work);
  }
  void Run(const std::atomic<bool>* cancel, int active, ThreadPool::Deadline deadline,
           const std::function<void(const Worker&)>& work) const {
    pool_->Run(cancel, active, deadline, work);
  }

 private:
  ThreadPool* pool_;
  int size_;
};

}  // namespace paddock
