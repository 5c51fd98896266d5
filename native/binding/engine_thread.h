// The thread on which one model is loaded, used and freed.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/status.h"
#include "runtime/generation.h"
#include "runtime/machine.h"

namespace paddock::binding {

// Work for the engine thread, in pieces. All but the constructor, Cancel() and the destructor is called there.
class Job {
 public:
  explicit Job(WorkClass work_class = WorkClass::kChat) : work_class_(work_class) {}
  virtual ~Job() = default;

  // Whether it can begin, or go on.
  virtual bool Ready() { return true; }
  // Does a piece of the work: all of it, for most kinds. False when it has ended. Must return soon after `cancelled` is
  // set.
  virtual bool Step() noexcept = 0;
  // A generation whose next piece is a pass that it can share; null otherwise.
  virtual Generation* decoding() { return nullptr; }
  // Instead of Step(), after a shared pass that ended with `status`.
  virtual bool AfterSharedStep(const Status& /*status*/) noexcept { return false; }
  // When the work has ended. `self` is the only reference that the thread has. A job that owns references to JavaScript
  // must pass it on to the JavaScript thread, the only one that may delete them.
  virtual void Finish(std::shared_ptr<Job> self) noexcept = 0;

  WorkClass work_class() const { return work_class_; }
  void Cancel() {
    cancelled_.store(true, std::memory_order_relaxed);
    ThreadPool::WakeHeld();
  }
  const std::atomic<bool>& cancelled() const { return cancelled_; }

 private:
  const WorkClass work_class_;
  std::atomic<bool> cancelled_{false};
};

// Works on the jobs of the highest class in turns, a piece at a time; generations among them that decode share passes.
class EngineThread {
 public:
  explicit EngineThread(std::shared_ptr<Machine> machine);
  // Stops, see below.
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  void Submit(std::shared_ptr<Job> job);

  // Cancels all jobs; each still runs to its (early) end.
  void CancelAll();

  // Cancels all jobs, waits for the end of the thread and drops them. From the JavaScript thread; idempotent.
  void Stop();

 private:
  using Jobs = std::vector<std::shared_ptr<Job>>;

  void Loop();
  // Those that come next: one, or several that share a pass. One of those that are there is always ready.
  Jobs Choose();
  // Returns those that have ended.
  static Jobs Work(const Jobs& jobs);

  const std::shared_ptr<Machine> machine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<Job>> jobs_;  // that whose turn was the longest ago first
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace paddock::binding
