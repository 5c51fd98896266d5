#include "js_channel.h"

#include <utility>

namespace paddock::binding {

JsChannel::JsChannel(Napi::Env env) {
  auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  function_ = Napi::ThreadSafeFunction::New(env, nothing, "paddock", 0, 1);
  function_.Unref(env);
}

void JsChannel::Post(Task task) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  tasks_.push_back(std::move(task));
  if (awake_) return;
  // The queue of the function is unbounded, so that this fails only when the environment goes away.
  auto drain = [self = shared_from_this()](Napi::Env env, Napi::Function) { self->Drain(env); };
  awake_ = function_.NonBlockingCall(drain) == napi_ok;
}

void JsChannel::Ref(Napi::Env env) {
  if (refs_++ == 0) function_.Ref(env);
}

void JsChannel::Unref(Napi::Env env) {
  if (--refs_ == 0) function_.Unref(env);
}

void JsChannel::Close() {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  tasks_.clear();
  function_.Release();
}

void JsChannel::Drain(Napi::Env env) {
  std::vector<Task> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    awake_ = false;
  }
  for (Task& task : tasks) {
    Napi::HandleScope scope(env);
    task(env);
  }
}

}  // namespace paddock::binding
