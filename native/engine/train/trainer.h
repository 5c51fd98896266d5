// Trains an adapter beside the frozen weights of a loaded model.
//
// The order of samples, learning rates, validation and when to save are the caller's; a step is what must be computed
// together. Two runs that are given the same steps end in the same bits, whether or not one of them was stopped and
// went on from a checkpoint, on any number of threads.
#pragma once

#include <memory>
#include <string>

#include "train/optimizer.h"
#include "train/pass.h"

namespace paddock {

struct TrainerOptions {
  LoraOptions lora;
  AdamOptions adam;
  PassOptions pass;
};

struct StepReport {
  double loss = 0;  // mean over the counted tokens, in nats, before the step
  uint64_t tokens = 0, counted = 0;
  double gradient_norm = 0;  // before clipping
};
struct LossReport {
  double sum = 0;  // nats
  uint64_t counted = 0;
  std::vector<double> samples = {};  // the sum of each sample
};

// Bytes that training adds to those of the loaded model.
struct TrainingNeed {
  uint64_t pass = 0;       // activations, derivatives, working memory
  uint64_t optimizer = 0;  // the adapter, its gradient and its moments
  uint64_t total() const { return pass + optimizer; }
};

class Trainer {
 public:
  // The model must outlive the trainer, and nobody else may use its threads meanwhile. `model_name` names its contents
  // in checkpoints. kInvalidArgument for options that do not fit it, kOutOfMemory.
  static Result<std::unique_ptr<Trainer>> Create(const Model& model, const Team& team, std::string model_name,
                                                 const TrainerOptions& options);
  static Result<TrainingNeed> Need(const Model& model, const Team& team, const TrainerOptions& options);

  // One step of the optimizer with the gradient of the mean loss over all counted tokens of the samples, which are put
  // into batches as they fit. kInvalidArgument: a sample is empty, too long, has an id that the model does not know, or
  // nothing is counted. kCancelled: nothing has changed.
  Result<StepReport> Step(std::span<const TrainingSample> samples, float learning_rate,
                          const std::atomic<bool>* cancel);

  // The loss of samples, without dropout; changes nothing.
  Result<LossReport> Evaluate(std::span<const TrainingSample> samples, const std::atomic<bool>* cancel);

  uint64_t steps() const { return optimizer_.steps(); }
  const Lora& lora() const { return lora_; }
  const Hyperparameters& hyperparameters() const { return h_; }
  const char* precision() const { return pass_.precision(); }

  // Writes everything that the next step depends on, and `note`, which is the caller's. The file appears when it is
  // whole; until then, and when this is cancelled or fails, the one before it stays.
  Status Save(const std::string& path, const std::string& note, const std::atomic<bool>* cancel = nullptr) const;
  // Goes on from there; returns the note. kInvalidArgument when it was saved with other options or for another model,
  // kInvalidModel when it is damaged; nothing has changed then.
  Result<std::string> Restore(const std::string& path);

  TrainingPass& pass() { return pass_; }

 private:
  Trainer(const Model& model, const Team& team, std::string model_name, const TrainerOptions& options);
  Status Check(std::span<const TrainingSample> samples) const;
  std::vector<std::vector<size_t>> Pack(std::span<const TrainingSample> samples) const;
  std::string Fingerprint() const;

  const Hyperparameters& h_;
  const std::string model_name_;
  const TrainerOptions options_;
  Lora lora_;
  TrainingPass pass_;
  Optimizer optimizer_;
  std::vector<float> gradient_;
  uint64_t rows_seen_ = 0;
};

}  // namespace paddock
