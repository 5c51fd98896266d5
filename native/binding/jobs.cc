#include "jobs.h"

#include <cmath>
#include <optional>
#include <utility>

#include "convert.h"
#include "model_object.h"
#include "predictions_object.h"
#include "runtime/generation.h"

namespace paddock::binding {
namespace {

constexpr std::chrono::milliseconds kFrame{16};

}  // namespace

bool Pace::Due() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kFrame) return false;
  last_ = now;
  return true;
}

LoadJob::LoadJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, std::string path, LoadOptions options,
                 std::shared_ptr<Machine> machine, Napi::Function on_progress)
    : PromiseJob(env, core->channel(), on_progress),
      env_(env),
      core_(core),
      path_(std::move(path)),
      options_(std::move(options)),
      machine_(std::move(machine)) {}

Status LoadJob::Work() {
  const auto progress = [this](double fraction) {
    if (fraction < 1 && !pace_.Due()) return;
    Emit([fraction](Napi::Env env) { return Napi::Number::New(env, fraction); });
  };
  Result<std::unique_ptr<Engine>> engine = Engine::Load(path_, options_, &cancelled(), progress, machine_);
  if (!engine.ok()) return engine.status();
  engine_ = engine.Take();
  return Status::Ok();
}

Napi::Value LoadJob::ToValue(Napi::Env env) {
  const auto core = core_.lock();
  core->engine = std::move(engine_);
  return ModelObject::Create(env, core);
}

void LoadJob::OnFailure() {
  engine_.reset();
  if (const auto core = core_.lock()) {
    core->Shutdown();
    env_.GetInstanceData<AddonData>()->cores.erase(core);
  }
}

GenerateJob::GenerateJob(Napi::Env env, ModelCore& core, GenerateRequest request, WorkClass work_class,
                         Napi::Function on_event)
    : PromiseJob(env, core.channel(), on_event, work_class), engine_(*core.engine), request_(std::move(request)) {}

Generation* GenerateJob::decoding() {
  return generation_ != nullptr && generation_->decoding() ? generation_.get() : nullptr;
}

Status GenerateJob::Work() {
  if (generation_ == nullptr) {
    Result<std::unique_ptr<Generation>> begun = engine_.Begin(std::move(request_), &cancelled(), this);
    if (!begun.ok()) return begun.status();
    generation_ = begun.Take();
  }
  generation_->Step();
  return AfterSharedWork();
}

Status GenerateJob::AfterSharedWork() {
  if (!generation_->done()) return Status::Ok();
  Result<GenerateResult> result = std::exchange(generation_, nullptr)->Take();
  if (!result.ok()) return result.status();
  FlushText();
  result_ = result.Take();
  return Status::Ok();
}

Napi::Value GenerateJob::ToValue(Napi::Env env) {
  return ToJs(env, result_);
}

void GenerateJob::OnPrefill(double done, int total, int cached) {
  if (done < total && !pace_.Due()) return;
  Emit([done = std::floor(done), total, cached](Napi::Env env) {
    Napi::Object event = Napi::Object::New(env);
    event.Set("type", "prefill");
    event.Set("done", done);
    event.Set("total", total);
    event.Set("cached", cached);
    return event;
  });
}

void GenerateJob::OnText(std::string_view text, int tokens) {
  pending_ += text;
  tokens_ = tokens;
  if (!pending_.empty() && pace_.Due()) FlushText();
}

void GenerateJob::FlushText() {
  if (pending_.empty()) return;
  Emit([text = std::exchange(pending_, {}), tokens = tokens_](Napi::Env env) {
    Napi::Object event = Napi::Object::New(env);
    event.Set("type", "text");
    event.Set("text", text);
    event.Set("tokens", tokens);
    return event;
  });
}

ScoreJob::ScoreJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids, int first)
    : PromiseJob(env, core.channel()), engine_(*core.engine), ids_(std::move(ids)), first_(first) {}

Status ScoreJob::Work() {
  Result<std::vector<double>> nll = engine_.Score(ids_, &cancelled(), first_);
  if (!nll.ok()) return nll.status();
  nll_ = nll.Take();
  return Status::Ok();
}

Napi::Value ScoreJob::ToValue(Napi::Env env) {
  return ToJs(env, nll_);
}

PredictJob::PredictJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids, int first)
    : PromiseJob(env, core.channel()), engine_(*core.engine), ids_(std::move(ids)), first_(first) {}

Status PredictJob::Work() {
  Result<std::vector<float>> logits = engine_.Predictions(ids_, first_, &cancelled());
  if (!logits.ok()) return logits.status();
  logits_ = logits.Take();
  return Status::Ok();
}

Napi::Value PredictJob::ToValue(Napi::Env env) {
  return PredictionsObject::Create(env, std::move(logits_));
}

CompareJob::CompareJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids, int first, std::vector<float> base)
    : PromiseJob(env, core.channel()),
      engine_(*core.engine),
      ids_(std::move(ids)),
      first_(first),
      base_(std::move(base)) {}

Status CompareJob::Work() {
  Result<std::vector<TokenDivergence>> divergences = engine_.Compare(ids_, first_, base_, &cancelled());
  // Many megabytes, which should not wait for the garbage collector.
  base_ = {};
  if (!divergences.ok()) return divergences.status();
  divergences_ = divergences.Take();
  return Status::Ok();
}

Napi::Value CompareJob::ToValue(Napi::Env env) {
  return ToJs(env, divergences_);
}

ObserveJob::ObserveJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids)
    : PromiseJob(env, core.channel()), engine_(*core.engine), ids_(std::move(ids)) {}

Status ObserveJob::Work() {
  return engine_.Observe(ids_, &cancelled());
}

Napi::Value ObserveJob::ToValue(Napi::Env env) {
  return env.Undefined();
}

SaveImportanceJob::SaveImportanceJob(Napi::Env env, ModelCore& core, std::string path,
                                     std::vector<std::string> datasets)
    : PromiseJob(env, core.channel()), engine_(*core.engine), path_(std::move(path)), datasets_(std::move(datasets)) {}

Status SaveImportanceJob::Work() {
  return engine_.SaveImportance(path_, datasets_);
}

Napi::Value SaveImportanceJob::ToValue(Napi::Env env) {
  return env.Undefined();
}

BenchJob::BenchJob(Napi::Env env, ModelCore& core, const BenchOptions& options)
    : PromiseJob(env, core.channel()), engine_(*core.engine), options_(options) {}

Status BenchJob::Work() {
  Result<BenchReport> report = engine_.Bench(options_, &cancelled());
  if (!report.ok()) return report.status();
  report_ = report.Take();
  return Status::Ok();
}

Napi::Value BenchJob::ToValue(Napi::Env env) {
  return ToJs(env, report_);
}

ClearCacheJob::ClearCacheJob(Napi::Env env, ModelCore& core) : PromiseJob(env, core.channel()), engine_(*core.engine) {}

Status ClearCacheJob::Work() {
  return engine_.ClearCache(&cancelled());
}

Napi::Value ClearCacheJob::ToValue(Napi::Env env) {
  return env.Undefined();
}

UnloadJob::UnloadJob(Napi::Env env, const std::shared_ptr<ModelCore>& core)
    : PromiseJob(env, core->channel(), {}, WorkClass::kLast), core_(core) {}

Status UnloadJob::Work() {
  // Freeing gigabytes takes its time: not on the JavaScript thread.
  if (const auto core = core_.lock()) {
    core->trainer.reset();
    core->engine.reset();
  }
  return Status::Ok();
}

Napi::Value UnloadJob::ToValue(Napi::Env env) {
  if (const auto core = core_.lock()) {
    core->Shutdown();
    env.GetInstanceData<AddonData>()->cores.erase(core);
  }
  return env.Undefined();
}

QuantizeJob::QuantizeJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, QuantizeRequest request,
                         Napi::Function on_progress)
    : PromiseJob(env, core->channel(), on_progress), env_(env), core_(core), request_(std::move(request)) {}

Status QuantizeJob::Work() {
  auto* parts = std::get_if<QuantizeSource::Parts>(&request_.source);
  const Result<QuantizeSource> source = parts != nullptr ? QuantizeSource::Open(std::move(*parts))
                                                         : QuantizeSource::Open(std::get<std::string>(request_.source));
  if (!source.ok()) return source.status();
  std::optional<LoraFile> adapter;
  if (!request_.adapter.empty()) {
    Result<LoraFile> opened = LoraFile::Open(request_.adapter);
    if (!opened.ok()) return opened.status();
    adapter = opened.Take();
  }
  std::optional<Importance> importance;
  if (!request_.importance.empty()) {
    Result<Importance> opened = Importance::Open(request_.importance);
    if (!opened.ok()) return opened.status();
    importance = opened.Take();
  }
  Result<QuantizeReport> report =
      QuantizeFile(*source, adapter ? &*adapter : nullptr, importance ? &*importance : nullptr, request_.path,
                   request_.recipe, request_.threads, &cancelled(), [this](double fraction) {
                     if (fraction < 1 && !pace_.Due()) return;
                     Emit([fraction](Napi::Env env) { return Napi::Number::New(env, fraction); });
                   });
  if (!report.ok()) return report.status();
  report_ = report.Take();
  return Status::Ok();
}

Napi::Value QuantizeJob::ToValue(Napi::Env env) {
  EndCore();
  return ToJs(env, report_);
}

void QuantizeJob::OnFailure() {
  EndCore();
}

void QuantizeJob::EndCore() {
  if (const auto core = core_.lock()) {
    core->Shutdown();
    env_.GetInstanceData<AddonData>()->cores.erase(core);
  }
}

}  // namespace paddock::binding
