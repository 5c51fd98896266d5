// NativeTrainer of extension/server/engine/binding.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "guard.h"
#include "model_core.h"

namespace paddock::binding {

// The one trainer of a model. It lives with the model's core; all work with it is done on the engine thread.
class TrainerObject : public GuardedObject<TrainerObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  // On the JavaScript thread, once `core` has its trainer. `model` is kept from garbage collection.
  static Napi::Object Create(Napi::Env env, const std::shared_ptr<ModelCore>& core, Napi::Object model);

  // An External of a shared pointer to the core, and the model.
  explicit TrainerObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Step(const Napi::CallbackInfo& info);
  Napi::Value Evaluate(const Napi::CallbackInfo& info);
  Napi::Value Save(const Napi::CallbackInfo& info);
  Napi::Value Restore(const Napi::CallbackInfo& info);
  Napi::Value Export(const Napi::CallbackInfo& info);
  Napi::Value Matrices(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  template <typename Job, typename... Arguments>
  Napi::Value Start(const Napi::CallbackInfo& info, Arguments&&... arguments);

  std::shared_ptr<ModelCore> core_;
  Napi::ObjectReference model_;
};

// {result, cancel} of a NativeTrainer.
Napi::Value StartTraining(Napi::Env env, const std::shared_ptr<ModelCore>& core, Napi::Object model,
                          const TrainerOptions& options);
// Bytes that training with these options takes. Throws in JavaScript.
Napi::Value TrainingNeedOf(Napi::Env env, ModelCore& core, const TrainerOptions& options);

}  // namespace paddock::binding
