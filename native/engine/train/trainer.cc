#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace paddock {
namespace {

Status CheckOptions(const TrainerOptions& options, const Hyperparameters& h) {
  PADDOCK_RETURN_IF_ERROR(CheckLoraOptions(options.lora, h));
  if (options.pass.max_rows < 16 || options.pass.max_rows > 32768) {
    return {StatusCode::kInvalidArgument, "The length of a batch must be between 16 and 32768 tokens."};
  }
  return Status::Ok();
}

Status Diverged(const std::string& what) {
  return {StatusCode::kInvalidArgument,
          "The " + what +
              " is no longer a number: training has diverged. Go on from an earlier checkpoint "
              "with a lower learning rate."};
}

}  // namespace

Trainer::Trainer(const Model& model, const Team& team, std::string model_name, const TrainerOptions& options)
    : h_(model.h),
      model_name_(std::move(model_name)),
      options_(options),
      lora_(options.lora, h_),
      pass_(model, team, lora_, options.pass),
      optimizer_(options.adam, lora_.size()) {
  lora_.Initialize();
}

Result<std::unique_ptr<Trainer>> Trainer::Create(const Model& model, const Team& team, std::string model_name,
                                                 const TrainerOptions& options) {
  PADDOCK_RETURN_IF_ERROR(CheckOptions(options, model.h));
  std::unique_ptr<Trainer> trainer(new Trainer(model, team, std::move(model_name), options));
  if (!trainer->pass_.Allocate()) {
    return Status(StatusCode::kOutOfMemory,
                  "There is not enough memory for training (" + std::to_string(trainer->pass_.Bytes() >> 20) +
                      " MiB beside the model). Train with shorter samples or with checkpoints.");
  }
  return trainer;
}

Result<TrainingNeed> Trainer::Need(const Model& model, const Team& team, const TrainerOptions& options) {
  PADDOCK_RETURN_IF_ERROR(CheckOptions(options, model.h));
  const Lora lora(options.lora, model.h);
  TrainingPass pass(model, team, lora, options.pass);
  return TrainingNeed{pass.Bytes(), 4 * sizeof(float) * lora.size()};
}

Status Trainer::Check(std::span<const TrainingSample> samples) const {
  for (const TrainingSample& sample : samples) {
    if (sample.ids.empty() || sample.ids.size() != sample.counted.size()) {
      return {StatusCode::kInvalidArgument, "A sample is empty."};
    }
    if (sample.ids.size() > static_cast<size_t>(options_.pass.max_rows)) {
      return {StatusCode::kInvalidArgument, "A sample has " + std::to_string(sample.ids.size()) + " tokens; at most " +
                                                std::to_string(options_.pass.max_rows) + " fit. Cut it."};
    }
    for (const int32_t id : sample.ids) {
      if (id < 0 || id >= h_.vocabulary)
        return {StatusCode::kInvalidArgument, "A sample has an id outside the vocabulary."};
    }
  }
  return Status::Ok();
}

// Long samples first, each into the first batch with room: few and full batches.
std::vector<std::vector<size_t>> Trainer::Pack(std::span<const TrainingSample> samples) const {
  std::vector<size_t> order(samples.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return samples[a].ids.size() > samples[b].ids.size(); });
  std::vector<std::vector<size_t>> batches;
  std::vector<size_t> rows;
  for (const size_t i : order) {
    const size_t length = samples[i].ids.size();
    size_t b = 0;
    while (b < batches.size() && (rows[b] + length > static_cast<size_t>(options_.pass.max_rows) ||
                                  batches[b].size() == static_cast<size_t>(options_.pass.max_samples))) {
      ++b;
    }
    if (b == batches.size()) {
      batches.emplace_back();
      rows.push_back(0);
    }
    batches[b].push_back(i);
    rows[b] += length;
  }
  return batches;
}

Result<StepReport> Trainer::Step(std::span<const TrainingSample> samples, float learning_rate,
                                 const std::atomic<bool>* cancel) {
  PADDOCK_RETURN_IF_ERROR(Check(samples));
  StepReport report;
  for (const TrainingSample& sample : samples) {
    report.tokens += sample.ids.size();
    for (size_t i = 1; i < sample.counted.size(); ++i) report.counted += sample.counted[i] != 0;
  }
  if (report.counted == 0) return Status(StatusCode::kInvalidArgument, "No token of these samples counts in the loss.");
  gradient_.assign(lora_.values().size(), 0);
  uint64_t rows = rows_seen_;
  double loss = 0;
  for (const std::vector<size_t>& members : Pack(samples)) {
    TrainingBatch batch;
    batch.number = rows;
    for (const size_t i : members) batch.Add(samples[i]);
    rows += static_cast<uint64_t>(batch.rows());
    const Result<std::vector<float>> losses =
        pass_.LossAndGradient(batch, 1.0f / static_cast<float>(report.counted), &gradient_, cancel);
    if (!losses.ok()) return losses.status();
    for (const float l : *losses) loss += static_cast<double>(l);
  }
  report.loss = loss / static_cast<double>(report.counted);
  if (!std::isfinite(report.loss)) return Diverged("loss");
  const std::optional<double> norm = optimizer_.Step(gradient_, learning_rate, &lora_.values());
  if (!norm) return Diverged("gradient");
  report.gradient_norm = *norm;
  rows_seen_ = rows;
  return report;
}

Result<LossReport> Trainer::Evaluate(std::span<const TrainingSample> samples, const std::atomic<bool>* cancel) {
  PADDOCK_RETURN_IF_ERROR(Check(samples));
  LossReport report;
  report.samples.resize(samples.size());
  for (const std::vector<size_t>& members : Pack(samples)) {
    TrainingBatch batch;
    for (const size_t i : members) batch.Add(samples[i]);
    const Result<std::vector<float>> losses = pass_.Loss(batch, cancel);
    if (!losses.ok()) return losses.status();
    size_t at = 0;
    for (const size_t i : members) {
      for (size_t j = 1; j < samples[i].counted.size(); ++j) {
        if (samples[i].counted[j] != 0) report.samples[i] += static_cast<double>((*losses)[at++]);
      }
    }
    report.counted += at;
  }
  // In the order of the samples, so that it does not depend on how they were packed.
  for (const double sum : report.samples) report.sum += sum;
  return report;
}

}  // namespace paddock
