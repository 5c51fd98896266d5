// The way from an engine thread to JavaScript.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace paddock::binding {

// Hands tasks of other threads to the JavaScript thread through one ThreadSafeFunction. Tasks that pile up while
// JavaScript is busy run together: a burst of them costs one wake-up.
class JsChannel : public std::enable_shared_from_this<JsChannel> {
 public:
  using Task = std::function<void(Napi::Env)>;

  // On the JavaScript thread. The channel does not keep the process alive until Ref().
  explicit JsChannel(Napi::Env env);
  JsChannel(const JsChannel&) = delete;
  JsChannel& operator=(const JsChannel&) = delete;

  // From any thread. Tasks run in order. What is posted after Close() is dropped.
  void Post(Task task);

  // On the JavaScript thread: keeps the process alive while at least one job is under way.
  void Ref(Napi::Env env);
  void Unref(Napi::Env env);

  // On the JavaScript thread, when no other thread will post any more.
  void Close();

 private:
  void Drain(Napi::Env env);

  Napi::ThreadSafeFunction function_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool awake_ = false;
  bool closed_ = false;
  int refs_ = 0;
};

}  // namespace paddock::binding
