// What a loaded model is made of, and the jobs that work with it.
#pragma once

#include <napi.h>

#include <memory>
#include <set>

#include "engine.h"
#include "engine_thread.h"
#include "js_channel.h"

namespace paddock::binding {

struct AddonData;

// One model with its thread and its channel to JavaScript. Lives from loadModel() until it is unloaded, collected as
// garbage, or its environment ends; each of them comes down to Shutdown() on the JavaScript thread.
class ModelCore {
 public:
  ModelCore(Napi::Env env, std::shared_ptr<Machine> machine);
  ~ModelCore();
  ModelCore(const ModelCore&) = delete;
  ModelCore& operator=(const ModelCore&) = delete;

  // Stops the thread and frees the engine. Idempotent.
  void Shutdown();

  const std::shared_ptr<JsChannel>& channel() const { return channel_; }
  EngineThread& thread() { return thread_; }

  // Set on the JavaScript thread when the load job ends, reset on the engine thread by the unload job. No other job is
  // under way at either moment.
  std::unique_ptr<Engine> engine;
  // Of the engine thread, and gone before the engine.
  std::unique_ptr<Trainer> trainer;
  // Of the JavaScript thread: unload() was called.
  bool unloading = false;

 private:
  Napi::Env env_;
  std::shared_ptr<JsChannel> channel_;
  EngineThread thread_;
  bool shut_down_ = false;
};

// Of one environment (a window's process may have several, with worker threads).
struct AddonData {
  Napi::FunctionReference model_class, predictions_class, trainer_class;
  std::set<std::shared_ptr<ModelCore>> cores;

  // What all models share: made for the first one, gone with the last one. Throws std::system_error when the system
  // gives no threads.
  std::shared_ptr<Machine> machine();

 private:
  std::weak_ptr<Machine> machine_;
};

// A job whose end settles a promise. It owns references to JavaScript values, so it is created, settled and destroyed
// on the JavaScript thread.
class PromiseJob : public Job, public std::enable_shared_from_this<PromiseJob> {
 public:
  // `callback` is for Emit(); may be empty.
  PromiseJob(Napi::Env env, std::shared_ptr<JsChannel> channel, Napi::Function callback = {},
             WorkClass work_class = WorkClass::kChat);

  // On the JavaScript thread: hands the job to the thread. `owner` is kept from garbage collection until the end.
  void Start(Napi::Env env, EngineThread& thread, Napi::Object owner);
  Napi::Promise promise() const { return deferred_.Promise(); }
  // {result, cancel}
  Napi::Object ToHandle(Napi::Env env);

  bool Step() noexcept final;
  bool AfterSharedStep(const Status& status) noexcept final;
  void Finish(std::shared_ptr<Job> self) noexcept final;

 protected:
  // On the engine thread: all of the work, or a piece of it.
  virtual Status Work() = 0;
  // On the engine thread, after a pass that was shared instead.
  virtual Status AfterSharedWork() { return Status::Ok(); }
  // On the engine thread: whether a piece is missing after one that went well.
  virtual bool HasMore() const { return false; }
  // On the engine thread, when the work has ended: frees what belongs there.
  virtual void OnEnd() {}
  // On the JavaScript thread, after work that ended well.
  virtual Napi::Value ToValue(Napi::Env env) = 0;
  // On the JavaScript thread, after work that did not.
  virtual void OnFailure() {}

  // On the JavaScript thread: the object that was kept from garbage collection.
  Napi::Object owner() const { return owner_.Value(); }

  // On the engine thread: has the callback called with the result of make(), on the JavaScript thread. An exception
  // that the callback throws cancels the job and rejects its promise.
  void Emit(std::function<Napi::Value(Napi::Env)> make);

 private:
  // On the JavaScript thread, as all that follows.
  void Deliver(Napi::Env env, const std::function<Napi::Value(Napi::Env)>& make);
  void Settle(Napi::Env env) noexcept;
  void Reject(Napi::Env env, const Status& status);

  Napi::Promise::Deferred deferred_;
  std::shared_ptr<JsChannel> channel_;
  // References to JavaScript values; Settle() deletes them.
  Napi::ObjectReference owner_;
  Napi::FunctionReference callback_;
  Napi::Error thrown_;
  Status outcome_;
};

}  // namespace paddock::binding
