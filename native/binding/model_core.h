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

// One model with its thread and its way back to JavaScript. Lives from loadModel() until it is unloaded, collected as
// garbage, or its environment ends; each of them comes down to Shutdown() on the JavaScript thread.
class ModelCore {
 public:
  explicit ModelCore(Napi::Env env);
  ~ModelCore();
  ModelCore(const ModelCore&) = delete;
  ModelCore& operator=(const ModelCore&) = delete;

  // Stops the thread and frees the engine. Idempotent.
  void Shutdown();

  const std::shared_ptr<JsChannel>& channel() const { return channel_; }
  EngineThread& thread() { return thread_; }

  // Set by the load job, reset by the unload job, both on the engine thread; the JavaScript thread uses it between.
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
};

// A job whose end settles a promise.
class PromiseJob : public Job, public std::enable_shared_from_this<PromiseJob> {
 public:
  PromiseJob(Napi::Env env, std::shared_ptr<JsChannel> channel);

  // On the JavaScript thread: hands the job to the thread. `owner` is kept from garbage collection until the end.
  void Start(Napi::Env env, EngineThread& thread, Napi::Object owner);
  Napi::Promise promise() const { return deferred_.Promise(); }
  // {result, cancel}
  Napi::Object ToHandle(Napi::Env env);

  void Run() final;

 protected:
  // On the engine thread.
  virtual Status Work() = 0;
  // On the JavaScript thread, after work that ended well.
  virtual Napi::Value ToValue(Napi::Env env) = 0;
  // On the JavaScript thread, after work that did not.
  virtual void OnFailure() {}

  // On the engine thread: calls `callback` with what `make` returns, on the JavaScript thread. An exception that it
  // throws cancels the job and rejects its promise.
  void Emit(Napi::FunctionReference& callback, std::function<Napi::Value(Napi::Env)> make);

 private:
  void Settle(Napi::Env env);

  Napi::Promise::Deferred deferred_;
  std::shared_ptr<JsChannel> channel_;
  Napi::ObjectReference owner_;
  Napi::Error thrown_;
  Status status_;
};

}  // namespace paddock::binding
