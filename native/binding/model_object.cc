#include "model_object.h"

#include <utility>

#include "convert.h"
#include "jobs.h"
#include "predictions_object.h"
#include "trainer_object.h"

namespace paddock::binding {

Napi::Function ModelObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeModel",
                     {
                         Method<&ModelObject::Tokenize>("tokenize"),
                         Method<&ModelObject::Detokenize>("detokenize"),
                         Method<&ModelObject::TokenId>("tokenId"),
                         Method<&ModelObject::Generate>("generate"),
                         Method<&ModelObject::Score>("score"),
                         Method<&ModelObject::Predict>("predict"),
                         Method<&ModelObject::Compare>("compare"),
                         Method<&ModelObject::Observe>("observe"),
                         Method<&ModelObject::SaveImportance>("saveImportance"),
                         Method<&ModelObject::Bench>("bench"),
                         Method<&ModelObject::Train>("train"),
                         Method<&ModelObject::TrainingNeed>("trainingNeed"),
                         Method<&ModelObject::ClearCache>("clearCache"),
                         Method<&ModelObject::Unload>("unload"),
                     });
}

Napi::Object ModelObject::Create(Napi::Env env, const std::shared_ptr<ModelCore>& core) {
  auto pointer = core;
  return env.GetInstanceData<AddonData>()->model_class.New(
      {Napi::External<std::shared_ptr<ModelCore>>::New(env, &pointer)});
}

ModelObject::ModelObject(const Napi::CallbackInfo& info) : GuardedObject(info), memory_(info.Env()) {
  const Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsExternal()) {
    ThrowArgument(env, "A model is made by loadModel().");
    return;
  }
  core_ = *info[0].As<Napi::External<std::shared_ptr<ModelCore>>>().Data();
  memory_.Set(core_->engine->info().memory.total);
  GuardedValue(env, [&] {
    Value().Set("info", ToJs(env, core_->engine->info(), core_->engine->tokenizer()));
    return env.Undefined();
  });
}

ModelObject::~ModelObject() {
  if (!core_) return;
  core_->Shutdown();
  if (auto* data = Env().GetInstanceData<AddonData>()) data->cores.erase(core_);
}

bool ModelObject::Usable(Napi::Env env) const {
  if (core_ && !core_->unloading) return true;
  ToError(env, Status(StatusCode::kInvalidArgument, "This model was unloaded.")).ThrowAsJavaScriptException();
  return false;
}

Napi::Value ModelObject::Tokenize(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  const std::optional<std::string> text = ToBytes(info[0]);
  if (!text || !info[1].IsBoolean())
    return ThrowArgument(info.Env(), "tokenize: a string or Uint8Array and a boolean are needed.");
  return ToJs(info.Env(), core_->engine->tokenizer().Encode(*text, info[1].As<Napi::Boolean>()));
}

Napi::Value ModelObject::Detokenize(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  const std::optional<std::vector<int32_t>> ids = ToIds(info[0]);
  if (!ids || !info[1].IsBoolean())
    return ThrowArgument(info.Env(), "detokenize: an Int32Array and a boolean are needed.");
  const Tokenizer& tokenizer = core_->engine->tokenizer();
  const bool special = info[1].As<Napi::Boolean>();
  std::string bytes;
  for (const int32_t id : *ids) {
    if (id < 0 || id >= tokenizer.size())
      return ThrowArgument(info.Env(), "detokenize: an id is outside the vocabulary.");
    if (special || !tokenizer.IsControl(id)) bytes += tokenizer.Bytes(id);
  }
  return Napi::Buffer<char>::Copy(info.Env(), bytes.data(), bytes.size());
}

Napi::Value ModelObject::TokenId(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  if (!info[0].IsString()) return ThrowArgument(info.Env(), "tokenId: a string is needed.");
  const std::optional<int32_t> id = core_->engine->tokenizer().Find(info[0].As<Napi::String>().Utf8Value());
  return id ? Napi::Number::New(info.Env(), *id).As<Napi::Value>() : info.Env().Undefined();
}

Napi::Value ModelObject::Generate(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  std::optional<GenerateRequest> request = ToGenerateRequest(info[0]);
  const std::optional<WorkClass> work_class = ToWorkClass(info[0]);
  if (!request || !work_class || !info[1].IsFunction())
    return ThrowArgument(info.Env(), "generate: a request and a function are needed.");
  return StartJob<GenerateJob>(info, std::move(*request), *work_class, info[1].As<Napi::Function>());
}

Napi::Value ModelObject::Score(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  std::optional<std::vector<int32_t>> ids = ToIds(info[0]);
  const std::optional<int> first = ToInt(info[1], 0);
  if (!ids || !first) return ThrowArgument(info.Env(), "score: an Int32Array and a whole number are needed.");
  return StartJob<ScoreJob>(info, std::move(*ids), *first);
}

Napi::Value ModelObject::Predict(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  std::optional<std::vector<int32_t>> ids = ToIds(info[0]);
  const std::optional<int> first = ToInt(info[1], 0);
  if (!ids || !first) return ThrowArgument(info.Env(), "predict: an Int32Array and a whole number are needed.");
  return StartJob<PredictJob>(info, std::move(*ids), *first);
}

Napi::Value ModelObject::Compare(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  std::optional<std::vector<int32_t>> ids = ToIds(info[0]);
  const std::optional<int> first = ToInt(info[1], 0);
  PredictionsObject* base = PredictionsObject::From(info[2]);
  if (!ids || !first || base == nullptr) {
    return ThrowArgument(info.Env(),
                         "compare: an Int32Array, a whole number, and predictions that were not used yet are needed.");
  }
  return StartJob<CompareJob>(info, std::move(*ids), *first, base->Take());
}

Napi::Value ModelObject::Observe(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  std::optional<std::vector<int32_t>> ids = ToIds(info[0]);
  if (!ids) return ThrowArgument(info.Env(), "observe: an Int32Array is needed.");
  return StartJob<ObserveJob>(info, std::move(*ids));
}

Napi::Value ModelObject::SaveImportance(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  std::vector<std::string> datasets;
  bool texts = info[0].IsString() && info[1].IsArray();
  for (uint32_t i = 0; texts && i < info[1].As<Napi::Array>().Length(); ++i) {
    const Napi::Value name = info[1].As<Napi::Array>().Get(i);
    texts = name.IsString();
    if (texts) datasets.push_back(name.As<Napi::String>());
  }
  if (!texts) return ThrowArgument(info.Env(), "saveImportance: a path and a list of names are needed.");
  return StartJob<SaveImportanceJob>(info, info[0].As<Napi::String>().Utf8Value(), std::move(datasets));
}

Napi::Value ModelObject::Bench(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  const std::optional<BenchOptions> options = ToBenchOptions(info[0]);
  if (!options)
    return ThrowArgument(info.Env(), "bench: prompt, generate, repeat and depth of the options must be whole numbers.");
  return StartJob<BenchJob>(info, *options);
}

Napi::Value ModelObject::Train(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  const std::optional<TrainerOptions> options = ToTrainerOptions(info[0]);
  if (!options) return ThrowArgument(info.Env(), "train: options of an adapter are needed.");
  return StartTraining(info.Env(), core_, Value(), *options);
}

Napi::Value ModelObject::TrainingNeed(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  const std::optional<TrainerOptions> options = ToTrainerOptions(info[0]);
  if (!options) return ThrowArgument(info.Env(), "trainingNeed: options of an adapter are needed.");
  return TrainingNeedOf(info.Env(), *core_, *options);
}

Napi::Value ModelObject::ClearCache(const Napi::CallbackInfo& info) {
  if (!Usable(info.Env())) return info.Env().Undefined();
  return StartJob<ClearCacheJob>(info);
}

Napi::Value ModelObject::Unload(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!core_ || core_->unloading) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Resolve(env.Undefined());
    return deferred.Promise();
  }
  core_->unloading = true;
  memory_.Set(0);
  core_->thread().CancelAll();
  const auto job = std::make_shared<UnloadJob>(env, core_);
  job->Start(env, core_->thread(), Value());
  return job->promise();
}

template <typename JobType, typename... Arguments>
Napi::Value ModelObject::StartJob(const Napi::CallbackInfo& info, Arguments&&... arguments) {
  const auto job = std::make_shared<JobType>(info.Env(), *core_, std::forward<Arguments>(arguments)...);
  job->Start(info.Env(), core_->thread(), Value());
  return job->ToHandle(info.Env());
}

Napi::Object StartLoading(Napi::Env env, std::string path, LoadOptions options, Napi::Function on_progress) {
  AddonData& data = *env.GetInstanceData<AddonData>();
  const auto core = std::make_shared<ModelCore>(env, data.machine());
  data.cores.insert(core);
  const auto job =
      std::make_shared<LoadJob>(env, core, std::move(path), std::move(options), data.machine(), on_progress);
  job->Start(env, core->thread(), Napi::Object());
  return job->ToHandle(env);
}

}  // namespace paddock::binding
