#include "model_core.h"

#include <utility>

#include "convert.h"
#include "guard.h"
#include "ops/cpu_topology.h"

namespace paddock::binding {
namespace {

// Environments end without waiting for promises. Added after the channel's function, this runs before that is freed.
void OnEnvironmentEnd(void* core) {
  static_cast<ModelCore*>(core)->Shutdown();
}

}  // namespace

std::shared_ptr<Machine> AddonData::machine() {
  std::shared_ptr<Machine> machine = machine_.lock();
  if (machine == nullptr) {
    machine = std::make_shared<Machine>(UsableCpus());
    machine_ = machine;
  }
  return machine;
}

ModelCore::ModelCore(Napi::Env env, std::shared_ptr<Machine> machine)
    : env_(env), channel_(std::make_shared<JsChannel>(env)), thread_(std::move(machine)) {
  napi_add_env_cleanup_hook(env_, OnEnvironmentEnd, this);
}

ModelCore::~ModelCore() {
  Shutdown();
}

void ModelCore::Shutdown() {
  if (shut_down_) return;
  shut_down_ = true;
  napi_remove_env_cleanup_hook(env_, OnEnvironmentEnd, this);
  thread_.Stop();
  trainer.reset();
  engine.reset();
  channel_->Close();
}

PromiseJob::PromiseJob(Napi::Env env, std::shared_ptr<JsChannel> channel, Napi::Function callback, WorkClass work_class)
    : Job(work_class), deferred_(Napi::Promise::Deferred::New(env)), channel_(std::move(channel)) {
  if (!callback.IsEmpty()) callback_ = Napi::Persistent(callback);
}

void PromiseJob::Start(Napi::Env env, EngineThread& thread, Napi::Object owner) {
  if (!owner.IsEmpty()) owner_ = Napi::Persistent(owner);
  channel_->Ref(env);
  thread.Submit(shared_from_this());
}

Napi::Object PromiseJob::ToHandle(Napi::Env env) {
  std::weak_ptr<PromiseJob> weak = weak_from_this();
  Napi::Object handle = Napi::Object::New(env);
  handle.Set("result", promise());
  handle.Set("cancel", Napi::Function::New(env, [weak](const Napi::CallbackInfo&) {
               if (const auto job = weak.lock()) job->Cancel();
             }));
  return handle;
}

bool PromiseJob::Step() noexcept {
  outcome_ = Guarded([this] { return Work(); });
  return outcome_.ok() && HasMore();
}

bool PromiseJob::AfterSharedStep(const Status& status) noexcept {
  outcome_ = status.ok() ? Guarded([this] { return AfterSharedWork(); }) : status;
  return outcome_.ok() && HasMore();
}

void PromiseJob::Finish(std::shared_ptr<Job> self) noexcept {
  std::shared_ptr<PromiseJob> job = shared_from_this();
  self.reset();
  OnEnd();
  // Once posted, the job may be destroyed at any moment, by the JavaScript thread.
  const std::shared_ptr<JsChannel> channel = channel_;
  channel->Post([job = std::move(job)](Napi::Env env) { job->Settle(env); });
}

void PromiseJob::Emit(std::function<Napi::Value(Napi::Env)> make) {
  channel_->Post([job = shared_from_this(), make = std::move(make)](Napi::Env env) { job->Deliver(env, make); });
}

void PromiseJob::Deliver(Napi::Env env, const std::function<Napi::Value(Napi::Env)>& make) {
  if (!thrown_.IsEmpty()) return;
  const Napi::Value event = GuardedValue(env, [&] { return make(env); });
  if (!env.IsExceptionPending()) callback_.Call({event});
  if (!env.IsExceptionPending()) return;
  thrown_ = env.GetAndClearPendingException();
  Cancel();
}

void PromiseJob::Reject(Napi::Env env, const Status& status) {
  OnFailure();
  deferred_.Reject(thrown_.IsEmpty() ? ToError(env, status).Value() : thrown_.Value());
}

void PromiseJob::Settle(Napi::Env env) noexcept {
  if (!thrown_.IsEmpty() || !outcome_.ok()) {
    Reject(env, outcome_);
  } else {
    const Napi::Value value = GuardedValue(env, [&] { return ToValue(env); });
    if (env.IsExceptionPending()) {
      thrown_ = env.GetAndClearPendingException();
      Reject(env, outcome_);
    } else {
      deferred_.Resolve(value);
    }
  }
  callback_.Reset();
  thrown_.Reset();
  owner_.Reset();
  channel_->Unref(env);
}

}  // namespace paddock::binding
