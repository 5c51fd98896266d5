#include "engine_thread.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "guard.h"

namespace paddock::binding {

EngineThread::EngineThread(std::shared_ptr<Machine> machine)
    : machine_(std::move(machine)), thread_([this] { Loop(); }) {}

EngineThread::~EngineThread() {
  Stop();
}

void EngineThread::Submit(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  jobs_.push_back(std::move(job));
  changed_.notify_one();
}

void EngineThread::CancelAll() {
  std::lock_guard lock(mutex_);
  for (const auto& job : jobs_) job->Cancel();
}

void EngineThread::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& job : jobs_) job->Cancel();
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  jobs_.clear();
}

EngineThread::Jobs EngineThread::Choose() {
  // The first of the highest class.
  auto next = jobs_.end();
  for (auto job = jobs_.begin(); job != jobs_.end(); ++job) {
    if ((next == jobs_.end() || (*next)->work_class() < (*job)->work_class()) && (*job)->Ready()) next = job;
  }
  if (next == jobs_.end()) next = jobs_.begin();  // it will fail, in words
  Jobs chosen = {*next};
  if ((*next)->decoding() != nullptr) {
    for (auto other = std::next(next); other != jobs_.end() && chosen.size() < Generation::kMostTogether; ++other) {
      if ((*other)->work_class() == (*next)->work_class() && (*other)->decoding() != nullptr) chosen.push_back(*other);
    }
  }
  return chosen;
}

EngineThread::Jobs EngineThread::Work(const Jobs& jobs) {
  Jobs ended;
  if (jobs.size() == 1) {
    if (!jobs.front()->Step()) ended = jobs;
    return ended;
  }
  std::vector<Generation*> generations;
  for (const auto& job : jobs) generations.push_back(job->decoding());
  const Status status = Guarded([&] {
    Generation::StepTogether(generations);
    return Status::Ok();
  });
  for (const auto& job : jobs) {
    if (!job->AfterSharedStep(status)) ended.push_back(job);
  }
  return ended;
}

void EngineThread::Loop() {
  // Kept between the pieces of work of one class, so that nobody less urgent gets in between.
  std::optional<Urgency> urgency;
  WorkClass current = WorkClass::kLast;
  std::unique_lock lock(mutex_);
  while (true) {
    if (jobs_.empty()) urgency.reset();
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    Jobs chosen = Choose();
    if (const WorkClass wanted = chosen.front()->work_class(); !urgency || current != wanted) {
      urgency.reset();
      current = wanted;
      urgency.emplace(machine_->pool, static_cast<int>(wanted));
    }
    lock.unlock();
    Jobs ended = Work(chosen);
    lock.lock();
    for (const auto& job : chosen) {
      jobs_.remove(job);
      if (std::find(ended.begin(), ended.end(), job) == ended.end()) jobs_.push_back(job);
    }
    lock.unlock();
    // The thread's only references are those in `ended`.
    chosen.clear();
    for (std::shared_ptr<Job>& done : ended) {
      Job& job = *done;
      job.Finish(std::move(done));
    }
    lock.lock();
  }
}

}  // namespace paddock::binding
