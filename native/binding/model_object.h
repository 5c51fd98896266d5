// NativeModel of extension/server/engine/binding.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "external_memory.h"
#include "guard.h"
#include "model_core.h"

namespace paddock::binding {

class ModelObject : public GuardedObject<ModelObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // On the JavaScript thread, once `core` has its engine.
  static Napi::Object Create(Napi::Env env, const std::shared_ptr<ModelCore>& core);

  // The only argument is an External of a shared pointer to the core.
  explicit ModelObject(const Napi::CallbackInfo& info);
  ~ModelObject() override;

 private:
  Napi::Value Tokenize(const Napi::CallbackInfo& info);
  Napi::Value Detokenize(const Napi::CallbackInfo& info);
  Napi::Value TokenId(const Napi::CallbackInfo& info);
  Napi::Value Generate(const Napi::CallbackInfo& info);
  Napi::Value Score(const Napi::CallbackInfo& info);
  Napi::Value Predict(const Napi::CallbackInfo& info);
  Napi::Value Compare(const Napi::CallbackInfo& info);
  Napi::Value Observe(const Napi::CallbackInfo& info);
  Napi::Value SaveImportance(const Napi::CallbackInfo& info);
  Napi::Value Bench(const Napi::CallbackInfo& info);
  Napi::Value Train(const Napi::CallbackInfo& info);
  Napi::Value TrainingNeed(const Napi::CallbackInfo& info);
  Napi::Value ClearCache(const Napi::CallbackInfo& info);
  Napi::Value Unload(const Napi::CallbackInfo& info);

  // False, with an exception pending, after unload().
  bool Usable(Napi::Env env) const;
  template <typename JobType, typename... Arguments>
  Napi::Value StartJob(const Napi::CallbackInfo& info, Arguments&&... arguments);

  std::shared_ptr<ModelCore> core_;
  ExternalMemory memory_;
};

// Starts loading a file; returns {result, cancel}.
Napi::Object StartLoading(Napi::Env env, std::string path, LoadOptions options, Napi::Function on_progress);

}  // namespace paddock::binding
