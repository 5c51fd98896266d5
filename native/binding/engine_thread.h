// The thread on which one model is loaded, used and freed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace paddock::binding {

// Work for the engine thread.
class Job {
 public:
  virtual ~Job() = default;

  // On the engine thread. Must return soon after `cancelled` is set.
  virtual void Run() noexcept = 0;
  // On the engine thread, after Run(). `self` is the only reference that the thread has. A job that owns references to
  // JavaScript must pass it on to the JavaScript thread, the only one that may delete them.
  virtual void Finish(std::shared_ptr<Job> self) noexcept = 0;

  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  const std::atomic<bool>& cancelled() const { return cancelled_; }

 private:
  std::atomic<bool> cancelled_{false};
};

// Runs jobs one after the other.
class EngineThread {
 public:
  EngineThread();
  // Stops, see below.
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  void Submit(std::shared_ptr<Job> job);

  // Cancels the job that runs and those that wait; each still runs to its (early) end.
  void CancelAll();

  // Cancels all, drops the waiting ones and waits for the end of the thread. From any other thread; idempotent.
  void Stop();

 private:
  void Loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::shared_ptr<Job> running_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace paddock::binding
