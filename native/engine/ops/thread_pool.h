// Threads that walk through the phases of a forward pass together.
//
// One Run() is a whole pass: every thread executes the same function and meets the others at Sync() after each phase.
// Inside a pass a waiting thread spins for some tens of microseconds, since phases are that short, and then sleeps, so
// that a thread whose partner was descheduled does not burn the core that the partner needs. Between passes all sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace paddock {

class ThreadPool {
 public:
  // The calling thread of Run() is one of the `threads`.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  // Calls work(thread) on every thread, thread = 0 .. size()-1, and returns when all have returned. `cancel` may be
  // null; it is looked at in every Sync().
  void Run(const std::atomic<bool>* cancel, const std::function<void(int)>& work);

  // Inside Run(): waits for all threads and starts the next phase. False for all threads alike when the pass was
  // cancelled; they must then return.
  bool Sync();

  // Inside Run(): an unclaimed piece of the `count` pieces of this phase, or `count` when there is none left; all calls
  // of a phase give the same count. Every thread has a run of neighbouring pieces, so that what it reads is one long
  // stream that can be fetched ahead; who has finished its own run helps the others. Once cancelled there is nothing to
  // claim: a phase over many tokens takes a tenth of a second, and nobody wants its result any more.
  int Claim(int thread, int count);

 private:
  struct alignas(64) Share {
    std::atomic<int> next{0};  // pieces claimed of one thread's run
  };

  void Loop(int thread);
  void ResetShares();

  const int size_;
  std::vector<std::thread> workers_;
  const std::function<void(int)>* work_ = nullptr;
  const std::atomic<bool>* cancel_ = nullptr;
  // Written by the last thread to arrive, read after the phase number changed. Atomic, because a worker may still
  // leave the last phase of a pass when the next one begins.
  std::atomic<bool> cancelled_{false};

  std::vector<Share> shares_;

  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> phase_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  alignas(64) std::atomic<uint32_t> job_{0};
  std::atomic<bool> quit_{false};
};

}  // namespace paddock
