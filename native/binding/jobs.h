// The kinds of work that a model's thread does for JavaScript.
#pragma once

#include <napi.h>

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "model_core.h"
#include "runtime/quantize_file.h"

namespace paddock::binding {

// Lets an event through at most every 16 ms: a frame of a 60 Hz screen.
class Pace {
 public:
  bool Due();

 private:
  std::chrono::steady_clock::time_point last_{};
};

// Jobs name the core weakly or by its engine only: the JavaScript object that they hold owns it, and its thread must
// not be ended by its own last job.
class LoadJob : public PromiseJob {
 public:
  LoadJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, std::string path, LoadOptions options,
          std::shared_ptr<Machine> machine, Napi::Function on_progress);

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;
  void OnFailure() override;

 private:
  Napi::Env env_;
  std::weak_ptr<ModelCore> core_;
  std::string path_;
  LoadOptions options_;
  std::shared_ptr<Machine> machine_;
  std::unique_ptr<Engine> engine_;
  Pace pace_;
};

class GenerateJob : public PromiseJob, private GenerateObserver {
 public:
  GenerateJob(Napi::Env env, ModelCore& core, GenerateRequest request, WorkClass work_class, Napi::Function on_event);

  bool Ready() override { return generation_ != nullptr || engine_.HasRoom(request_); }
  Generation* decoding() override;

 protected:
  void OnEnd() override { generation_.reset(); }
  Status Work() override;
  Status AfterSharedWork() override;
  bool HasMore() const override { return generation_ != nullptr; }
  Napi::Value ToValue(Napi::Env env) override;

 private:
  void OnPrefill(double done, int total, int cached) override;
  void OnText(std::string_view text, int tokens) override;
  void FlushText();

  Engine& engine_;
  GenerateRequest request_;
  std::unique_ptr<Generation> generation_;
  GenerateResult result_;
  std::string pending_;
  int tokens_ = 0;
  Pace pace_;
};

class ScoreJob : public PromiseJob {
 public:
  ScoreJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids, int first);

  bool Ready() override { return engine_.HasRoom(ids_.size()); }

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  Engine& engine_;
  std::vector<int32_t> ids_;
  int first_;
  std::vector<double> nll_;
};

class PredictJob : public PromiseJob {
 public:
  PredictJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids, int first);

  bool Ready() override { return engine_.HasRoom(ids_.size()); }

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  Engine& engine_;
  std::vector<int32_t> ids_;
  int first_;
  std::vector<float> logits_;
};

class CompareJob : public PromiseJob {
 public:
  CompareJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids, int first, std::vector<float> base);

  bool Ready() override { return engine_.HasRoom(ids_.size()); }

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  Engine& engine_;
  std::vector<int32_t> ids_;
  int first_;
  std::vector<float> base_;
  std::vector<TokenDivergence> divergences_;
};

class ObserveJob : public PromiseJob {
 public:
  ObserveJob(Napi::Env env, ModelCore& core, std::vector<int32_t> ids);

  bool Ready() override { return engine_.HasRoom(ids_.size()); }

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  Engine& engine_;
  std::vector<int32_t> ids_;
};

class SaveImportanceJob : public PromiseJob {
 public:
  SaveImportanceJob(Napi::Env env, ModelCore& core, std::string path, std::vector<std::string> datasets);

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  Engine& engine_;
  std::string path_;
  std::vector<std::string> datasets_;
};

class BenchJob : public PromiseJob {
 public:
  BenchJob(Napi::Env env, ModelCore& core, const BenchOptions& options);

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  Engine& engine_;
  BenchOptions options_;
  BenchReport report_;
};

class ClearCacheJob : public PromiseJob {
 public:
  ClearCacheJob(Napi::Env env, ModelCore& core);

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  Engine& engine_;
};

class UnloadJob : public PromiseJob {
 public:
  UnloadJob(Napi::Env env, const std::shared_ptr<ModelCore>& core);

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;

 private:
  std::weak_ptr<ModelCore> core_;
};

struct QuantizeRequest {
  std::variant<std::string, QuantizeSource::Parts> source;
  std::string adapter, importance;  // empty: none
  std::string path, recipe;
  int threads = 1;
};

// Works on files, so its core never has an engine and ends with it.
class QuantizeJob : public PromiseJob {
 public:
  QuantizeJob(Napi::Env env, const std::shared_ptr<ModelCore>& core, QuantizeRequest request,
              Napi::Function on_progress);

 protected:
  Status Work() override;
  Napi::Value ToValue(Napi::Env env) override;
  void OnFailure() override;

 private:
  void EndCore();

  Napi::Env env_;
  std::weak_ptr<ModelCore> core_;
  QuantizeRequest request_;
  QuantizeReport report_;
  Pace pace_;
};

}  // namespace paddock::binding
