// The addon's table of contents: NativeModule of extension/server/engine/binding.ts.
#include <napi.h>

#include "convert.h"
#include "guard.h"
#include "jobs.h"
#include "kernels/cpu_features.h"
#include "kernels/dispatch.h"
#include "model_object.h"
#include "ops/cpu_topology.h"
#include "ops/thread_pool.h"
#include "predictions_object.h"
#include "trainer_object.h"

namespace paddock::binding {
namespace {

// Raised together with `abiVersion` in extension/server/engine/load-addon.ts.
constexpr int kAbiVersion = 11;

template <typename Names, typename ToName>
Napi::Array List(Napi::Env env, const Names& names, ToName to_name) {
  Napi::Array out = Napi::Array::New(env);
  for (const auto& name : names) out.Set(out.Length(), to_name(name));
  return out;
}

Napi::Value SystemInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const MachineMemory memory = DetectMemory();
  Napi::Object out = Napi::Object::New(env);
  out.Set("cpuFeatures", List(env, DetectCpuFeatures().Names(), [](const std::string& name) { return name; }));
  out.Set("availableKernels", List(env, AvailableKernels(), [](const KernelTable* table) { return table->name; }));
  out.Set("physicalCores", PhysicalCores());
  out.Set("totalMemory", static_cast<double>(memory.total));
  out.Set("availableMemory", static_cast<double>(memory.available));
  out.Set("defaultPrefixCache", static_cast<double>(DefaultPrefixCacheBytes()));
  return out;
}

// hold(held): while true, all computing in this process sleeps where it is.
Napi::Value Hold(const Napi::CallbackInfo& info) {
  if (!info[0].IsBoolean()) return ThrowArgument(info.Env(), "hold: whether to hold is needed.");
  ThreadPool::HoldAll(info[0].As<Napi::Boolean>());
  return info.Env().Undefined();
}

Napi::Value InspectFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::optional<LoadOptions> options = ToLoadOptions(info[1]);
  if (!info[0].IsString() || !options) return ThrowArgument(env, "inspect: a path and options are needed.");
  const Result<GgufFile> file = GgufFile::Open(info[0].As<Napi::String>());
  if (!file.ok()) return Throw(env, file.status());
  return ToJs(env, *file, Inspect(*file, *options));
}

Napi::Value LoadModel(const Napi::CallbackInfo& info) {
  const std::optional<LoadOptions> options = ToLoadOptions(info[1]);
  if (!info[0].IsString() || !options || !info[2].IsFunction()) {
    return ThrowArgument(info.Env(), "loadModel: a path, options and a function are needed.");
  }
  return StartLoading(info.Env(), info[0].As<Napi::String>(), *options, info[2].As<Napi::Function>());
}

Napi::Value Quantize(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::optional<int> threads;
  if (info[5].IsNumber()) threads = ToInt(info[5], 0);
  QuantizeRequest request;
  bool texts = true;
  for (size_t i = 1; i < 5; ++i) texts = texts && info[i].IsString();
  if (info[0].IsString()) {
    request.source = info[0].As<Napi::String>().Utf8Value();
  } else if (std::optional<QuantizeSource::Parts> parts = ToParts(info[0])) {
    request.source = std::move(*parts);
  } else {
    texts = false;
  }
  if (!texts || !threads || *threads < 0 || *threads > kMaxThreads || !info[6].IsFunction()) {
    return ThrowArgument(
        env,
        "quantize: a model's path or parts, paths of an adapter or nothing, an importance matrix or nothing, and the "
        "new file, a type, a number of threads and a function are needed.");
  }
  AddonData& data = *env.GetInstanceData<AddonData>();
  const auto core = std::make_shared<ModelCore>(env, data.machine());
  data.cores.insert(core);
  request.adapter = info[1].As<Napi::String>();
  request.importance = info[2].As<Napi::String>();
  request.path = info[3].As<Napi::String>();
  request.recipe = info[4].As<Napi::String>();
  request.threads = PlanThreads(*threads);
  const auto job = std::make_shared<QuantizeJob>(env, core, std::move(request), info[6].As<Napi::Function>());
  job->Start(env, core->thread(), Napi::Object());
  return job->ToHandle(env);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;  // the environment owns it
  data->model_class = Napi::Persistent(ModelObject::Define(env));
  data->predictions_class = Napi::Persistent(PredictionsObject::Define(env));
  data->trainer_class = Napi::Persistent(TrainerObject::Define(env));
  env.SetInstanceData(data);
  exports.Set("abiVersion", kAbiVersion);
  exports.Set("systemInfo", Napi::Function::New<GuardedFunction<SystemInfo>>(env, "systemInfo"));
  exports.Set("hold", Napi::Function::New<GuardedFunction<Hold>>(env, "hold"));
  exports.Set("inspect", Napi::Function::New<GuardedFunction<InspectFile>>(env, "inspect"));
  exports.Set("loadModel", Napi::Function::New<GuardedFunction<LoadModel>>(env, "loadModel"));
  exports.Set("quantizeTypes", List(env, Recipes(), [](const std::string& name) { return name; }));
  exports.Set("quantize", Napi::Function::New<GuardedFunction<Quantize>>(env, "quantize"));
  return exports;
}

}  // namespace

NODE_API_MODULE(paddock, Init)

}  // namespace paddock::binding
