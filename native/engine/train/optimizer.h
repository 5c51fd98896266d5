// AdamW (Loshchilov, Hutter: Decoupled Weight Decay Regularization, 2019) with clipping of the gradient's norm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace paddock {

struct AdamOptions {
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
  float weight_decay = 0;
  float clip = 1;  // the largest norm of a gradient; 0 = any
};

class Optimizer {
 public:
  Optimizer(const AdamOptions& options, size_t size) : options_(options), first_(size), second_(size) {}

  // One step; returns the gradient's norm before clipping. Nothing, and nothing has changed, when the norm is not
  // finite.
  std::optional<double> Step(const std::vector<float>& gradient, float learning_rate, std::vector<float>* values);

  uint64_t steps() const { return steps_; }
  // The running means of the gradient and of its square.
  const std::vector<float>& first() const { return first_; }
  const std::vector<float>& second() const { return second_; }
  void Restore(uint64_t steps, std::vector<float> first, std::vector<float> second);

 private:
  AdamOptions options_;
  uint64_t steps_ = 0;
  std::vector<float> first_, second_;
};

}  // namespace paddock
