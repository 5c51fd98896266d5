// NativePredictions of extension/server/engine/binding.ts: one model's logits on their way to another model.
#pragma once

#include <napi.h>

#include <vector>

#include "external_memory.h"

namespace paddock::binding {

// They are too many to pass through JavaScript, which only holds them.
class PredictionsObject : public Napi::ObjectWrap<PredictionsObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Object Create(Napi::Env env, std::vector<float> logits);
  // Null when the value is something else, or was taken.
  static PredictionsObject* From(const Napi::Value& value);

  // The only argument is an External of the vector.
  explicit PredictionsObject(const Napi::CallbackInfo& info);

  // Leaves nothing behind.
  std::vector<float> Take();

 private:
  ExternalMemory memory_;
  std::vector<float> logits_;
};

}  // namespace paddock::binding
