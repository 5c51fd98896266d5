#include "trainer_object.h"

#include <cmath>
#include <utility>

#include "convert.h"
#include "train/lora_file.h"

namespace paddock::binding {
namespace {

// What steps and evaluations are given: samples one behind the other, flat.
struct Samples {
  std::vector<int32_t> ids, lengths;
  std::vector<uint8_t> counted;

  std::vector<TrainingSample> spans() const {
    std::vector<TrainingSample> out;
    size_t at = 0;
    for (const int32_t length : lengths) {
      const size_t n = static_cast<size_t>(length);
      out.push_back({std::span(ids).subspan(at, n), std::span(counted).subspan(at, n)});
      at += n;
    }
    return out;
  }
};

std::optional<Samples> ToSamples(const Napi::CallbackInfo& info) {
  std::optional<std::vector<int32_t>> ids = ToIds(info[0]), lengths = ToIds(info[1]);
  std::optional<std::string> counted;
  if (info[2].IsTypedArray()) counted = ToBytes(info[2]);
  if (!ids || !lengths || !counted || counted->size() != ids->size()) return std::nullopt;
  size_t total = 0;
  for (const int32_t length : *lengths) {
    if (length < 1) return std::nullopt;
    total += static_cast<size_t>(length);
  }
  if (total != ids->size()) return std::nullopt;
  return Samples{std::move(*ids), std::move(*lengths), {counted->begin(), counted->end()}};
}

constexpr const char* kSamplesNeeded =
    "Samples are an Int32Array of ids, an Int32Array of lengths that add up, and a Uint8Array as long as the ids.";

// Work with the trainer, which may have been closed meanwhile.
class TrainerJob : public PromiseJob {
 public:
  TrainerJob(Napi::Env env, const std::shared_ptr<ModelCore>& core) : PromiseJob(env, core->channel()), core_(core) {}

 protected:
  virtual Status Train(Trainer& trainer) = 0;
  Napi::Value ToValue(Napi::Env env) override { return env.Undefined(); }

 private:
  Status Work() final {
    const auto core = core_.lock();
    if (!core || !core->trainer) return {StatusCode::kInvalidArgument, "This trainer was closed."};
    return Train(*core->trainer);
  }
  std::weak_ptr<ModelCore> core_;
};

class StepJob : public TrainerJob {
 public:
  StepJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, Samples samples, float learning_rate)
      : TrainerJob(env, core), samples_(std::move(samples)), learning_rate_(learning_rate) {}

 private:
  Status Train(Trainer& trainer) override {
    Result<StepReport> report = trainer.Step(samples_.spans(), learning_rate_, &cancelled());
    if (!report.ok()) return report.status();
    report_ = report.Take();
    return Status::Ok();
  }
  Napi::Value ToValue(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("loss", report_.loss);
    out.Set("tokens", static_cast<double>(report_.tokens));
    out.Set("counted", static_cast<double>(report_.counted));
    out.Set("gradientNorm", report_.gradient_norm);
    return out;
  }

  Samples samples_;
  float learning_rate_;
  StepReport report_;
};

class EvaluateJob : public TrainerJob {
 public:
  EvaluateJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, Samples samples)
      : TrainerJob(env, core), samples_(std::move(samples)) {}

 private:
  Status Train(Trainer& trainer) override {
    Result<LossReport> report = trainer.Evaluate(samples_.spans(), &cancelled());
    if (!report.ok()) return report.status();
    report_ = report.Take();
    return Status::Ok();
  }
  Napi::Value ToValue(Napi::Env env) override {
    Napi::Object out = Napi::Object::New(env);
    out.Set("sum", report_.sum);
    out.Set("counted", static_cast<double>(report_.counted));
    out.Set("samples", ToJs(env, report_.samples));
    return out;
  }

  Samples samples_;
  LossReport report_;
};

class SaveJob : public TrainerJob {
 public:
  SaveJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, std::string path, std::string note)
      : TrainerJob(env, core), path_(std::move(path)), note_(std::move(note)) {}

 private:
  Status Train(Trainer& trainer) override { return trainer.Save(path_, note_, &cancelled()); }

  std::string path_, note_;
};

class RestoreJob : public TrainerJob {
 public:
  RestoreJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, std::string path)
      : TrainerJob(env, core), path_(std::move(path)) {}

 private:
  Status Train(Trainer& trainer) override {
    Result<std::string> note = trainer.Restore(path_);
    if (!note.ok()) return note.status();
    note_ = note.Take();
    return Status::Ok();
  }
  Napi::Value ToValue(Napi::Env env) override { return Napi::String::New(env, note_); }

  std::string path_, note_;
};

class ExportJob : public TrainerJob {
 public:
  ExportJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, std::string path)
      : TrainerJob(env, core), path_(std::move(path)) {}

 private:
  Status Train(Trainer& trainer) override { return LoraFile::Write(path_, trainer.lora(), trainer.hyperparameters()); }

  std::string path_;
};

class MatricesJob : public TrainerJob {
 public:
  MatricesJob(Napi::Env env, const std::shared_ptr<ModelCore>& core) : TrainerJob(env, core) {}

 private:
  struct Matrix {
    int layer, in, out;
    std::string target;
    std::vector<float> a, b;  // [rank][in], [rank][out]
  };

  Status Train(Trainer& trainer) override {
    const Lora& lora = trainer.lora();
    const size_t rank = static_cast<size_t>(lora.options().rank);
    for (int layer = 0; layer < trainer.hyperparameters().layers; ++layer) {
      for (int t = 0; t < kLoraTargets; ++t) {
        const auto target = static_cast<LoraTarget>(t);
        if (!lora.Has(layer, target)) continue;
        const Lora::Pair& pair = lora.At(layer, target);
        const float* values = lora.values().data();
        matrices_.push_back({layer,
                             pair.in,
                             pair.out,
                             std::string(LoraTargetName(target)),
                             {values + pair.a, values + pair.a + rank * static_cast<size_t>(pair.in)},
                             {values + pair.b, values + pair.b + rank * static_cast<size_t>(pair.out)}});
      }
    }
    return Status::Ok();
  }
  static Napi::Float32Array Floats(Napi::Env env, const std::vector<float>& values) {
    Napi::Float32Array out = Napi::Float32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), out.Data());
    return out;
  }
  Napi::Value ToValue(Napi::Env env) override {
    Napi::Array out = Napi::Array::New(env, matrices_.size());
    for (size_t i = 0; i < matrices_.size(); ++i) {
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("layer", matrices_[i].layer);
      entry.Set("target", matrices_[i].target);
      entry.Set("in", matrices_[i].in);
      entry.Set("out", matrices_[i].out);
      entry.Set("a", Floats(env, matrices_[i].a));
      entry.Set("b", Floats(env, matrices_[i].b));
      out.Set(static_cast<uint32_t>(i), entry);
    }
    return out;
  }

  std::vector<Matrix> matrices_;
};

class TrainJob : public PromiseJob {
 public:
  TrainJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, const TrainerOptions& options)
      : PromiseJob(env, core->channel()), core_(core), options_(options) {}

 private:
  Status Work() override {
    const auto core = core_.lock();
    if (!core || !core->engine) return {StatusCode::kInvalidArgument, "This model was unloaded."};
    if (core->trainer) return {StatusCode::kInvalidArgument, "This model is being trained already."};
    Result<std::unique_ptr<Trainer>> trainer = core->engine->MakeTrainer(options_);
    if (!trainer.ok()) return trainer.status();
    core->trainer = trainer.Take();
    precision_ = core->trainer->precision();
    parameters_ = core->trainer->lora().values().size();
    return Status::Ok();
  }
  Napi::Value ToValue(Napi::Env env) override {
    const auto core = core_.lock();
    if (!core) return env.Undefined();
    Napi::Object out = TrainerObject::Create(env, core, owner());
    out.Set("precision", precision_);
    out.Set("parameters", static_cast<double>(parameters_));
    return out;
  }

  std::weak_ptr<ModelCore> core_;
  TrainerOptions options_;
  std::string precision_;
  size_t parameters_ = 0;
};

class CloseJob : public PromiseJob {
 public:
  CloseJob(Napi::Env env, const std::shared_ptr<ModelCore>& core) : PromiseJob(env, core->channel()), core_(core) {}

 private:
  Status Work() override {
    if (const auto core = core_.lock()) core->trainer.reset();
    return Status::Ok();
  }
  Napi::Value ToValue(Napi::Env env) override { return env.Undefined(); }

  std::weak_ptr<ModelCore> core_;
};

}  // namespace

Napi::Function TrainerObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeTrainer",
                     {
                         Method<&TrainerObject::Step>("step"),
                         Method<&TrainerObject::Evaluate>("evaluate"),
                         Method<&TrainerObject::Save>("save"),
                         Method<&TrainerObject::Restore>("restore"),
                         Method<&TrainerObject::Export>("export"),
                         Method<&TrainerObject::Matrices>("matrices"),
                         Method<&TrainerObject::Close>("close"),
                     });
}

Napi::Object TrainerObject::Create(Napi::Env env, const std::shared_ptr<ModelCore>& core, Napi::Object model) {
  auto pointer = core;
  return env.GetInstanceData<AddonData>()->trainer_class.New(
      {Napi::External<std::shared_ptr<ModelCore>>::New(env, &pointer), model});
}

TrainerObject::TrainerObject(const Napi::CallbackInfo& info) : GuardedObject(info) {
  if (info.Length() != 2 || !info[0].IsExternal() || !info[1].IsObject()) {
    ThrowArgument(info.Env(), "A trainer is made by train().");
    return;
  }
  core_ = *info[0].As<Napi::External<std::shared_ptr<ModelCore>>>().Data();
  model_ = Napi::Persistent(info[1].As<Napi::Object>());
}

template <typename Job, typename... Arguments>
Napi::Value TrainerObject::Start(const Napi::CallbackInfo& info, Arguments&&... arguments) {
  const Napi::Env env = info.Env();
  if (!core_ || core_->unloading) return Throw(env, Status(StatusCode::kInvalidArgument, "This model was unloaded."));
  const auto job = std::make_shared<Job>(env, core_, std::forward<Arguments>(arguments)...);
  job->Start(env, core_->thread(), Value());
  return job->ToHandle(env);
}

Napi::Value TrainerObject::Step(const Napi::CallbackInfo& info) {
  std::optional<Samples> samples = ToSamples(info);
  if (!samples || !info[3].IsNumber()) return ThrowArgument(info.Env(), kSamplesNeeded);
  const float rate = info[3].As<Napi::Number>().FloatValue();
  if (!std::isfinite(rate) || rate < 0)
    return ThrowArgument(info.Env(), "step: the learning rate must not be negative.");
  return Start<StepJob>(info, std::move(*samples), rate);
}

Napi::Value TrainerObject::Evaluate(const Napi::CallbackInfo& info) {
  std::optional<Samples> samples = ToSamples(info);
  if (!samples) return ThrowArgument(info.Env(), kSamplesNeeded);
  return Start<EvaluateJob>(info, std::move(*samples));
}

Napi::Value TrainerObject::Save(const Napi::CallbackInfo& info) {
  if (!info[0].IsString() || !info[1].IsString())
    return ThrowArgument(info.Env(), "save: a path and a text are needed.");
  return Start<SaveJob>(info, info[0].As<Napi::String>(), info[1].As<Napi::String>());
}

Napi::Value TrainerObject::Restore(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) return ThrowArgument(info.Env(), "restore: a path is needed.");
  return Start<RestoreJob>(info, info[0].As<Napi::String>());
}

Napi::Value TrainerObject::Export(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) return ThrowArgument(info.Env(), "export: a path is needed.");
  return Start<ExportJob>(info, info[0].As<Napi::String>());
}

Napi::Value TrainerObject::Matrices(const Napi::CallbackInfo& info) {
  return Start<MatricesJob>(info);
}

Napi::Value TrainerObject::Close(const Napi::CallbackInfo& info) {
  return Start<CloseJob>(info);
}

Napi::Value StartTraining(Napi::Env env, const std::shared_ptr<ModelCore>& core, Napi::Object model,
                          const TrainerOptions& options) {
  const auto job = std::make_shared<TrainJob>(env, core, options);
  job->Start(env, core->thread(), model);
  return job->ToHandle(env);
}

Napi::Value TrainingNeedOf(Napi::Env env, ModelCore& core, const TrainerOptions& options) {
  const Result<TrainingNeed> need = core.engine->NeedForTraining(options);
  if (!need.ok()) return Throw(env, need.status());
  Napi::Object out = Napi::Object::New(env);
  out.Set("pass", static_cast<double>(need->pass));
  out.Set("optimizer", static_cast<double>(need->optimizer));
  return out;
}

}  // namespace paddock::binding
