#include "model_core.h"

#include <utility>

#include "convert.h"

namespace paddock::binding {
namespace {

// Environments end without waiting for promises. Added after the channel's function, this runs before that is freed.
void OnEnvironmentEnd(void* core) {
  static_cast<ModelCore*>(core)->Shutdown();
}

}  // namespace

ModelCore::ModelCore(Napi::Env env) : env_(env), channel_(std::make_shared<JsChannel>(env)) {
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

PromiseJob::PromiseJob(Napi::Env env, std::shared_ptr<JsChannel> channel)
    : deferred_(Napi::Promise::Deferred::New(env)), channel_(std::move(channel)) {}

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

void PromiseJob::Run() {
  status_ = Work();
  channel_->Post([self = shared_from_this()](Napi::Env env) { self->Settle(env); });
}

void PromiseJob::Emit(Napi::FunctionReference& callback, std::function<Napi::Value(Napi::Env)> make) {
  channel_->Post([self = shared_from_this(), &callback, make = std::move(make)](Napi::Env env) {
    if (!self->thrown_.IsEmpty()) return;
    callback.Call({make(env)});
    if (env.IsExceptionPending()) {
      self->thrown_ = env.GetAndClearPendingException();
      self->Cancel();
    }
  });
}

void PromiseJob::Settle(Napi::Env env) {
  if (!thrown_.IsEmpty()) {
    OnFailure();
    deferred_.Reject(thrown_.Value());
  } else if (!status_.ok()) {
    OnFailure();
    deferred_.Reject(ToError(env, status_).Value());
  } else {
    deferred_.Resolve(ToValue(env));
  }
  owner_.Reset();
  channel_->Unref(env);
}

}  // namespace paddock::binding
