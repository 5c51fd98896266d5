#include "engine_thread.h"

#include <utility>

namespace paddock::binding {

EngineThread::EngineThread() : thread_([this] { Loop(); }) {}

EngineThread::~EngineThread() {
  Stop();
}

void EngineThread::Submit(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  waiting_.push_back(std::move(job));
  changed_.notify_one();
}

void EngineThread::CancelAll() {
  std::lock_guard lock(mutex_);
  if (running_) running_->Cancel();
  for (const auto& job : waiting_) job->Cancel();
}

void EngineThread::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    if (running_) running_->Cancel();
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void EngineThread::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    running_ = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    running_->Run();
    lock.lock();
    std::shared_ptr<Job> done = std::exchange(running_, nullptr);
    lock.unlock();
    Job& job = *done;
    job.Finish(std::move(done));
    lock.lock();
  }
}

}  // namespace paddock::binding
