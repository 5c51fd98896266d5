#include "predictions_object.h"

#include <utility>

#include "convert.h"
#include "model_core.h"

namespace paddock::binding {

Napi::Function PredictionsObject::Define(Napi::Env env) {
  return DefineClass(env, "NativePredictions", {});
}

Napi::Object PredictionsObject::Create(Napi::Env env, std::vector<float> logits) {
  return env.GetInstanceData<AddonData>()->predictions_class.New(
      {Napi::External<std::vector<float>>::New(env, &logits)});
}

PredictionsObject* PredictionsObject::From(const Napi::Value& value) {
  if (!value.IsObject()) return nullptr;
  const Napi::Object object = value.As<Napi::Object>();
  if (!object.InstanceOf(value.Env().GetInstanceData<AddonData>()->predictions_class.Value())) return nullptr;
  PredictionsObject* predictions = Unwrap(object);
  return predictions == nullptr || predictions->logits_.empty() ? nullptr : predictions;
}

PredictionsObject::PredictionsObject(const Napi::CallbackInfo& info) : ObjectWrap(info), memory_(info.Env()) {
  if (info.Length() != 1 || !info[0].IsExternal()) {
    ThrowArgument(info.Env(), "Predictions are made by predict().");
    return;
  }
  logits_ = std::move(*info[0].As<Napi::External<std::vector<float>>>().Data());
  memory_.Set(logits_.size() * sizeof(float));
}

std::vector<float> PredictionsObject::Take() {
  memory_.Set(0);
  return std::exchange(logits_, {});
}

}  // namespace paddock::binding
